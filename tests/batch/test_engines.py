"""Runs that other engines do: Open Job Description's own runner, and a dask cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.batch.conftest import Batch
from wf_core.batch.cluster import address_of
from wf_core.errors import UsageError

CERTIFICATE = Path(__file__).parents[1] / "kitsu" / "tls" / "loopback.pem"
BESIDE_PYTHON = Path(sys.executable).parent


def test_when_a_run_is_exported_then_openjd_does_it_and_its_last_step_lists_what_failed(
    batch: Batch,
) -> None:
    batch.add(4)
    run = batch.prepared()
    batch.scenes[2].unlink()
    template = batch.folder / "job.json"
    exported = batch("export", str(run), "--openjd", str(template), "--rows-per-task", "2")
    assert exported.document == {"template": str(template), "tasks": 2}
    openjd = [sys.executable, "-m", "openjd", "run", str(template), "--run-dependencies"]

    def do() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*openjd, "--step", "Account", "-p", f"Wf={BESIDE_PYTHON / 'wf'}"],
            env=dict(batch.wf.environ),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    first = do()

    assert first.returncode != 0
    assert "row 3: failed: There is no file" in first.stdout
    assert batch("status", str(run)).document["committed"] == 3
    batch.scenes[2].write_bytes(b"here again")
    assert do().returncode == 0
    batch.assert_each_committed_once()


@pytest.mark.parametrize(
    ("scheduler", "allow_tcp", "expected"),
    [
        pytest.param("tls://farm:8786", False, "tls://farm:8786", id="encrypted"),
        pytest.param("tcp://farm:8786", True, "tcp://farm:8786", id="plain, allowed"),
        pytest.param("tcp://farm:8786", False, None, id="plain"),
        pytest.param("ws://farm:8786", True, None, id="another protocol"),
    ],
)
def test_when_a_scheduler_is_named_then_only_an_encrypted_one_is_taken_unless_allowed(
    scheduler: str, allow_tcp: bool, expected: str | None
) -> None:
    if expected is not None:
        assert address_of(scheduler, allow_tcp=allow_tcp) == expected
        return
    with pytest.raises(UsageError, match="not encrypted"):
        address_of(scheduler, allow_tcp=allow_tcp)


class DaskCluster:
    """A scheduler and workers with TLS on loopback, each a process of its own."""

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
        self._start(
            "dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0",
            "--no-dashboard", "--scheduler-file", str(self.file),
        )  # fmt: skip
        give_up = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < give_up, "no scheduler"
            time.sleep(0.05)

    def worker(self, number: int) -> subprocess.Popen[bytes]:
        """One more worker, with a WF_HOME of its own."""
        home = self._folder / f"home_{number}"
        return self._start(
            "dask_worker", "--protocol", "tls", "--host", "127.0.0.1", "--nthreads", "1",
            "--no-nanny", "--no-dashboard", "--scheduler-file", str(self.file),
            "--local-directory", str(self._folder / f"dask_{number}"),
            WF_HOME=str(home),
        )  # fmt: skip

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


@pytest.fixture
def cluster(batch: Batch) -> Iterator[DaskCluster]:
    with ExitStack() as held:
        yield DaskCluster(held, batch)


@pytest.mark.slow
def test_when_a_cluster_does_a_run_and_loses_a_worker_then_every_row_is_committed_once(
    batch: Batch, cluster: DaskCluster
) -> None:
    batch.add(12)
    run = batch.prepared()
    workers = [cluster.worker(number) for number in range(3)]
    client = batch.wf.start(
        *("batch", "resume", str(run), "--scheduler", str(cluster.file), "--workers", "3"),
        "--json",
        environ=cluster.environ,
        stdout=subprocess.PIPE,
    )
    give_up = time.monotonic() + 120
    while not any((run / "results").iterdir()):
        assert time.monotonic() < give_up and client.poll() is None
        time.sleep(0.05)

    os.kill(workers[0].pid, signal.SIGKILL)

    out, _ = client.communicate(timeout=240)
    assert client.returncode == 0, out
    assert json.loads(out)["committed"] == 12
    batch.assert_each_committed_once()
    for file in run.rglob("*"):  # logins stay where they are
        assert not file.is_file() or batch.wf.environ["WF_TOKEN"].encode() not in file.read_bytes()
