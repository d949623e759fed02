"""A production with many tasks, scenes for them, and the command as a real process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import FreshTask, LiveKitsu

from tests.cli.running import Process, Ran
from tests.cli.warm import Warm

GOES_WRONG = """
if what == "crash":
    os.abort()
if what == "hang":
    time.sleep(600)
if what == "fail":
    raise ValueError("no lamp")
"""
"""A part of a scene's script that does what ``what`` says."""


@dataclass
class Batch:
    """Scenes and tasks of a test, and ``wf batch`` as the artist: ``wf`` imports everything anew,
    a call of the batch itself does not."""

    kitsu: LiveKitsu
    folder: Path
    wf: Process
    tasks: list[FreshTask] = field(default_factory=list)
    scenes: list[Path] = field(default_factory=list)

    def add(self, count: int, *, suffix: str = ".blend", data: bytes | None = None) -> Batch:
        """So many fresh tasks, and a scene for each; each with bytes of its own by default."""
        for _ in range(count):
            number = len(self.tasks) + 1
            scene = self.folder / f"scene_{number:03d}{suffix}"
            scene.write_bytes(data or b"BLENDER" + f" scene {number} ".encode() * 500)
            self.tasks.append(self.kitsu.fresh_task())
            self.scenes.append(scene)
        return self

    def rows(self) -> list[dict[str, str]]:
        return [
            {"scene": scene.name, "task": task.reference, "comment": f"batch of {scene.stem}"}
            for scene, task in zip(self.scenes, self.tasks, strict=True)
        ]

    def list(self, rows: list[dict[str, str]] | None = None) -> Path:
        """The list of what is to be saved, as JSON Lines."""
        path = self.folder / "jobs.jsonl"
        lines = [json.dumps(row) for row in (self.rows() if rows is None else rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    @property
    def run(self) -> Path:
        """Where the run's folder is by default."""
        return self.folder / "jobs.run"

    def __call__(self, *arguments: str, **options: Any) -> Ran:
        return Warm(self.wf.environ)("batch", *arguments, "--json", **options)

    def prepared(self) -> Path:
        """The run's folder, with nothing done yet."""
        done = self("run", str(self.list()), "--prepare")
        assert done.code == 0, done.out + done.err
        return self.run

    def wait_for_claim(self, at: int, *, seconds: float = 30.0) -> None:
        """Return once an attempt has claimed a record of the task at ``at``."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.kitsu.working_files(self.tasks[at].id):
                return
        pytest.fail(f"no claim after {seconds} s")

    def caught_at_work(self) -> subprocess.Popen[str]:
        """A worker of a run of one large scene, whose record it has claimed and not yet filled."""
        self.add(1)
        self.scenes[-1].write_bytes(os.urandom(150_000_000))
        run = self.prepared()
        worker = self.wf.start("batch", "work", str(run), "--rows", "1", "--json")
        try:
            self.wait_for_claim(0)
        except BaseException:
            worker.kill()
            raise
        return worker

    def assert_each_committed_once(self, revision: int = 1) -> None:
        """Every task has that many revisions, the last with the bytes of its scene."""
        for task, scene in zip(self.tasks, self.scenes, strict=True):
            records = self.kitsu.working_files(task.id)
            assert [r["revision"] for r in records] == list(range(1, revision + 1)), scene.name
            facts = records[-1]["data"]["workfiles"]
            assert facts["sha256"] == hashlib.sha256(scene.read_bytes()).hexdigest()
            assert "fence" not in facts
            assert records[-1]["comment"] == f"batch of {scene.stem}"
            assert self.kitsu.stored_bytes(records[-1]["id"]) == scene.read_bytes()


@pytest.fixture
def batch(kitsu: LiveKitsu, tmp_path: Path) -> Iterator[Batch]:
    folder = tmp_path / "share"
    folder.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WF_")}
    environ = {
        **kept,
        "WF_HOME": str(tmp_path / "home"),
        "WF_WORKSPACE": str(tmp_path / "workspace"),
        "WF_SERVER": kitsu.url,
        "WF_TOKEN": kitsu.token("artist"),
    }
    yield Batch(kitsu, folder, Process(environ))
