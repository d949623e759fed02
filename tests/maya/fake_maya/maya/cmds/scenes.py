"""Commands that are about the scene and its file."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

from ..scene import KNOWN_TYPES, Node, Scene, escaped, read, write
from ..stubs import command
from ..testing import current, emit


@command
def about(*, batch: bool = False, installedVersion: bool = False) -> Any:
    if batch == installedVersion:
        raise RuntimeError("one flag at a time\n")
    return current().batch if batch else f"Maya {current().version}"


@command
def file(
    *args: str,
    query: bool = False,
    sceneName: bool = False,
    type: bool | str = False,
    modified: bool | None = None,
    rename: str | None = None,
    save: bool = False,
    open: bool = False,
    newFile: bool = False,
    force: bool = False,
    prompt: bool = True,
    ignoreVersion: bool = False,
    executeScriptNodes: bool = True,
) -> Any:
    scene = current().scene
    if query:
        if [bool(sceneName), bool(type), bool(modified)].count(True) != 1:
            raise RuntimeError("one question at a time\n")
        return scene.name if sceneName else [scene.kind] if type else scene.modified
    if rename is not None:
        current().refuse("rename")
        scene.name = rename
        scene.modified = True
        return rename
    if open:
        return _open(args[0], str(type), force, prompt, executeScriptNodes)
    if newFile:
        _replace(Scene(), force)
        return ""
    if save:
        return _save(str(type) if type else scene.kind, prompt)
    if modified is not None:
        scene.modified = bool(modified)
        return None
    if isinstance(type, str):
        _set_type(type)
        return None
    raise RuntimeError("nothing to do\n")


def _set_type(kind: str) -> None:
    scene = current().scene
    if kind not in ("mayaAscii", "mayaBinary", "FBX"):
        raise RuntimeError(f"Unknown file type: {kind}\n")
    if kind != scene.kind and any(node.kind.startswith("unknown") for node in scene.nodes.values()):
        raise RuntimeError(
            "File contains unknown nodes or data. To preserve this information, the current "
            "file type cannot be changed.\n"
        )
    scene.kind = kind


def _save(kind: str, prompt: bool) -> str:
    maya = current()
    scene = maya.scene
    if prompt and not maya.batch:
        raise AssertionError("Maya would ask here")
    if not scene.name:
        raise RuntimeError("A filename was not specified\n")
    _set_type(kind)
    if maya.calls_off_saves:
        return ""
    emit("kBeforeSave")
    maya.refuse("save")
    write(scene, replaces=maya.replaces)
    scene.modified = False
    emit("kAfterSave")
    return scene.name


def _open(name: str, kind: str, force: bool, prompt: bool, scripts: bool) -> str:
    maya = current()
    if prompt and not maya.batch:
        raise AssertionError("Maya would ask here")
    if not Path(name).is_file():
        raise RuntimeError(f"File not found: {name}\n")
    emit("kBeforeOpen")
    _replace(Scene(), force)
    maya.refuse("open")
    known = KNOWN_TYPES | maya.plugin_types
    maya.scene, strange = read(Path(name), kind=kind, known=known, scripts=scripts)
    emit("kAfterOpen")
    if strange:
        raise RuntimeError(f"Unrecognized node type '{strange[0]}'\n")
    return name


def _replace(scene: Scene, force: bool) -> None:
    maya = current()
    if maya.scene.modified and not force:
        raise RuntimeError("Unsaved changes\n")
    emit("kBeforeNew")
    maya.scene, maya.undo = scene, []
    emit("kAfterNew")


@command
def fileInfo(*args: str, query: bool = False, remove: str = "") -> Any:
    maya = current()
    if query:
        value = maya.scene.info.get(args[0])
        return [] if value is None else [escaped(value)]
    if remove:
        if remove not in maya.scene.info:
            raise RuntimeError(f"No fileInfo {remove}\n")
        del maya.scene.info[remove]
    else:
        key, value = args
        maya.scene.info[key] = value
    _changed("fileInfo")
    return None


@command
def undoInfo(
    *, query: bool = False, state: bool = False, stateWithoutFlush: bool | None = None
) -> Any:
    maya = current()
    if query and state:
        return maya.undo_on
    if stateWithoutFlush is None:
        raise RuntimeError("nothing to do\n")
    maya.undo_on = bool(stateWithoutFlush)
    return None


def _changed(what: str) -> None:
    maya = current()
    maya.scene.modified = True
    if maya.undo_on:
        maya.undo.append(what)


@command
def allNodeTypes() -> list[str]:
    return sorted(KNOWN_TYPES | current().plugin_types)


@command
def ls(*, type: str) -> list[str]:
    if type not in allNodeTypes():
        raise RuntimeError(f"Unknown object type: {type}\n")
    return [name for name, node in current().scene.nodes.items() if node.kind == type]


@command
def createNode(kind: str, *, name: str) -> str:
    if kind not in allNodeTypes():
        raise RuntimeError(f"Unknown object type: {kind}\n")
    current().scene.nodes[name] = Node(kind)
    _changed("createNode")
    return name


@command
def setAttr(plug: str, value: str, *, type: str) -> None:
    name, _, attribute = plug.partition(".")
    if type != "string":
        raise RuntimeError(f"setAttr: {type} is not here\n")
    current().scene.nodes[name].attributes[attribute] = value
    _changed("setAttr")


@command
def getAttr(plug: str, *, expandEnvironmentVariables: bool = False) -> Any:
    name, _, attribute = plug.partition(".")
    node = current().scene.nodes.get(name)
    if node is None:
        raise ValueError(f"No object matches name: {plug}")
    value = node.attributes.get(attribute)
    return os.path.expandvars(value) if value and expandEnvironmentVariables else value


@command
def referenceQuery(node: str, *, filename: bool, withoutCopyNumber: bool = False) -> str:
    path = current().scene.nodes[node].attributes.get("filename")
    if not path:
        raise RuntimeError(f"Reference node '{node}' is not associated with a reference file.\n")
    return path if withoutCopyNumber else f"{path}{{1}}"


@command
def workspace(*, expandName: str) -> str:
    return expandName if Path(expandName).is_absolute() else f"{current().project}/{expandName}"


@command
def currentTime(*, query: bool) -> float:
    return 1.0


@command
def playblast(
    *,
    completeFilename: str,
    format: str,
    compression: str,
    frame: list[float],
    widthHeight: tuple[int, int],
    percent: int,
    viewer: bool,
    offScreen: bool,
    showOrnaments: bool,
    forceOverwrite: bool,
) -> str:
    if current().batch:
        raise RuntimeError("Cannot playblast in batch mode.\n")
    current().refuse("playblast")
    if (format, compression, percent, viewer) != ("image", "png", 100, False):
        raise AssertionError("the stand-in draws one picture only")
    width, height = widthHeight
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress((b"\0" + bytes(width)) * height)),
        (b"IEND", b""),
    )
    Path(completeFilename).write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    current().scene.modified = True  # what a change of the viewport may do
    return completeFilename
