"""Saves whose process was really killed, at every step, and a fresh process that finds them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu
from saves.conftest import LogIn

from wf_core.filehost import FileHost
from wf_core.saves import uploader
from wf_core.workfiles import SaveRequest

Scene = Callable[..., Path]

# Runs a save and kills itself just before, or just after, a function of the engine.
DOOMED = """
import os, signal, sys
from pathlib import Path
from wf_core.filehost import FileHost
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles
from wf_core.saves import claim, delivery, engine, journal, numbering, sending, spool

scene, task, where, when = sys.argv[1:5]
owner, name = {
    "plan": (journal.Journal, "add"),
    "ask": (claim.Claimer, "claim"),
    "record claim": (delivery.Delivery, "record_claim"),
    "write": (engine.SaveEngine, "_write"),
    "set aside": (engine.SaveEngine, "set_aside"),
    "settle": (engine.SaveEngine, "settle"),
    "upload": (sending.Sending, "send"),
    "commit": (delivery.Delivery, "commit"),
}[where]
real = getattr(owner, name)

def fatal(*args, **kwargs):
    if name == "send":
        kwargs["settling"].written()  # the upload begins while the scene is still being copied
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, fatal)
with Workfiles(load()) as workfiles:
    workfiles.save(FileHost(Path(scene)), SaveRequest(task=task, comment="doomed"))
"""

# Whether the save is worth completing: from the moment its scene is written.
STEPS = [
    ("plan", "before", False),
    ("plan", "after", False),
    ("ask", "before", False),
    ("ask", "after", False),
    ("record claim", "after", False),
    ("write", "before", False),
    ("set aside", "before", True),
    ("set aside", "after", True),
    ("settle", "before", True),
    ("settle", "after", True),
    ("upload", "before", True),
    ("upload", "after", True),
    ("commit", "before", True),
    ("commit", "after", True),
]


@pytest.mark.parametrize(
    ("where", "when", "written"), STEPS, ids=[f"{when} {where}" for where, when, _ in STEPS]
)
def test_when_the_process_is_killed_then_the_next_one_completes_or_gives_up(
    kitsu: LiveKitsu,
    log_in: LogIn,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    when: str,
    written: bool,
) -> None:
    monkeypatch.setattr(uploader, "start", lambda settings: False)
    workfiles = log_in()
    task = kitsu.fresh_task()
    settings = workfiles.settings
    environment = {
        **os.environ,
        "WF_HOME": str(settings.home),
        "WF_WORKSPACE": str(settings.workspace),
    }

    doomed = subprocess.run(
        [sys.executable, "-c", DOOMED, str(scene(content=b"doomed")), task.id, where, when],
        env=environment,
        check=False,
        capture_output=True,
    )
    workfiles.sync()
    after = workfiles.save(FileHost(scene(content=b"after")), SaveRequest(task=task.id))
    workfiles.sync()

    assert doomed.returncode == -signal.SIGKILL, doomed.stderr.decode()
    records = {r["revision"]: r for r in kitsu.working_files(task.id)}
    expected = {1: b"doomed", 2: b"after"} if written else {1: b"after"}
    assert {n: kitsu.stored_bytes(r["id"]) for n, r in records.items()} == expected
    states = {r.revision: r.state for r in workfiles.list_revisions(task.id)}
    assert states == dict.fromkeys(expected, "committed")
    assert after.revision == max(expected)
    assert workfiles.status() == []
    folder = Path(after.path).parent
    names = sorted(p.name for p in folder.iterdir())
    assert len(names) == len(expected), names
