"""The scene of a plain row: a file that is saved as it is."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path

from wf_core.disk.copying import sha256_of
from wf_core.disk.files import half_made, in_words, rename_exclusive
from wf_core.filehost import FileHost

__all__ = ["RowScene", "same_bytes"]


class RowScene(FileHost):
    """A file to be saved by one of several attempts.

    Args:
        source, software: as for :class:`FileHost`.
        replace: the one file that may be written over: an earlier attempt at this very save
            made it.
    """

    def __init__(self, source: Path, *, software: str = "", replace: Path | None = None) -> None:
        super().__init__(source, software=software)
        self._source = source
        self._replace = replace

    def save_as(self, path: Path) -> None:
        """Copy the scene to ``path``, which appears whole or not at all.

        Two attempts may be at it at once, each with a half-made file of its own: the names are
        unlike any other's.

        Raises:
            WorkfilesError: as :meth:`FileHost.save_as`.
        """
        if path == self._replace and same_bytes(self._source, path):
            self.follow(path)
            return
        half = half_made(path, uuid.uuid4().hex)
        try:
            self._copy(self._source, half)
            if path == self._replace:
                with in_words(path, writing=True):
                    half.replace(path)
            else:
                rename_exclusive(half, path)
        except BaseException:
            with suppress(OSError):  # the first error is the one to tell
                half.unlink(missing_ok=True)
            raise
        self.follow(path)


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same; False where one is not there."""
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
    except FileNotFoundError:
        return False
    return sha256_of(one) == sha256_of(other)
