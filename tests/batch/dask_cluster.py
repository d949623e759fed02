"""A dask cluster with TLS on loopback, each part a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from tests.batch.conftest import Batch

CERTIFICATE = Path(__file__).parents[1] / "kitsu" / "tls" / "loopback.pem"


class DaskCluster:
    """A scheduler, and workers with a WF_HOME each.

    Args:
        held: ends what was started.
        batch: whose environment they have.
    """

    def __init__(self, held: ExitStack, batch: Batch) -> None:
        self._held = held
        self._batch = batch
        self._folder = batch.folder.parent
        self.file = self._folder / "scheduler.json"
        tls = {
            f"DASK_DISTRIBUTED__COMM__TLS__{part}": str(CERTIFICATE)
            for who in ("SCHEDULER", "WORKER", "CLIENT")
            for part in (f"{who}__CERT", f"{who}__KEY", "CA_FILE")
        }
        self.environ = {**tls, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true"}
        self.scheduler = self.start_scheduler()
        self.workers: dict[int, subprocess.Popen[bytes]] = {}

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        """A scheduler, in place of one that is gone."""
        self.file.unlink(missing_ok=True)
        self.scheduler = self._start(
            "dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0",
            "--no-dashboard", "--scheduler-file", str(self.file),
        )  # fmt: skip
        give_up = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < give_up and self.scheduler.poll() is None, "no scheduler"
            time.sleep(0.05)
        return self.scheduler

    def start_worker(self, number: int) -> subprocess.Popen[bytes]:
        """The worker of that number, with its own WF_HOME."""
        self.workers[number] = self._start(
            "dask_worker", "--protocol", "tls", "--host", "127.0.0.1", "--nthreads", "1",
            "--no-nanny", "--no-dashboard", "--scheduler-file", str(self.file),
            "--local-directory", str(self._folder / f"dask_{number}"), "--death-timeout", "20",
            WF_HOME=str(self._folder / f"home_{number}"),
        )  # fmt: skip
        return self.workers[number]

    def mend(self, workers: int) -> None:
        """Start what is not there."""
        if self.scheduler.poll() is not None:
            self.start_scheduler()
            for worker in self.workers.values():  # theirs is gone
                worker.kill()
                worker.wait()
        for number in range(workers):
            known = self.workers.get(number)
            if known is None or known.poll() is not None:
                self.start_worker(number)

    def _start(self, what: str, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        log = self._held.enter_context((self._folder / "dask.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{what}", *arguments],
            env={**self._batch.wf.environ, **self.environ, **environ},
            stdout=log,
            stderr=log,
        )

        def end() -> None:
            process.kill()
            process.wait()

        self._held.callback(end)
        return process


def commands_below(folder: Path) -> list[int]:
    """The commands that do rows, started by workers whose WF_HOME is below ``folder``."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
            environ = (each / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # not ours, or gone
        below = os.fsencode(f"WF_HOME={folder}{os.sep}")
        if b"work" in words and any(each.startswith(below) for each in environ):
            found.append(int(each.name))
    return found
