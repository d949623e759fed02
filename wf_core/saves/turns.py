"""Turns: the processes of one user on one machine ask for numbers one after the other.

Without it sixteen workers of a farm node that save to one task ask for the same number
at the same time, and fifteen ask again. It is a courtesy, not what keeps numbers apart
(the server does): who waited long enough goes ahead without it, and so does everybody where the
disk for temporary files is full.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wf_core.disk.locks import Lock
from wf_core.saves.machine import boot_id, monotonic

__all__ = ["Turn", "confirm", "take_turn"]

_WAIT_SECONDS = 10.0
_NEWS_SECONDS = 10.0


class Turn:
    """One process's turn at the numbers of one (server, task, name).

    Attributes:
        floor: the highest number that other saves of this user were given in the last seconds,
            or are asking for right now; 0 when there is none. What is known without asking the
            server.
    """

    def __init__(self, news: _News, owner: Path) -> None:
        self._news = news
        self._owner = owner
        self.floor = news.floor(owner.name)

    def take(self, number: int) -> None:
        """Tell the next in turn that ``number`` is being asked for by whoever holds the owner's
        lock; should that process die, the number counts as free again."""
        self._news.asked[number] = str(self._owner)
        self._news.write()


@contextmanager
def take_turn(scope: tuple[str, str, str], fallback: Path, owner: Path) -> Iterator[Turn]:
    """Wait for this process's turn, shared by every WF_HOME of this user; then have it.

    Args:
        scope: (server, task, name): what numbers are given out per.
        fallback: folder to use where the shared one is not safely this user's own.
        owner: the lock of the save. Other attempts at the same save have one of the same name,
            and are to ask for the same number: which of them has it the server then tells, while
            each with a number of its own could be committed.
    """
    with _held(scope, fallback) as news:
        yield Turn(news, owner)


def confirm(scope: tuple[str, str, str], fallback: Path, *, asked: int, given: int) -> None:
    """Tell the next in turn how asking for ``asked`` ended: with ``given``."""
    with _held(scope, fallback) as news:
        news.asked.pop(asked, None)
        news.given, news.at = max(given, news.given if news.is_fresh() else 0), monotonic()
        news.write()


@contextmanager
def _held(scope: tuple[str, str, str], fallback: Path) -> Iterator[_News]:
    digest = hashlib.sha256("\0".join(scope).encode()).hexdigest()[:32]
    lock = Lock((_own_folder() or fallback) / f"turn-{digest}.lock")
    with suppress(OSError):
        lock.acquire(wait=_WAIT_SECONDS)
    try:
        yield _News(lock)
    finally:
        lock.release()


class _News:
    """What those who had a turn left in its lock: the number given last, and those being asked
    for. Without the lock there is none."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.given, self.at = 0, 0.0
        self.asked: dict[int, str] = {}
        if not lock.held:
            return
        try:
            news = json.loads(lock.read())
            if news["boot"] == boot_id():
                self.given, self.at = int(news["given"]), float(news["at"])
                self.asked = {int(number): str(owner) for number, owner in news["asked"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # no news: the server is asked

    def is_fresh(self) -> bool:
        return 0 <= monotonic() - self.at < _NEWS_SECONDS

    def floor(self, own: str) -> int:
        owners = {number: Path(owner) for number, owner in self.asked.items()}
        mine = {number for number, owner in owners.items() if owner.name == own}
        theirs = {n for n, owner in owners.items() if n not in mine and _alive(owner)}
        self.asked = {number: self.asked[number] for number in sorted(mine | theirs)}
        return max([self.given if self.is_fresh() else 0, *theirs])

    def write(self) -> None:
        news = {"boot": boot_id(), "given": self.given, "at": self.at, "asked": self.asked}
        if self._lock.held:
            with suppress(OSError):  # half of it is no news
                self._lock.write(json.dumps(news).encode())


def _alive(owner: Path) -> bool:
    """Whether somebody holds the lock of a save."""
    lock = Lock(owner)
    try:
        free = lock.acquire()
    except OSError:
        return False
    lock.release()
    return not free


def _own_folder() -> Path | None:
    """A folder of this user alone in the system's place for temporary files, or None.

    The place is open to everybody: a folder or link that somebody else put there first is
    not used.
    """
    if not hasattr(os, "getuid"):
        folder = Path(tempfile.gettempdir()) / "kitsu-workfiles"  # per user on Windows
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
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
