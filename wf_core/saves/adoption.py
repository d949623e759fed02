"""What the sidecars know and the journal does not.

A journal can be lost: deleted, overwritten, cut short, also while processes work with it. Those
that have it open go on with a file nobody else sees any more, but each writes down beside the
kept bytes how far its save is, before and after whatever cannot be undone.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from wf_core.saves.journal import Journal
from wf_core.saves.row import SaveRow
from wf_core.saves.spool import Spool

__all__ = ["adopt", "catch_up"]

_JOURNALS_OWN = {"save_id", "seq", "attempts", "error", "parked", "next_try", "checked", "boot"}
"""What a sidecar's copy is always out of date about."""


def adopt(journal: Journal, spool: Spool) -> None:
    """Take every save into the journal of which only the sidecar is left, in their old order,
    and remove the sidecars of those that are finished.

    Whether bytes were sent is not known of them: ``attempts`` has delivery look first.
    """

    def known(save_id: str) -> bool:
        row = journal.get(save_id)
        if row is not None and row.is_finished():
            spool.empty(row)  # whoever finished it was killed before that
        return row is not None

    for row in spool.read_sidecars(known=known):
        journal.add(replace(row, attempts=max(row.attempts, 1)))


def catch_up(row: SaveRow, journal: Journal, spool: Spool) -> SaveRow:
    """The row with what its sidecar says where that is further: the save went on with a
    journal that was deleted, after this one had adopted it. The caller holds its lock.
    """
    sidecar = spool.read_sidecar(row)
    if sidecar is None or not _is_further(sidecar, row):
        return row
    facts = {key: value for key, value in asdict(sidecar).items() if key not in _JOURNALS_OWN}
    return journal.update(row, **facts, attempts=max(row.attempts, 1))


def _is_further(sidecar: SaveRow, row: SaveRow) -> bool:
    theirs, ours = _progress(sidecar), _progress(row)
    return theirs != ours and all(t >= o for t, o in zip(theirs, ours, strict=True))


def _progress(row: SaveRow) -> tuple[int, int]:
    """How far the claim is, and how far the scene. What a sidecar is further about is as true
    when its process, or the machine's power, was gone before the journal had it."""
    if row.working_file_id is not None:
        claim = 3
    elif row.revision is not None:
        claim = 2 if row.claim_doubt else 1
    else:
        claim = 0
    return claim, row.written + row.synced
