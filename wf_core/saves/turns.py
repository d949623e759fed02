"""Turns: the processes of one user on one machine ask for numbers one after the other.

Without it sixteen workers of a farm node that save to one task ask for the same number
at the same time, and fifteen ask again. It is a courtesy, not what keeps numbers apart
(the server does): who waited long enough goes ahead without it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wf_core.disk.locks import Lock
from wf_core.saves.machine import boot_id, monotonic

__all__ = ["Turn", "take_turn"]

_WAIT_SECONDS = 10.0
_NEWS_SECONDS = 10.0


class Turn:
    """One process's turn at the numbers of one (server, task, name).

    Attributes:
        floor: the highest number that a process of this user was given in the last seconds,
            0 when none was: what is known without asking the server.
    """

    def __init__(self, news: Path) -> None:
        self._news = news
        self.floor = self._read()

    def note(self, number: int) -> None:
        """Tell the next in turn that ``number`` was given."""
        text = json.dumps({"number": number, "boot": boot_id(), "at": monotonic()})
        self._news.write_text(text, encoding="ascii")

    def _read(self) -> int:
        try:
            news = json.loads(self._news.read_text(encoding="ascii"))
            age = monotonic() - news["at"]
            current = news["boot"] == boot_id() and 0 <= age < _NEWS_SECONDS
            return int(news["number"]) if current else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0


@contextmanager
def take_turn(scope: tuple[str, str, str], fallback: Path) -> Iterator[Turn]:
    """Wait for this process's turn, shared by every WF_HOME of this user; then have it.

    Args:
        scope: (server, task, name): what numbers are given out per.
        fallback: folder to use where the shared one is not safely this user's own.
    """
    digest = hashlib.sha256("\0".join(scope).encode()).hexdigest()[:32]
    folder = _own_folder() or fallback
    lock = Lock(folder / f"turn-{digest}.lock")
    lock.acquire(wait=_WAIT_SECONDS)
    try:
        yield Turn(folder / f"turn-{digest}.news")
    finally:
        lock.release()


def _own_folder() -> Path | None:
    """A folder of this user alone in the system's place for temporary files, or None.

    The place is open to everybody: a folder or link that somebody else put there first is
    not used.
    """
    if not hasattr(os, "getuid"):
        folder = Path(tempfile.gettempdir()) / "kitsu-workfiles"  # per user on Windows
        folder.mkdir(exist_ok=True)
        return folder
    folder = Path(tempfile.gettempdir()) / f"kitsu-workfiles-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError:
        return None
    found = folder.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & 0o077 else None
