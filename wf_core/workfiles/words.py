"""What every application says in the same words: sizes and ages in the few characters a list has
for them, what is said of tasks, revisions and saves, and of who else has a scene open."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wf_core.results import Presence, RevisionState, RowState
    from wf_core.workfiles.following import NextRevision

__all__ = [
    "ASKING",
    "NEXT_UNKNOWN",
    "NO_REVISION",
    "NO_REVISION_FITS",
    "NO_TASK",
    "NO_TASK_FITS",
    "OPEN_CHANGED",
    "REVISION_STATES",
    "Remark",
    "about_next",
    "age",
    "is_safe",
    "missing",
    "open_elsewhere",
    "saved",
    "size",
    "waits",
]

ASKING = "Asking Kitsu…"
NO_TASK = "No open task is assigned to you. Choose a production above to see all of its tasks."
NO_TASK_FITS = "No task fits what is chosen above."
NO_REVISION = "No revision of this task yet."
NO_REVISION_FITS = "No revision fits these words."
NEXT_UNKNOWN = "Kitsu has not answered yet. Saving goes on without it, if need be."
OPEN_CHANGED = (
    "The file was changed after it was saved as this revision. Kitsu has the revision as it was: "
    "move this file away to get that. Open takes the file with the changes."
)

REVISION_STATES: dict[RevisionState, str] = {
    "committed": "",
    "incomplete": "not sent yet",
    "void": "given up",
    "foreign": "made by another tool",
}
"""What is said of a revision's state; nothing of one that is as it should be."""

Remark = tuple[Literal["offline", "behind", "taken"], str]
"""What it is about, and the sentence."""

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


def waits(state: RowState) -> str:
    """What is said of a save that is not being sent just now.

    Args:
        state: of the save.
    """
    return "Sent, not confirmed yet" if state == "uploaded" else "Waits to be sent"


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


def about_next(upcoming: NextRevision) -> list[Remark]:
    """What a person should know before saving as the next revision."""
    remarks: list[Remark] = []
    if not upcoming.online:
        remarks.append(
            (
                "offline",
                "The server does not answer. The scene is saved under a provisional name, and "
                "gets its number when it does.",
            )
        )
    if upcoming.behind:
        comment = f"“{upcoming.newest_comment}”" if upcoming.newest_comment else "no comment"
        remarks.append(
            (
                "behind",
                f"{upcoming.newest_by} saved revision {upcoming.newest} ({comment}) after revision "
                f"{upcoming.base_revision}, which this scene comes from. It is not in here.",
            )
        )
    if upcoming.taken:
        remarks.append(
            (
                "taken",
                "Another file is there already. It is not a revision and is never written "
                "over; you will be asked what to do with it.",
            )
        )
    return remarks


def missing(count: int) -> str:
    """The line above a list of files that cannot be found."""
    what = "1 file" if count == 1 else f"{count} files"
    return f"{what} this scene needs cannot be found:"
