"""The workers of a dask.distributed cluster, as what does a run.

A task of the cluster starts the same command that a farm starts, on the machine it lands on, with
that machine's own environment: its login is there, and only the run's folder and some numbers
travel. The client keeps no more tasks with the cluster than may work at once, which is what
bounds the load on the server.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wf_core.batch.command import WORKED, last_words, start_work
from wf_core.batch.ledger import Ledger, Tally
from wf_core.batch.pool import chunks_of
from wf_core.batch.run import Run
from wf_core.disk.files import in_words
from wf_core.errors import Cancelled, InputError, ServerUnavailable, UsageError, WorkfilesError

__all__ = ["Cluster", "address_of", "do_rows"]

_LOOK_SECONDS = 0.5
_CONNECT_SECONDS = 30.0
_LONGEST_CHUNK = 100


def address_of(scheduler: str, *, allow_tcp: bool) -> str:
    """The address of a scheduler, given as such or by its scheduler file.

    Args:
        scheduler: ``tls://host:port``, or the path of a scheduler file.
        allow_tcp: take one without TLS, too.

    Raises:
        UsageError: it is not encrypted: whoever reaches it can run code on every worker.
        InputError, FileUnreadable: the file is no scheduler file.
    """
    address = scheduler
    if "://" not in scheduler:
        path = Path(scheduler)
        with in_words(path, writing=False):
            try:
                address = str(json.loads(path.read_text(encoding="utf-8"))["address"])
            except (ValueError, KeyError, TypeError) as exc:
                raise InputError(f"{path} is no scheduler file: it names no address.") from exc
    if not address.startswith("tls://") and not (allow_tcp and address.startswith("tcp://")):
        raise UsageError(
            f"The scheduler {address} is not encrypted: whoever reaches it can run code on every "
            "worker as the user who started it. Nothing was started.",
            hint="Use tls://, or give --allow-tcp on a network where that is nobody else.",
        )
    return address


def do_rows(folder: str, first: int, last: int) -> int:
    """What a task of the cluster does, on one of its workers: the command for some rows.

    Returns:
        The command's exit code.

    Raises:
        RuntimeError: the command did not come to the end of its rows.
    """
    rows = range(first, last + 1)
    process = start_work(Path(folder), rows)
    try:
        code = process.wait()
    finally:
        assert process.stdin is not None
        process.stdin.close()  # it ends after the row it is at, if it has not
    if code not in WORKED:
        raise RuntimeError(f"wf ended with {code}: {last_words(Path(folder), rows)}")
    return code


class Cluster:
    """A cluster's workers for one run; works as :class:`wf_core.batch.pool.Pool` does.

    Args:
        run: the run; every worker reaches its folder by the same path.
        address: see :func:`address_of`.
        workers: most commands at a time, across the cluster.

    Attributes:
        ledger: how the rows stand.
        done: outcomes that came in since the work began.

    Raises:
        UsageError: dask.distributed is not installed.
    """

    def __init__(self, run: Run, *, address: str, workers: int) -> None:
        try:
            import distributed
        except ModuleNotFoundError as missing:
            raise UsageError(
                f"A cluster needs the package “{missing.name}”, which is not installed.",
                hint='Install it with: python -m pip install "kitsu-workfiles[batch]"',
            ) from missing
        self._dask: Any = distributed
        self._run = run
        self._address = address
        self._workers = workers
        self.ledger = Ledger(run.results, run.count)
        self.done = 0

    def work(
        self,
        *,
        progress: Callable[[Tally], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> Tally:
        """Do what is not committed yet. Arguments and answer as those of ``Pool.work``.

        Raises:
            ServerUnavailable: the scheduler cannot be reached, or has gone.
            Cancelled: ``cancel`` said so.
            WorkfilesError: commands cannot do anything on the workers.
        """
        try:
            with self._client() as client:
                return self._through(client, progress, cancel)
        except (OSError, asyncio.TimeoutError) as exc:  # a closed connection is an OSError
            raise ServerUnavailable(
                f"The scheduler {self._address} cannot be reached (any more). Rows that are "
                "committed stay so.",
                hint=f"wf batch resume {self._run.folder} does the rest.",
            ) from exc

    def _client(self) -> Any:
        # The certificates are the cluster's own set-up, which dask reads from its settings
        # (distributed.comm.tls) on this machine.
        security = self._dask.Security(require_encryption=self._address.startswith("tls://"))
        return self._dask.Client(self._address, security=security, timeout=_CONNECT_SECONDS)

    def _through(
        self,
        client: Any,
        progress: Callable[[Tally], None] | None,
        cancel: Callable[[], bool] | None,
    ) -> Tally:
        self.ledger.refresh()
        todo = self.ledger.open_rows()
        waiting = deque(chunks_of(todo, workers=self._workers, longest=_LONGEST_CHUNK))
        running: set[Any] = set()
        while waiting or running:
            while waiting and len(running) < self._workers:
                rows = waiting.popleft()
                running.add(
                    client.submit(
                        do_rows, str(self._run.folder), rows.start, rows.stop - 1, pure=False
                    )
                )
            ended = self._some_of(running)
            running -= ended
            self.done += len(self.ledger.refresh())
            if progress is not None:
                progress(self.ledger.tally())
            if cancel is not None and cancel():
                client.cancel(list(running))
                raise Cancelled(
                    "Stopped. Workers end what they are at; rows that are committed stay so.",
                    hint=f"wf batch resume {self._run.folder} does the rest.",
                )
            for future in ended:
                self._check(future)
        self.ledger.refresh()
        return self.ledger.tally()

    def _some_of(self, running: set[Any]) -> set[Any]:
        try:
            found = self._dask.wait(
                list(running), timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED"
            )
        except asyncio.TimeoutError:
            return set()
        return set(found.done)

    def _check(self, future: Any) -> None:
        if future.status == "finished":
            return
        if future.status in ("cancelled", "lost"):
            raise OSError(f"the cluster has forgotten a task ({future.status})")
        raise WorkfilesError(
            f"The cluster could not do some rows: {future.exception()}. Rows that are committed "
            "stay so.",
            hint=f"wf batch resume {self._run.folder} does the rest; the logs are in "
            f"{self._run.folder / 'logs'}.",
        )
