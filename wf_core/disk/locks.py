"""Locks between processes, held by the operating system.

The system drops such a lock at the moment its owner dies, however it dies, and keeps it
while the owner is only frozen: a dead uploader never blocks its successor, a suspended
one that wakes up still holds what it thinks it holds. Lock files stay behind empty; removing
one that somebody may still want would let two owners hold two files of one name.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wf_core.disk.files import in_words, open_flags

__all__ = ["Lock", "hold", "record_lock", "row_lock"]

_POLL_SECONDS = 0.02
_LONGEST_NOTE = 65536
_FLAGS = os.O_RDWR | os.O_CREAT | open_flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")


class Lock:
    """An exclusive lock on a file. Not re-entrant; one object, one owner.

    Args:
        path: the lock file; its folder is made when needed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, wait: float = 0.0) -> bool:
        """Take the lock, waiting up to ``wait`` seconds; False when somebody else has it.

        Raises:
            OSError: the lock file cannot be made or opened.
        """
        if self._descriptor is not None:
            raise RuntimeError(f"{self.path} is already held by this object")
        try:
            descriptor = os.open(self.path, _FLAGS, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, _FLAGS, 0o600)
        give_up = time.monotonic() + wait
        try:
            while not _try_lock(descriptor):
                if time.monotonic() >= give_up:
                    os.close(descriptor)
                    return False
                time.sleep(_POLL_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def read(self) -> bytes:
        """What an earlier owner left in the file for the next. The lock is held."""
        assert self._descriptor is not None
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return os.read(self._descriptor, _LONGEST_NOTE)

    def write(self, note: bytes) -> None:
        """Leave ``note``, not empty and not long, for the next owner. The lock is held.

        It is written over the one before, and never cut to nothing in between: a file that was is
        put on the disk when it is closed (``auto_da_alloc`` of ext4), which nobody needs here.
        """
        assert self._descriptor is not None
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, note)
        os.ftruncate(self._descriptor, len(note))

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            try:
                _unlock(descriptor)
            finally:
                os.close(descriptor)


def row_lock(folder: Path, save_id: str) -> Path:
    """The lock file of a save: who holds it may work on the save's row."""
    return folder / f"save-{save_id}.lock"


def record_lock(folder: Path, working_file_id: str) -> Path:
    """The lock file of a server record: who holds it may send bytes to it."""
    return folder / f"record-{working_file_id}.lock"


@contextmanager
def hold(path: Path, *, wait: float = 0.0) -> Iterator[bool]:
    """Hold the lock at ``path`` for a ``with`` block; yields whether it was obtained.

    Raises:
        DiskFull, PathError: the lock file cannot be made or opened.
    """
    lock = Lock(path)
    with in_words(path, writing=True):
        obtained = lock.acquire(wait=wait)
    try:
        yield obtained
    finally:
        lock.release()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        # One byte from the start; the C runtime answers EACCES or EDEADLOCK when taken.
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as exc:
            if exc.errno in (errno.EACCES, errno.EDEADLK):
                return False
            raise
        return True

    def _unlock(descriptor: int) -> None:
        # Closing would do it as well, but only "depending upon available system resources"
        # (LockFile in the documentation of Windows).
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        # flock, not lockf: POSIX record locks vanish when any other descriptor of the
        # same file is closed in this process.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
