"""The kept copy of a save: still the bytes of the moment it was made, or nothing to send."""

from __future__ import annotations

from pathlib import Path

from wf_core.errors import WorkfilesError
from wf_core.saves.journal import SaveRow

__all__ = ["KeptCopyChanged", "NothingToSend", "check_kept"]


class NothingToSend(WorkfilesError):
    """The save cannot be sent any more, whoever tries; a person has to decide."""

    kind = "parked"


class KeptCopyChanged(NothingToSend):
    """Somebody wrote to the kept copy: what it holds now was never saved."""

    kind = "changed"

    def __init__(self, row: SaveRow) -> None:
        super().__init__(
            f"The kept copy of this save was written to after it was saved, so it was not "
            f"sent. The scene is at {row.scene_path}.",
            hint="Save that scene again as a new revision, then discard this save.",
        )


def check_kept(row: SaveRow) -> None:
    """Make sure that the kept copy is the one that was set aside, and nobody wrote to it since.

    Raises:
        NothingToSend: it is gone, or changed.
    """
    assert row.spool_path is not None
    try:
        found = Path(row.spool_path).lstat()
    except OSError as exc:
        raise NothingToSend(
            f"The kept copy of this save is gone: {exc.strerror}. "
            f"Its scene may still be at {row.scene_path}.",
            hint="Save that scene again as a new revision, then discard this save.",
        ) from exc
    known = (row.inode, row.size, row.mtime_ns)
    if known != (found.st_ino, found.st_size, found.st_mtime_ns):
        raise KeptCopyChanged(row)
