"""Saving, and what waits for the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wf_core.disk.locks import hold
from wf_core.errors import NotFound, UsageError, WorkfilesError
from wf_core.host import Host, SceneTag
from wf_core.kitsu import server_version
from wf_core.results import LaterRevision, PendingSave, SaveResult, SpoolResult, SyncResult
from wf_core.saves import uploader
from wf_core.saves.adopted import AdoptedFile
from wf_core.saves.checks import Plan
from wf_core.saves.desk import Desk
from wf_core.saves.gauge import Gauge, gauge_folder
from wf_core.saves.parking import Stopped
from wf_core.saves.request import SaveRequest
from wf_core.saves.row import OPEN_STATES, SaveRow
from wf_core.saves.spool import release
from wf_core.steps import DISCARD, UPLOADS
from wf_core.workfiles.operations import Cancel, Operations, Progress
from wf_core.workfiles.waiting import pending

__all__ = ["Followed", "SaveOperations"]

_LOOKS_PER_SAVE = 5
_LOOK_SECONDS = 60.0
"""Second looks are taken along by later saves, but not by those of the same batch: ``wf sync``
and the uploader look at once."""
_KNOWN_SECONDS = 60.0
_PREPARE_SECONDS = 1.0


@dataclass(frozen=True)
class Followed:
    """What an open scene is told that was saved under a provisional name, and has a number now.

    Attributes:
        tag: the scene's, with the number.
        provisional: the file it was saved to.
        final: the file it is in now as well.
        result: the save.
    """

    tag: SceneTag
    provisional: Path
    final: Path
    result: SaveResult

    def tell(self, host: Host) -> None:
        """Tell the application, on its main thread."""
        host.set_tag(self.tag)
        if host.can_follow and host.current_path() == self.provisional:
            host.follow(self.final)


class SaveOperations(Operations):
    """Save, and care for saves that are not on the server yet."""

    def save(
        self,
        host: Host,
        request: SaveRequest,
        *,
        wait: bool = True,
        patience: float | None = None,
        kept: Callable[[], None] | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> SaveResult:
        """Save the host's scene as the next working revision of its task.

        Args:
            host: the application, or a :class:`wf_core.filehost.FileHost`.
            request: task, name, comment and the rest.
            wait: with it the answer is committed, or pending where the server could not take
                the save now; without, the save is safe here and sent in the background.
            patience: seconds a request may keep the artist waiting, instead of the settings'
                ``offline_budget``; what is known of the numbers then counts for a minute (see
                :meth:`next_revision`).
            kept: called as soon as the scene's file may be written again.
            progress: see :data:`Progress`.
            cancel: see :data:`Cancel`; a save that is safe already stays in the queue.

        Raises:
            WorkfilesError: nothing was saved; the scene is as it was.
            Cancelled: as its message says.
        """
        desk = self.desk
        engine = desk.engine
        if patience is not None:
            engine = desk.engine_within(patience, known=_KNOWN_SECONDS)
        saved = engine.save(
            host,
            request,
            deliver=wait and not self.offline,
            kept=None if kept is None else lambda _: kept(),
            progress=progress,
            cancel=cancel,
        )
        if saved.row.state == "committed":
            desk.queue.look_again(at_most=_LOOKS_PER_SAVE, overdue=_LOOK_SECONDS)
        else:
            self._send_in_background()
        plan = saved.plan
        if not isinstance(plan, Plan):
            return _result(saved.row)
        age = desk.records.age(saved.row.task_id) if saved.row.provisional else None
        return _result(saved.row, later=plan.later, age=age)

    def outcome(self, save_id: str) -> SaveResult:
        """How a save stands now: for an application whose scene has a provisional name, and
        wants to know its number and its final path.

        Raises:
            NotFound: this journal has no such save (any more).
        """
        rows = self.desk.journal.find(save_id)
        if len(rows) != 1:
            raise NotFound(f"No save of this machine has the id “{save_id}”.")
        return _result(rows[0])

    def follow(self, host: Host) -> SaveResult | None:
        """Bring an open scene up to what became of its provisional save: its tag gets the
        number, and where the host can, the scene goes on under its final name.

        The scene's contents and its modified state are not touched.

        Returns:
            The save, once it has its number and its final file; None while there is nothing to
            follow.
        """
        followed = self.followed(host.get_tag(), host.current_path())
        if followed is None:
            return None
        followed.tell(host)
        return followed.result

    def followed(self, tag: SceneTag | None, path: Path | None) -> Followed | None:
        """What became of the provisional save that a scene is of; None while nothing did, or when
        it is of no such save. Reads the journal alone.

        Args:
            tag: the scene's. One that was saved before its task was known has none where a tag
                needs a task: it is known by its file.
            path: its file.
        """
        if tag is None:
            row = self.desk.journal.at_path(str(path)) if path is not None else None
            row = row if row is not None and row.scene_path != row.final_path else None
        elif tag.revision is None and tag.save_id:
            row = self.desk.journal.get(tag.save_id)
        else:
            row = None
        if row is None or row.working_file_id is None or row.provisional or not row.final_path:
            return None
        known = SceneTag(
            server=row.server,
            task_id=row.task_id,
            name=row.name,
            revision=row.revision,
            save_id=row.save_id,
        )
        return Followed(known, Path(row.scene_path or ""), Path(row.final_path), _result(row))

    def spool(self) -> SpoolResult:
        """How much is kept here for saves that are not on the server yet."""
        return SpoolResult(size=self.desk.spool.size(), limit=self.settings.profile.spool_limit)

    def prepare(self) -> None:
        """Have everything open that a save needs, so that the first one takes no longer than
        the others: the journal, and the line to the server where that answers within a second.
        """
        session = self.desk.client.session.limited(total=_PREPARE_SECONDS, retries=0)
        with suppress(WorkfilesError):  # whoever saves finds out, and goes on without
            server_version(session)

    def adopt(self, path: Path, request: SaveRequest, *, host: Host) -> SaveResult:
        """Make a file that lies at the next revision's path that revision, as it is.

        Args:
            path: the file; it is not written, moved or copied over.
            request: as for :meth:`save`.
            host: the application that wrote it; nothing of its scene is saved. Where it has
                this very file open, the scene is told which revision it is.

        Raises:
            PathTaken: the next revision belongs to another path by now.
            WorkfilesError: nothing was changed.
        """
        file = host.run_on_main_thread(
            lambda: AdoptedFile(
                path, software=host.name, version=host.version, replaced=host.replaces_files
            )
        )
        saved = self.save(file, replace(request, adopt=path), wait=False)

        def tell() -> None:
            if host.current_path() == path:
                host.set_tag(file.get_tag())

        host.run_on_main_thread(tell)
        return saved

    def status(self) -> list[PendingSave]:
        """The saves that are not committed, oldest first."""
        return [pending(row) for row in self._open_rows()]

    def has_arrived(self, save_id: str) -> bool:
        """Whether the save with this id is in Kitsu, as far as the journal knows."""
        row = self.desk.journal.get(save_id)
        return row is not None and row.state == "committed"

    def resume(self) -> bool:
        """Have what waits sent in the background; False when nothing does, or while the
        network may not be used."""
        return any(row.parked is None for row in self._open_rows()) and self._send_in_background()

    def _send_in_background(self) -> bool:
        if self.offline:
            return False
        uploader.start(self.settings)
        return True

    def uploads(self) -> dict[str, tuple[int, int]]:
        """Bytes sent and in total of the saves that are being sent now, by their id."""
        folder = gauge_folder(self.settings.home)
        found = ((row.save_id, Gauge(folder, row.save_id).read()) for row in self._open_rows())
        return {save_id: sent for save_id, sent in found if sent is not None}

    def stop_upload(self, save_id: str) -> None:
        """Stop sending one save; it stays safe here until :meth:`retry`. What is on the
        server already stays there.

        Raises:
            NotFound: no such save waits.
        """
        row = self._row(save_id)
        with hold(self.desk.engine.row_lock(row.save_id)) as mine:
            if mine:  # nobody is sending it
                self.desk.journal.update(row, parked="stopped", error=str(Stopped()), next_try=None)
            else:
                Gauge(gauge_folder(self.settings.home), row.save_id).stop()

    def retry_in_background(self, save_id: str) -> None:
        """As :meth:`retry`, by the uploader.

        Raises:
            NotFound: no such save waits.
        """
        row = self._row(save_id)
        Gauge(gauge_folder(self.settings.home), row.save_id).clear()
        with hold(self.desk.engine.row_lock(row.save_id), wait=2.0) as mine:
            if mine:  # else it is being sent already
                self.desk.journal.update(row, parked=None, error=None, next_try=None, synced=True)
        self._send_in_background()

    def _open_rows(self) -> list[SaveRow]:
        return self.desk.journal.rows(*OPEN_STATES)

    def sync(self, *, progress: Progress | None = None, cancel: Cancel | None = None) -> SyncResult:
        """Try every save that waits, parked ones too and those for other servers, and tidy up
        behind those that arrived."""
        here = self.desk.client.session.server
        committed = pending = parked = 0
        for server in dict.fromkeys([here, *(row.server for row in self._open_rows())]):
            with self._desk_at(server) as desk:
                desk.circuit.reset()
                result = desk.queue.work(everything=True, progress=progress, cancel=cancel)
            committed += result.committed
            pending += result.pending
            parked += result.parked
        return SyncResult(committed=committed, pending=pending, parked=parked)

    def retry(self, save_id: str, *, task: str | None = None) -> PendingSave:
        """Try one save again, whatever it was parked for.

        Args:
            save_id: its id, or the beginning of it.
            task: the task it is of, where the save named one that does not exist, or several.

        Raises:
            NotFound: no such save waits.
            UsageError: its task is known already.
        """
        row = self._row(save_id)
        if task is not None and not row.is_unfiled:
            raise UsageError(
                f"That save is filed under {row.task_label} already; nothing was changed.",
                hint=f"Save its scene to the other task, then {DISCARD}.",
            )
        with self._at_work_on(row) as (desk, now):
            if now is not None:
                row = now
            if now is not None and now.state in OPEN_STATES:
                if task is not None:
                    row = desk.journal.update(row, reference=task, task_label=task)
                row = desk.journal.update(row, parked=None, next_try=None, synced=True)
                row = desk.queue.advance(row)
        return pending(row)

    def discard(self, save_id: str) -> PendingSave:
        """Give one save up: its number is declared void, its kept copy removed. The scene
        file itself stays where it was saved. Where nobody knows whether the server has given
        the number, the next :meth:`sync` finds out, and declares it void.

        Raises:
            NotFound: no such save waits.
            UsageError: it is being sent at this moment, or has just been.
            WorkfilesError: the server cannot be told now; nothing is changed.
        """
        with self._at_work_on(self._row(save_id)) as (desk, row):
            if row is None:
                raise UsageError("That save is being sent at this moment; nothing was changed.")
            if row.state not in OPEN_STATES:
                raise UsageError("That save has just been sent; nothing was changed.")
            if row.working_file_id is not None:
                try:
                    record = desk.client.working_file(row.working_file_id)
                except NotFound:
                    pass
                else:
                    desk.delivery.declare_void(row, record)
            for path in {row.final_path, row.scene_path} - {None}:
                release(Path(str(path)), row.save_id)
            if row.working_file_id is None and row.claim_doubt:
                desk.delivery.abandon(row)
            else:
                desk.journal.update(row, state="discarded", error=None)
                desk.spool.empty(row)
        return pending(replace(row, state="discarded", error=None))

    @contextmanager
    def _desk_at(self, server: str) -> Iterator[Desk]:
        """The parts for a server that saves wait for, which need not be the one in use."""
        if server == self.desk.client.session.server:
            yield self.desk
            return
        desk = Desk(self.settings, server, offline=self.offline)
        try:
            yield desk
        finally:
            desk.close()

    @contextmanager
    def _at_work_on(self, row: SaveRow) -> Iterator[tuple[Desk, SaveRow | None]]:
        """The parts for the row's server, and the row as it stands once nobody else is at work
        on it; None where somebody stays."""
        with (
            self._desk_at(row.server) as desk,
            hold(desk.engine.row_lock(row.save_id), wait=2.0) as mine,
        ):
            yield desk, (desk.journal.get(row.save_id) or row) if mine else None

    def _row(self, save_id: str) -> SaveRow:
        rows = [row for row in self.desk.journal.find(save_id) if row.state in OPEN_STATES]
        if len(rows) != 1:
            waiting = [row.save_id for row in self._open_rows()]
            what = "No save that waits" if not rows else "More than one save that waits"
            raise NotFound(
                f"{what} has an id that starts with “{save_id}”.",
                suggestions=waiting[:8],
                hint=f"See {UPLOADS}.",
            )
        return rows[0]


def _result(
    row: SaveRow, *, later: LaterRevision | None = None, age: float | None = None
) -> SaveResult:
    return SaveResult(
        save_id=row.save_id,
        working_file_id=row.working_file_id,
        task_id=row.task_id or None,
        name=row.name,
        revision=row.revision if row.working_file_id else None,
        path=row.scene_path or "",
        sha256=row.sha256,
        size=row.size or 0,
        state="committed" if row.state == "committed" else "pending",
        provisional=row.provisional,
        behind=later,
        known_for=age,
    )
