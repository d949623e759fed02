"""The virtual environments of a checkout, made in .wf/envs on first use and reused.

The standard library is all this needs: ``build.py`` uses it before anything is installed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wf_core.errors import InputError
from wf_core.private_kitsu.environment import ZouEnvironment
from wf_core.private_kitsu.venvs import Python, ensure_venv, find_python

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".wf"
ENVS = WORK / "envs"
PINS = ROOT / "requirements"

DEV_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 10))
BLENDERS = {"5.0": (3, 11), "5.2": (3, 13), "4.2": (3, 11), "4.5": (3, 11)}
"""Releases of Blender as a module and the only Python each runs in, the preferred one first."""
FARTHEST = ("4.2", "5.2")
"""The oldest and the newest of them: what both know, those between know too."""

BLENDER_STUBS = "20260730"

QT = "PySide6-Essentials==6.11.3"
"""In the environment of the tools."""
QTS = {(3, 10): "PySide2==5.15.2.1", (3, 11): "PySide6-Essentials==6.5.3", (3, 13): QT}
"""By the Python of Maya 2024, of 2025 and 2026, and of 2027."""

OLD_ZOU_PYTHONS = ((3, 11), (3, 12))

ZOU_SPACE = 1300 * 2**20
DEV_SPACE = 600 * 2**20
BLENDER_SPACE = 3000 * 2**20
QT_SPACE = 300 * 2**20

STARTED = time.monotonic()


def say(line: str) -> None:
    """One line of progress on standard error, with the seconds since the start."""
    stamped = f"[{time.monotonic() - STARTED:6.1f} s] {line}\n"  # whole, whoever else speaks
    print(stamped, end="", file=sys.stderr, flush=True)


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
        requirements=[QT],
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
        # A test or two import a part of it.
        requirements=["--no-compile"],
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
