"""Small pictures of a run's scenes, for its report.

A script leaves one where ``WF_PICTURE`` says; else a Blender scene that was saved in a window
holds one. Where there is neither there is none: it is for people, and no row ever fails for it.
"""

from __future__ import annotations

import logging
import struct
from pathlib import Path
from typing import BinaryIO

from wf_core.png import png_of

__all__ = ["LARGEST_PICTURE", "MOST_PICTURES", "has_picture", "keep_picture", "kind_of_picture"]

log = logging.getLogger(__name__)

LARGEST_PICTURE = 10_000
"""Bytes."""
MOST_PICTURES = 500
"""Of one run."""

_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_MOST_BLOCKS = 16  # the picture is one of the first
_LARGEST_SIDE = 1024


def has_picture(row: int, rows: int) -> bool:
    """Whether a row is one of those whose picture is kept: of a long run they are spread over it,
    without any worker knowing of the others."""
    return (row - 1) % -(-rows // MOST_PICTURES) == 0


def kind_of_picture(data: bytes) -> str | None:
    """The media type of a picture that may go into a report; None for anything else."""
    if len(data) > LARGEST_PICTURE:
        return None
    return next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)


def keep_picture(scene: Path, target: Path) -> None:
    """Put the picture inside a scene to ``target``, unless a script has left one there."""
    try:
        if target.exists() or scene.suffix.lower() != ".blend":
            return
        with scene.open("rb") as file:
            found = _inside(file)
        if found is None:
            return
        half = target.with_name(f".{target.name}.part")
        half.write_bytes(_small(*found))
        half.replace(target)
    except OSError as exc:
        log.warning("no picture of %s: %s", scene, exc)


def _inside(file: BinaryIO) -> tuple[int, int, bytes] | None:
    """Width, height and pixels of the preview in a Blender file, as Blender's own thumbnailer
    reads it (blendthumb_extract.cc); None where there is none, or the file is compressed."""
    head = file.read(12)
    if head[:7] != b"BLENDER":
        return None
    if head[7:8] in (b"-", b"_"):
        order = "<" if head[8:9] == b"v" else ">"
        block = struct.Struct(f"{order}4si{'8' if head[7:8] == b'-' else '4'}sii")
        at_code, at_size = 0, 1
    else:
        # Since 5.0: the length of the header, "-", its version, "v" and Blender's.
        order, block = "<", struct.Struct("<4si8sqq")
        at_code, at_size = 0, 3
        file.seek(int(head[7:9]) if head[7:9].isdigit() else 17)
    for _ in range(_MOST_BLOCKS):
        data = file.read(block.size)
        if len(data) < block.size:
            return None
        fields = block.unpack(data)
        if fields[at_code] == b"TEST":
            return _pixels(file, order, fields[at_size])
        if fields[at_code] != b"REND":
            return None
        file.seek(fields[at_size], 1)
    return None


def _pixels(file: BinaryIO, order: str, size: int) -> tuple[int, int, bytes] | None:
    sides = file.read(8)
    if len(sides) < 8:
        return None
    width, height = struct.unpack(f"{order}ii", sides)
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        return None
    length = width * height * 4
    pixels = file.read(length) if size == 8 + length else b""
    return (width, height, pixels) if len(pixels) == length else None


def _small(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG that is small enough, of half the size as often as it takes."""
    while True:
        made = png_of(width, height, pixels)
        if len(made) <= LARGEST_PICTURE:
            return made
        width, height, pixels = _halved(width, height, pixels)


def _halved(width: int, height: int, pixels: bytes) -> tuple[int, int, bytes]:
    half = bytearray()
    for row in range(height // 2):
        above = pixels[2 * row * width * 4 :][: width * 4]
        below = pixels[(2 * row + 1) * width * 4 :][: width * 4]
        for at in range(0, width // 2 * 8, 8):
            for channel in range(at, at + 4):
                both = above[channel] + above[channel + 4] + below[channel] + below[channel + 4]
                half.append(both // 4)
    return width // 2, height // 2, bytes(half)
