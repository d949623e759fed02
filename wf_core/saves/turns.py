"""Turns: the processes of one user on one machine ask for numbers one after the other.

Without it sixteen workers of a farm node that save to one task ask for the same number
at the same time, and fifteen ask again. It is a courtesy, not what keeps numbers apart
(the server does): who waited long enough goes ahead without it, and so does everybody where the
disk for temporary files is full.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wf_core.disk.locks import Lock
from wf_core.saves.machine import monotonic
from wf_core.saves.shared import Note, hold_note

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
    with hold_note("turn", scope, fallback, wait=_WAIT_SECONDS) as note:
        yield _News(note)


class _News:
    """What those who had a turn left for the next: the number given last, and those being asked
    for."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self.given, self.at = 0, 0.0
        self.asked: dict[int, str] = {}
        news = note.content
        try:
            given, at = int(news["given"]), float(news["at"])
            self.asked = {int(number): str(owner) for number, owner in news["asked"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # no news: the server is asked
        self.given, self.at = given, at

    def is_fresh(self) -> bool:
        return 0 <= monotonic() - self.at < _NEWS_SECONDS

    def floor(self, own: str) -> int:
        owners = {number: Path(owner) for number, owner in self.asked.items()}
        mine = {number for number, owner in owners.items() if owner.name == own}
        theirs = {n for n, owner in owners.items() if n not in mine and _alive(owner)}
        self.asked = {number: self.asked[number] for number in sorted(mine | theirs)}
        return max([self.given if self.is_fresh() else 0, *theirs])

    def write(self) -> None:
        self._note.write({"given": self.given, "at": self.at, "asked": self.asked})


def _alive(owner: Path) -> bool:
    """Whether somebody holds the lock of a save."""
    lock = Lock(owner)
    try:
        free = lock.acquire()
    except OSError:
        return False
    lock.release()
    return not free
