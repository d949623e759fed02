"""The external files a scene needs, and which of them are not there.

Textures, references and caches are looked at one kind of node after the other. Maya's own File
Path Editor keeps such a list too, but needs a window.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wf_core.host import MissingFile

from . import calls

__all__ = ["missing_files"]

_ATTRIBUTES = {
    "file": ("computedFileTextureNamePattern", "texture"),
    "imagePlane": ("imageName", "image plane"),
    "audio": ("filename", "sound"),
    "AlembicNode": ("abc_File", "Alembic cache"),
    "gpuCache": ("cacheFileName", "GPU cache"),
    "aiImage": ("filename", "texture"),
    "aiStandIn": ("dso", "stand-in"),
    "aiVolume": ("filename", "volume"),
    "mayaUsdProxyShape": ("filePath", "USD stage"),
}
"""Types of nodes with the attribute that holds a path, and what artists call such a node. Those of
plug-ins count while the plug-in is loaded."""

_TOKEN = re.compile(r"<[^<>/]+>")
"""Stands for a tile or a frame: ``<UDIM>``, ``<UVTILE>``, ``<u>``, ``<v>``, ``<f>``."""

_FRAME = re.compile(r"#+")


def missing_files() -> list[MissingFile]:
    """Files that the scene uses and that are not on disk, each once.

    A path with tokens is missing when no file on the disk fits it.
    """
    missing: dict[str, MissingFile] = {}
    for raw, used_by in _used():
        path = os.path.normpath(calls.expanded(raw))
        if path not in missing and not _is_there(path):
            missing[path] = MissingFile(path=path, used_by=used_by)
    return list(missing.values())


def _used() -> Iterator[tuple[str, str]]:
    """(path as the scene has it, who uses it)."""
    for node in calls.nodes("reference"):
        with suppress(RuntimeError):  # Maya's own reference nodes refer to no file
            yield calls.reference_file(node), f"reference “{node}”"
    known = set(calls.known_node_types())
    for kind, (attribute, word) in _ATTRIBUTES.items():
        for node in calls.nodes(kind) if kind in known else ():
            if path := calls.path_attribute(f"{node}.{attribute}"):
                yield path, f"{word} “{node}”"
    for node in calls.nodes("cacheFile"):
        folder = calls.path_attribute(f"{node}.cachePath")
        name = calls.path_attribute(f"{node}.cacheName")
        if folder and name:
            # Maya describes the frames of a cache in an XML file of the cache's name.
            yield f"{folder}/{name}.xml", f"cache “{node}”"


def _is_there(path: str) -> bool:
    one = Path(path)
    if one.exists():
        return True
    pieces = re.split(f"({_TOKEN.pattern}|{_FRAME.pattern})", one.name)
    if len(pieces) == 1:
        return False
    fits = re.compile("".join(".+" if at % 2 else re.escape(p) for at, p in enumerate(pieces)))
    try:
        return any(fits.fullmatch(other.name) for other in one.parent.iterdir())
    except OSError:
        return False
