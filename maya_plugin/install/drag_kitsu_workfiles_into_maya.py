"""Install Workfiles for Kitsu: unpack the zip, then drag this file into a viewport of Maya.

It copies the module into your own folder of modules, where every release of Maya finds it, and
loads the plug-in; nothing else is touched.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import maya.cmds as cmds

NAME = "kitsu_workfiles"
PACKAGE = "kitsu_workfiles_maya"


def onMayaDroppedPythonFile(*_: object) -> None:
    """Called by Maya when this file is dropped into a viewport."""
    try:
        told = install(Path(__file__).resolve().parent)
    except (OSError, RuntimeError) as exc:
        told = f"Workfiles for Kitsu could not be installed: {str(exc).strip()}"
    cmds.confirmDialog(title="Workfiles for Kitsu", message=told, button=["OK"])


def install(source: Path) -> str:
    """Install what lies beside this file; what to tell the artist.

    Raises:
        OSError: a file cannot be copied; an earlier installation is as it was.
        RuntimeError: Maya cannot load the plug-in.
    """
    if not (source / NAME / "plug-ins").is_dir() or not (source / f"{NAME}.mod").is_file():
        return (
            "Only this one file is here: it was opened from inside the zip. Unpack the whole zip "
            "first, then drag the file from the folder it was unpacked to."
        )
    modules = Path(cmds.internalVar(userAppDir=True)) / "modules"
    modules.mkdir(parents=True, exist_ok=True)
    if source == modules:
        return "It is installed here already; load kitsu_workfiles in the Plug-in Manager."
    was_there = bool(cmds.pluginInfo(NAME, query=True, loaded=True)) or PACKAGE in sys.modules
    if cmds.pluginInfo(NAME, query=True, loaded=True):
        cmds.unloadPlugin(NAME)
    _replace(source / NAME, modules / NAME)
    shutil.copyfile(source / f"{NAME}.mod", modules / f"{NAME}.mod")
    if was_there:
        return "The new version is installed. Restart Maya to use it."
    sys.path.append(str(modules / NAME / "scripts"))
    cmds.loadPlugin(str(modules / NAME / "plug-ins" / f"{NAME}.py"))
    cmds.pluginInfo(NAME, edit=True, autoload=True)
    return "Workfiles for Kitsu is installed: see the menu “Kitsu”."


def _replace(source: Path, target: Path) -> None:
    """Copy a folder to where another may be, which goes only when the new one is there."""
    new, old = target.with_name(f"{target.name}.new"), target.with_name(f"{target.name}.old")
    for left in (new, old):
        if left.exists():
            shutil.rmtree(left)
    shutil.copytree(source, new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    if old.exists():
        shutil.rmtree(old, ignore_errors=True)  # a file in use; the next installation removes it
