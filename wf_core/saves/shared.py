"""Notes that the processes of one user on one machine leave each other, whatever WF_HOME each
of them has.

A note is about one thing and lies in the file of the lock that its readers and writers hold. It
is of this start of the machine, or there is none. Notes spare the server requests; nothing rests
on them: where the lock cannot be had, in time or at all, there is no note.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wf_core import __version__
from wf_core.disk.locks import Lock
from wf_core.saves.machine import boot_id, monotonic

__all__ = ["Note", "ask_together", "hold_note"]

_SHELVES = 256
"""Notes of what was asked; another question may take the place of an old one."""


class Note:
    """One note, in the hands of whoever holds its lock.

    Attributes:
        content: what the last one wrote; empty where there is no note.
    """

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.content: dict[str, Any] = {}
        if lock.held:
            with suppress(OSError, ValueError):  # half a note is none
                found = json.loads(lock.read())
                if isinstance(found, dict) and found.pop("boot", None) == boot_id():
                    self.content = found

    def write(self, content: dict[str, Any]) -> None:
        """Leave ``content`` for the next."""
        if self._lock.held:
            with suppress(OSError):
                self._lock.write(json.dumps({"boot": boot_id(), **content}).encode())


@contextmanager
def hold_note(kind: str, about: tuple[str, ...], fallback: Path, *, wait: float) -> Iterator[Note]:
    """Be the only one who reads and writes a note, for a ``with`` block.

    Args:
        kind: what sort of note it is.
        about: what it is about.
        fallback: folder to use where the shared one is not safely this user's own.
        wait: seconds after which to go on without.
    """
    digest = hashlib.sha256("\0".join(about).encode()).hexdigest()[:32]
    lock = Lock((_own_folder() or fallback) / f"{kind}-{digest}.lock")
    with suppress(OSError):
        lock.acquire(wait=wait)
    try:
        yield Note(lock)
    finally:
        lock.release()


def ask_together(
    about: tuple[str, ...],
    ask: Callable[[], tuple[str, bool]],
    fallback: Path,
    *,
    wait: float,
    fresh: float,
) -> str:
    """What ``ask`` answers, asked once for all processes of this user that want to know the same at
    the same moment.

    Args:
        about: what is asked, and as whom.
        ask: gives the answer, and whether others may take it.
        fallback: as for :func:`hold_note`.
        wait: seconds to wait for the answer that another process is just getting.
        fresh: seconds for which its answer is taken.

    Raises:
        WorkfilesError: as ``ask`` does.
    """
    # Another release may have other models: what it knows is not for this one.
    question = hashlib.sha256("\0".join((__version__, *about)).encode()).hexdigest()
    shelf = str(int(question, 16) % _SHELVES)
    with hold_note("asked", (shelf,), fallback, wait=wait) as note:
        match note.content:
            case {"question": asked, "answer": str(answer), "at": float(at)}:
                if asked == question and at <= monotonic() < at + fresh:
                    return answer
        answer, for_all = ask()
        if for_all:
            note.write({"question": question, "answer": answer, "at": monotonic()})
        return answer


def _own_folder() -> Path | None:
    """A folder of this user alone, where the system has its temporary files, or None.

    That place is open to everybody: a folder or link that somebody else put there first is
    not used.
    """
    if not hasattr(os, "getuid"):
        # Windows; its folder for temporary files is everybody's where a service runs.
        private = os.environ.get("LOCALAPPDATA")
        folder = Path(private) / "kitsu-workfiles" / "notes" if private else None
        if folder is not None:
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
        return folder
    folder = Path(tempfile.gettempdir()) / f"kitsu-workfiles-{os.getuid()}"
    try:
        found = folder.lstat()
    except OSError:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & 0o077 else None
