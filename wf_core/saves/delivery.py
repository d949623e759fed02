"""Bringing a save that is safe on this machine to the server, step by step.

Each step starts from what the journal says and may be repeated after any failure: claim,
link the final name, upload, commit, second look. The process that does it holds the
row's lock, and the record's lock while bytes are under way: two uploads to one id at once
corrupt the stored file.
"""

from __future__ import annotations

import os
import random
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
from wf_core.disk.locks import hold, record_lock
from wf_core.errors import (
    BadAnswer,
    Cancelled,
    DiskFull,
    IntegrityError,
    NotFound,
    NotLoggedIn,
    PathTaken,
    PermissionDenied,
    Refused,
    ServerError,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu import KitsuClient
from wf_core.kitsu.transfer import stored_length
from wf_core.models import WorkingFile
from wf_core.saves import marker
from wf_core.saves.attempt import Guard
from wf_core.saves.circuit import Circuit
from wf_core.saves.claim import Claimer, ClaimUnresolved
from wf_core.saves.journal import Journal
from wf_core.saves.kept import check_kept
from wf_core.saves.lineage import base_of
from wf_core.saves.machine import boot_id, monotonic
from wf_core.saves.placing import Placing
from wf_core.saves.row import SaveRow
from wf_core.saves.sending import Ask, Report, Sending, check_still_mine
from wf_core.saves.settling import Settling
from wf_core.saves.spool import Spool, release, reserve
from wf_core.steps import RETRY

__all__ = ["Delivery"]

_SECOND_LOOK_SECONDS = 0.5
_LATE_BODY_SECONDS = 5.0  # for the second look where an earlier body may still be on its way
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 600.0
_LONGEST_ASKED_SECONDS = 3600.0  # a server that asks for more is not believed
_SHORTEST_SECONDS = 0.001  # of a budget that is used up: the libraries below take no zero


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
        settling: Settling | None = None,
        guard: Guard | None = None,
        progress: Report | None = None,
        cancel: Ask | None = None,
    ) -> SaveRow:
        """Take the row as far as it goes now. The caller holds the row's lock.

        Args:
            settling: a save that is just being made, on its way to the disk beside its upload.
            guard: see :class:`wf_core.saves.attempt.Attempt`.
            progress: called with bytes sent and bytes in total.
            cancel: asked per piece whether to stop.

        Returns:
            The row: committed, waiting for its next try, or parked; never an exception for
            what may pass or what a person has to clear, those are written into the row.

        Raises:
            Cancelled: the user stopped it; everything is safe.
        """
        record = None
        try:
            finished = self._finished_elsewhere(row) if settling is None else None
            if finished is not None:
                return finished
            if row.working_file_id is None:
                row = self.claim(row, patience=self.claim_patience)
            if row.provisional:
                row = self._link_final(row)
            if row.state in ("claimed", "saved"):
                row, record = self._sending.send(
                    row,
                    settling=settling,
                    guard=guard,
                    progress=progress,
                    cancel=cancel,
                )
            if row.state == "uploaded":
                if guard is not None:
                    guard(row)
                row = self.commit(row, record)
        except Cancelled:
            raise
        except WorkfilesError as exc:
            if settling is not None:
                settling.finish()
            return self.note_failure(self.journal.get(row.save_id) or row, exc)
        self.circuit.reset()
        return row

    @property
    def _sending(self) -> Sending:
        return Sending(self.client, self.journal, self.lock_folder)

    def hurried(self, budget: float) -> KitsuClient:
        """The client for requests an artist waits for: nothing takes longer than ``budget``."""
        budget = max(_SHORTEST_SECONDS, budget)
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
        check_kept(row)

        def plan(number: int) -> None:
            nonlocal row
            # In doubt before it is asked for: this process may not live to hear the answer.
            row = self._record(row, revision=number, claim_doubt=True)

        # A number that is written down may have been asked for, even where nothing says so: by
        # a process that did not live to note it, or with a journal that is lost.
        doubt = row.revision is not None
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
        """Write a claim into the row; planned rows become claimed. A scene that is still to be
        written has its sidecar written then: until then it names the number asked for."""
        state = "claimed" if row.state == "planned" else row.state
        record_it = self._record if row.written else self._record_quietly
        return record_it(
            row,
            state=state,
            base_revision=base_of(row, self.journal),
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
        check_kept(row)
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
                    hint=f"Move that file away, then {RETRY}.",
                ) from None
        fsync_file(final)
        fsync_folder(final.parent)
        return self._record(row, provisional=False)

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
        check_still_mine(row, record)
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
                # Zou answers from a cache of 120 s (``tasks_service._get_task_cached``).
                hint=f"Ask to be assigned to the task, then {RETRY} (Kitsu may take two minutes to "
                "know).",
            ) from exc
        for path in {row.final_path, row.scene_path} - {None}:
            release(Path(str(path)), row.save_id)
        row = self._record_quietly(
            row,
            state="committed",
            error=None,
            parked=None,
            checked=1,
            boot=boot_id(),
            next_try=monotonic()
            + (_SECOND_LOOK_SECONDS if row.attempts <= 1 else _LATE_BODY_SECONDS),
        )
        if row.snapshot == "lent":
            # The scene's bytes may change from now on: who loses the journal, though no power,
            # must learn that they were sent.
            self.spool.write_sidecar(row, durable=False)
        return row

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

    # the row

    def abandon(self, row: SaveRow) -> None:
        """Write down that the save never came about; its claim, if any, can be used again."""
        self.journal.update(row, state="abandoned")
        self.spool.drop_bytes(row)

    def note_failure(self, row: SaveRow, exc: WorkfilesError) -> SaveRow:
        """Write a failure into the row: parked, or when to try again."""
        passing = isinstance(exc, (ServerError, NotLoggedIn, DiskFull))
        if isinstance(exc, (NotFound, Refused)):
            # A server that is just losing its database, or has just got it back, says the
            # same of what is there: believed the second time.
            passing = row.error != str(exc)
        if isinstance(exc, ServerUnavailable) and not isinstance(exc, BadAnswer):
            self.circuit.trip()
        if not passing:
            return self._record_quietly(row, error=str(exc), parked=exc.kind, next_try=None)
        attempts = row.attempts + 1
        longest = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 12))
        wait = random.uniform(longest / 2, longest)
        if isinstance(exc, ServerUnavailable) and exc.retry_after:
            # Never sooner than it asks for, and not all of a studio at the same moment.
            asked = min(exc.retry_after, _LONGEST_ASKED_SECONDS)
            wait = max(wait, asked * random.uniform(1.0, 1.25))
        return self._record_quietly(
            row,
            error=str(exc),
            attempts=attempts,
            boot=boot_id(),
            next_try=monotonic() + wait,
        )

    def _record(self, row: SaveRow, **changes: Any) -> SaveRow:
        """Change the row in the journal and in its sidecar."""
        row = self.journal.update(row, durable=False, **changes)
        self.spool.write_sidecar(row)
        return row

    def _record_quietly(self, row: SaveRow, **changes: Any) -> SaveRow:
        """Change the journal only: what a lost journal may forget."""
        return self.journal.update(row, durable=False, **changes)


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
