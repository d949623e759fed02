"""One attempt at one row: find out how far it is, and take it to the end.

What is on the server decides. A row that an earlier attempt has committed is done; one whose
record was claimed is gone on with, whoever claimed it; else a number is claimed.

A task's records, once read, serve the rows that follow within some seconds: should another
attempt have claimed meanwhile, the number that is given out is not the one expected, and that
is looked into before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wf_core.batch.fence import Fence, Stale, claimant_of
from wf_core.batch.run import Row
from wf_core.batch.scene import RowScene, same_bytes
from wf_core.filehost import extension_of
from wf_core.kitsu.transfer import fetch_hash
from wf_core.models import TaskContext, WorkingFile
from wf_core.saves import marker
from wf_core.saves.attempt import Attempt, Guard
from wf_core.saves.checks import RECENT_SECONDS
from wf_core.saves.claim import ClaimedElsewhere
from wf_core.saves.desk import Desk
from wf_core.saves.engine import SaveEngine
from wf_core.saves.machine import boottime
from wf_core.saves.parking import Parked
from wf_core.saves.recovery import recover
from wf_core.saves.request import SaveRequest
from wf_core.saves.row import OPEN_STATES, SaveRow
from wf_core.saves.spool import reserved_by

__all__ = ["Attempts", "Processed", "Tried"]

_MOST_ROUNDS = 3


@dataclass(frozen=True)
class Tried:
    """How an attempt ended.

    Attributes:
        record: the committed record, None while there is none.
        row: what this machine's journal knows of the save, None where it did not do it.
        attempt: the number of the attempt.
    """

    record: WorkingFile | None
    row: SaveRow | None
    attempt: int


Processed = Callable[[Callable[[], Path]], Path]
"""The file that is to be saved; it may ask for the folder in which the revision will lie."""


class _Mixed(Parked):
    """What is stored is not what this attempt sent."""

    kind = "mixed"

    def __init__(self) -> None:
        super().__init__("Two attempts sent the bytes of this row at once; they are sent again.")


class _Twice(Exception):
    """Another attempt had claimed a number before; this one's was declared void."""


class Attempts:
    """Makes the attempts of one process.

    Args:
        desk: the run's own (see :func:`wf_core.batch.desk.desk_for`).
        engine: one that waits for the server as long as a batch may.
        owner: see :func:`wf_core.batch.fence.owner_of`.
    """

    def __init__(self, desk: Desk, engine: SaveEngine, *, owner: str) -> None:
        self._desk = desk
        self._engine = engine
        self._owner = owner
        self._read: tuple[str, float, list[WorkingFile]] = ("", 0.0, [])

    def make(
        self, row: Row, context: TaskContext, *, scene: Processed, save_id: str, number: int
    ) -> Tried:
        """Take the row as far as it goes now. The caller holds the row's lock.

        Args:
            row: the row.
            context: its task.
            scene: gives the file to save, asked for only when it is needed.
            save_id: the id of its save.
            number: the lowest number this attempt may have.

        Raises:
            WorkfilesError: it was not saved; what is there of it serves the next attempt.
        """
        for round_ in range(_MOST_ROUNDS):
            records = self._records(context.task.id, anew=number > 1 or round_ > 0)
            earlier = _found(records, row.name, save_id)
            if earlier is not None and marker.state_of(earlier) == "committed":
                self._settle(save_id, earlier)
                return Tried(earlier, None, number)
            fence = Fence(
                self._desk.client,
                owner=self._owner,
                save_id=save_id,
                attempt=number,
                earlier=earlier,
            )
            try:
                saved = self._go_on(save_id, earlier, fence) or self._begin(
                    row, context, records, earlier, fence, save_id, scene
                )
            except (_Twice, ClaimedElsewhere):
                continue
            return _ended(self._unmixed(saved, fence), fence)
        raise Stale

    def _records(self, task_id: str, *, anew: bool) -> list[WorkingFile]:
        of_task, read_at, records = self._read
        if anew or of_task != task_id or boottime() - read_at > RECENT_SECONDS:
            asked_at = boottime()
            records = self._desk.client.working_files(task_id)
            self._read = (task_id, asked_at, records)
            self._engine.checks.records.know_revisions(task_id, records)
        return records

    def _guard(self, fence: Fence) -> Guard:
        """Where another owner was at the record before, its last request may still be on its
        way: what is stored is read once more before it is committed."""

        def check(saved: SaveRow) -> None:
            fence.check(saved)
            if fence.took_over and saved.state == "uploaded":
                assert saved.working_file_id is not None
                stored = fetch_hash(self._desk.client.session, saved.working_file_id)
                if stored.sha256 != saved.sha256:
                    raise _Mixed
                fence.check(saved)

        return check

    def _unmixed(self, saved: SaveRow, fence: Fence) -> SaveRow:
        for _ in range(_MOST_ROUNDS):
            if saved.parked != _Mixed.kind:
                break
            fresh = self._desk.journal.update(
                saved, state="saved", sha256=None, attempts=0, parked=None, error=None
            )
            saved = self._engine.delivery.deliver(fresh, guard=self._guard(fence))
        return saved

    def _settle(self, save_id: str, record: WorkingFile) -> None:
        """The save was committed by another attempt: what this journal has of it is done."""
        known = self._desk.journal.get(save_id)
        if known is not None and known.state in OPEN_STATES:
            self._desk.spool.empty(known)
            self._desk.journal.update(
                known, state="committed", working_file_id=record.id, checked=2, parked=None
            )

    def _go_on(self, save_id: str, earlier: WorkingFile | None, fence: Fence) -> SaveRow | None:
        """Finish what this journal has begun; None where there is nothing to finish."""
        known = self._desk.journal.get(save_id)
        if known is None or known.state not in OPEN_STATES:
            return None
        known = recover(self._desk.journal.update(known, parked=None, next_try=None), self._engine)
        mine = earlier is not None and earlier.id == known.working_file_id
        if known.state not in ("saved", "uploaded") or not mine:
            # Its scene was never written, or its claim is another's or gone: begun anew.
            if known.state != "abandoned":
                self._engine.delivery.abandon(known)
            return None
        fence.take(known)
        return self._engine.delivery.deliver(known, guard=self._guard(fence))

    def _begin(
        self,
        row: Row,
        context: TaskContext,
        records: list[WorkingFile],
        earlier: WorkingFile | None,
        fence: Fence,
        save_id: str,
        processed: Processed,
    ) -> SaveRow:
        self._engine.checks.records.hold(context)
        scene = processed(lambda: self._place(row, context, 1).parent)
        made = self._made_before(row, context, earlier, save_id, scene)
        highest = max([0, *(r.revision for r in records if r.name == row.name)])

        def claimed(saved: SaveRow) -> None:
            if earlier is None and saved.revision != highest + 1:
                self._refuse_second(row, context, saved)
            fence.take(saved)

        request = SaveRequest(
            task=context.task.id,
            name=row.name,
            comment=row.comment,
            software=row.software or None,
            adopt=made,
        )
        attempt = Attempt(
            save_id=save_id,
            claimant=claimant_of(self._owner),
            record=earlier,
            claimed=claimed,
            guard=self._guard(fence),
        )
        host = RowScene(scene, software=row.software, replace=made)
        return self._engine.save(host, request, deliver=True, attempt=attempt).row

    def _made_before(
        self,
        row: Row,
        context: TaskContext,
        earlier: WorkingFile | None,
        save_id: str,
        scene: Path,
    ) -> Path | None:
        """The file at the claimed revision's place, where an earlier attempt has made it."""
        if earlier is None:
            return None
        place = self._place(row, context, earlier.revision)
        mine = reserved_by(place) == save_id or same_bytes(scene, place)
        return place if mine else None

    def _place(self, row: Row, context: TaskContext, revision: int) -> Path:
        extension = extension_of(Path(row.scene))
        return self._desk.placing.of(
            context,
            name=row.name,
            revision=revision,
            extension=extension,
            software=self._desk.records.software(row.software or None, extension),
        ).local

    def _refuse_second(self, row: Row, context: TaskContext, saved: SaveRow) -> None:
        """Between the look at the server and the claim other numbers were given out. One of them
        may be this row's, given to an attempt that went on meanwhile: then the lower counts."""
        records = self._desk.client.working_files(context.task.id)
        first = _found(records, row.name, saved.save_id)
        own = next((r for r in records if r.id == saved.working_file_id), None)
        if first is None or own is None or first.id == own.id:
            return
        self._engine.delivery.declare_void(saved, own)
        raise _Twice


def _ended(saved: SaveRow, fence: Fence) -> Tried:
    if saved.state != "committed":
        return Tried(None, saved, fence.attempt)
    assert saved.working_file_id is not None
    facts = {"save_id": saved.save_id, "sha256": saved.sha256, "size": saved.size}
    record = WorkingFile(
        id=saved.working_file_id,
        name=saved.name,
        revision=saved.revision or 0,
        path=saved.server_path,
        data={"workfiles": facts},
    )
    return Tried(record, saved, fence.attempt)


def _found(records: list[WorkingFile], name: str, save_id: str) -> WorkingFile | None:
    """The record of this save: a committed one, else the lowest that carries its mark."""
    mine = [
        record
        for record in records
        if record.name == name
        and marker.state_of(record) != "void"
        and (
            marker.carries(record.comment, save_id)
            or marker.workfiles_data(record).get("save_id") == save_id
        )
    ]
    mine.sort(key=lambda r: (marker.state_of(r) != "committed", r.revision))
    return mine[0] if mine else None
