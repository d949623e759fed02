"""What becomes of saves whose process died, and of a journal that is lost.

Whoever obtains a row's lock knows that nobody works on the row any more: the system gave
the lock back when its owner died. From the facts in the row follows how far the save came.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

from wf_core.disk.files import in_words
from wf_core.disk.locks import hold
from wf_core.errors import NotFound, Refused, WorkfilesError
from wf_core.saves import marker
from wf_core.saves.adoption import adopt, catch_up
from wf_core.saves.claim import newest
from wf_core.saves.delivery import Delivery
from wf_core.saves.engine import SaveEngine
from wf_core.saves.journal import Journal, translated
from wf_core.saves.machine import boot_id
from wf_core.saves.parking import Parked
from wf_core.saves.row import SaveRow
from wf_core.saves.spool import Spool, release, reserved_by
from wf_core.steps import RETRY

__all__ = ["UNSURE", "open_journal", "recover", "tidy_abandoned"]

UNSURE = "unsure"
"""Parked because nobody but a person can tell whether the bytes are whole."""


def open_journal(path: Path, spool: Spool) -> Journal:
    """The journal at ``path``, with every save a sidecar knows of; a broken journal is set
    aside and made anew from the sidecars alone.

    Raises:
        DiskFull, PathError: there can be no such folder.
        DiskFull, FileUnreadable, UsageError: see :class:`Journal`.
    """
    with in_words(path, writing=True):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        journal = Journal(path)
    except sqlite3.OperationalError as exc:  # locked or unreachable, not broken
        with translated(path):
            raise exc
    except sqlite3.DatabaseError:
        journal = _made_anew(path)
    adopt(journal, spool)
    return journal


def _made_anew(path: Path) -> Journal:
    """A new journal in the place of a broken one, by whoever comes first."""
    with hold(path.parent / "locks" / "journal.lock", wait=30.0):
        try:
            return Journal(path)
        except sqlite3.DatabaseError:
            _set_aside(path)
            return Journal(path)


def _set_aside(path: Path) -> None:
    number = 1
    while path.with_name(f"{path.name}.broken-{number}").exists():
        number += 1
    path.rename(path.with_name(f"{path.name}.broken-{number}"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def recover(row: SaveRow, engine: SaveEngine) -> SaveRow:
    """Find out how far an unfinished save came, and bring it to a state delivery can use.

    The caller holds the row's lock. Rows that are ``saved`` or further need nothing more.

    Returns:
        The row: ``saved`` or further, or ``abandoned`` when its scene was never written.
    """
    journal = engine.journal
    row = catch_up(row, journal, engine.spool)
    if row.state not in ("planned", "claimed"):
        return row
    if not row.written:
        target = row.scene_path or row.final_path
        if not (row.atomic and target and _arrived(Path(target), row.save_id)):
            if target:
                release(Path(target), row.save_id)
            engine.delivery.abandon(row)
            return replace(row, state="abandoned")
        # The application had replaced the file before its process died: it is complete.
        row = journal.update(row, written=True, scene_path=target, boot=boot_id())
    try:
        # A scene that was lent to its upload is the one copy there is: written to since, it is no
        # longer what was saved.
        if row.size is None or (row.snapshot != "lent" and not _kept(row)):
            row = engine.set_aside(row, may_link=False)
        if row.boot != boot_id() and not row.synced:
            return journal.update(
                row,
                state="saved",
                parked=UNSURE,
                error=(
                    "The machine stopped before this save was surely on its disk. Look at "
                    f"{row.scene_path}: {RETRY} sends it, if it is whole."
                ),
            )
        return engine.settle(row)
    except Parked as exc:
        return journal.update(row, state="saved", parked=exc.kind, error=str(exc))
    except (WorkfilesError, OSError) as exc:
        return journal.update(row, error=str(exc))


def tidy_abandoned(row: SaveRow, delivery: Delivery) -> SaveRow:
    """Settle the claim of a save that never came about.

    A claim that is still the highest number stays for the next save of this journal; any
    other is declared void. The caller holds the row's lock.

    Raises:
        WorkfilesError: the server cannot be asked, or does not let this account write.
    """
    delivery.spool.drop_bytes(row)  # who gave it up may have been killed before that
    if row.working_file_id is None:
        if row.revision is None:
            return delivery.journal.update(row, state="discarded")
        record = _find_claim(row, delivery)
        if record is None:
            last = newest(delivery.client, row.task_id, row.name)
            if last is None or last.revision < row.revision:
                return row  # nobody has gone past it: the number is still free
            record = _fill_hole(row, delivery)
        if record is None:
            return delivery.journal.update(row, state="discarded")
        row = delivery.journal.update(row, working_file_id=record)
    assert row.working_file_id is not None
    try:
        record_now = delivery.client.working_file(row.working_file_id)
    except NotFound:
        return delivery.journal.update(row, state="discarded")
    if not marker.carries(record_now.comment, row.mark):
        return delivery.journal.update(row, state="discarded")
    last = newest(delivery.client, row.task_id, row.name)
    if last is None or last.id == record_now.id:
        return row
    return delivery.declare_void(row, record_now)


def _find_claim(row: SaveRow, delivery: Delivery) -> str | None:
    """The record of a claim whose answer nobody received."""
    for record in delivery.client.entity_working_files(
        row.entity_id, task_id=row.task_id, name=row.name
    ):
        if record.revision == row.revision and marker.carries(record.comment, row.mark):
            return record.id
    return None


def _fill_hole(row: SaveRow, delivery: Delivery) -> str | None:
    """Claim the number of a save that died before it asked for it, where others have gone on
    to higher ones: a number that is void says more than one that is missing."""
    assert row.revision is not None
    try:
        record = delivery.client.create_working_file(
            row.task_id,
            name=row.name,
            revision=row.revision,
            software_id=row.software_id,
            comment=marker.attach(row.comment, row.mark),
        )
    except Refused:
        return None  # somebody else has it
    return record.id


def _arrived(target: Path, save_id: str) -> bool:
    return reserved_by(target) == save_id and os.path.lexists(target)


def _kept(row: SaveRow) -> bool:
    with contextlib.suppress(OSError, TypeError):
        found = os.lstat(row.spool_path or "")
        return (found.st_ino, found.st_size) == (row.inode, row.size)
    return False
