"""The queue: everything that waits for the server, in order where order matters.

Saves of one (task, name) go one after the other, those of different ones side by side, up
to a bound. Works the same for ``wf sync`` and for the detached uploader.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from wf_core.disk.locks import hold, record_lock
from wf_core.errors import Cancelled, NotLoggedIn, ServerError, WorkfilesError
from wf_core.results import SyncResult
from wf_core.saves.engine import SaveEngine
from wf_core.saves.filing import Filing
from wf_core.saves.recovery import UNSURE, recover, tidy_abandoned
from wf_core.saves.row import OPEN_STATES, SaveRow
from wf_core.steps import SENT_LATER

__all__ = ["Queue"]

_KEPT_ROWS = 5_000
"""Of all saves the latest: what an application asks of those that are open in it."""

Report = Callable[[str, int, int], None]
Ask = Callable[[], bool]


@dataclass(frozen=True)
class Queue:
    """The queue of one server.

    Attributes:
        connections: most saves under way at the same time.
    """

    engine: SaveEngine
    filing: Filing
    server: str
    connections: int = 3

    def work(
        self,
        *,
        everything: bool,
        progress: Report | None = None,
        cancel: Ask | None = None,
    ) -> SyncResult:
        """Take every save as far as it goes now, once.

        Args:
            everything: parked saves and those that wait for their next try as well: a
                person asked for it.
            progress: called with what is going on, bytes or saves done, and in total.
            cancel: asked now and then whether to stop.

        Returns:
            How many were committed by this call, and how many are left, waiting or parked.

        Raises:
            Cancelled: the user stopped it; what is not sent is safe and stays in the queue.
        """
        self._file(everything)
        chains = deque(self._chains(everything))
        tally = _Tally(total=sum(len(chain) for chain in chains), progress=progress)
        threads = [
            threading.Thread(
                target=self._run,
                args=(chains, everything, tally, cancel),
                name=f"wf-queue-{n}",
                daemon=True,
            )
            for n in range(min(self.connections, len(chains)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
        if tally.failure is not None:
            raise tally.failure
        self._tidy()
        left = self.engine.journal.rows(*OPEN_STATES, server=self.server)
        parked = sum(row.parked is not None for row in left)
        return SyncResult(committed=tally.committed, pending=len(left) - parked, parked=parked)

    def look_again(self, *, at_most: int = 10_000, overdue: float = 0.0) -> None:
        """Second looks at committed saves whose time has come; their spool is emptied.

        Args:
            at_most: how many to look at.
            overdue: seconds for which their time must have come already.
        """
        for row in self.engine.journal.unchecked(
            server=self.server, at_most=at_most, overdue=overdue
        ):
            with hold(self.engine.row_lock(row.save_id)) as mine:
                now = self.engine.journal.get(row.save_id)
                if not mine or now is None or now.state != "committed" or now.checked >= 2:
                    continue  # another process is at it, or has just been
                try:
                    self.engine.delivery.look_again(now)
                except (ServerError, NotLoggedIn):
                    return  # not now; the next pass looks
                except WorkfilesError:
                    continue  # this one cannot be looked at; the others can

    def _file(self, everything: bool) -> None:
        """Find out first whose the saves are of which that was not known: it decides behind
        which others they have to wait."""
        rows = self.engine.journal.rows(*OPEN_STATES, server=self.server)
        if not everything and all(row.parked or row.waits() > 0 for row in rows):
            return
        # One that has to wait for its own next try would keep those behind it waiting, too.
        due = [
            row
            for row in rows
            if row.is_unfiled and row.parked != UNSURE and (everything or row.parked is None)
        ]
        self.filing.file_all(due, self._recovered)

    def _recovered(self, row: SaveRow) -> SaveRow:
        return recover(self.engine.journal.update(row, parked=None), self.engine)

    def _chains(self, everything: bool) -> Iterable[list[str]]:
        chains: dict[tuple[str, str, str], list[str]] = {}
        unknown: set[str] = set()
        for row in self.engine.journal.rows(*OPEN_STATES, server=self.server):
            if row.may_be_filed_before(row.name):
                unknown.add(row.name)
            if row.is_unfiled or (not everything and row.parked is not None):
                continue
            if row.name in unknown and row.working_file_id is None:
                continue  # an earlier save may turn out to be of the same file
            chains.setdefault(row.scope, []).append(row.save_id)
        return list(chains.values())

    def _run(
        self, chains: deque[list[str]], everything: bool, tally: _Tally, cancel: Ask | None
    ) -> None:
        while True:
            try:
                chain = chains.popleft()
            except IndexError:
                return
            for save_id in chain:
                if tally.failure is not None:
                    return
                try:
                    if not self._advance(save_id, everything, tally, cancel):
                        break
                except BaseException as exc:  # noqa: BLE001  (raised again by work())
                    tally.failure = exc
                    return

    def _advance(self, save_id: str, everything: bool, tally: _Tally, cancel: Ask | None) -> bool:
        """One save; False when those behind it in its chain have to wait for it."""
        if cancel is not None and cancel():
            raise Cancelled(
                "Stopped. What is not sent yet is safe on this machine.",
                hint=SENT_LATER,
            )
        with hold(self.engine.row_lock(save_id)) as mine:
            row = self.engine.journal.get(save_id)
            if not mine or row is None or row.state not in OPEN_STATES:
                return mine
            if row.parked == UNSURE:
                return True
            if not everything and row.waits() > 0:
                return row.working_file_id is not None
            row = self.advance(row, progress=tally.bytes_of(row), cancel=cancel)
            tally.done(row)
            # Nobody knows whether one that waits for a person will ever have a number.
            numbered = row.working_file_id is not None or row.state == "abandoned"
            return numbered or row.parked is not None

    def advance(
        self,
        row: SaveRow,
        *,
        progress: Callable[[int, int], None] | None = None,
        cancel: Ask | None = None,
    ) -> SaveRow:
        """One save as far as it goes now. The caller holds the row's lock."""
        row = self._recovered(row)
        if row.parked is not None or row.state not in ("saved", "uploaded"):
            return row
        row = self.filing.try_to_file(row)
        if row.is_unfiled:
            return row
        return self.engine.delivery.deliver(row, progress=progress, cancel=cancel)

    def _tidy(self) -> None:
        self.look_again()
        for row in self.engine.journal.rows("abandoned", server=self.server):
            with hold(self.engine.row_lock(row.save_id)) as mine:
                # Another save may have taken its claim over since it was read.
                now = self.engine.journal.get(row.save_id)
                if not mine or now is None or now.state != "abandoned":
                    continue
                try:
                    now = tidy_abandoned(now, self.engine.delivery)
                except (ServerError, NotLoggedIn):
                    return  # not now
                except WorkfilesError:
                    continue  # nothing can be done about this one; about the others, it may
                if now.is_finished():
                    self.engine.spool.empty(now)
        self._forget()

    def _forget(self) -> None:
        """Saves of long ago, with the files that locked them: a journal is looked through at
        each start, and is to take no longer after years. Nobody locks one of them any more."""
        for row in self.engine.journal.forget(keep=_KEPT_ROWS):
            locks = [self.engine.row_lock(row.save_id)]
            if row.working_file_id is not None:
                locks.append(record_lock(self.engine.lock_folder, row.working_file_id))
            for lock in locks:
                with suppress(OSError):  # held open on Windows: it stays
                    lock.unlink()


class _Tally:
    """What the threads of one pass report, in one place."""

    def __init__(self, *, total: int, progress: Report | None) -> None:
        self.committed = 0
        self.failure: BaseException | None = None
        self._total = total
        self._finished = 0
        self._progress = progress
        self._guard = threading.Lock()

    def bytes_of(self, row: SaveRow) -> Callable[[int, int], None] | None:
        if self._progress is None:
            return None
        progress = self._progress
        label = f"{row.task_label} {row.name}"

        def report(done: int, total: int) -> None:
            with self._guard:
                progress(f"Uploading {label}", done, total)

        return report

    def done(self, row: SaveRow) -> None:
        with self._guard:
            self._finished += 1
            self.committed += row.state == "committed"
            if self._progress is not None:
                self._progress("Saves", self._finished, self._total)
