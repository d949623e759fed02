"""One of several attempts at a save, made by whoever decides about the save's id.

A person's save is begun and finished by one journal. A row of a batch may be begun on one
machine and finished on another: then its id is known beforehand, its record may have been
claimed already, and at two moments somebody has to say whether to go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wf_core.models import WorkingFile
from wf_core.saves.row import SaveRow

__all__ = ["Attempt", "Guard"]

Guard = Callable[[SaveRow], None]
"""Raises a WorkfilesError where the save is another attempt's by now."""


@dataclass(frozen=True)
class Attempt:
    """What an attempt knows before it begins. Its caller holds the row's lock.

    Such a save is never made under a provisional name: while the server gives no number,
    nothing is written.

    Attributes:
        save_id: the save's id, the same for every attempt at it.
        claimant: twelve hexadecimal digits of whoever makes the attempts here, written into
            the claim.
        record: the record an earlier attempt has claimed for it, None where there is none.
        claimed: called as soon as the save has its record, before anything is written.
        guard: called before the last bytes are sent and before the record is committed.
    """

    save_id: str
    claimant: str
    record: WorkingFile | None
    claimed: Guard
    guard: Guard
