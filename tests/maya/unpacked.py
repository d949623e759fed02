"""The module as it lies on a disk once the zip is unpacked, without vendored packages."""

from __future__ import annotations

from pathlib import Path

from tools.package.module import stage_module

__all__ = ["FAKE_MAYA", "unpacked"]

FAKE_MAYA = Path(__file__).parent / "fake_maya"


def unpacked(folder: Path) -> Path:
    """Lay it out in ``folder``; the module's own folder inside."""
    return stage_module(folder, []) / "kitsu_workfiles"
