"""Saves of a task of which nothing was known: kept under a name of their own, filed later.

While the server is away and nothing is remembered of a task, not even its path can be told.
Such a save goes to a folder of its own in the workspace, with the task as its caller named it
in the journal; when the server answers, it is filed: what the name means, where its revisions
lie. From then on it is a provisional save like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wf_core.disk.locks import hold, row_lock
from wf_core.errors import (
    AmbiguousReference,
    NotFound,
    NotLoggedIn,
    ServerError,
    WorkfilesError,
)
from wf_core.models import TaskContext
from wf_core.saves.delivery import Delivery
from wf_core.saves.placing import Placing
from wf_core.saves.records import Records
from wf_core.saves.row import SaveRow
from wf_core.steps import SAVE_ELSEWHERE

__all__ = ["Filing", "Unfiled"]


@dataclass(frozen=True)
class Unfiled:
    """What is known of a save of an unknown task before anything is created.

    Attributes:
        reference: the task as the caller named it.
        software_name: the software the caller or the host named, None where the extension
            decides.
        base_revision, base_save_id: what the scene comes from, as :class:`Plan` has it.
        base_task_id: the task that is of; None where the caller said just a number.
        root: the workspace, below which it goes.
        cause: why nothing is known.
    """

    reference: str
    software_name: str | None
    extension: str
    base_revision: int | None
    base_task_id: str | None
    base_save_id: str | None
    root: Path
    placing: Placing
    cause: WorkfilesError

    def place(self, name: str, save_id: str) -> Path:
        """Where the scene goes. Raises PathError where that is not below the workspace."""
        return self.placing.unfiled(self.reference, name, self.extension, save_id=save_id)


@dataclass(frozen=True)
class Filing:
    """Files the saves of one server."""

    records: Records
    placing: Placing
    delivery: Delivery

    def file(self, row: SaveRow, context: TaskContext | None = None) -> SaveRow:
        """The row with its task, as any other provisional save; a filed one as it is.

        The caller holds the row's lock.

        Args:
            context: the task, where it is known already that the row means it.

        Raises:
            ServerError, NotLoggedIn: not now.
            WorkfilesError: not under this name; the message says what to do.
        """
        if row.reference is None:
            return row
        try:
            known = context or self.records.context(row.reference)
            software = self.records.software(row.software_name, row.extension)
            newest, _ = self.records.revisions(known.task.id, max_age=60.0)
            self.placing.check_distinct(known, row.name, software, newest)
            highest = newest[row.name].revision if row.name in newest else 0
            self.placing.of(
                known,
                name=row.name,
                revision=max(highest, 0) + 1,
                extension=row.extension,
                software=software,
            )
        except (ServerError, NotLoggedIn):
            raise
        except WorkfilesError as exc:
            raise _Unfileable(exc, row) from exc
        same_task = row.base_task_id in (None, known.task.id)
        row = self.delivery.journal.update(
            row,
            reference=None,
            software_name=None,
            task_id=known.task.id,
            task_label=known.label,
            entity_id=known.entity.id,
            software_id=software.id,
            base_revision=row.base_revision if same_task else None,
            base_task_id=None,
            error=None,
            parked=None,
        )
        self.delivery.spool.write_sidecar(row)
        return row

    def try_to_file(self, row: SaveRow) -> SaveRow:
        """The row, filed, or with the reason why not: parked, or when to try again."""
        try:
            return self.file(row)
        except WorkfilesError as exc:
            return self.delivery.note_failure(row, exc)

    def file_all(self, rows: list[SaveRow], recover: Callable[[SaveRow], SaveRow]) -> None:
        """File what can be filed of ``rows``, in their order; when the server turns out to be
        away, no further one waits for it.

        Args:
            recover: finds out how far a save came whose process has died.
        """
        away: WorkfilesError | None = None
        for row in rows:
            with hold(row_lock(self.delivery.lock_folder, row.save_id)) as mine:
                now = self.delivery.journal.get(row.save_id)
                if not mine or now is None or not now.is_unfiled:
                    continue
                now = recover(now)
                if now.state != "saved" or now.parked:
                    continue
                try:
                    if away is not None:
                        raise away
                    self.file(now)
                except (ServerError, NotLoggedIn) as exc:
                    away = exc
                    self.delivery.note_failure(now, exc)
                except WorkfilesError as exc:
                    self.delivery.note_failure(now, exc)

    def file_earlier(self, row: SaveRow, context: TaskContext) -> None:
        """File those saves of the same file that were made before ``row`` while nothing was
        known, so that their numbers come first. What cannot be told now is left for later."""
        for earlier in self.delivery.journal.unfiled(server=row.server):
            if earlier.seq >= row.seq or earlier.name != row.name or earlier.parked:
                continue
            with hold(row_lock(self.delivery.lock_folder, earlier.save_id)) as mine:
                now = self.delivery.journal.get(earlier.save_id)
                if not mine or now is None or now.state != "saved" or now.reference is None:
                    continue
                try:
                    if self.records.task_id(now.reference) == context.task.id:
                        self.file(now, context)
                except WorkfilesError:
                    continue  # the queue says why, in the row


class _Unfileable(WorkfilesError):
    """Why a save cannot be filed under its name, with the way out."""

    def __init__(self, cause: WorkfilesError, row: SaveRow) -> None:
        message = cause.message
        if isinstance(cause, NotFound) and cause.suggestions:
            message += f" Nearest: {', '.join(cause.suggestions[:3])}."
        if isinstance(cause, AmbiguousReference):
            message += " It can be: " + "; ".join(
                f"{task_id} ({label})" for label, task_id in cause.candidates[:4]
            )
            message += "."
        super().__init__(
            f"{message} The save is complete in {row.scene_path}.",
            hint=SAVE_ELSEWHERE,
        )
        self.kind = cause.kind
