"""Pixels as a PNG (ISO/IEC 15948), without a library: applications have some in other versions."""

from __future__ import annotations

import struct
import zlib

__all__ = ["png_of"]


def png_of(width: int, height: int, pixels: bytes) -> bytes:
    """A picture as a PNG without transparency.

    Args:
        width, height: in pixels.
        pixels: the bottom row first, four bytes each: red, green, blue, and one that is dropped.
    """
    stride = width * 4
    rows = bytearray()
    for start in range((height - 1) * stride, -1, -stride):
        row = bytearray(width * 3)
        line = pixels[start : start + stride]
        row[0::3], row[1::3], row[2::3] = line[0::4], line[1::4], line[2::4]
        rows += b"\0" + row  # each row without a filter
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(bytes(rows), 6)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
