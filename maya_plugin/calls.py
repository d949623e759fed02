"""Every call into Maya that this plug-in makes, typed, one function each.

Nothing is decided here. Flags are given by their long names, and mypy checks them against
published stubs of ``maya.cmds``. This module is about scenes, :mod:`.calls_ui` about the
interface; besides them only the plug-in file imports ``maya``.

What each command does is told by Autodesk's "Maya Commands Reference" (Python), chapters
``file``, ``fileInfo``, ``undoInfo``, ``ls``, ``getAttr``, ``referenceQuery``, ``workspace``,
``playblast`` and ``about``; callbacks by "MSceneMessage" of the Maya Python API 2.0.

Of what differs between releases this much was looked at: the 23 commands and their 95 flags, here
and in :mod:`.calls_ui`, are all there, by name, in the stubs types-maya-strict 2025.0.6 (Maya 2025)
and maya-stubs 0.4.2 (Maya 2026), and so are the callbacks and ``MQtUtil.findControl``. Of Maya
2024 and 2027 no stubs were found, and what a flag does was compared in none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import maya.cmds as cmds
from maya.api import OpenMaya

__all__ = [
    "SceneEvent",
    "SceneType",
    "add_callback",
    "begin_without_window",
    "current_time",
    "expanded",
    "file_info",
    "file_type",
    "is_batch",
    "is_modified",
    "known_node_types",
    "nodes",
    "open_scene",
    "path_attribute",
    "playblast_frame",
    "python_program",
    "reference_file",
    "remove_callback",
    "remove_file_info",
    "rename_scene",
    "run_later",
    "save_scene",
    "scene_name",
    "set_file_info",
    "set_file_type",
    "set_modified",
    "set_undo_recording",
    "undo_recording",
    "version",
]

SceneType = Literal["mayaAscii", "mayaBinary"]
SceneEvent = Literal["before save", "after save", "after open", "after new", "exiting"]

_EVENTS = {
    "before save": "kBeforeSave",
    "after save": "kAfterSave",
    "after open": "kAfterOpen",
    "after new": "kAfterNew",
    "exiting": "kMayaExiting",
}


# what it is


def version() -> str:
    """Such as "2025" or "2025.3"."""
    return str(cmds.about(installedVersion=True)).removeprefix("Maya ").strip()


def begin_without_window() -> None:
    """Make this mayapy a Maya. Takes seconds, and prints on standard output."""
    import maya.standalone

    maya.standalone.initialize(name="python")


def is_batch() -> bool:
    """Whether there is no window: mayapy and ``maya -batch``."""
    return bool(cmds.about(batch=True))


def python_program() -> Path | None:
    """The program mayapy, with which other Python programs of this Maya are run; None where it
    cannot be found. (What Python itself believes to be its program is Maya, in a window.)"""
    location = os.environ.get("MAYA_LOCATION", "")  # set by every Maya at its start
    name = "mayapy.exe" if sys.platform == "win32" else "mayapy"
    program = Path(location, "bin", name)
    return program if location and program.is_file() else None


def run_later(function: Callable[[], object]) -> None:
    """Have ``function`` called on the main thread when Maya is idle; callable from any thread.
    Without a window it is never called."""
    import maya.utils  # of all that is used here, what types-maya-strict lacks

    maya.utils.executeDeferred(function)


# the scene


def scene_name() -> str:
    """The full path of the scene, with forward slashes; "" when it was never saved."""
    return str(cmds.file(query=True, sceneName=True) or "")


def rename_scene(name: str) -> None:
    """Set the name the scene is saved under; "" makes it one that was never saved."""
    cmds.file(rename=name)


def file_type() -> str:
    """ "mayaAscii", "mayaBinary", or what a translator calls itself."""
    found = cmds.file(query=True, type=True)
    return str(found[0]) if found else ""


def set_file_type(kind: str) -> None:
    """Set the type the scene is saved as."""
    cmds.file(type=kind)


def is_modified() -> bool:
    """Whether the scene has changes its file lacks."""
    return bool(cmds.file(query=True, modified=True))


def set_modified(modified: bool) -> None:
    """Say whether it has."""
    cmds.file(modified=modified)


def save_scene(kind: str) -> None:
    """Write the scene to the file it is named for, without asking anything.

    Raises:
        RuntimeError: Maya could not.
    """
    cmds.file(save=True, type=kind, force=True, prompt=False)


def open_scene(path: str, *, kind: str, scripts: bool) -> None:
    """Open a scene in place of the one that is open, whose changes are dropped.

    Args:
        path: absolute.
        kind: its type.
        scripts: whether its script nodes are run.

    Raises:
        RuntimeError: Maya could not read it, or not all of it.
    """
    cmds.file(
        path,
        open=True,
        force=True,
        prompt=False,
        type=kind,
        ignoreVersion=True,
        executeScriptNodes=scripts,
    )


# what travels with it


def file_info(key: str) -> str | None:
    """The value of a key, as Maya shows it: with its special characters escaped."""
    found = cmds.fileInfo(key, query=True)
    return str(found[0]) if found else None


def set_file_info(key: str, value: str) -> None:
    """Put a value into the scene; Maya then counts the scene as modified."""
    cmds.fileInfo(key, value)


def remove_file_info(key: str) -> None:
    """Take a key out of the scene."""
    cmds.fileInfo(remove=key)


def undo_recording() -> bool:
    """Whether Maya records what is done, to undo it."""
    return bool(cmds.undoInfo(query=True, state=True))


def set_undo_recording(on: bool) -> None:
    """Stop or start recording; what was recorded stays."""
    cmds.undoInfo(stateWithoutFlush=on)


# what it is made of


def known_node_types() -> list[str]:
    """The types of nodes that this Maya knows at the moment."""
    return list(cmds.allNodeTypes() or [])


def nodes(kind: str) -> list[str]:
    """The nodes of a type and those derived from it.

    Raises:
        RuntimeError: Maya does not know the type.
    """
    return list(cmds.ls(type=kind) or [])


def path_attribute(plug: str) -> str:
    """The text of an attribute, with environment variables in it replaced."""
    return str(cmds.getAttr(plug, expandEnvironmentVariables=True) or "")


def reference_file(node: str) -> str:
    """The file of a reference node.

    Raises:
        RuntimeError: the node refers to no file, as Maya's own reference nodes do not.
    """
    return str(cmds.referenceQuery(node, filename=True, withoutCopyNumber=True))


def expanded(path: str) -> str:
    """The path as Maya finds it: a relative one counts from the project."""
    return str(cmds.workspace(expandName=path))


# a picture


def current_time() -> float:
    """The frame the scene is at."""
    return float(cmds.currentTime(query=True))


def playblast_frame(path: str, *, frame: float, width: int, height: int) -> None:
    """Write what the active viewport shows at a frame as a PNG.

    Raises:
        RuntimeError: there is no viewport.
    """
    cmds.playblast(
        completeFilename=path,
        format="image",
        compression="png",
        frame=[frame],
        widthHeight=(width, height),
        percent=100,
        viewer=False,
        offScreen=True,
        showOrnaments=False,
        forceOverwrite=True,
    )


# what happens to it


def add_callback(event: SceneEvent, function: Callable[[], None]) -> Any:
    """Have ``function`` called at an event; returns the id for :func:`remove_callback`."""
    message = getattr(OpenMaya.MSceneMessage, _EVENTS[event])
    return OpenMaya.MSceneMessage.addCallback(message, lambda *_: function())


def remove_callback(callback: Any) -> None:
    """Call it no more."""
    OpenMaya.MMessage.removeCallback(callback)
