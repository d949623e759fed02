"""Runs that other engines do: Open Job Description's own runner, and a dask cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.batch.conftest import Batch
from tests.batch.dask_cluster import DaskCluster
from wf_core.batch.cluster import address_of
from wf_core.errors import UsageError

BESIDE_PYTHON = Path(sys.executable).parent


def test_when_a_run_is_exported_then_openjd_does_it_and_its_last_step_lists_what_failed(
    batch: Batch,
) -> None:
    batch.add(7)
    run = batch.prepared()
    for number in (2, 3, 6):
        batch.scenes[number - 1].unlink()
    template = batch.folder / "job.json"
    exported = batch("export", str(run), "--openjd", str(template), "--rows-per-task", "3")
    assert exported.document == {"template": str(template), "tasks": 3}
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
    for number in range(1, 8):
        failed = number in (2, 3, 6)
        assert (f"row {number}: failed: There is no file" in first.stdout) == failed
        records = batch.kitsu.working_files(batch.tasks[number - 1].id)
        assert [record["revision"] for record in records] == ([] if failed else [1])
    assert batch("status", str(run)).document["committed"] == 4
    for number in (2, 3, 6):
        batch.scenes[number - 1].write_bytes(b"here again")
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


def test_when_a_run_is_done_here_then_what_listens_is_on_loopback_and_has_nothing_to_say(
    batch: Batch,
) -> None:
    batch.add(1)
    batch.scenes[0].write_bytes(os.urandom(60_000_000))
    run = batch.prepared()
    client = batch.wf.start(
        *("batch", "resume", str(run), "--workers", "1"), stdout=subprocess.DEVNULL
    )
    batch.wait_for_claim(0)

    found = listening(client.pid)

    assert {host for host, _ in found} == {"127.0.0.1"}
    for _, port in found:
        for page in ("status", "json/identity.json", "api/v1/get_workers"):
            with pytest.raises(urllib.error.HTTPError) as answer:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10)
            answer.value.close()
            assert answer.value.code == 404
    assert client.wait(timeout=120) == 0


def listening(pid: int) -> list[tuple[str, int]]:
    """Where a process listens for connections (proc(5), ``net/tcp``)."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(str(link.readlink()))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                host, port = words[1].split(":")
                address = bytes.fromhex(host)[::-1]
                found.append((".".join(map(str, address)), int(port, 16)))
    return found


@pytest.fixture
def cluster(batch: Batch) -> Iterator[DaskCluster]:
    with ExitStack() as held:
        yield DaskCluster(held, batch)


@pytest.mark.slow
def test_when_the_scheduler_goes_then_the_client_says_so_and_the_run_is_resumed(
    batch: Batch, cluster: DaskCluster
) -> None:
    batch.add(3)
    batch.scenes[1].write_bytes(os.urandom(60_000_000))
    run = batch.prepared()
    cluster.start_worker(1)
    client = batch.wf.start(
        *("batch", "resume", str(run), "--scheduler", str(cluster.file), "--workers", "1"),
        "--json",
        environ=cluster.environ,
        stdout=subprocess.PIPE,
    )
    batch.wait_for_claim(1)

    cluster.scheduler.kill()

    out, _ = client.communicate(timeout=60)
    assert client.returncode == 6, out
    error = json.loads(out)["error"]
    assert "cannot be reached (any more)" in error["message"]
    assert f"wf batch resume {run}" in error["hint"]
    done = batch("resume", str(run), "--workers", "1", WF_HOME=str(batch.folder / "another"))
    assert done.code == 0, done.out + done.err
    batch.assert_each_committed_once()


@pytest.mark.slow
def test_when_a_cluster_does_a_run_and_loses_a_worker_then_every_row_is_committed_once(
    batch: Batch, cluster: DaskCluster
) -> None:
    batch.add(12)
    run = batch.prepared()
    workers = [cluster.start_worker(number) for number in range(3)]
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
    local = batch.folder / "local.run"
    assert batch("run", str(batch.list()), "--run", str(local), "--workers", "2").code == 0
    batch.assert_each_committed_once(revision=2)
    assert facts_of_rows(run) == facts_of_rows(local)
    for file in run.rglob("*"):  # logins stay where they are
        assert not file.is_file() or batch.wf.environ["WF_TOKEN"].encode() not in file.read_bytes()


def facts_of_rows(run: Path) -> list[tuple[str, ...]]:
    """What a run has come to, but for what differs from run to run: its numbers and times."""
    rows = json.loads((run / "report" / "report.json").read_text(encoding="utf-8"))["rows"]
    same = ("row", "label", "name", "comment", "status", "sha256", "size")
    return [tuple(str(row[key]) for key in same) for row in rows]
