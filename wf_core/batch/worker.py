"""Doing some rows of a run: what ``wf batch work`` is.

Rows that are committed are passed over, so it may be started, killed and started again by
anything, at any time, also twice at once. One process does many rows: what a production's other
tasks are is read once for all of them.
"""

from __future__ import annotations

import datetime
import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from wf_core.batch.attempts import Attempts, Tried
from wf_core.batch.children import Children
from wf_core.batch.desk import desk_for
from wf_core.batch.fence import Stale, owner_of
from wf_core.batch.ledger import Ledger, Outcome, Outcomes, Status
from wf_core.batch.processed import RowFile
from wf_core.batch.run import Row, Run
from wf_core.batch.tasks import TaskBook
from wf_core.disk.files import in_words
from wf_core.disk.locks import hold
from wf_core.errors import (
    NotLoggedIn,
    ServerError,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.saves import marker
from wf_core.saves.desk import Desk
from wf_core.saves.machine import machine_name
from wf_core.settings import Settings
from wf_core.steps import RETRY, as_commands

__all__ = ["PATIENCE_SECONDS", "Worker"]

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 600.0
"""How long a worker waits for a server that is away before it leaves the rest of its rows."""

_MOST_TRIES = 5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_BUSY_SECONDS = 15.0
_LOOKS_PER_ROW = 5
_LOOK_SECONDS = 30.0


class Worker:
    """Does rows of one run in this process. Use it as a context manager.

    Args:
        settings: whose login is used, and where things lie.
        run: the run.
        patience: seconds to wait for a server that is away.
        cancel: asked between rows whether to stop.

    Raises:
        NotLoggedIn, InputError: see :func:`wf_core.batch.desk.desk_for`.
    """

    def __init__(
        self,
        settings: Settings,
        run: Run,
        *,
        patience: float = PATIENCE_SECONDS,
        cancel: Callable[[], bool] = lambda: False,
    ) -> None:
        self._run = run
        self._patience = patience
        self._cancel = cancel
        self._desk: Desk = desk_for(settings, run)
        seconds = settings.profile.timeout
        engine = self._desk.engine_within(seconds)
        self._attempts = Attempts(self._desk, engine, owner=owner_of(self._desk.settings.home))
        self._tasks = TaskBook(self._desk.client, engine.checks.records)
        self._ledger = Ledger(run.results, run.count)
        self._pause = threading.Event()
        self._children = Children(run.limits)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._children.__exit__()
        self._desk.close()

    def work(self, first: int, last: int) -> list[Outcome]:
        """Do the rows from ``first`` to ``last`` that are not committed.

        Returns:
            How each of them stands now; rows of which nothing is known (the server was away, the
            worker was stopped, another process has them) are left out.

        Raises:
            NotLoggedIn: the login does not count any more; what is done is done.
            WorkfilesError: the run's folder cannot be read or written.
        """
        rows = self._run.rows(first, last)
        self._ledger.refresh()
        todo = [row for row in rows if not self._ledger.is_committed(row.row)]
        if todo:
            outcomes = Outcomes(self._run.results, [row.row for row in rows])
            try:
                left = self._pass(todo, outcomes, wait=0.0)
                # Those another process was at: by now it may have done them, or have died.
                self._pass(left, outcomes, wait=_BUSY_SECONDS)
            finally:
                outcomes.close()
            self._look_again()
        self._ledger.refresh()
        known = [self._ledger.of(row.row) for row in rows]
        return [outcome for outcome in known if outcome is not None]

    def _pass(self, rows: Sequence[Row], outcomes: Outcomes, *, wait: float) -> list[Row]:
        """One pass over rows; gives those that another process is at."""
        busy: list[Row] = []
        for row in rows:
            if self._cancel():
                return []
            with hold(self._desk.engine.row_lock(self._run.save_id(row.row)), wait=wait) as mine:
                if not mine:
                    busy.append(row)
                    continue
                outcome, away = self._do(row)
                outcomes.write(outcome)
            if away:
                return []
            self._desk.queue.look_again(at_most=_LOOKS_PER_ROW, overdue=_LOOK_SECONDS)
        return busy

    def _do(self, row: Row) -> tuple[Outcome, bool]:
        """Try one row until it is committed, has failed, or waiting for it makes no sense; and
        whether the server is away."""
        started = time.monotonic()
        number = self._ledger.attempts(row.row) + 1
        log_of_row, picture = self._run.log_of(row.row), self._run.picture_of(row.row)
        scene = RowFile(row, self._children, log_of_row, picture)
        try:
            return self._persist(row, scene, number, started)
        finally:
            scene.discard()

    def _persist(
        self, row: Row, scene: RowFile, number: int, started: float
    ) -> tuple[Outcome, bool]:
        pause, tries, reached = _FIRST_PAUSE, 0, started
        while True:
            tries += 1
            tried, failure, trace = self._try(row, scene, number)
            number = tried.attempt if tried is not None else number
            seconds = time.monotonic() - started
            if tried is not None and tried.record is not None:
                scene.keep_picture()
                return self._committed(row, tried, number, seconds), False
            if failure is None:
                assert tried is not None
                failure = _failure_of(tried)
            status = _status_of(failure)
            self._note(row, number, failure, trace)
            away = isinstance(failure, ServerUnavailable) or self._desk.circuit.is_open()
            if not away:
                reached = time.monotonic()
            worth_it = (
                time.monotonic() - reached + pause < self._patience if away else tries < _MOST_TRIES
            )
            if status != "unsent" or isinstance(failure, Stale) or not worth_it or self._cancel():
                return self._not_committed(row, number, status, failure, seconds), away
            self._pause.wait(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)
            number += 1
            self._desk.circuit.reset()

    def _try(
        self, row: Row, scene: RowFile, number: int
    ) -> tuple[Tried | None, WorkfilesError | None, str]:
        try:
            context = self._tasks.context(row.task)
            save_id = self._run.save_id(row.row)
            tried = self._attempts.make(
                row, context, scene=scene.file, save_id=save_id, number=number
            )
            return tried, None, ""
        except NotLoggedIn:
            raise
        except WorkfilesError as exc:
            return None, exc, ""
        except Exception as exc:
            # One row must not take the others along, whatever is wrong with it.
            log.exception("row %d failed unexpectedly", row.row)
            said = f"{type(exc).__name__}: {exc}"
            unexpected = _Unexpected(f"This row met a fault of the program itself: {said}")
            return None, unexpected, traceback.format_exc()

    def _look_again(self) -> None:
        """The second looks of the last rows, as soon as their time has come; those that another
        process of the run is at are its own."""
        server = self._desk.client.session.server
        give_up = time.monotonic() + _BUSY_SECONDS
        while time.monotonic() < give_up and not self._cancel():
            self._desk.queue.look_again()
            waits = [row.waits() for row in self._desk.journal.unchecked(server=server)]
            if not waits:
                return
            self._pause.wait(max(0.1, min(waits)))

    def _committed(self, row: Row, tried: Tried, number: int, seconds: float) -> Outcome:
        assert tried.record is not None
        facts = marker.workfiles_data(tried.record)
        size = facts.get("size")
        path = tried.row.final_path if tried.row is not None else tried.record.path
        return Outcome(
            row=row.row,
            attempt=number,
            status="committed",
            save_id=self._run.save_id(row.row),
            working_file_id=tried.record.id,
            revision=tried.record.revision,
            path=path,
            sha256=str(facts["sha256"]) if facts.get("sha256") else None,
            size=size if isinstance(size, int) else None,
            **self._stamp(seconds),
        )

    def _not_committed(
        self, row: Row, number: int, status: Status, failure: WorkfilesError, seconds: float
    ) -> Outcome:
        return Outcome(
            row=row.row,
            attempt=number,
            status=status,
            save_id=self._run.save_id(row.row),
            kind=failure.kind,
            error=_for_a_run(failure.message),
            hint=_for_a_run(failure.hint),
            **self._stamp(seconds),
        )

    @staticmethod
    def _stamp(seconds: float) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.timezone.utc)
        return {
            "seconds": round(seconds, 3),
            "machine": machine_name(),
            "finished_at": now.isoformat(timespec="milliseconds"),
        }

    def _note(self, row: Row, number: int, failure: WorkfilesError, trace: str) -> None:
        """Write what went wrong into the row's log."""
        stamp = self._stamp(0.0)
        path = self._run.log_of(row.row)
        with in_words(path, writing=True), path.open("a", encoding="utf-8") as stream:
            stream.write(
                f"{stamp['finished_at']} {stamp['machine']} attempt {number}: {failure}\n{trace}"
            )


class _Unexpected(WorkfilesError):
    kind = "bug"


class _Left(ServerError):
    """A save that is safe in the run's journal and may be tried again."""

    kind = "unsent"


def _for_a_run(text: str) -> str:
    """A text of the core, which speaks of one save: a run's are tried again by resuming it."""
    return as_commands(text.replace(RETRY, "“wf batch resume”"))


def _failure_of(tried: Tried) -> WorkfilesError:
    """What the journal says of a save that was begun and is not committed."""
    assert tried.row is not None
    if tried.row.parked == Stale.kind:
        return Stale()
    message = tried.row.error or "The server did not take it."
    if tried.row.parked is None:
        return _Left(message)
    parked = WorkfilesError(message)
    parked.kind = tried.row.parked
    return parked


def _status_of(failure: WorkfilesError) -> Status:
    """Whether it may pass by itself, or a person has to look."""
    return "unsent" if isinstance(failure, (ServerError, Stale)) else "failed"
