"""Downloading a working file: into a file of its own first, checked, then named."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

from wf_core.disk.copying import sha256_of
from wf_core.disk.files import create_new, fsync_folder, fsync_handle, in_words, rename_exclusive
from wf_core.errors import DiskFull, PathTaken
from wf_core.kitsu.fetch import Fetched, check_hash, fetch, fetch_hash
from wf_core.kitsu.session import Session
from wf_core.kitsu.stored import Cancel, Progress
from wf_core.steps import ANOTHER_PLACE

__all__ = ["Downloaded", "download"]

_ABANDONED = 24 * 60 * 60.0
"""Seconds after which an unfinished file that nobody writes to is one of a dead process."""


@dataclass(frozen=True)
class Downloaded:
    """A file on this disk with the bytes the server has stored.

    Attributes:
        path: where it lies.
        size: bytes.
        sha256: of its bytes, in hex.
        checked: "hash" when that is the hash the caller knew; "length" when the caller knew
            none, so that only the number of bytes is sure.
    """

    path: Path
    size: int
    sha256: str
    checked: Literal["hash", "length"]


def download(
    session: Session,
    working_file_id: str,
    target: Path,
    *,
    size: int | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Downloaded:
    """Bring the stored bytes of a working file to ``target``, which is never replaced.

    A file already there is left alone: it counts as downloaded when it has the same bytes.

    Args:
        session: a session with a token.
        working_file_id: the record.
        target: where to; its folder exists.
        size: bytes to expect, where known.
        sha256: in hex, where known.
        progress: called with bytes received and in total; starts over when the server
            cannot resume.
        cancel: asked between pieces and while nothing comes.
        pause: waits between tries; tests pass their own.

    Raises:
        NotFound: nothing is stored.
        PathTaken: another file, a folder or a symbolic link is at ``target``.
        PathError: ``target`` cannot be made there.
        DiskFull: there is no room for it.
        IntegrityError: the stored bytes are not the expected ones.
        Cancelled: ``cancel`` said so.
        AccessError, Refused, ServerError: see :mod:`wf_core.errors`.

    After an error nothing of it is left on the disk.
    """
    checked: Literal["hash", "length"] = "length" if sha256 is None else "hash"
    there = _size_of_file(target)
    if there is not None:
        _refuse_unless(target, size in (None, there))
        found = Fetched(there, sha256_of(target, cancel=cancel))
        if sha256 is None:
            stored = fetch_hash(session, working_file_id, progress=progress, cancel=cancel)
            sha256 = stored.sha256
        _refuse_unless(target, found.sha256 == sha256.lower())
        return Downloaded(target, found.size, found.sha256, checked)

    with _unfinished(target) as part:
        found = fetch(
            session,
            working_file_id,
            part,
            size=size,
            progress=progress,
            cancel=cancel,
            pause=pause,
        )
        check_hash(found, sha256)
        part.finish()
        try:
            rename_exclusive(part.path, target)
        except PathTaken:
            same = _size_of_file(target) == found.size and sha256_of(target) == found.sha256
            _refuse_unless(target, same)
        fsync_folder(target.parent)
    return Downloaded(target, found.size, found.sha256, checked)


class _Part:
    """The unfinished file beside the target, private until it is whole."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path = path
        self._target = target
        with in_words(target, writing=True):
            self._file = os.fdopen(create_new(path, mode=0o600), "wb", buffering=0)

    def restart(self, total: int) -> None:
        with in_words(self._target, writing=True):
            free = shutil.disk_usage(self.path.parent).free
        if free < total:
            raise DiskFull(
                f"There is no room for {self._target.name} in {self._target.parent}: it has "
                f"{total:,} bytes, and {free:,} are free.",
                hint="Free some space on that disk, then try again.",
            )
        with in_words(self._target, writing=True):
            self._file.seek(0)
            self._file.truncate()

    def write(self, piece: bytes) -> None:
        view = memoryview(piece)
        with in_words(self._target, writing=True):
            while view:
                view = view[self._file.write(view) :]

    def finish(self) -> None:
        """Everything on the disk, readable for those whom the process's umask allows."""
        with in_words(self._target, writing=True):
            self.path.chmod(_usual_mode(self.path.with_suffix(".mode")))
            fsync_handle(self._file.fileno())
            self._file.close()  # network file systems report a full disk only here

    def discard(self) -> None:
        with suppress(OSError):  # what brought us here is the error to tell
            self._file.close()
        with suppress(OSError):
            self.path.unlink()


@contextmanager
def _unfinished(target: Path) -> Iterator[_Part]:
    part = _Part(target.parent / f".wf-{uuid4().hex}.part", target)
    try:
        _sweep(part.path)
        yield part
    finally:
        part.discard()


def _sweep(mine: Path) -> None:
    """Remove what downloads of processes that died left in this folder. Ages are told by
    the clock of the disk, which a shared one does not share with this machine."""
    with suppress(OSError):  # tidying up is nobody's purpose here
        now = mine.stat().st_mtime
        for other in mine.parent.glob(".wf-" + "[0-9a-f]" * 32 + ".part"):
            if now - other.lstat().st_mtime > _ABANDONED:
                other.unlink()


def _usual_mode(probe: Path) -> int:
    """The permissions of a new file in this folder. The umask itself can only be read by
    changing it for all threads."""
    handle = create_new(probe, mode=0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)
        probe.unlink()


def _size_of_file(target: Path) -> int | None:
    """Bytes of the file at ``target``, None when there is nothing; PathTaken when there is
    something else."""
    with in_words(target, writing=True):
        try:
            status = target.lstat()
        except FileNotFoundError:
            return None
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISREG(status.st_mode):
        what = "symbolic link" if stat.S_ISLNK(status.st_mode) else "folder or device"
        raise PathTaken(
            f"There is a {what} at {target}; it was left as it is.",
            hint=f"Choose {ANOTHER_PLACE}.",
        )
    return status.st_size


def _refuse_unless(target: Path, same: bool) -> None:
    if not same:
        raise PathTaken(
            f"{target} is there already with other bytes; it was left as it is.",
            hint=f"Move it away, or choose {ANOTHER_PLACE}.",
        )
