"""Runs inside Blender without a window: opens scenes, runs scripts in them, writes files.

Started as ``blender --background --factory-startup --python blender.py -- PARENT``, or by a
Python that has bpy as ``python -I blender.py -- PARENT``. It needs nothing but Blender and what is
beside it, and reads no preferences.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import bpy  # type: ignore[import-not-found, unused-ignore]

_BESIDE = str(Path(__file__).parent)
sys.path.insert(0, _BESIDE)
from serving import run_script, serve  # noqa: E402

sys.path.remove(_BESIDE)  # scripts find what they find without us


def begin() -> "Callable[[str, str, list[str], str], None]":
    return process


def process(scene: str, script: str, arguments: "list[str]", out: str) -> None:
    """Open, run, write."""
    bpy.ops.wm.open_mainfile(filepath=scene, load_ui=False, use_scripts=False)
    run_script(script, arguments)
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=out, check_existing=False)


serve(begin)
