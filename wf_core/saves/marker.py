"""The mark a save leaves in its record's comment, and what a record says about its state.

A claim's comment ends with a short marker of the save's id, ``[wf:3f9a2c01b4d5e6f7]``.
It proves after a lost answer whose claim a number is, and shows to everybody that the
revision is not complete yet. The commit takes it away and leaves ``data.workfiles``.
Where several attempts at one save may be under way, on machines that know nothing of each
other, it also says which of them made the claim: ``[wf:3f9a2c01b4d5e6f7-0a1b2c3d4e5f]``.
"""

from __future__ import annotations

import re
from typing import Any

from wf_core.models import WorkingFile
from wf_core.results import RevisionState

__all__ = ["attach", "carries", "claimant", "detach", "of", "state_of", "workfiles_data"]

_MARKER = re.compile(r"\s?\[wf:([0-9a-f]{16})(?:-([0-9a-f]{12}))?\]\s*\Z")
_DIGITS = 16


def _short(save_id: str) -> str:
    return save_id.replace("-", "").lower()[:_DIGITS]


def attach(comment: str, save_id: str, claimant: str = "") -> str:
    """The comment with the marker of ``save_id`` behind it.

    Args:
        comment: the artist's.
        save_id: whose claim it is.
        claimant: twelve hexadecimal digits that tell the attempts at one save apart.

    >>> attach("eyes fixed", "3f9a2c01-b4d5-46f7-8a9b-0c1d2e3f4a5b")
    'eyes fixed [wf:3f9a2c01b4d546f7]'
    """
    suffix = f"-{claimant}" if claimant else ""
    return f"{comment} [wf:{_short(save_id)}{suffix}]".lstrip()


def carries(comment: str | None, save_id: str) -> bool:
    """Whether the comment ends with the marker of this very save."""
    match = _MARKER.search(comment or "")
    return match is not None and match.group(1) == _short(save_id)


def claimant(comment: str | None) -> str:
    """Which of several attempts made the claim, "" where the marker does not say."""
    match = _MARKER.search(comment or "")
    return (match.group(2) or "") if match else ""


def detach(comment: str | None) -> str:
    """The comment without a marker at its end, as people should read it."""
    return _MARKER.sub("", comment or "")


def of(comment: str | None) -> str:
    """The marker at the comment's end as it stands there, "" when there is none."""
    match = _MARKER.search(comment or "")
    return f" {match.group().strip()}" if match else ""


def workfiles_data(record: WorkingFile) -> dict[str, Any]:
    """What this tool stored in the record's ``data.workfiles``; {} when nothing usable."""
    value = (record.data or {}).get("workfiles")
    return value if isinstance(value, dict) else {}


def state_of(record: WorkingFile) -> RevisionState:
    """How the record stands: committed, incomplete, void, or foreign (made by another tool)."""
    data = workfiles_data(record)
    if data.get("void") is True:
        return "void"
    if isinstance(data.get("sha256"), str):
        return "committed"
    return "incomplete" if _MARKER.search(record.comment or "") else "foreign"
