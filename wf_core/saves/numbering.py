"""How a save comes by its number, or goes on without one for now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from wf_core.disk.locks import hold, row_lock
from wf_core.errors import ServerUnavailable, WorkfilesError
from wf_core.kitsu import KitsuClient
from wf_core.models import WorkingFile
from wf_core.saves import marker
from wf_core.saves.adoption import catch_up
from wf_core.saves.budget import Budget
from wf_core.saves.checks import Plan
from wf_core.saves.claim import Claimer, ClaimUnresolved
from wf_core.saves.delivery import Delivery
from wf_core.saves.row import SaveRow
from wf_core.saves.spool import refuse_if_taken
from wf_core.saves.turns import confirm, take_turn

__all__ = ["Numbering"]


@dataclass(frozen=True)
class Numbering:
    """Gives numbers to saves, within the budget an artist may wait.

    Attributes:
        hurried: the client whose requests keep to the budget.
    """

    delivery: Delivery
    lock_folder: Path
    budget: Budget
    hurried: KitsuClient

    def number(
        self, row: SaveRow, plan: Plan, *, provisional: bool = True, claimant: str = ""
    ) -> SaveRow:
        """Claim the next revision, or place the scene under a provisional name.

        Args:
            provisional: whether it may be placed so; else there is no save without a number.
            claimant: see :class:`wf_core.saves.attempt.Attempt`.

        Returns:
            The row: claimed with its final path, or provisional with ``scene_path``.

        Raises:
            WorkfilesError: the server refuses for good, or the path it has now cannot be had; the
                row is abandoned.
            ServerUnavailable: it gives no number now, and the name may not be provisional.
            ClaimedElsewhere: another attempt at this save has one.
        """
        journal = self.delivery.journal
        if not plan.online and not provisional:
            raise ServerUnavailable(
                "The server does not answer. Nothing was saved.", in_doubt=False
            )
        if not plan.online:
            return self._provisional(row, plan)
        try:
            claimed = self._claim(row, plan, claimant)
        except ClaimUnresolved as exc:
            self.delivery.circuit.trip_if_unreachable(exc.cause, waited=self.budget.seconds)
            row = journal.get(row.save_id) or row
            row = journal.update(
                row,
                durable=False,
                revision=exc.revision,
                claim_doubt=exc.doubt,
                error=exc.message,
            )
            if not provisional:
                raise exc.cause from exc
            claimed = None
        except BaseException:
            self.delivery.abandon(row)
            raise
        if claimed is None:
            return self._provisional(journal.get(row.save_id) or row, plan)
        try:
            return self._follow_new_tree(*claimed, plan)
        except BaseException:
            self.delivery.abandon(claimed[0])
            raise

    def take_up(self, row: SaveRow, plan: Plan, record: WorkingFile) -> SaveRow:
        """Go on with the record that an earlier attempt at this save has claimed.

        Raises:
            WorkfilesError: its path cannot be had.
        """
        row = self._written_down(row, plan, record.revision)
        return self._follow_new_tree(self.delivery.record_claim(row, record), record, plan)

    def _claim(self, row: SaveRow, plan: Plan, claimant: str) -> tuple[SaveRow, WorkingFile] | None:
        """The row with its record; None where earlier saves have to be numbered first.

        Only the choice of the number is done in turn. The requests of several processes then
        run side by side, each for a number of its own.
        """

        def planned(number: int) -> None:
            nonlocal row
            refuse_if_taken(plan.place(number).local, but=plan.adopt)
            row = self._written_down(row, plan, number)

        claimer = Claimer(
            registry=self.hurried,
            task_id=row.task_id,
            entity_id=row.entity_id,
            name=row.name,
            software_id=row.software_id,
            comment=row.comment,
            save_id=row.save_id,
            patience=self.budget.left(),
            claimant=claimant,
        )
        owner = row_lock(self.lock_folder, row.save_id)
        with take_turn(row.scope, self.lock_folder, owner) as turn:
            if self._earlier_unclaimed(row):
                return None
            reused = self._reuse(row, plan)
            if reused is not None:
                return self._written_down(reused, plan, reused.revision or 0), _newest(plan)
            number = claimer.reserve(planned, max(plan.highest, turn.floor))
            turn.take(number)
        record = claimer.claim(plan=planned, planned=number)
        confirm(row.scope, self.lock_folder, asked=number, given=record.revision)
        return self.delivery.record_claim(row, record), record

    def _written_down(self, row: SaveRow, plan: Plan, number: int) -> SaveRow:
        """Number and places in journal and sidecar, that on the disk before anybody is asked."""
        place = plan.place(number)
        row = self.delivery.journal.update(
            row,
            durable=False,
            revision=number,
            final_path=str(place.local),
            server_path=place.server,
        )
        self.delivery.spool.write_sidecar(row)
        return row

    def _reuse(self, row: SaveRow, plan: Plan) -> SaveRow | None:
        """Take over a claim this journal made for a save that never came about, while its
        number is the highest: no number is lost, and nothing needs to be asked."""
        if plan.newest is None or self.delivery.journal.highest(row.scope) > plan.highest:
            return None  # an earlier save may have gone past it a moment ago
        for old in self.delivery.journal.of_scope(row.scope, "abandoned"):
            mine = marker.carries(plan.newest.comment, old.mark)
            if not mine or old.working_file_id not in (None, plan.newest.id):
                continue
            with hold(row_lock(self.lock_folder, old.save_id)) as free:
                if free:  # else somebody is about to declare it void
                    self.delivery.spool.empty(old)  # its sidecar would claim the number, too
                    return self.delivery.journal.take_over(old, row, plan.newest.id, plan.highest)
        return None

    def _follow_new_tree(self, row: SaveRow, record: WorkingFile, plan: Plan) -> SaveRow:
        """Where the server renders another path than this machine did, what is remembered
        of the task is out of date (somebody renamed something, or changed the file tree):
        read it anew, and place the scene by it."""
        assert row.revision is not None
        if record.path in (None, plan.place(row.revision).recorded):
            return row
        records = self.delivery.placing.records
        records.forget(row.task_id)
        return self._written_down(
            row, replace(plan, context=records.context(row.task_id), _places={}), row.revision
        )

    def _provisional(self, row: SaveRow, plan: Plan) -> SaveRow:
        """Save under a name that says so; the number follows when the server is back."""
        expected = plan.place(row.revision or plan.highest + 1)
        target = self.delivery.placing.provisional(expected, save_id=row.save_id)
        row = self.delivery.journal.update(
            row,
            durable=False,
            provisional=True,
            scene_path=str(target),
            final_path=None,
            server_path=None,
        )
        self.delivery.spool.write_sidecar(row)
        return row

    def _earlier_unclaimed(self, row: SaveRow) -> bool:
        """Whether saves of the same file made before this one still wait for a number;
        those that can have one now get it first, so that the order stays. Those that wait for
        a person keep nobody waiting."""
        journal = self.delivery.journal
        for unfiled in journal.unfiled(server=row.server):
            before = unfiled.seq < row.seq and unfiled.may_be_filed_before(row.name)
            if before and self._may_mean(unfiled, row.task_id):
                return True
        for earlier in journal.of_scope(row.scope, "saved"):
            if earlier.seq >= row.seq or earlier.working_file_id is not None or earlier.parked:
                continue
            with hold(row_lock(self.lock_folder, earlier.save_id)) as mine:
                if not mine:
                    return True
                # It may have its number since it was read: only under the lock it stays as it is.
                now = journal.get(earlier.save_id) or earlier
                now = catch_up(now, journal, self.delivery.spool)
                if now.state != "saved" or now.working_file_id is not None:
                    continue
                try:
                    self.delivery.claim(now, patience=self.budget.left())
                except WorkfilesError as exc:
                    if self.delivery.note_failure(now, exc).parked is None:
                        return True
        return False

    def _may_mean(self, unfiled: SaveRow, task_id: str) -> bool:
        """Whether a save that could not be filed now may be of that task."""
        try:
            return self.delivery.placing.records.task_id(unfiled.reference or "") == task_id
        except WorkfilesError:
            return True


def _newest(plan: Plan) -> WorkingFile:
    assert plan.newest is not None
    return plan.newest
