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
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036  the one file an older Python gets to see
    sys.exit(f"build.py: this needs Python 3.10 or later; {sys.executable} is older.")

from tools.environments import (
    FARTHEST,
    ROOT,
    WORK,
    bare_blender_env,
    blender_env,
    blenders,
    dev_env,
    lend_qt,
    old_zou_env,
    other_qt_envs,
    qt_env,
    say,
    stubs_env,
    together,
    zou_env,
)
from wf_core.errors import Cancelled, InputError, WorkfilesError
from wf_core.private_kitsu import __main__ as private_kitsu
from wf_core.private_kitsu.venvs import Python, clean_environment


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


def captured(command: list[str | Path], env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run a program beside others; its exit code and what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**clean_environment(), **(env or {})},
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
    if options.quick:
        blender = extension = None
    with ThreadPoolExecutor(max_workers=5) as beside:
        qt = beside.submit(qt_env)
        others = [] if options.quick else test_environments(beside)
        python = dev_env()
        results = {"lint": lint(options, [])}
        lend_qt(qt.result())
        if here is not None:
            # Those without a server wait now and then, the slow ones most of all. With more at
            # once, the environments that the others wait for would be made more slowly.
            workers = "3" if options.quick else "5"
            several = ["-n", workers, "--dist", "worksteal", *here] if rest == [] else here
            chosen = "not server and not blender" + (" and not slow" if options.quick else "")
            say("tests without a server")
            results["tests without a server"] = passed(run(pytest(python, several, chosen)))
        env: dict[str, str] = {}
        for other in others:
            env |= other.result()
        packaged = None
        if extension is not None:  # only its tests wait for it
            packaged = beside.submit(packaged_extension, options.all_blenders)
        if here is not None and not options.quick:
            say("tests with a server")
            # Each of the three has a private Kitsu of its own; files stay together, so that
            # what a file's tests share is made once.
            beside_others = ["-n", "3", "--dist", "loadgroup", "--no-loadscope-reorder"]
            several = [*beside_others, *here] if rest == [] else here
            command = pytest(python, several, "server and not blender")
            results["tests with a server"] = passed(run(command, env))
        if packaged is not None:
            env |= packaged.result()
        results |= test_in_applications(blender, extension, env, whole=rest == [])
    for name, inside in other_qt_envs().items() if options.all_qts else ():
        say(f"tests of the browser with {name}")
        results[name] = run(pytest(inside, ["tests/browser"], ""), env)
    failed = [name for name, code in results.items() if code != 0]
    say(f"failed: {', '.join(failed)}" if failed else "everything passed")
    return 1 if failed else 0


def test_in_applications(
    blender: list[str] | None, extension: list[str] | None, env: dict[str, str], *, whole: bool
) -> dict[str, int]:
    """The tests inside Blender, and beside them those of the extension, which wait more than they
    work: their output comes last."""
    results = {}
    with ThreadPoolExecutor(max_workers=1) as beside:
        if extension is not None:
            several = ["-n", "2", "--dist", "loadfile"] if whole else []
            command = pytest(dev_env(), [*several, *extension], "extension")
            others = beside.submit(captured, command, env)
        if blender is not None:
            say("tests in Blender")
            inside = Path(env["WF_BLENDER_PYTHON"])
            results["tests in Blender"] = run(pytest(inside, blender, "blender"), env)
        if extension is not None:
            say("tests of the extension")
            results["tests of the extension"], output = others.result()
            print(output.rstrip(), flush=True)
    return results


def test_environments(beside: ThreadPoolExecutor) -> list[Future[dict[str, str]]]:
    """What the tests are told of what is made for them besides their own environment, all of
    it begun at once."""

    def older() -> dict[str, str]:
        folder = old_zou_env()
        return {"WF_OLD_ZOU_ENV": str(folder)} if folder else {}

    def blender() -> dict[str, str]:
        return {"WF_BLENDER_PYTHON": str(blender_env())}

    return [beside.submit(make) for make in (lambda: with_server("test-kitsu"), older, blender)]


def packaged_extension(every_blender: bool) -> dict[str, str]:
    """What the tests of the extension are told: of the preferred Blender, or of every one."""
    chosen = blenders() if every_blender else blenders()[:1]
    every = {"WF_EVERY_BLENDER": "1"} if every_blender else {}
    return {**with_extension(chosen), **every}


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
    if name[0] in ("test", "lint") and not {"-h", "--help"}.isdisjoint(rest):
        parser.print_help()  # the others hand the question on; these would work first
        return 0
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
