"""One save, from the click to the moment the artist is free, and on to the server.

The order is the promise: checked before anything is created, planned and claimed before
anything is written, kept apart and synced before it is called saved. What follows is
delivery, which needs the artist no longer.
"""

from __future__ import annotations

import datetime
import os
import shutil
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from wf_core.errors import (
    Behind,
    Cancelled,
    DiskFull,
    FileUnreadable,
    WorkfilesError,
)
from wf_core.filecopy import fsync_file, fsync_folder, link_or_copy
from wf_core.host import Host, SceneTag
from wf_core.models import Software, TaskContext, WorkingFile
from wf_core.saves import marker
from wf_core.saves.claim import Claimer, ClaimUnresolved
from wf_core.saves.delivery import Delivery
from wf_core.saves.journal import Journal, SaveRow
from wf_core.saves.locks import hold
from wf_core.saves.machine import boot_id, machine_name
from wf_core.saves.placing import Place
from wf_core.saves.records import Records
from wf_core.saves.request import SaveRequest, check_request
from wf_core.saves.spool import Spool, release, reserve
from wf_core.saves.turns import take_turn

__all__ = ["SaveEngine"]

_ROOM_TO_SPARE = 64 * 1024 * 1024

Report = Callable[[str, int, int], None]
Ask = Callable[[], bool]


@dataclass(frozen=True)
class _Plan:
    """What is known of a save before anything is created."""

    context: TaskContext
    software: Software
    extension: str
    base_revision: int | None
    highest: int
    online: bool
    size: int
    source: Path | None


class SaveEngine:
    """Saves scenes of any host for one account on one server.

    Args:
        budget: seconds a save may wait for the server altogether.
        spool_limit: bytes the spool may hold.
    """

    def __init__(
        self,
        *,
        records: Records,
        delivery: Delivery,
        lock_folder: Path,
        budget: float,
        spool_limit: int,
    ) -> None:
        self.records = records
        self.delivery = delivery
        self.journal: Journal = delivery.journal
        self.spool: Spool = delivery.spool
        self.placing = delivery.placing
        self.lock_folder = lock_folder
        self.budget = budget
        self.spool_limit = spool_limit

    def save(
        self,
        host: Host,
        request: SaveRequest,
        *,
        deliver: bool,
        progress: Report | None = None,
        cancel: Ask | None = None,
    ) -> SaveRow:
        """Save the host's scene; with ``deliver`` take it to the server as well.

        Returns:
            The save's row, at least ``saved``: safe on this machine.

        Raises:
            WorkfilesError: nothing was saved, and what to do; the scene is as it was.
            Cancelled: stopped by the user; the message says what is safe.
        """
        plan = self._check(host, request)
        row = self._begin(host, request, plan)
        with hold(self.row_lock(row.save_id)):
            row = self._number(row, plan)
            row = self._write(host, row)
            settling = _Settling(self, row)
            if not deliver or row.working_file_id is None:
                return settling.finish()
            try:
                return self.delivery.deliver(
                    row,
                    settled=settling.finish,
                    progress=_named(progress, "Uploading"),
                    cancel=cancel,
                )
            except Cancelled:
                settling.finish()
                raise

    def row_lock(self, save_id: str) -> Path:
        """The lock file of a row: who holds it may work on the row."""
        return self.lock_folder / f"save-{save_id}.lock"

    # 0. checked, before anything is created

    def _check(self, host: Host, request: SaveRequest) -> _Plan:
        check_request(request)
        host.check_savable()
        source = host.current_path()
        size = _size_of(source)
        extension = host.extensions[0]
        context = self.records.context(request.task)
        software = self.records.software(request.software or host.name, extension)
        base = request.base_revision
        tag = host.get_tag()
        if base is None and tag is not None:
            same = (tag.task_id, tag.name) == (context.task.id, request.name)
            base = tag.revision if same else None
        latest, online = self.records.revisions(context.task.id)
        self.placing.check_distinct(context, request.name, software, latest)
        newest = latest.get(request.name)
        if newest is not None and base is not None and request.if_behind == "fail":
            self._refuse_if_behind(context, request.name, base, newest)
        highest = max(newest.revision, 0) if newest else 0
        place = self.placing.of(
            context, name=request.name, revision=highest + 1, extension=extension, software=software
        )
        self._check_room(place, size)
        return _Plan(
            context=context,
            software=software,
            extension=extension,
            base_revision=base,
            highest=highest,
            online=online,
            size=size,
            source=source,
        )

    def _refuse_if_behind(
        self, context: TaskContext, name: str, base: int, newest: WorkingFile
    ) -> None:
        latest = self.records.newest_committed(context, name, newest)
        if latest is None or latest.revision <= base:
            return
        comment = marker.detach(latest.comment)
        said = f" (“{comment}”)" if comment else ""
        raise Behind(
            f"{self.records.author(latest)} saved revision {latest.revision}{said} after revision "
            f"{base}, which this scene comes from. Nothing was saved.",
            hint="Look at it first, or save anyway with --if-behind save.",
        )

    def _check_room(self, place: Place, size: int) -> None:
        needed = 2 * size + _ROOM_TO_SPARE
        root = place.root
        while not root.exists():
            root = root.parent
        free = shutil.disk_usage(root).free
        if free < needed:
            raise DiskFull(
                f"There is not enough room under {root}: {_mib(needed)} are needed, {_mib(free)} "
                "are free. Nothing was saved.",
                hint="Free some space, then save again.",
            )
        spooled = self.spool.size()
        if spooled + size > self.spool_limit:
            raise DiskFull(
                f"Saves that wait for the server already take {_mib(spooled)} here, and the limit "
                f"is {_mib(self.spool_limit)}. Nothing was saved, nothing was dropped.",
                hint="Run wf sync to send them, or raise spool_limit in the settings.",
            )

    # 1. planned

    def _begin(self, host: Host, request: SaveRequest, plan: _Plan) -> SaveRow:
        now = datetime.datetime.now(datetime.timezone.utc)
        return self.journal.add(
            SaveRow(
                save_id=str(uuid.uuid4()),
                server=self.delivery.client.session.server,
                task_id=plan.context.task.id,
                task_label=plan.context.label,
                entity_id=plan.context.entity.id,
                name=request.name,
                extension=plan.extension,
                software_id=plan.software.id,
                comment=request.comment,
                base_revision=plan.base_revision,
                host_name=host.name or "wf",
                host_version=host.version,
                machine=machine_name(),
                saved_at=now.isoformat(timespec="seconds"),
                atomic=True,
                boot=boot_id(),
            )
        )

    # 2. claimed, or without a number for now

    def _number(self, row: SaveRow, plan: _Plan) -> SaveRow:
        place = self._place(row, plan, plan.highest + 1)
        folder = self.spool.folder(place.root)
        row = replace(row, spool_path=str(folder / f"{row.save_id}{row.extension}"))
        row = self.journal.update(row, spool_path=row.spool_path)

        def planned(number: int) -> None:
            nonlocal row
            target = self._place(row, plan, number)
            row = self.journal.update(
                row, revision=number, final_path=str(target.local), server_path=target.server
            )
            self.spool.write_sidecar(folder, row)

        with take_turn(row.scope, self.lock_folder) as turn:
            unresolved = self._earlier_unclaimed(row) or not plan.online
            if not unresolved:
                try:
                    record = self._reuse(row) or self._claimer(row).claim(
                        plan=planned, known=max(plan.highest, turn.floor)
                    )
                except ClaimUnresolved as exc:
                    self.delivery.circuit.trip_if_unreachable(exc.cause)
                    row = self.journal.update(
                        row,
                        revision=exc.revision,
                        claim_doubt=exc.doubt,
                        error=exc.message,
                    )
                except BaseException:
                    self._abandon(row)
                    raise
                else:
                    turn.note(record.revision)
                    if row.revision != record.revision:
                        planned(record.revision)
                    return self.delivery.record_claim(row, record)
        return self._provisional(row, plan, place)

    def _provisional(self, row: SaveRow, plan: _Plan, place: Place) -> SaveRow:
        """Save under a name that says so; the number follows when the server is back."""
        expected = row.revision or plan.highest + 1
        target = self.placing.provisional(self._place(row, plan, expected), save_id=row.save_id)
        row = self.journal.update(
            row, provisional=True, scene_path=str(target), final_path=None, server_path=None
        )
        self.spool.write_sidecar(self.spool.folder(place.root), row)
        return row

    def _place(self, row: SaveRow, plan: _Plan, revision: int) -> Place:
        return self.placing.of(
            plan.context,
            name=row.name,
            revision=revision,
            extension=plan.extension,
            software=plan.software,
        )

    def _claimer(self, row: SaveRow) -> Claimer:
        return Claimer(
            registry=self.delivery.hurried(self.budget),
            task_id=row.task_id,
            entity_id=row.entity_id,
            name=row.name,
            software_id=row.software_id,
            comment=row.comment,
            save_id=row.save_id,
            patience=self.budget,
        )

    def _earlier_unclaimed(self, row: SaveRow) -> bool:
        """Whether saves of the same file made before this one still wait for a number;
        those that can have one now get it first, so that the order stays."""
        for earlier in self.journal.of_scope(row.scope, "saved"):
            if earlier.seq >= row.seq or earlier.working_file_id is not None:
                continue
            with hold(self.row_lock(earlier.save_id)) as mine:
                if not mine:
                    return True
                try:
                    self.delivery.claim(earlier, patience=self.budget)
                except WorkfilesError as exc:
                    self.delivery.note_failure(earlier, exc)
                    return True
        return False

    def _reuse(self, row: SaveRow) -> WorkingFile | None:
        """A claim this journal made for a save that never came about, while it is the
        highest number: taken over, so that no number is lost."""
        for old in reversed(self.journal.of_scope(row.scope, "abandoned")):
            if old.working_file_id is None:
                continue
            record = self.delivery.take_over(old, row)
            if record is not None:
                return record
        return None

    def _abandon(self, row: SaveRow) -> None:
        self.journal.update(row, state="abandoned")
        if row.spool_path:
            self.spool.empty(row)

    # 3. saved

    def _write(self, host: Host, row: SaveRow) -> SaveRow:
        target = Path(row.scene_path or row.final_path or "")
        before = host.get_tag()
        tag = SceneTag(
            server=row.server,
            task_id=row.task_id,
            name=row.name,
            revision=None if row.provisional else row.revision,
            save_id=row.save_id,
        )
        try:
            reserve(target, row.save_id)
            host.set_tag(tag)
            host.save_as(target)
            written = target.lstat()
            if written.st_size == 0:
                raise FileUnreadable(f"{host.name or 'The host'} wrote an empty file to {target}.")
        except BaseException as exc:
            host.set_tag(before)
            release(target, row.save_id)
            self._abandon(row)
            if isinstance(exc, OSError):
                raise FileUnreadable(f"{target} could not be written: {exc.strerror}.") from exc
            raise
        row = self.journal.update(row, scene_path=str(target), written=True, boot=boot_id())
        return self.set_aside(row, may_link=host.replaces_files)

    def set_aside(self, row: SaveRow, *, may_link: bool) -> SaveRow:
        """Keep the bytes the scene has now; the row then knows the kept file by heart.

        Raises:
            WorkfilesError: they cannot be kept; the scene itself is written.
        """
        assert row.spool_path is not None and row.scene_path is not None
        kept = Path(row.spool_path)
        kept.unlink(missing_ok=True)
        how = link_or_copy(Path(row.scene_path), kept, may_link=may_link)
        found = kept.lstat()
        return self.journal.update(
            row,
            snapshot=how,
            device=found.st_dev,
            inode=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
        )

    def settle(self, row: SaveRow) -> SaveRow:
        """Put scene and kept bytes on the disk itself; from here on the save is safe."""
        assert row.spool_path is not None and row.scene_path is not None
        paths = {Path(row.spool_path), Path(row.scene_path)}
        for path in paths if row.snapshot != "link" else {Path(row.spool_path)}:
            fsync_file(path)
        for folder in {path.parent for path in paths}:
            fsync_folder(folder)
        known = self.journal.get(row.save_id) or row
        state = known.state if known.state in ("uploaded", "committed") else "saved"
        row = self.journal.update(known, state=state, synced=True)
        self.spool.write_sidecar(Path(row.spool_path or "").parent, row)
        return row


class _Settling:
    """The sync to disk, under way beside the upload: both take about as long."""

    def __init__(self, engine: SaveEngine, row: SaveRow) -> None:
        self._row = row
        self._failure: BaseException | None = None
        self._engine = engine
        self._thread = threading.Thread(target=self._run, name="wf-settle", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._row = self._engine.settle(self._row)
        except BaseException as exc:  # noqa: BLE001  (handed to the thread that waits)
            self._failure = exc

    def finish(self) -> SaveRow:
        """Wait for the sync; the row as it stands then.

        Raises:
            DiskFull, FileUnreadable: the disk did not take it.
        """
        self._thread.join()
        if isinstance(self._failure, OSError):
            raise FileUnreadable(
                f"The disk did not take the save: {self._failure.strerror}. The scene in the "
                "application is untouched.",
                hint="Check the disk, then save again.",
            ) from self._failure
        if self._failure is not None:
            raise self._failure
        return self._row


def _size_of(source: Path | None) -> int:
    try:
        return 0 if source is None else os.stat(source).st_size
    except OSError:
        return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def _named(progress: Report | None, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(what, done, total)
