"""The kept copy of a save: still the bytes of the moment it was made, or nothing to send."""

from __future__ import annotations

import os

from wf_core.saves.parking import Changed, Parked
from wf_core.saves.row import SaveRow
from wf_core.steps import DISCARD

__all__ = ["check_kept", "is_own_copy"]


def check_kept(row: SaveRow) -> None:
    """Make sure that the kept copy is the one that was set aside, and nobody wrote to it since.

    Raises:
        Parked: it is gone; Changed: it was written to.
    """
    assert row.spool_path is not None
    try:
        found = os.lstat(row.spool_path)
    except OSError as exc:
        raise Parked(
            f"The kept copy of this save is gone: {exc.strerror}. "
            f"Its scene may still be at {row.scene_path}.",
            hint=f"Save that scene again as a new revision, then {DISCARD}.",
        ) from exc
    known = (row.inode, row.size, row.mtime_ns)
    if known != (found.st_ino, found.st_size, found.st_mtime_ns):
        raise Changed(row)


def is_own_copy(row: SaveRow) -> bool:
    """Whether a copy has taken the place of the link to the scene that ``row`` knows: whoever
    made it was killed before it was written down.

    Only that gives the kept file another inode and leaves it size and times: who writes to the
    scene writes to the link too, and who replaces the scene leaves the link alone.
    """
    try:
        found = os.lstat(row.spool_path or "")
    except OSError:
        return False
    same_bytes = (found.st_size, found.st_mtime_ns) == (row.size, row.mtime_ns)
    is_alone = found.st_nlink == 1 and found.st_ino != row.inode
    return row.snapshot == "lent" and same_bytes and is_alone
