"""Whether Maya replaces a file that it saves over, or rewrites it where it lies.

A hard link keeps the bytes of a file that is replaced, and not those of one that is rewritten.
Which of them happens is nowhere promised, so it is watched: by the file's inode before and after
each save over a file.
"""

from __future__ import annotations

from pathlib import Path

from . import calls

__all__ = ["RewriteWatch"]


class RewriteWatch:
    """Watches every save of this Maya, the artist's own too, until :meth:`close`."""

    def __init__(self) -> None:
        self._before: tuple[str, int, int] | None = None
        self._seen: set[bool] = set()
        self._callbacks = [
            calls.add_callback("before save", self._look),
            calls.add_callback("after save", self._compare),
        ]

    @property
    def replaces(self) -> bool:
        """True when a file was seen replaced, and none was seen rewritten."""
        return self._seen == {True}

    def close(self) -> None:
        """Watch no more."""
        while self._callbacks:
            calls.remove_callback(self._callbacks.pop())

    def _look(self) -> None:
        self._before = _identity()

    def _compare(self) -> None:
        before, self._before = self._before, None
        after = _identity()
        if before is not None and after is not None and before[0] == after[0]:
            # A system may give the number of a file that is gone to the next one: that
            # counts as rewritten, which costs a copy and no bytes.
            self._seen.add(before[1:] != after[1:])


def _identity() -> tuple[str, int, int] | None:
    """Name, disk and inode of the scene's file; None when it has none."""
    name = calls.scene_name()
    try:
        found = Path(name).stat() if name else None
    except OSError:
        return None
    return (name, found.st_dev, found.st_ino) if found is not None else None
