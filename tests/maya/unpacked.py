"""The module as it lies on a disk once it is unpacked, without vendored packages."""

from __future__ import annotations

import shutil
from pathlib import Path

import maya_plugin

__all__ = ["FAKE_MAYA", "unpacked"]

SOURCE = Path(maya_plugin.__file__).parent
FAKE_MAYA = Path(__file__).parent / "fake_maya"


def unpacked(folder: Path) -> Path:
    """Lay it out in ``folder``, which is returned."""
    ours = shutil.ignore_patterns("plug-ins", "bin", "__pycache__")
    shutil.copytree(SOURCE, folder / "scripts" / "kitsu_workfiles_maya", ignore=ours)
    for part in ("plug-ins", "bin"):
        shutil.copytree(SOURCE / part, folder / part, ignore=ours)
    return folder
