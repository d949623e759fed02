"""Saving, and what waits for the server."""

from __future__ import annotations

from wf_core.disk.locks import hold
from wf_core.errors import NotFound, UsageError
from wf_core.host import Host
from wf_core.results import PendingSave, SaveResult, SyncResult
from wf_core.saves import uploader
from wf_core.saves.journal import OPEN_STATES, SaveRow
from wf_core.saves.request import SaveRequest
from wf_core.workfiles.operations import Cancel, Operations, Progress

__all__ = ["SaveOperations"]

_LOOKS_PER_SAVE = 5
_LOOK_SECONDS = 60.0
"""Second looks are taken along by later saves, but not by those of the same batch: ``wf sync``
and the uploader look at once."""


class SaveOperations(Operations):
    """Save, and care for saves that are not on the server yet."""

    def save(
        self,
        host: Host,
        request: SaveRequest,
        *,
        wait: bool = True,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> SaveResult:
        """Save the host's scene as the next working revision of its task.

        Args:
            host: the application, or a :class:`wf_core.filehost.FileHost`.
            request: task, name, comment and the rest.
            wait: with it the answer is committed, or pending where the server could not take
                the save now; without, the save is safe here and sent in the background.
            progress: see :data:`Progress`.
            cancel: see :data:`Cancel`; a save that is safe already stays in the queue.

        Raises:
            WorkfilesError: nothing was saved; the scene is as it was.
            Cancelled: as its message says.
        """
        desk = self.desk
        row = desk.engine.save(host, request, deliver=wait, progress=progress, cancel=cancel)
        if row.state == "committed":
            desk.queue.look_again(at_most=_LOOKS_PER_SAVE, overdue=_LOOK_SECONDS)
        else:
            uploader.start(self.settings)
        return SaveResult(
            save_id=row.save_id,
            working_file_id=row.working_file_id,
            task_id=row.task_id,
            name=row.name,
            revision=row.revision if row.working_file_id else None,
            path=row.scene_path or "",
            sha256=row.sha256,
            size=row.size or 0,
            state="committed" if row.state == "committed" else "pending",
            provisional=row.provisional,
        )

    def status(self) -> list[PendingSave]:
        """The saves that are not committed, oldest first."""
        return [_pending(row) for row in self.desk.journal.rows(*OPEN_STATES)]

    def sync(self, *, progress: Progress | None = None, cancel: Cancel | None = None) -> SyncResult:
        """Try every save that waits, parked ones too, and tidy up behind those that arrived."""
        self.desk.circuit.reset()
        return self.desk.queue.work(everything=True, progress=progress, cancel=cancel)

    def retry(self, save_id: str) -> PendingSave:
        """Try one save again, whatever it was parked for. Raises NotFound."""
        row = self._row(save_id)
        with hold(self.desk.engine.row_lock(row.save_id), wait=2.0) as mine:
            if mine:
                row = self.desk.journal.update(row, parked=None, next_try=None, synced=True)
                row = self.desk.queue.advance(row)
        return _pending(row)

    def discard(self, save_id: str) -> PendingSave:
        """Give one save up: its number is declared void, its kept copy removed. The scene
        file itself stays where it was saved.

        Raises:
            NotFound: no such save waits.
            UsageError: it is being sent at this moment.
            WorkfilesError: the server cannot be told now; nothing is changed.
        """
        row = self._row(save_id)
        with hold(self.desk.engine.row_lock(row.save_id), wait=2.0) as mine:
            if not mine:
                raise UsageError("That save is being sent at this moment; nothing was changed.")
            desk = self.desk
            if row.working_file_id is not None:
                try:
                    record = desk.client.working_file(row.working_file_id)
                except NotFound:
                    pass
                else:
                    desk.delivery.declare_void(row, record)
            desk.journal.update(row, state="discarded", error=None)
            desk.spool.empty(row)
        return _pending(row)

    def _row(self, save_id: str) -> SaveRow:
        rows = [row for row in self.desk.journal.find(save_id) if row.state in OPEN_STATES]
        if len(rows) != 1:
            waiting = [row.save_id for row in self.desk.journal.rows(*OPEN_STATES)]
            what = "No save that waits" if not rows else "More than one save that waits"
            raise NotFound(
                f"{what} has an id that starts with “{save_id}”.",
                suggestions=waiting[:8],
                hint="wf status lists them.",
            )
        return rows[0]


def _pending(row: SaveRow) -> PendingSave:
    return PendingSave(
        save_id=row.save_id,
        task=row.task_label,
        name=row.name,
        revision=row.revision if row.working_file_id else None,
        state="parked" if row.parked else row.state,  # type: ignore[arg-type]
        path=row.scene_path or row.final_path or "",
        size=row.size,
        attempts=row.attempts,
        error=row.error,
        next_try=row.waits() if row.next_try is not None else None,
    )
