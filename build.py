#!/usr/bin/env python3
"""The one entry point of a checkout: make what is needed, then do one thing.

    python3 build.py demo                  save a Blender scene into a Kitsu, and look at it
    python3 build.py test [--quick] [...]  lint, then every test (what CI does); ... goes to pytest
    python3 build.py test --all-blenders   the extension in every Blender there is a Python for
    python3 build.py test --all-qts        the browser in each generation of Maya's Qt and Python
    python3 build.py lint                  ruff, mypy, import-linter
    python3 build.py package [--maya]      the Blender extension and the Maya module, into dist/
    python3 build.py bench [...]           measure against gazu and curl
    python3 build.py torture [...]         save under every fault there is, then look for losses
    python3 build.py kitsu up|status|down|reset [...]   a private Kitsu in .wf/kitsu

Needs Python 3.10 or later and nothing else. Virtual environments are made in .wf/envs on first
use and reused; logs of what installs them are beside them. Nothing is written outside .wf.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036  the one file an older Python gets to see
    sys.exit(f"build.py: this needs Python 3.10 or later; {sys.executable} is older.")

from wf_core.errors import Cancelled, InputError, WorkfilesError
from wf_core.private_kitsu import __main__ as private_kitsu
from wf_core.private_kitsu.environment import ZouEnvironment
from wf_core.private_kitsu.venvs import Python, clean_environment, ensure_venv, find_python

ROOT = Path(__file__).resolve().parent
WORK = ROOT / ".wf"
ENVS = WORK / "envs"
PINS = ROOT / "requirements"

DEV_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 10))
BLENDERS = {"5.0": (3, 11), "5.2": (3, 13), "4.2": (3, 11), "4.5": (3, 11)}
"""Releases of Blender as a module and the only Python each runs in, the preferred one first."""
FARTHEST = ("4.2", "5.2")
"""The oldest and the newest of them: what both know, those between know too."""

BLENDER_STUBS = "20260730"

QTS = {(3, 10): "PySide2==5.15.2.1", (3, 13): "PySide6-Essentials"}
"""What Maya 2024 and 2027 have; what 2025 and 2026 have is tested in every run."""

OLD_ZOU_PYTHONS = ((3, 11), (3, 12))

ZOU_SPACE = 1300 * 2**20
DEV_SPACE = 600 * 2**20
BLENDER_SPACE = 3000 * 2**20
QT_SPACE = 300 * 2**20

STARTED = time.monotonic()


def say(line: str) -> None:
    """One line of progress on standard error, with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:6.1f} s] {line}", file=sys.stderr, flush=True)


# ------------------------------------------------------------------ environments


def project_table() -> str:
    """The part of pyproject.toml an installation depends on (not the tools' settings)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return text.partition("\n[tool.ruff")[0]


def found_dev_python() -> Python:
    """The interpreter that the environment of the tools is made with."""
    python = find_python(DEV_PYTHONS)
    if python is None:
        raise InputError(
            "No Python 3.10 to 3.14 with venv was found.",
            hint="On Debian and Ubuntu, install python3-venv.",
        )
    return python


def dev_env() -> Path:
    """The environment with the package, its tools, and gazu to measure against."""
    return ensure_venv(
        ENVS / "dev",
        python=found_dev_python(),
        requirements=["--editable", f"{ROOT}[cli,dev]", "gazu==1.3.1", "hatchling"],
        constraints=[PINS / "dev-constraints.txt"],
        depends_on=[project_table()],
        log=ENVS / "dev.log",
        progress=say,
        space=DEV_SPACE,
    )


def qt_env() -> Path:
    """An environment with Qt, beside that of the tools; see :func:`lend_qt`."""
    return ensure_venv(
        ENVS / "qt",
        python=found_dev_python(),
        requirements=["PySide6-Essentials"],
        constraints=[PINS / "dev-constraints.txt"],
        log=ENVS / "qt.log",
        progress=say,
        space=QT_SPACE,
    )


def lend_qt(qt: Path) -> None:
    """Let the environment of the tools see Qt, which is made while that is made."""
    put_behind(qt, dev_env(), found_dev_python())


def other_qt_envs() -> dict[str, Path]:
    """Environments with the browser and its tests in the other generations of Qt and Python, by
    what they are called; those for which this machine has the Python."""
    found = {}
    for version, qt in QTS.items():
        python = find_python([version])
        name = ".".join(map(str, version))
        if python is None:
            say(f"no Python {name}: the browser is not tested with {qt} there")
            continue
        found[f"{qt} in Python {name}"] = ensure_venv(
            ENVS / f"qt-{name}",
            python=python,
            requirements=["--editable", f"{ROOT}[cli]", "pytest", "pytest-timeout", "Qt.py", qt],
            constraints=[PINS / "dev-constraints.txt"],
            depends_on=[project_table()],
            log=ENVS / f"qt-{name}.log",
            progress=say,
            space=DEV_SPACE,
        )
    return found


def zou_env() -> Path:
    """The environment of the private Kitsu."""
    return ZouEnvironment.ensure(ENVS / "zou", say).python.parent.parent


def old_zou_env() -> Path | None:
    """The environment of an older release of Zou; None where its wheels have no Python."""
    python = find_python(OLD_ZOU_PYTHONS)
    if python is None:
        say("no Python 3.11 or 3.12: the tests against the older Zou are skipped")
        return None
    folder = ENVS / "zou-old"
    ensure_venv(
        folder,
        python=python,
        requirement_files=[PINS / "zou-old.txt"],
        constraints=[PINS / "zou-old-constraints.txt"],
        # One of its dependencies is built by what setuptools was then.
        built_with=["setuptools==80.9.0", "wheel==0.45.1"],
        log=ENVS / "zou-old.log",
        progress=say,
        space=ZOU_SPACE,
    )
    return folder


def bare_blender_env(release: str, python: Python) -> Path:
    """An environment of Blender as a module and what that Blender bundles, nothing of ours."""
    return ensure_venv(
        ENVS / f"bpy-{release}",
        python=python,
        requirement_files=[PINS / f"blender-{release}.txt"],
        log=ENVS / f"bpy-{release}.log",
        progress=say,
        space=BLENDER_SPACE,
    )


def blender_env() -> Path:
    """An environment in which ``import bpy`` is a real Blender, and the package's tests run."""
    release, python = blenders()[0]
    bare = bare_blender_env(release, python)
    ours = ensure_venv(
        ENVS / f"blender-{release}",
        python=python,
        requirements=["--editable", str(ROOT), "pytest", "pytest-timeout"],
        constraints=[PINS / "dev-constraints.txt"],
        depends_on=[project_table()],
        log=ENVS / "blender.log",
        progress=say,
        space=DEV_SPACE,
    )
    # Blender itself takes a gigabyte: it is there once, behind what this environment has.
    put_behind(bare, ours, python)
    return ours


def stubs_env(release: str) -> Path:
    """An environment in which ``bpy`` is what type checkers know of a release of Blender."""
    dev = dev_env()
    python = found_dev_python()
    stubs = ensure_venv(
        ENVS / f"stubs-{release}",
        python=python,
        requirements=[f"fake-bpy-module-{release.replace('.', '-')}=={BLENDER_STUBS}"],
        log=ENVS / f"stubs-{release}.log",
        progress=say,
    )
    put_behind(dev, stubs, python)
    return stubs


def together(*makers: Callable[[], object]) -> None:
    """Make several environments at once: pip mostly waits for the network.

    Each is then there for whoever asks for it, in a moment.

    Raises:
        WorkfilesError: the first failure, once the others have ended.
    """
    with ThreadPoolExecutor(max_workers=len(makers)) as beside:
        pending = [beside.submit(make) for make in makers]
    for made in pending:
        made.result()


def put_behind(behind: Path, ours: Path, python: Python) -> None:
    """Let one environment see the packages of another, its own first."""

    def packages(interpreter: Path) -> Path:
        if sys.platform == "win32":
            return interpreter.parent.parent / "Lib" / "site-packages"
        version = ".".join(map(str, python.version))
        return interpreter.parent.parent / "lib" / f"python{version}" / "site-packages"

    link = packages(ours) / "packages-behind.pth"
    link.write_text(f"{packages(behind)}\n", encoding="utf-8")


def blenders() -> list[tuple[str, Python]]:
    """The releases of Blender for which this machine has the right Python."""
    found = [(release, find_python([version])) for release, version in BLENDERS.items()]
    usable = [(release, python) for release, python in found if python is not None]
    if not usable:
        raise InputError(
            "Blender runs inside Python 3.11 or 3.13 only, and neither was found.",
            hint="Install one, with pyenv for instance, so that it is on PATH.",
        )
    return usable


def run(command: list[str | Path], env: dict[str, str] | None = None) -> int:
    """Run a program in the foreground; its exit code.

    Ctrl-C reaches it as well: it is given the time to stop what it started.
    """
    child = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env={**clean_environment(), **(env or {})}
    )
    interrupted = False
    while True:
        try:
            code = child.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code


def captured(command: list[str | Path]) -> tuple[int, str]:
    """Run a program beside others; its exit code and what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def with_server(home: str) -> dict[str, str]:
    """What programs are told about the server made for them."""
    return {"WF_TEST_KITSU_HOME": str(WORK / home), "WF_ZOU_ENV": str(zou_env())}


def with_blender(home: str) -> dict[str, str]:
    """What programs are told about the server and the Blender made for them."""
    return {**with_server(home), "WF_BLENDER_PYTHON": str(blender_env())}


# ------------------------------------------------------------------ commands


def lint(options: argparse.Namespace, rest: list[str]) -> int:
    """Every check that runs no code of ours; the quick ones know nothing of Blender."""
    if rest:
        raise InputError(f"lint takes no arguments: {' '.join(rest)}")
    tools = dev_env().parent
    checks: list[list[str | Path]] = [
        [tools / "ruff", "check"],
        [tools / "ruff", "format", "--check"],
        [tools / "mypy"],
        [tools / "lint-imports"],
    ]
    stubbed = () if options.quick else FARTHEST
    if stubbed:
        together(*(partial(stubs_env, release) for release in stubbed))
    for release in stubbed:
        # A cache each: the same modules differ in what they import.
        checks.append(
            [
                tools / "mypy",
                f"--python-executable={stubs_env(release)}",
                f"--cache-dir={ROOT / '.mypy_cache' / f'blender-{release}'}",
                "blender_addon",
            ]
        )
    failed = []
    with ThreadPoolExecutor(max_workers=2) as beside:
        for command, (code, output) in zip(checks, beside.map(captured, checks), strict=True):
            name = " ".join([Path(command[0]).name, *map(str, command[1:])])
            say(f"{name}\n{output.rstrip()}")
            if code != 0:
                failed.append(name)
    if failed:
        say(f"lint failed: {', '.join(failed)}")
    return 1 if failed else 0


def test(options: argparse.Namespace, rest: list[str]) -> int:
    """Lint, then the tests; those of Blender run inside Blender's Python, those of the
    extension beside Blenders that hold nothing of ours. What does not need the other
    environments runs while they are made."""
    here, blender, extension = split_paths(rest)
    with ThreadPoolExecutor(max_workers=5) as beside:
        qt = beside.submit(qt_env)
        others = [] if options.quick else test_environments(beside, options.all_blenders)
        python = dev_env()
        results = {"lint": lint(options, [])}
        lend_qt(qt.result())
        if here is not None:
            # Those without a server wait more than they work, the slow ones most of all.
            workers = "4" if options.quick else "8"
            several = ["-n", workers, "--dist", "worksteal", *here] if rest == [] else here
            chosen = "not server and not blender" + (" and not slow" if options.quick else "")
            say("tests without a server")
            results["tests without a server"] = passed(run(pytest(python, several, chosen)))
        env: dict[str, str] = {}
        for other in others:
            env |= other.result()
    if here is not None and not options.quick:
        say("tests with a server")
        # Each of the three has a private Kitsu of its own; files stay together, so that what
        # a file's tests share is made once.
        beside_others = ["-n", "3", "--dist", "loadgroup", "--no-loadscope-reorder"]
        several = [*beside_others, *here] if rest == [] else here
        command = pytest(python, several, "server and not blender")
        results["tests with a server"] = passed(run(command, env))
    if blender is not None and not options.quick:
        say("tests in Blender")
        inside = Path(env["WF_BLENDER_PYTHON"])
        results["tests in Blender"] = run(pytest(inside, blender, "blender"), env)
    if extension is not None and not options.quick:
        say("tests of the extension")
        several = ["-n", "2", "--dist", "loadfile", *extension] if rest == [] else extension
        results["tests of the extension"] = run(pytest(python, several, "extension"), env)
    for name, inside in other_qt_envs().items() if options.all_qts else ():
        say(f"tests of the browser with {name}")
        results[name] = run(pytest(inside, ["tests/browser"], ""), env)
    failed = [name for name, code in results.items() if code != 0]
    say(f"failed: {', '.join(failed)}" if failed else "everything passed")
    return 1 if failed else 0


def test_environments(
    beside: ThreadPoolExecutor, every_blender: bool
) -> list[Future[dict[str, str]]]:
    """What the tests are told of what is made for them besides their own environment, all of
    it begun at once."""

    def older() -> dict[str, str]:
        folder = old_zou_env()
        return {"WF_OLD_ZOU_ENV": str(folder)} if folder else {}

    def blender() -> dict[str, str]:
        inside = blender_env()
        chosen = blenders() if every_blender else blenders()[:1]
        every = {"WF_EVERY_BLENDER": "1"} if every_blender else {}
        return {"WF_BLENDER_PYTHON": str(inside), **with_extension(chosen), **every}

    return [beside.submit(make) for make in (lambda: with_server("test-kitsu"), older, blender)]


def with_extension(chosen: list[tuple[str, Python]]) -> dict[str, str]:
    """What tests of the extension are told: where it is, and where these Blenders are."""
    together(*(partial(bare_blender_env, *one) for one in chosen))
    bare = {release: bare_blender_env(release, python) for release, python in chosen}
    folder = WORK / "package" / "dist"
    builder = next(iter(bare.values()))
    command = [dev_env(), "-m", "tools.package", "--blender-python", builder]
    if run([*command, "--output", folder, "--neighbours"]) != 0:
        raise InputError("The extension could not be packaged.")
    listed = os.pathsep.join(f"{release}={python}" for release, python in bare.items())
    return {"WF_EXTENSION": str(folder), "WF_BARE_BLENDERS": listed}


def passed(code: int) -> int:
    """Pytest's exit code, with "no test was chosen" (5) for fine: of the tests that somebody
    names, all may belong to the other run."""
    return 0 if code == 5 else code


def pytest(python: Path, arguments: list[str], markers: str) -> list[str | Path]:
    return [python, "-m", "pytest", "-p", "no:cacheprovider", "-m", markers, *arguments]


def split_paths(rest: list[str]) -> list[list[str] | None]:
    """Arguments for the three runs of pytest (here, inside Blender, of the extension): paths
    go where they can run, options to all.

    None stands for "do not run"; without any path all run everything of theirs.
    """
    paths = [part for part in rest if (ROOT / part.partition("::")[0]).exists()]
    options = [part for part in rest if part not in paths]
    elsewhere = ["tests/blender", "tests/extension"]
    if not paths:
        return [
            [*(f"--ignore={folder}" for folder in elsewhere), *options, "tests"],
            *([*options, folder] for folder in elsewhere),
        ]
    parts = {
        folder: [path for path in paths if path.replace(os.sep, "/").startswith(folder)]
        for folder in elsewhere
    }
    here = [path for path in paths if not any(path in part for part in parts.values())]
    return [[*options, *part] if part else None for part in (here, *parts.values())]


def demo(_: argparse.Namespace, rest: list[str]) -> int:
    """From nothing to three revisions of a real scene in a real Kitsu."""
    together(dev_env, zou_env, blender_env)
    python = dev_env()
    return run([python, ROOT / "tools" / "demo.py", *rest], with_blender("demo-kitsu"))


def bench(_: argparse.Namespace, rest: list[str]) -> int:
    """The measurements, in one run."""
    together(dev_env, zou_env, blender_env)
    python = dev_env()
    env = with_blender("bench-kitsu")
    if "--only" not in rest or "blender-enable" in rest:
        env |= with_extension(blenders()[:1])
    return run([python, "-m", "tools.bench", *rest], env)


def package(_: argparse.Namespace, rest: list[str]) -> int:
    """The Blender extension, a zip for each platform and index.json, and the Maya module, in dist;
    with --maya that alone, which needs no Blender."""
    python = dev_env()
    if "--maya" in rest:
        return run([python, "-m", "tools.package", *rest])
    builder = bare_blender_env(*blenders()[0])
    return run([python, "-m", "tools.package", "--blender-python", builder, *rest])


def torture(_: argparse.Namespace, rest: list[str]) -> int:
    """Two minutes of saves under every fault there is (--minutes, --seed), then the audit."""
    together(dev_env, zou_env)
    python = dev_env()
    env = {"WF_ZOU_ENV": str(zou_env()), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    return run([python, "-m", "faults", "--folder", WORK / "torture", *rest], env)


def kitsu(_: argparse.Namespace, rest: list[str]) -> int:
    """A private Kitsu of this checkout."""
    ours = ["--home", str(WORK / "kitsu")]
    if rest[:1] in (["up"], ["reset"]):
        ours += ["--zou-env", str(zou_env())]
    return private_kitsu.main([*rest[:1], *ours, *rest[1:]])


COMMANDS = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "package": package,
    "bench": bench,
    "torture": torture,
    "kitsu": kitsu,
}


def main(arguments: list[str]) -> int:
    """Run one command; 0 when all is well."""
    parser = argparse.ArgumentParser(
        prog="build.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("command", choices=sorted(COMMANDS), help=argparse.SUPPRESS)
    name, rest = arguments[:1], arguments[1:]
    options = parser.parse_args(name)
    for flag in ("quick", "all_blenders", "all_qts"):
        word = f"--{flag.replace('_', '-')}"
        setattr(options, flag, options.command == "test" and word in rest)
        if getattr(options, flag):
            rest.remove(word)
    WORK.mkdir(exist_ok=True)
    return COMMANDS[options.command](options, rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WorkfilesError as exc:
        print(f"build.py: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    except OSError as exc:
        print(f"build.py: {exc}", file=sys.stderr)
        sys.exit(5)
    except KeyboardInterrupt:
        print("build.py: interrupted.", file=sys.stderr)
        sys.exit(Cancelled.exit_code)
