"""What can be told of a Maya scene on the disk without Maya.

Maya ASCII begins with ``//Maya ASCII`` and ends with a comment ``// End of ...``. Maya Binary is
EA's interchange file format with chunks aligned to four bytes (``FOR4``) or, since Maya 2014, to
eight (``FOR8``), whose outermost form is of type ``Maya``.
"""

from __future__ import annotations

from pathlib import Path

from .calls import SceneType

__all__ = ["EXTENSIONS", "TYPES", "is_whole", "kind_of"]

TYPES: dict[str, SceneType] = {".ma": "mayaAscii", ".mb": "mayaBinary"}
"""The type of scene by the extension of its file."""

EXTENSIONS: dict[str, str] = {kind: extension for extension, kind in TYPES.items()}
"""The extension of a scene's file by its type."""

_ASCII = b"//Maya ASCII"
_ASCII_END = b"// End of "
_BINARY = (b"FOR4", b"FOR8")
_HEAD = 32  # bytes
_TAIL = 4096  # bytes; scripts that run after a save may add a few lines behind Maya's last


def kind_of(path: Path) -> SceneType | None:
    """The type of a scene by its first bytes; None when it is no scene of Maya's.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ASCII):
        return "mayaAscii"
    if head.startswith(_BINARY) and b"Maya" in head[4:20]:
        return "mayaBinary"
    return None


def is_whole(path: Path) -> bool:
    """Whether the file begins as Maya's files do, and an ASCII one also ends so.

    Of a binary scene the end cannot be told.

    Raises:
        OSError: the file cannot be read.
    """
    kind = kind_of(path)
    if kind != "mayaAscii":
        return kind is not None
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        return _ASCII_END in file.read()
