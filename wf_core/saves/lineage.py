"""Which revision a scene comes from, when that one had no number yet when it was saved."""

from __future__ import annotations

from wf_core.saves.journal import Journal
from wf_core.saves.row import SaveRow

__all__ = ["base_of"]


def base_of(row: SaveRow, journal: Journal) -> int | None:
    """The number of the revision the save was made from, as far as it is known by now.

    Of saves that never got one (discarded, given up) it is the base they had themselves.
    """
    seen = {row.save_id}
    while row.base_revision is None and row.base_save_id not in (None, *seen):
        base = journal.get(row.base_save_id or "")
        if base is None or base.scope[1:] != row.scope[1:]:
            return None
        if base.working_file_id is not None and base.state not in ("discarded", "void"):
            return base.revision
        seen.add(base.save_id)
        row = base
    return row.base_revision
