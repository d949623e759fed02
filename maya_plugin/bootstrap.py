"""Makes the packages that came with the plug-in importable: the standard library alone.

They are put at the end of ``sys.path``: what Maya or a studio has itself comes first and stays what
its tools know. The environment is not touched, so programs that Maya starts see none of it.
"""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

__all__ = ["PackagesUnusable", "folders", "run", "version"]

VENDOR = Path(__file__).resolve().parents[2] / "vendor"
"""Beside ``scripts`` in the unpacked module; not there in a checkout, where all is installed."""

_MACHINES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}
_SYSTEMS = {"win32": "windows", "darwin": "macos", "linux": "linux"}


class PackagesUnusable(Exception):
    """A package that is there before ours does not fit; the message names it and where it is.

    Not one of the core's own errors: those may be what is missing.
    """


def folders(
    *, system: str | None = None, machine: str | None = None, python: tuple[int, int] | None = None
) -> list[Path]:
    """Where the packages for a Maya are, by default this one's.

    Args:
        system: as ``sys.platform`` has it.
        machine: as ``platform.machine()`` has it; on a Mac, of the Python that runs.
        python: major and minor version.
    """
    which = _SYSTEMS.get(system or sys.platform, system or sys.platform)
    kind = (machine or platform.machine()).lower()
    major, minor = python or sys.version_info[:2]
    compiled = f"py{major}{minor}-{which}-{_MACHINES.get(kind, kind)}"
    return [VENDOR / "common", VENDOR / compiled]


def run() -> None:
    """Add the packages of this Maya, once.

    Raises:
        PackagesUnusable: they cannot be used here.
    """
    if VENDOR.is_dir():
        for folder in folders():
            if not folder.is_dir():
                raise PackagesUnusable(
                    f"Workfiles for Kitsu has no packages for this Maya ({folder.name}); it is "
                    "made for Maya 2024 to 2027 on Windows, Linux and macOS."
                )
            if str(folder) not in sys.path:
                sys.path.append(str(folder))
    from wf_core.installation import find_problem

    if problem := find_problem():
        raise PackagesUnusable(f"{problem} Found: {_found()}.")


def version() -> str:
    """The version of the plug-in."""
    from wf_core import __version__

    return __version__


def _found() -> str:
    """Where the packages that matter were found."""
    found = []
    for name in ("pydantic", "requests"):
        try:
            one = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(f"{name} {one.version} in {one.locate_file('')}")
    return "; ".join(found)
