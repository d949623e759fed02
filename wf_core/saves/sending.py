"""Sending the kept bytes of a save into the record it has claimed.

At most one request per record at a time, held by the record's lock: two at once corrupt the
stored file. After a lost answer the stored length tells whether the bytes arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wf_core.disk.copying import sha256_of
from wf_core.disk.files import in_words
from wf_core.disk.growing import GrowingFile
from wf_core.disk.locks import Lock, record_lock
from wf_core.errors import Cancelled, IntegrityError, ServerUnavailable
from wf_core.kitsu import KitsuClient
from wf_core.kitsu.transfer import await_stored_length, stored_length, upload
from wf_core.models import WorkingFile
from wf_core.saves import marker
from wf_core.saves.attempt import Guard
from wf_core.saves.gauge import Gauge, gauge_folder
from wf_core.saves.journal import Journal
from wf_core.saves.kept import check_kept
from wf_core.saves.parking import Busy, Changed, Parked, Stopped
from wf_core.saves.row import SaveRow
from wf_core.saves.settling import Settling
from wf_core.steps import DISCARD

__all__ = ["Ask", "Report", "Sending", "check_still_mine"]

_MOMENT_SECONDS = 2.0
"""For so long a record counts as just read: who writes to one that is being filled has no
reason to within the same moment."""
_LOST_ANSWER_SECONDS = 20.0

Report = Callable[[int, int], None]
Ask = Callable[[], bool]


@dataclass(frozen=True)
class Sending:
    """Everything that bytes on their way need."""

    client: KitsuClient
    journal: Journal
    lock_folder: Path

    def send(
        self,
        row: SaveRow,
        *,
        settling: Settling | None,
        guard: Guard | None,
        progress: Report | None,
        cancel: Ask | None,
    ) -> tuple[SaveRow, WorkingFile | None]:
        """Bring the bytes of a claimed save to the server. The caller holds the row's lock.

        Args:
            settling: a save that is just being made; waited for once the bytes are sent. Its scene
                may still be written: the last bytes are not sent before it is.
            guard: called before the last of them are.
            progress: called with bytes sent and bytes in total.
            cancel: asked per piece whether to stop.

        Returns:
            The row, ``uploaded``, and its record, where that was read a moment ago.

        Raises:
            WorkfilesError: they are not there, or nobody knows.
            Cancelled: the user stopped it; everything is safe.
        """
        assert row.working_file_id is not None and row.spool_path is not None
        lock = Lock(record_lock(self.lock_folder, row.working_file_id))
        with in_words(lock.path, writing=True):
            mine = lock.acquire()
        if not mine:
            raise Busy("This save is being uploaded by another process.")
        try:
            if row.attempts or row.sha256:
                if settling is not None:
                    row = settling.written()
                done = self._already_there(row)
                if done is not None:
                    if settling is not None:
                        settling.scene()
                    return done, None
            started = time.monotonic()
            row, sha256, record = self._send(row, lock, settling, guard, progress, cancel)
            if settling is not None:
                settling.scene()
            row = self._uploaded(row, sha256)
            fresh = time.monotonic() - started < _MOMENT_SECONDS
            return row, record if fresh else None
        finally:
            lock.release()

    def _already_there(self, row: SaveRow) -> SaveRow | None:
        """After an earlier try: check that the record is still this save's, and look whether
        its bytes arrived after all. A record that this save has committed already (a journal
        that was lost since knew that) tells their hash."""
        assert row.working_file_id is not None
        record = self.client.working_file(row.working_file_id)
        check_still_mine(row, record)
        if stored_length(self.client.session, row.working_file_id) != row.size:
            return None
        facts = marker.workfiles_data(record)
        if facts.get("save_id") == row.save_id and isinstance(facts.get("sha256"), str):
            return self._uploaded(row, facts["sha256"])
        return self._uploaded(row, _hash_of_kept(row))

    def _send(
        self,
        row: SaveRow,
        lock: Lock,
        settling: Settling | None,
        guard: Guard | None,
        progress: Report | None,
        cancel: Ask | None,
    ) -> tuple[SaveRow, str, WorkingFile | None]:
        """Send the bytes; the row as it is then, the SHA-256 of what the server now has, and the
        record as it was when it took them, where the answer holds it."""
        assert row.working_file_id is not None and row.spool_path is not None
        growing = settling.growing if settling is not None else None
        source: Path | GrowingFile
        if growing is not None:
            source, size = growing, growing.size
        else:
            assert row.size is not None
            source, size = Path(row.spool_path), row.size
            check_kept(row)

        def still_ours() -> None:
            nonlocal row
            if not lock.held:
                raise IntegrityError("The upload lost its lock; nothing was stored.")
            if settling is not None:
                row = settling.written()
            if growing is not None and growing.inode != row.inode:
                raise IntegrityError(
                    "What was sent is not what was kept, so nothing was stored; what was kept "
                    "will be sent."
                )
            check_kept(row)
            if guard is not None:
                guard(row)

        # From here on bytes may be on the server, whatever becomes of the answer.
        self.journal.update(row, durable=False, attempts=row.attempts + 1)
        gauge = Gauge(gauge_folder(self.lock_folder.parent), row.save_id)
        try:
            sent = upload(
                self.client.session,
                row.working_file_id,
                source,
                size=size,
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
                self.client.session, row.working_file_id, size, patience=_LOST_ANSWER_SECONDS
            )
            if found != size:
                raise
            return row, _hash_of_kept(row), None
        finally:
            gauge.clear()
        if row.sha256 is not None and sent.sha256 != row.sha256:
            raise Changed(row)
        return row, sent.sha256, sent.record

    def _uploaded(self, row: SaveRow, sha256: str) -> SaveRow:
        return self.journal.update(row, durable=False, state="uploaded", sha256=sha256, error=None)


def check_still_mine(row: SaveRow, record: WorkingFile) -> None:
    """Make sure that the record is the one this save has claimed, and nobody else filled it.

    Raises:
        Parked: it belongs to another save now.
    """
    data = marker.workfiles_data(record)
    mine = marker.carries(record.comment, row.mark) or data.get("save_id") == row.save_id
    other_bytes = data.get("sha256") not in (None, row.sha256)
    if (not mine and data) or (other_bytes and row.sha256 is not None):
        raise Parked(
            f"The record of revision {row.revision} now belongs to another save, so nothing "
            "was sent over it. This save is complete on this machine.",
            hint=f"Save {row.scene_path} again as a new revision, then {DISCARD}.",
        )


def _hash_of_kept(row: SaveRow) -> str:
    """The hash of bytes that are on the server already, by the copy they were sent from."""
    digest = row.sha256 or sha256_of(Path(row.spool_path or ""))
    check_kept(row)  # it may have been written to since it was sent
    return digest
