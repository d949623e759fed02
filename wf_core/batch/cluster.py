"""A dask.distributed cluster, as what does a run: one of this process, or a studio's own.

A task of the cluster starts the same command that a farm starts, on the machine it lands on, with
that machine's own environment: its login is there, and only the run's folder and some numbers
travel. The client keeps no more tasks with the cluster than may work at once, which is what
bounds the load on the server.

The cluster of this process has one worker whose threads wait for their commands. It talks to itself
in memory: nobody else can reach it, while a port, even one on loopback, is open to all users of
the machine, and whoever reaches a scheduler runs code. What dask opens in any case is an HTTP
server for either of the two; they are bound to loopback and have no routes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wf_core.batch.chunks import chunks_of
from wf_core.batch.command import do_rows, let_go
from wf_core.batch.ledger import Ledger, Tally
from wf_core.batch.run import Run
from wf_core.disk.files import in_words
from wf_core.errors import Cancelled, InputError, ServerUnavailable, UsageError, WorkfilesError

__all__ = ["Cluster", "address_of", "load_dask"]

_LOOK_SECONDS = 1.0
_CONNECT_SECONDS = 30.0
_LONGEST_CHUNK = 100
_MORE_TRIES = 2
"""How often a command is started again that was killed, or could not begin."""
_OF_THIS_PROCESS: dict[str, object] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # Of a cluster that starts a handful of commands nobody wants to know where its time goes:
    # to look for that took a tenth of what the commands take themselves.
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}


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


def load_dask() -> concurrent.futures.Future[None]:
    """Begin to import dask.distributed, which takes half a second, beside what is done meanwhile.

    Returns:
        What tells that it is loaded; its ``result`` raises UsageError where it could not be.

    Raises:
        UsageError: it is not installed.
    """
    if find_spec("distributed") is None:
        raise _not_installed("distributed")
    loader = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="wf-dask")
    loading = loader.submit(_import_dask)
    loader.shutdown(wait=False)
    return loading


def _import_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as missing:
        raise _not_installed(str(missing.name)) from missing


def _not_installed(package: str) -> UsageError:
    return UsageError(
        f"To do a run needs the package “{package}”, which is not installed.",
        hint='Install it with: python -m pip install "kitsu-workfiles[batch]". --prepare and '
        "wf batch work do without.",
    )


class Cluster:
    """A cluster's workers for one run.

    Args:
        run: the run; every worker reaches its folder by the same path.
        address: see :func:`address_of`; None for a cluster of this process.
        workers: most commands at a time, across the cluster.

    Attributes:
        ledger: how the rows stand.
        done: outcomes that came in since the work began.

    Raises:
        UsageError: dask.distributed is not installed.
    """

    def __init__(self, run: Run, *, address: str | None, workers: int) -> None:
        _import_dask()
        import dask
        import distributed

        # What goes wrong with the connection is raised here; dask tells it with tracebacks, too.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self._settings: Any = dask.config
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
        """Do what is not committed yet.

        Args:
            progress: called now and then with how the rows stand.
            cancel: asked now and then whether to stop.

        Returns:
            How the rows stand.

        Raises:
            ServerUnavailable: the scheduler cannot be reached, or has gone.
            UsageError: there are no certificates to reach it with.
            Cancelled: ``cancel`` said so.
            WorkfilesError: commands cannot do anything on the workers.
        """
        try:
            with self._client() as client:
                return self._through(client, progress, cancel)
        except (OSError, asyncio.TimeoutError) as exc:  # a closed connection is an OSError
            where = self._address or "of this process"
            raise ServerUnavailable(
                f"The scheduler {where} cannot be reached (any more). Rows that are "
                "committed stay so.",
                hint=f"wf batch resume {self._run.folder} does the rest.",
            ) from exc

    @contextmanager
    def _client(self) -> Iterator[Any]:
        if self._address is not None:
            # The certificates are the cluster's own set-up, which dask reads from its settings
            # (distributed.comm.tls) on this machine.
            encrypted = self._address.startswith("tls://")
            security = self._dask.Security(require_encryption=encrypted)
            if encrypted and security.get_connection_args("client")["ssl_context"] is None:
                raise UsageError(
                    f"dask's settings name no certificates for {self._address}. Nothing was "
                    "started.",
                    hint="Set distributed.comm.tls.ca-file and .client in them, as the cluster has "
                    "them.",
                )
            with self._dask.Client(
                self._address, security=security, timeout=_CONNECT_SECONDS
            ) as client:
                yield client
            return
        with self._local() as local, self._dask.Client(local) as client:
            try:
                yield client
            finally:
                let_go()  # threads cannot be ended, and wait for these

    @contextmanager
    def _local(self) -> Iterator[Any]:
        silent = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
        with self._settings.set(_OF_THIS_PROCESS):
            local = self._dask.SpecCluster(
                scheduler={
                    "cls": self._dask.Scheduler,
                    "options": {"protocol": "inproc://", **silent},
                },
                workers={
                    0: {
                        "cls": self._dask.Worker,
                        # What commands use is not this process's memory.
                        "options": {"nthreads": self._workers, "memory_limit": None, **silent},
                    }
                },
                silence_logs=logging.CRITICAL,  # what goes wrong is raised here
            )
        with local:
            yield local

    def _through(
        self,
        client: Any,
        progress: Callable[[Tally], None] | None,
        cancel: Callable[[], bool] | None,
    ) -> Tally:
        self.ledger.refresh()
        todo = self.ledger.open_rows()
        # Of a studio's cluster workers may go at any time, and others want their turn.
        longest = None if self._address is None else _LONGEST_CHUNK
        waiting = deque(chunks_of(todo, workers=self._workers, longest=longest))
        running: set[Any] = set()
        while waiting or running:
            while waiting and len(running) < self._workers:
                running.add(self._submit(client, waiting.popleft()))
            if client.status != "running":
                # It would connect again, but what it has asked for it has forgotten.
                raise ConnectionResetError(f"the client is {client.status}")
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

    def _submit(self, client: Any, rows: range) -> Any:
        folder = str(self._run.folder)
        return client.submit(
            do_rows, folder, rows.start, rows.stop - 1, pure=False, retries=_MORE_TRIES
        )

    def _some_of(self, running: set[Any]) -> set[Any]:
        try:
            found = self._dask.wait(
                list(running), timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED"
            )
        except asyncio.TimeoutError:
            return set()
        except (asyncio.CancelledError, concurrent.futures.CancelledError) as exc:
            # Nobody here cancels what is waited for: the connection to the scheduler is lost.
            raise ConnectionResetError("the scheduler is gone") from exc
        return set(found.done)

    def _check(self, future: Any) -> None:
        if future.status == "finished":
            return
        if future.status in ("cancelled", "lost"):
            raise OSError(f"the cluster has forgotten a task ({future.status})")
        raise WorkfilesError(
            f"Worker processes end before their work is done ({future.exception()}). Rows that "
            "are committed stay so.",
            hint=f"wf batch resume {self._run.folder} does the rest; the logs are in "
            f"{self._run.folder / 'logs'}.",
        )
