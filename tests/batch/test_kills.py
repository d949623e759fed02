"""Processes of a run that are killed at moments nobody chose."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.batch.conftest import Batch


def processes_of(batch: Batch) -> list[int]:
    """The client and the workers of the test's run that are there now."""
    found = []
    home = os.fsencode(f"WF_HOME={batch.wf.environ['WF_HOME']}")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # not ours, or gone
        if home in environ:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
def test_when_client_and_workers_are_killed_at_random_then_each_row_is_committed_once(
    batch: Batch,
) -> None:
    batch.add(16)
    run = str(batch.prepared())
    chance = random.Random(20)
    kills = 0
    while kills < 5 and batch("status", run).document["committed"] < 16:
        client = batch.wf.start(
            *("batch", "resume", run, "--workers", "2"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(1.0, 4.0))  # a moment nobody chose is what is tested
        for pid in chance.sample(here := processes_of(batch), k=min(2, len(here))):
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)
                kills += 1
        client.kill()
        client.wait()

    done = batch("resume", run, "--workers", "2", seconds=200.0)

    assert done.code == 0, done.out + done.err
    batch.assert_each_committed_once()
