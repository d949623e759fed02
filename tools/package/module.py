"""The Maya module: one zip with a module file, the plug-in, and packages for every Maya.

Maya reads module files from the folders of MAYA_MODULE_PATH and puts a module's ``plug-ins`` and
``scripts`` on its own paths. A module file can choose by release and by platform, but not by the
processor of a Mac: so packages lie in folders of their own, and the plug-in chooses.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.package.builder import settle
from tools.package.wheels import Target, build_own, fetch
from wf_core import __version__
from wf_core.errors import InputError

__all__ = ["MAYA_LOCK", "MAYA_TARGETS", "RELEASES", "module_file", "package_module", "stage_module"]

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "maya_plugin"
NAME = "kitsu_workfiles"
INSTALLER = "drag_kitsu_workfiles_into_maya.py"

RELEASES = {"2024": "3.10", "2025": "3.11", "2026": "3.11", "2027": "3.13"}
"""Releases of Maya with the Python inside them."""

PLATFORMS = ("win64", "linux", "mac")
"""Platforms as module files name them."""

_PYTHONS = ("3.10", "3.11", "3.13")

MAYA_LOCK = ROOT / "requirements" / "maya-wheels.txt"

MAYA_TARGETS: Mapping[str, Target] = {
    "linux-x86_64": Target(_PYTHONS, ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64")),
    "windows-x86_64": Target(_PYTHONS, ("win_amd64",)),
    "macos-arm64": Target(_PYTHONS, ("macosx_11_0_arm64",)),
    "macos-x86_64": Target(_PYTHONS, ("macosx_10_15_x86_64",)),
}
"""By the names that the plug-in's bootstrap has for them."""

_COMPILED = re.compile(r"-cp3(?P<minor>\d+)-cp3\d+-(?P<tags>[^-]+)\.whl$")
_SYSTEMS = (
    ("manylinux", "x86_64", "linux-x86_64"),
    ("win", "amd64", "windows-x86_64"),
    ("macosx", "arm64", "macos-arm64"),
    ("macosx", "x86_64", "macos-x86_64"),
    ("macosx", "universal2", "macos-arm64"),
    ("macosx", "universal2", "macos-x86_64"),
)


def package_module(output: Path, *, work: Path, wheels: Path) -> Path:
    """The zip, in ``output``; the same bytes whenever it is made from the same sources.

    Args:
        work: for what is needed in between.
        wheels: a folder that keeps what was downloaded.

    Raises:
        WorkfilesError: a step failed; ``output`` is as it was.
    """
    with tempfile.TemporaryDirectory(dir=work) as scratch:
        own = build_own(Path(scratch))
        locked = fetch(wheels, lock=MAYA_LOCK, targets=MAYA_TARGETS)
        staged = stage_module(Path(scratch) / "stage", [own, *locked])
        made = Path(scratch) / "module.zip"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(staged.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(staged).as_posix())
        settle(made)
        output.mkdir(parents=True, exist_ok=True)
        for old in output.glob(f"{NAME}_maya-*.zip"):
            old.unlink()
        return Path(shutil.copyfile(made, output / f"{NAME}_maya-{__version__}.zip"))


def stage_module(folder: Path, wheels: Sequence[Path]) -> Path:
    """Lay out what is unpacked into a folder of modules, in ``folder``, which must not be there.

    Raises:
        InputError: a wheel is for no Maya.
    """
    module = folder / NAME
    without = shutil.ignore_patterns("plug-ins", "bin", "install", "__pycache__")
    shutil.copytree(PLUGIN, module / "scripts" / f"{NAME}_maya", ignore=without)
    for part in ("plug-ins", "bin"):
        shutil.copytree(PLUGIN / part, module / part, ignore=without)
    shutil.copyfile(PLUGIN / "install" / INSTALLER, folder / INSTALLER)
    shutil.copyfile(ROOT / "LICENSE", module / "LICENSE")
    (folder / f"{NAME}.mod").write_text(module_file(), encoding="ascii", newline="\n")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for target in _folders_of(wheel):
                archive.extractall(module / "vendor" / target)
    return folder


def module_file() -> str:
    """The text of the module file: a line for each release and platform. (Blank lines end the
    reading in some releases.)"""
    return "".join(
        f"+ MAYAVERSION:{release} PLATFORM:{system} {NAME} {__version__} ./{NAME}\n"
        for release in RELEASES
        for system in PLATFORMS
    )


def _folders_of(wheel: Path) -> Iterator[str]:
    """The folders of ``vendor`` that a wheel goes to, named as the plug-in's bootstrap does."""
    if wheel.name.endswith("-none-any.whl"):
        yield "common"
        return
    compiled = _COMPILED.search(wheel.name)
    names = [
        f"py3{compiled['minor']}-{name}"
        for system, machine, name in _SYSTEMS
        if compiled and compiled["tags"].startswith(system) and compiled["tags"].endswith(machine)
    ]
    if not names:
        raise InputError(f"{wheel.name} is a wheel for no Maya.")
    yield from names
