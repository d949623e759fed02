"""A scene of the stand-in, and its files.

``.ma`` is a small part of Maya ASCII, as Maya writes it. ``.mb`` is a stand-in of a stand-in:
the outermost chunk of Maya's binary format with the same text inside.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["KNOWN_TYPES", "Node", "Scene", "escaped", "read", "write"]

KNOWN_TYPES = {
    "audio", "cacheFile", "file", "imagePlane", "reference", "script", "transform",
    "unknown", "unknownDag", "unknownTransform",
}  # fmt: skip

_CREATE = re.compile(r'createNode (\w+) -n "([^"]+)";')
_SET = re.compile(r'\tsetAttr "\.(\w+)" -type "string" "((?:[^"\\]|\\.)*)";')
_INFO = re.compile(r'fileInfo "([^"]+)" "((?:[^"\\]|\\.)*)";')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_AS_ESCAPED = str.maketrans(_ESCAPES)


@dataclass
class Node:
    kind: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Scene:
    name: str = ""
    kind: str = "mayaAscii"
    modified: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    scripts_ran: list[str] = field(default_factory=list)


def escaped(text: str) -> str:
    return text.translate(_AS_ESCAPED)


def _unescaped(text: str) -> str:
    back = {escape: letter for letter, escape in _ESCAPES.items()}
    return re.sub(r"\\.", lambda found: back[found.group()], text)


def write(scene: Scene, *, replaces: bool) -> None:
    """Write the scene to its file.

    Raises:
        RuntimeError: as Maya says it; what was written until then stays.
    """
    path = Path(scene.name)
    data = _text(scene, path.name).encode()
    if scene.kind == "mayaBinary":
        data = b"FOR8" + bytes(4) + struct.pack(">Q", len(data) + 4) + b"Maya" + data
    target = path.with_name(f"{path.name}.tmp") if replaces else path
    try:
        with target.open("wb") as file:
            file.write(data)
        if replaces:
            target.replace(path)
    except (OSError, ValueError) as exc:
        raise RuntimeError(f"Could not save file: {scene.name}\n") from exc


def _text(scene: Scene, file_name: str) -> str:
    lines = ["//Maya ASCII 2025 scene", f"//Name: {file_name}", 'requires maya "2025";']
    lines += [f'fileInfo "{key}" "{escaped(value)}";' for key, value in scene.info.items()]
    for name, node in scene.nodes.items():
        lines.append(f'createNode {node.attributes.get("_class", node.kind)} -n "{name}";')
        lines += [
            f'\tsetAttr ".{key}" -type "string" "{escaped(value)}";'
            for key, value in node.attributes.items()
            if key != "_class"
        ]
    return "\n".join([*lines, f"// End of {file_name}", ""])


def read(path: Path, *, kind: str, known: set[str], scripts: bool) -> tuple[Scene, list[str]]:
    """The scene in a file, and the types of its nodes that Maya does not know.

    Raises:
        RuntimeError: as Maya says it.
    """
    data = path.read_bytes()
    if kind == "mayaBinary":
        if not data.startswith(b"FOR8") or data[16:20] != b"Maya":
            raise RuntimeError(f"Error reading file: {path}\n")
        data = data[20:]
    lines = data.decode(errors="replace").splitlines()
    if not lines or not lines[0].startswith("//Maya ASCII") or not lines[-1].startswith("// End"):
        raise RuntimeError(f"Error reading file: {path}\n")
    scene = Scene(name=path.as_posix(), kind=kind)
    node, strange = Node(""), []
    for line in lines:
        if found := _CREATE.fullmatch(line):
            node = scene.nodes[found[2]] = Node(found[1])
            if found[1] not in known:
                strange.append(found[1])
                node.kind, node.attributes["_class"] = "unknown", found[1]
        elif found := _SET.fullmatch(line):
            node.attributes[found[1]] = _unescaped(found[2])
        elif found := _INFO.fullmatch(line):
            scene.info[found[1]] = _unescaped(found[2])
        elif not line.startswith(("//", "requires")):
            raise RuntimeError(f"Syntax error: {line}\n")
    if scripts:
        scene.scripts_ran = [name for name, n in scene.nodes.items() if n.kind == "script"]
    return scene, strange
