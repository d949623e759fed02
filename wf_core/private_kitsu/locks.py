"""One at a time: a lock of the operating system on a file, freed when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wf_core.errors import InputError

__all__ = ["exclusive"]


@contextmanager
def exclusive(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of ``path`` alone, however long it takes to get it.

    ``waiting`` is called once if somebody else has it. The file stays where it is: removing a
    lock file lets two holders in.

    Raises:
        InputError: the file cannot be made, or this system has no such locks.
    """
    if sys.platform == "win32":
        raise InputError(
            "A private Kitsu runs on Linux and macOS; this is Windows.",
            hint="Run it inside WSL, or use a Kitsu server of your own.",
        )
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise InputError(
            f"{path} cannot be made: {exc.strerror}.", hint="Choose a folder you may write to."
        ) from exc
    try:
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    waiting()
                    told = True
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)
