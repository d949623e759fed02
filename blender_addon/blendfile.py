"""What can be told of a .blend file without opening it.

Layout of the ends: Blender's ``source/blender/blenloader`` writes a closing ``ENDB`` block;
compressed files are Zstandard frames followed by a seek table, whose last four bytes are
the magic number of Zstandard's seekable format.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_whole"]

_ZSTD = b"\x28\xb5\x2f\xfd"
_SEEK_TABLE_END = b"\xb1\xea\x92\x8f"
_BLOCK_HEADS = (20, 24, 32)  # bytes; by pointer size and release, the last since 5.0


def is_whole(path: Path) -> bool:
    """Whether the file begins and ends as Blender's files do.

    Meant for a file that was just saved: with compression on and the disk full, Blender 5.0
    reports a save as finished although the end of the file is not there.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(7)
        size = file.seek(0, 2)
        file.seek(max(0, size - max(_BLOCK_HEADS)))
        tail = file.read()
    if head.startswith(_ZSTD):
        return tail.endswith(_SEEK_TABLE_END)
    return head == b"BLENDER" and any(
        tail[-length:].startswith(b"ENDB") and not tail[-length:][4:].strip(b"\0")
        for length in _BLOCK_HEADS
    )
