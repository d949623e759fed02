"""Bringing a save that is safe on this machine to the server, step by step.

Each step starts from what the journal says and may be repeated after any failure: claim,
link the final name, upload, commit, second look. The process that does it holds the
row's lock, and the record's lock while bytes are under way: two uploads to one id at once
corrupt the stored file.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wf_core.disk.copying import (
    fsync_file,
    fsync_folder,
    link_or_copy,
    rename_exclusive,
    sha256_of,
)
from wf_core.disk.files import half_made
from wf_core.disk.locks import Lock, hold, record_lock
from wf_core.errors import (
    BadAnswer,
    Cancelled,
    DiskFull,
    IntegrityError,
    NotFound,
    NotLoggedIn,
    PathTaken,
    PermissionDenied,
    ServerError,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu import KitsuClient
from wf_core.kitsu.transfer import await_stored_length, stored_length, upload
from wf_core.models import WorkingFile
from wf_core.saves import marker
from wf_core.saves.circuit import Circuit
from wf_core.saves.claim import Claimer, ClaimUnresolved
from wf_core.saves.gauge import Gauge, gauge_folder
from wf_core.saves.journal import Journal, SaveRow
from wf_core.saves.machine import boot_id, monotonic
from wf_core.saves.parking import Busy, Changed, Parked, Stopped
from wf_core.saves.placing import Placing
from wf_core.saves.spool import Spool, release, reserve

__all__ = ["Delivery"]

_SECOND_LOOK_SECONDS = 5.0
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 600.0
_MOMENT_SECONDS = 2.0
"""For so long a record counts as just read: who writes to one that is being filled has no
reason to within the same moment."""
_LOST_ANSWER_SECONDS = 20.0

Report = Callable[[int, int], None]
Ask = Callable[[], bool]


@dataclass(frozen=True)
class Delivery:
    """Everything a delivery needs; one object serves many saves, one at a time each.

    Attributes:
        claim_patience: seconds a claim may take before the row waits for its next try.
    """

    client: KitsuClient
    journal: Journal
    spool: Spool
    circuit: Circuit
    placing: Placing
    lock_folder: Path
    claim_patience: float = 60.0

    def deliver(
        self,
        row: SaveRow,
        *,
        settled: Callable[[], SaveRow] | None = None,
        progress: Report | None = None,
        cancel: Ask | None = None,
    ) -> SaveRow:
        """Take the row as far as it goes now. The caller holds the row's lock.

        Args:
            settled: waits until the save is on this machine's disk; called once the bytes
                are sent, for a save whose sync runs beside its upload.
            progress: called with bytes sent and bytes in total.
            cancel: asked per piece whether to stop.

        Returns:
            The row: committed, waiting for its next try, or parked; never an exception for
            what may pass or what a person has to clear, those are written into the row.

        Raises:
            Cancelled: the user stopped it; everything is safe.
        """
        try:
            finished = self._finished_elsewhere(row)
            if finished is not None:
                return finished
            if row.working_file_id is None:
                row = self.claim(row, patience=self.claim_patience)
            if row.provisional:
                row = self._link_final(row)
            if row.state in ("claimed", "saved"):
                row = self._upload(row, progress, cancel, settled or (lambda: row))
            if row.state == "uploaded":
                row = self.commit(row)
        except Cancelled:
            raise
        except WorkfilesError as exc:
            if settled is not None:
                settled()
            return self.note_failure(self.journal.get(row.save_id) or row, exc)
        self.circuit.reset()
        return row

    def hurried(self, budget: float) -> KitsuClient:
        """The client for requests an artist waits for: nothing takes longer than ``budget``."""
        return KitsuClient(self.client.session.limited(read=budget, total=budget, retries=0))

    def _finished_elsewhere(self, row: SaveRow) -> SaveRow | None:
        """A save whose kept copy is gone may have been sent by a process with a journal that
        was lost since: then its record says so."""
        if os.path.lexists(row.spool_path or ""):
            return None
        records = self.client.entity_working_files(
            row.entity_id, task_id=row.task_id, name=row.name
        )
        for record in records:
            facts = marker.workfiles_data(record)
            if facts.get("save_id") == row.save_id and facts.get("sha256"):
                return self._record_quietly(
                    row,
                    state="committed",
                    working_file_id=record.id,
                    revision=record.revision,
                    sha256=facts["sha256"],
                    provisional=False,
                    error=None,
                    checked=2,
                )
        return None

    # claim

    def claim(self, row: SaveRow, *, patience: float) -> SaveRow:
        """Obtain the number of a save that was made without one.

        Raises:
            WorkfilesError: none was obtained within ``patience`` seconds, or never will be,
                or there is nothing to send.
        """
        self._check_spooled(row)

        def plan(number: int) -> None:
            nonlocal row
            # In doubt before it is asked for: this process may not live to hear the answer.
            row = self._record(row, revision=number, claim_doubt=True)

        doubt = row.claim_doubt
        if row.revision is not None:
            plan(row.revision)

        claimer = Claimer(
            registry=self.hurried(patience),
            task_id=row.task_id,
            entity_id=row.entity_id,
            name=row.name,
            software_id=row.software_id,
            comment=row.comment,
            save_id=row.save_id,
            patience=patience,
        )
        try:
            record = claimer.claim(plan=plan, planned=row.revision, doubt=doubt)
        except ClaimUnresolved as exc:
            self._record(row, claim_doubt=exc.doubt)
            raise exc.cause from exc
        return self.record_claim(row, record)

    def record_claim(self, row: SaveRow, record: WorkingFile) -> SaveRow:
        """Write a claim into the row and its sidecar; planned rows become claimed."""
        state = "claimed" if row.state == "planned" else row.state
        return self._record(
            row,
            state=state,
            working_file_id=record.id,
            revision=record.revision,
            person_id=record.person_id or "",
            claim_doubt=False,
        )

    def declare_void(self, row: SaveRow, record: WorkingFile) -> SaveRow:
        """Mark a claimed number as abandoned, for everybody to see.

        Raises:
            WorkfilesError: the server does not let this account write the record (now).
        """
        if marker.state_of(record) == "incomplete" and marker.carries(record.comment, row.mark):
            facts = {"schema": 1, "save_id": row.save_id, "void": True}
            self.client.update_working_file(
                record.id,
                comment=row.comment,
                data={**(record.data or {}), "workfiles": facts},
            )
        return self.journal.update(row, state="void", error=None, parked=None)

    def _link_final(self, row: SaveRow) -> SaveRow:
        """Give a provisional save its final name too; the provisional one stays."""
        assert row.revision is not None and row.spool_path is not None
        source = Path(row.spool_path)
        if row.final_path is None:
            place = self.placing.of_row(row)
            row = self._record(row, final_path=str(place.local), server_path=place.server)
        assert row.final_path is not None
        self._check_spooled(row)
        final = Path(row.final_path)
        half = half_made(final, row.save_id)
        try:
            reserve(final, row.save_id)
            half.unlink(missing_ok=True)
            link_or_copy(source, half, may_link=row.snapshot == "link")
            rename_exclusive(half, final)
        except PathTaken:
            half.unlink(missing_ok=True)
            if not os.path.lexists(final):
                raise  # reserved by another save
            if not _same_file_or_bytes(final, row):
                raise PathTaken(
                    f"{final} already exists and is not this save, so it was left alone. The save "
                    f"is complete in {row.scene_path}.",
                    hint=f"Move that file away, then: wf retry {row.save_id}",
                ) from None
        fsync_file(final)
        fsync_folder(final.parent)
        return self._record(row, provisional=False)

    # upload

    def _upload(
        self,
        row: SaveRow,
        progress: Report | None,
        cancel: Ask | None,
        settled: Callable[[], SaveRow],
    ) -> SaveRow:
        assert row.working_file_id is not None and row.spool_path is not None
        lock = Lock(record_lock(self.lock_folder, row.working_file_id))
        if not lock.acquire():
            raise Busy("This save is being uploaded by another process.")
        try:
            if row.attempts or row.sha256:
                done = self._already_there(row)
                if done is not None:
                    settled()
                    return done
            started = time.monotonic()
            sha256, record = self._send(row, lock, progress, cancel)
            settled()
            row = self._uploaded(row, sha256)
            if record is not None and time.monotonic() - started < _MOMENT_SECONDS:
                return self.commit(row, record)
            return row
        finally:
            lock.release()

    def _already_there(self, row: SaveRow) -> SaveRow | None:
        """After an earlier try: check that the record is still this save's, and look whether
        its bytes arrived after all. A record that this save has committed already (a journal
        that was lost since knew that) tells their hash."""
        assert row.working_file_id is not None
        record = self.client.working_file(row.working_file_id)
        self._still_mine(row, record)
        if stored_length(self.client.session, row.working_file_id) != row.size:
            return None
        facts = marker.workfiles_data(record)
        if facts.get("save_id") == row.save_id and isinstance(facts.get("sha256"), str):
            return self._uploaded(row, facts["sha256"])
        return self._uploaded(row, row.sha256 or sha256_of(Path(row.spool_path or "")))

    def _send(
        self, row: SaveRow, lock: Lock, progress: Report | None, cancel: Ask | None
    ) -> tuple[str, WorkingFile | None]:
        """Send the bytes; the SHA-256 of what the server now has, and the record as it was
        when it took them, where the answer holds it."""
        assert row.working_file_id is not None and row.spool_path is not None
        assert row.size is not None
        source = Path(row.spool_path)
        self._check_spooled(row)

        def still_ours() -> None:
            if not lock.held:
                raise IntegrityError("The upload lost its lock; nothing was stored.")
            self._check_spooled(row)

        # From here on bytes may be on the server, whatever becomes of the answer.
        self._record_quietly(row, attempts=row.attempts + 1)
        gauge = Gauge(gauge_folder(self.lock_folder.parent), row.save_id)
        try:
            sent = upload(
                self.client.session,
                row.working_file_id,
                source,
                size=row.size,
                progress=gauge.report(progress),
                cancel=gauge.ask(cancel),
                before_last_bytes=still_ours,
                file_name=Path(row.final_path or row.spool_path).name,
            )
        except Cancelled as exc:
            if gauge.is_stopped():
                raise Stopped from exc
            raise
        except ServerUnavailable as exc:
            if not exc.in_doubt:
                raise
            found = await_stored_length(
                self.client.session, row.working_file_id, row.size, patience=_LOST_ANSWER_SECONDS
            )
            if found != row.size:
                raise
            return row.sha256 or sha256_of(source), None
        finally:
            gauge.clear()
        if row.sha256 is not None and sent.sha256 != row.sha256:
            raise Changed(row)
        return sent.sha256, sent.record

    def _uploaded(self, row: SaveRow, sha256: str) -> SaveRow:
        return self._record_quietly(row, state="uploaded", sha256=sha256, error=None)

    def _check_spooled(self, row: SaveRow) -> None:
        """The spooled file is the one that was set aside, and nobody wrote to it since."""
        assert row.spool_path is not None
        try:
            found = Path(row.spool_path).lstat()
        except OSError as exc:
            raise Parked(
                f"The kept copy of this save is gone: {exc.strerror}. "
                f"Its scene may still be at {row.scene_path}.",
                hint="Save that scene again as a new revision, then discard this save.",
            ) from exc
        known = (row.inode, row.size, row.mtime_ns)
        if known != (found.st_ino, found.st_size, found.st_mtime_ns):
            raise Changed(row)

    # commit

    def commit(self, row: SaveRow, record: WorkingFile | None = None) -> SaveRow:
        """Write path, comment and data of a save whose bytes are stored.

        Args:
            row: the save.
            record: its record as it was a moment ago; read anew when not given.

        Raises:
            WorkfilesError: the bytes are not all there (the row is set back to be sent
                again), or the server refuses.
        """
        assert row.working_file_id is not None
        found = stored_length(self.client.session, row.working_file_id)
        if found != row.size:
            self._record_quietly(row, state="saved")
            raise ServerUnavailable(
                f"The server has {found or 0} of {row.size} bytes; they will be sent again."
            )
        if record is None or not marker.carries(record.comment, row.mark):
            record = self.client.working_file(row.working_file_id)
        self._still_mine(row, record)
        changes: dict[str, Any] = {
            "path": row.server_path,
            "data": {**(record.data or {}), "workfiles": _facts(row)},
        }
        if marker.carries(record.comment, row.mark):
            changes["comment"] = row.comment
        if record.software_id != row.software_id:
            changes["software_id"] = row.software_id
        try:
            self.client.update_working_file(row.working_file_id, **changes)
        except PermissionDenied as exc:
            raise PermissionDenied(
                f"Revision {row.revision} is uploaded, but not recorded: the server lets only "
                "assignees and managers of the task write its record.",
                hint="Ask to be assigned to the task, then run: wf sync",
            ) from exc
        for path in {row.final_path, row.scene_path} - {None}:
            release(Path(str(path)), row.save_id)
        return self._record_quietly(
            row,
            state="committed",
            error=None,
            parked=None,
            checked=1,
            boot=boot_id(),
            next_try=monotonic() + _SECOND_LOOK_SECONDS,
        )

    def look_again(self, row: SaveRow) -> SaveRow:
        """The second look at a committed save; afterwards its spool is emptied.

        Raises:
            WorkfilesError: the server cannot be asked now.
        """
        assert row.working_file_id is not None
        with hold(record_lock(self.lock_folder, row.working_file_id)) as mine:
            if not mine:
                return row
            try:
                found = stored_length(self.client.session, row.working_file_id)
            except NotFound:
                found = None
            if found != row.size:
                row = self._record_quietly(row, state="saved", checked=0, attempts=row.attempts + 1)
                return self.note_failure(
                    row,
                    IntegrityError(
                        f"The server no longer has all bytes of revision {row.revision}; they "
                        "will be sent again."
                    ),
                )
        self.spool.empty(row)  # before it is written down: killed between, the next one does it
        return self._record_quietly(row, checked=2, next_try=None)

    def _still_mine(self, row: SaveRow, record: WorkingFile) -> None:
        data = marker.workfiles_data(record)
        mine = marker.carries(record.comment, row.mark) or data.get("save_id") == row.save_id
        other_bytes = data.get("sha256") not in (None, row.sha256)
        if (not mine and data) or (other_bytes and row.sha256 is not None):
            raise Parked(
                f"The record of revision {row.revision} now belongs to another save, so nothing "
                "was sent over it. This save is complete on this machine.",
                hint=f"Save {row.scene_path} again as a new revision, then discard this one.",
            )

    # the row

    def abandon(self, row: SaveRow) -> None:
        """Write down that the save never came about; its claim, if any, can be used again."""
        self.journal.update(row, state="abandoned")
        self.spool.drop_bytes(row)

    def note_failure(self, row: SaveRow, exc: WorkfilesError) -> SaveRow:
        """Write a failure into the row: parked, or when to try again."""
        passing = isinstance(exc, (ServerError, NotLoggedIn, DiskFull))
        if isinstance(exc, ServerUnavailable) and not isinstance(exc, BadAnswer):
            self.circuit.trip()
        if not passing:
            return self._record_quietly(row, error=str(exc), parked=exc.kind, next_try=None)
        attempts = row.attempts + 1
        wait = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 12))
        if isinstance(exc, ServerUnavailable) and exc.retry_after:
            wait = max(wait, exc.retry_after)
        return self._record_quietly(
            row,
            error=str(exc),
            attempts=attempts,
            boot=boot_id(),
            next_try=monotonic() + random.uniform(wait / 2, wait),
        )

    def _record(self, row: SaveRow, **changes: Any) -> SaveRow:
        """Change the row in the journal and in its sidecar."""
        row = self.journal.update(row, **changes)
        if row.spool_path:
            self.spool.write_sidecar(Path(row.spool_path).parent, row)
        return row

    def _record_quietly(self, row: SaveRow, **changes: Any) -> SaveRow:
        """Change the journal only: what a lost journal may forget."""
        return self.journal.update(row, **changes)


def _facts(row: SaveRow) -> dict[str, Any]:
    """What is kept in the record's ``data.workfiles`` (schema 1)."""
    return {
        "schema": 1,
        "save_id": row.save_id,
        "sha256": row.sha256,
        "size": row.size,
        "base_revision": row.base_revision,
        "host": {"name": row.host_name, "version": row.host_version},
        "machine": row.machine,
        "saved_at": row.saved_at,
        "thumbnail": row.thumbnail,
    }


def _same_file_or_bytes(path: Path, row: SaveRow) -> bool:
    found = path.lstat()
    if found.st_ino == row.inode and found.st_size == row.size:
        return True
    return found.st_size == row.size and sha256_of(path) == sha256_of(Path(row.spool_path or ""))
