"""The folder that becomes the extension."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.package.wheels import TARGETS
from wf_core import __version__

__all__ = ["MANIFEST", "ROOT", "stage"]

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "blender_addon"
MANIFEST = "blender_manifest.toml"
_LEFT_OUT = {"__pycache__"}


def stage(folder: Path, wheels: Sequence[Path]) -> Path:
    """Lay out the extension in ``folder``, anew.

    Args:
        folder: removed first if it is there.
        wheels: those of every platform; the builder gives each zip its own.
    """
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "wheels").mkdir(parents=True)
    for source in sorted(ADDON.rglob("*")):
        inside = source.relative_to(ADDON)
        if source.is_file() and not _LEFT_OUT & set(inside.parts) and inside.name != MANIFEST:
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    for wheel in wheels:
        shutil.copyfile(wheel, folder / "wheels" / wheel.name)
    names = sorted(f"./wheels/{wheel.name}" for wheel in wheels)
    filled_in = [
        f"version = {json.dumps(__version__)}",
        f"platforms = {json.dumps(sorted(TARGETS))}",
        f"wheels = {json.dumps(names, indent=4)}",
    ]
    text = (ADDON / MANIFEST).read_text(encoding="utf-8")
    # In front: keys of the document cannot follow its tables.
    (folder / MANIFEST).write_text("\n".join([*filled_in, "", text]), encoding="utf-8")
    return folder
