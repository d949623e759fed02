"""Sizes and ages, in the few characters a list has for them; what is said of a save, and of
who else has its scene open."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wf_core.results import Presence

__all__ = ["age", "is_safe", "open_elsewhere", "saved", "size"]

_STEPS = (
    (60.0, 1.0, "s"),
    (3600.0, 60.0, "min"),
    (86400.0, 3600.0, "h"),
    (14 * 86400.0, 86400.0, "d"),
    (60 * 86400.0, 7 * 86400.0, "weeks"),
    (730 * 86400.0, 30.44 * 86400.0, "months"),
)
_UNITS = ("KiB", "MiB", "GiB", "TiB")


def age(created_at: str | None, now: datetime.datetime) -> str:
    """How long ago, for reading only: the two clocks need not agree.

    >>> age("2026-11-24T10:00:00", datetime.datetime(2026, 11, 24, 12, 30, tzinfo=utc))
    '2 h ago'

    Args:
        created_at: ISO 8601 as the server gives it, in UTC; None or nonsense gives "".
        now: the time to compare with, in UTC.
    """
    then = _read(created_at)
    if then is None:
        return ""
    seconds = (now.replace(tzinfo=None) - then.replace(tzinfo=None)).total_seconds()
    if seconds < 10:
        return "just now"
    for below, unit, word in _STEPS:
        if seconds < below:
            return f"{int(seconds // unit)} {word} ago"
    return f"{int(seconds // (365.25 * 86400))} years ago"


def size(count: int | None) -> str:
    """Bytes as people read them; None gives "".

    >>> size(26_214_400)
    '25 MiB'
    """
    if count is None:
        return ""
    if count < 1024:
        return f"{count} B"
    power = 1
    while power < len(_UNITS) and count / 1024**power >= 1000:
        power += 1
    value = count / 1024**power
    return f"{value:.{1 if value < 9.95 else 0}f} {_UNITS[power - 1]}"


def saved(revision: int | None, file_name: str) -> str:
    """What is said when the application has written the scene.

    >>> saved(12, "lamp_v012.blend")
    'Saved revision 12: lamp_v012.blend'

    Args:
        revision: its number; None while it has none.
        file_name: the name of its file.
    """
    if revision is None:
        return f"Saved without a number: {file_name}"
    return f"Saved revision {revision}: {file_name}"


def is_safe(revision: int | None) -> str:
    """What is said when the save is on this machine's disk, and on its way."""
    if revision is None:
        return "Saved without a number; it follows when the server answers."
    return f"Revision {revision} is safe on this machine."


def open_elsewhere(one: Presence, now: datetime.datetime) -> str:
    """Who has the scene open, where and since when; the date only where it is not today's.

    >>> open_elsewhere(Presence("kim", "ws-07", "Maya", "2026-11-24T10:40:00+00:00", 3.0), now)
    'Open on ws-07 since 10:40: kim (Maya)'

    Args:
        one: as that machine says itself.
        now: the time, in the time zone of who reads this.
    """
    then = _read(one.since)
    since = ""
    if then is not None:
        then = then.astimezone(now.tzinfo)
        today = then.date() == now.date()
        since = f" since {then:%H:%M}" if today else f" since {then:%Y-%m-%d %H:%M}"
    return f"Open on {one.machine}{since}: {one.user} ({one.application})"


def _read(stamp: str | None) -> datetime.datetime | None:
    """ISO 8601 as the server and this tool write it, in UTC where it says nothing else; None
    for nonsense."""
    try:
        read = datetime.datetime.fromisoformat((stamp or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=datetime.timezone.utc)
