"""The commands of the stand-in. One that is not here is an AttributeError."""

from .scenes import (
    about,
    allNodeTypes,
    createNode,
    currentTime,
    file,
    fileInfo,
    getAttr,
    ls,
    playblast,
    referenceQuery,
    setAttr,
    undoInfo,
    workspace,
)

__all__ = [
    "about",
    "allNodeTypes",
    "createNode",
    "currentTime",
    "file",
    "fileInfo",
    "getAttr",
    "ls",
    "playblast",
    "referenceQuery",
    "setAttr",
    "undoInfo",
    "workspace",
]
