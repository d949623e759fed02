"""One at a time, in the words of this package: see :mod:`wf_core.disk.locks` for the locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wf_core.disk.locks import Lock
from wf_core.errors import InputError

__all__ = ["exclusive", "exclusive_or_none"]

_LOOK_SECONDS = 3600.0


@contextmanager
def exclusive(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of ``path`` alone, however long it takes to get it.

    ``waiting`` is called once if somebody else has it.

    Raises:
        InputError: the file cannot be made.
    """
    lock = Lock(path)
    if not _acquire(lock):
        waiting()
        while not _acquire(lock, wait=_LOOK_SECONDS):
            pass
    try:
        yield
    finally:
        lock.release()


@contextmanager
def exclusive_or_none(path: Path) -> Iterator[bool]:
    """Hold the lock of ``path`` if nobody else does; the value says whether it is held.

    Raises:
        InputError: the file cannot be made.
    """
    lock = Lock(path)
    held = _acquire(lock)
    try:
        yield held
    finally:
        lock.release()


def _acquire(lock: Lock, *, wait: float = 0.0) -> bool:
    try:
        return lock.acquire(wait=wait)
    except OSError as exc:
        raise InputError(
            f"{lock.path} cannot be made: {exc.strerror}.",
            hint="Choose a folder you may write to.",
        ) from exc
