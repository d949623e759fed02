"""A run whose processes are killed at moments nobody chose, and one of which is frozen.

``WF_TEST_KILLS=10`` in the environment is the long form: so many kills, in a run that is long
enough for them.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.batch.conftest import Batch
from tests.batch.dask_cluster import DaskCluster, commands_below

KILLS = int(os.environ.get("WF_TEST_KILLS", "4"))
VICTIMS = ("client", "worker", "scheduler", "command")
WORKERS = 2
NAMES = 12
TASKS = 2 * KILLS + 2


@pytest.fixture
def cluster(batch: Batch) -> Iterator[DaskCluster]:
    with ExitStack() as held:
        yield DaskCluster(held, batch)


def many_rows(batch: Batch) -> list[dict[str, str]]:
    """Some names in each of some tasks, each with a scene of its own."""
    batch.add(TASKS)
    rows = []
    for task in batch.tasks:
        for number in range(1, NAMES + 1):
            scene = batch.folder / f"{task.id}_{number}.blend"
            scene.write_bytes(os.urandom(200_000))
            rows.append({"scene": scene.name, "task": task.id, "name": f"part_{number:02d}"})
    return rows


@pytest.mark.slow
def test_when_client_worker_and_scheduler_are_killed_and_one_is_frozen_then_each_row_is_there_once(
    batch: Batch, cluster: DaskCluster
) -> None:
    rows = many_rows(batch)
    prepared = batch("run", str(batch.list(rows)), "--prepare")
    assert prepared.code == 0, prepared.out + prepared.err
    chance = random.Random(20)
    client: subprocess.Popen[str] | None = None
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(KILLS)]
    chance.shuffle(victims)
    try:
        for victim in [*victims, "frozen"]:
            client = going_on(batch, cluster, client, chance.uniform(0.0, 0.5))
            if victim == "frozen":
                break
            pid = {
                "client": client.pid,
                "worker": cluster.workers[chance.randrange(WORKERS)].pid,
                "scheduler": cluster.scheduler.pid,
                "command": chance.choice(commands_below(batch.folder.parent) or [client.pid]),
            }[victim]
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
        while not (frozen := commands_below(batch.folder.parent)):  # between two chunks
            client = going_on(batch, cluster, client, 0.0)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        assert batch("status", str(batch.run)).document["committed"] < len(rows)
        client.kill()

        another = str(batch.folder.parent / "another")
        done = batch("resume", str(batch.run), "--workers", "2", seconds=400.0, WF_HOME=another)

        assert done.code == 0, done.out + done.err
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
        wait_until_gone(frozen)
    finally:
        for pid in commands_below(batch.folder.parent):
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
        if client is not None:
            client.kill()
            client.wait()
    assert_each_there_once(batch, rows)


def resumed_by(batch: Batch, cluster: DaskCluster) -> subprocess.Popen[str]:
    """A client that has the cluster do the rest."""
    return batch.wf.start(
        *("batch", "resume", str(batch.run), "--workers", str(WORKERS)),
        *("--scheduler", str(cluster.file)),
        environ=cluster.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def going_on(
    batch: Batch, cluster: DaskCluster, client: subprocess.Popen[str] | None, seconds: float
) -> subprocess.Popen[str]:
    """Return some time after one more row has ended, with what is gone started again; gives the
    client that is there. A moment nobody chose is what is tested."""
    known = results(batch)
    give_up = time.monotonic() + 90
    while results(batch) == known:
        assert time.monotonic() < give_up, "nothing is done any more"
        cluster.mend(WORKERS)
        if client is None or client.poll() is not None:
            client = resumed_by(batch, cluster)
        time.sleep(0.02)
    assert client is not None
    time.sleep(seconds)
    return client


def results(batch: Batch) -> int:
    return sum(path.stat().st_size for path in (batch.run / "results").iterdir())


def wait_until_gone(pids: list[int]) -> None:
    give_up = time.monotonic() + 120
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < give_up, f"{pids} are still there"
        time.sleep(0.1)


def assert_each_there_once(batch: Batch, rows: list[dict[str, str]]) -> None:
    """Every row is one committed revision, the first, with the bytes of its scene. Who was frozen
    on the way to its number has declared void the one it then got."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for task in batch.tasks:
        for record in batch.kitsu.working_files(task.id):
            found[task.id, record["name"]].append(record)
    assert len(found) == len(rows)
    for row in rows:
        scene = (batch.folder / row["scene"]).read_bytes()
        record, *others = found[row["task"], row["name"]]
        facts = record["data"]["workfiles"]
        assert record["revision"] == 1
        assert facts["sha256"] == hashlib.sha256(scene).hexdigest() and "fence" not in facts
        assert batch.kitsu.stored_bytes(record["id"]) == scene
        assert all(other["data"]["workfiles"].get("void") is True for other in others), others
