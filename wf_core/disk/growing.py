"""A file that is read while it is still being copied.

A large scene takes a while to be copied, and as long again to be sent. Whoever sends it can read
what is there already, one step behind; and the copy stays a few steps ahead, so that both go
through the same little memory again and again.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from wf_core.disk.files import in_words, open_regular
from wf_core.errors import Cancelled, FileUnreadable

__all__ = ["GrowingFile"]

_FORGOTTEN = 16 * 1024 * 1024
"""Bytes that are given back at a time to whoever needs memory."""
_AHEAD = 48 * 1024 * 1024
"""Bytes that are copied ahead of the reader before the copy waits for it."""
_LONGEST_WAIT = 0.1
"""Seconds the copy waits at a time. Behind a slow line it is not to take as long as the upload:
while it lasts, whoever writes to the original spoils it."""


class GrowingFile:
    """The reader's end of a copy that another thread makes.

    Reading waits for the bytes asked for; it stands for a file opened for reading, as far as
    :func:`wf_core.kitsu.transfer.upload` uses one.

    Args:
        name: of the file, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._changed = threading.Condition()
        self._handle: int | None = None
        self._size = 0
        self._there = 0
        self._position = 0
        self._forgotten = 0
        self._stands_still = False
        self._failed = False
        self._stopped = False

    # the thread that copies

    def copied(self, path: Path, done: int, size: int) -> None:
        """Of the ``size`` bytes that the file at ``path`` will have, the first ``done`` are final.

        The file may get another name afterwards. Waits a moment where the reader is far behind.

        Raises:
            FileUnreadable: it cannot be opened.
            Cancelled: :meth:`stop` was called.
        """
        with self._changed:
            if self._stopped:
                raise Cancelled(f"Stopped while {self.name} was copied; nothing was changed.")
            if self._failed:
                return  # nobody reads it
            if self._handle is None:
                # Its name is known to all: whoever puts a link in its place is not followed.
                self._handle, _ = open_regular(path, follow=False)
                self._size = size
            self._there = max(self._there, done)
            self._changed.notify_all()
            if done < size:
                self._stay_near(done)

    def fail(self) -> None:
        """There will be no more of it: its readers are not to wait."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    # the thread that reads

    @property
    def size(self) -> int:
        """Bytes it will have; waits until that is known. Raises as :meth:`read`."""
        self._wait_for(0)
        return self._size

    @property
    def inode(self) -> int:
        """Of the file that is read. Raises as :meth:`read`."""
        return os.fstat(self._wait_for(0)).st_ino

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        self._move_to(position)
        return position

    def fileno(self) -> int:
        """Refused: size and times say nothing about a file that is being written."""
        raise OSError("a growing file has no size or time to look at")

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes, fewer only at the end.

        What was read, and is on the disk by now, need not stay in memory: the next one to want it
        has the original there. Left alone, a copy of many gigabytes pushes out everything else.

        Raises:
            FileUnreadable: the copy came to nothing, or cannot be read.
        """
        end = min(self._position + count, self.size)
        handle = self._wait_for(end)
        with in_words(Path(self.name), writing=False):
            os.lseek(handle, self._position, os.SEEK_SET)
            data = os.read(handle, max(0, end - self._position))
        self._move_to(self._position + len(data))
        if self._position - self._forgotten >= _FORGOTTEN:
            self._forgotten = self._position
            if sys.platform == "linux":
                os.posix_fadvise(handle, 0, self._position, os.POSIX_FADV_DONTNEED)
        return data

    def close(self) -> None:
        """Give the file back; the copy goes on."""
        with self._changed:
            if self._handle is not None:
                os.close(self._handle)
            self._handle, self._failed = None, True
            self._changed.notify_all()

    def stop(self) -> None:
        """Give the file up; its copy ends at the next word of it, and is thrown away."""
        with self._changed:
            self._stopped = self._failed = True
            self._changed.notify_all()

    def _stay_near(self, done: int) -> None:
        """Wait until the reader has come near; not for one that stood still the last time, as it
        may have gone: nobody says so when an upload fails."""
        if self._stands_still:
            return
        self._stands_still = True
        if self._changed.wait_for(
            lambda: self._failed or done - self._position <= _AHEAD, _LONGEST_WAIT
        ):
            self._stands_still = False

    def _move_to(self, position: int) -> None:
        with self._changed:
            self._position = position
            self._stands_still = False
            self._changed.notify_all()

    def _wait_for(self, end: int) -> int:
        with self._changed:
            self._changed.wait_for(
                lambda: self._failed or (self._handle is not None and self._there >= end)
            )
            if self._failed or self._handle is None:
                raise FileUnreadable(f"{self.name} could not be copied.")
            return self._handle
