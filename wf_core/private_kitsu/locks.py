"""One at a time: a lock of the operating system on a file, freed when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wf_core.errors import InputError

__all__ = ["exclusive", "exclusive_or_none"]


@contextmanager
def exclusive(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of ``path`` alone, however long it takes to get it.

    ``waiting`` is called once if somebody else has it. The file stays where it is: removing a
    lock file lets two holders in.

    Raises:
        InputError: the file cannot be made.
    """
    descriptor = _open(path)
    try:
        told = False
        while not _take(descriptor):
            if not told:
                waiting()
                told = True
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_or_none(path: Path) -> Iterator[bool]:
    """Hold the lock of ``path`` if nobody else does; the value says whether it is held.

    Raises:
        InputError: the file cannot be made.
    """
    descriptor = _open(path)
    try:
        yield _take(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise InputError(
            f"{path} cannot be made: {exc.strerror}.", hint="Choose a folder you may write to."
        ) from exc


def _take(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        # The range may lie beyond the end of an empty file.
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
