"""Notes about open scenes: seen by colleagues, gone with their owner, in nobody's way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from wf_core.saves import presence
from wf_core.saves.presence import Announcement, present

TASK = "6392449f-1160-4799-a2ec-de6ed3b7947b"

OTHER_PROCESS = """
import sys
from pathlib import Path
from wf_core.saves.presence import Announcement
note = Announcement(Path(sys.argv[1]), task_id=sys.argv[2], name="main", application="Blender")
print("announced", flush=True)
sys.stdin.read()
note.stop()
"""


class Colleague:
    """Another process of this machine that has the scene open."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, str(root), TASK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self._process.stdout is not None and self._process.stdin is not None
        assert self._process.stdout.readline() == b"announced\n"

    def close_the_scene(self) -> None:
        self._process.communicate()

    def die(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def write_note(root: Path, **changes: Any) -> Path:
    """A note as another machine writes it."""
    folder = root / ".wf-presence" / TASK
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "note.json"
    facts = {
        "schema": 1,
        "name": "main",
        "user": "kim",
        "machine": "ws-07",
        "application": "Maya",
        "pid": 4711,
        "boot": "another boot",
        "since": "2026-11-24T10:40:00+00:00",
    }
    note.write_text(json.dumps({**facts, **changes}), encoding="utf-8")
    return note


def test_when_a_colleague_has_the_scene_open_then_who_where_and_since_when_is_told(
    tmp_path: Path,
) -> None:
    write_note(tmp_path)

    (one,) = present(tmp_path, task_id=TASK, name="main")

    assert (one.user, one.machine, one.application) == ("kim", "ws-07", "Maya")
    assert one.since == "2026-11-24T10:40:00+00:00"
    assert present(tmp_path, task_id=TASK, name="cache") == []


def test_when_the_scene_is_closed_then_nothing_is_left(tmp_path: Path) -> None:
    colleague = Colleague(tmp_path)
    while_open = present(tmp_path, task_id=TASK, name="main")

    colleague.close_the_scene()

    assert [one.application for one in while_open] == ["Blender"]
    assert present(tmp_path, task_id=TASK, name="main") == []
    assert list((tmp_path / ".wf-presence" / TASK).iterdir()) == []


def test_when_the_application_dies_then_its_note_counts_for_nothing_at_once(
    tmp_path: Path,
) -> None:
    colleague = Colleague(tmp_path)

    colleague.die()

    assert present(tmp_path, task_id=TASK, name="main") == []
    assert list((tmp_path / ".wf-presence" / TASK).iterdir()) == []


def test_when_another_machine_has_been_silent_for_long_then_its_note_goes(tmp_path: Path) -> None:
    note = write_note(tmp_path)
    os.utime(note, (note.stat().st_mtime - 301, note.stat().st_mtime - 301))

    assert present(tmp_path, task_id=TASK, name="main") == []
    assert not note.exists()


def test_when_an_application_lives_on_then_its_note_stays_young(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_BEAT_SECONDS", 0.02)
    with Announcement(tmp_path, task_id=TASK, name="main", application="Blender"):
        (note,) = (tmp_path / ".wf-presence" / TASK).glob("*.json")
        os.utime(note, (1.0, 1.0))

        for _ in range(500):
            if note.stat().st_mtime > 1.0:
                break
            time.sleep(0.02)

        assert note.stat().st_mtime > 1.0


def test_when_it_is_my_own_scene_then_nobody_is_warned(tmp_path: Path) -> None:
    with Announcement(tmp_path, task_id=TASK, name="main", application="Blender"):
        assert present(tmp_path, task_id=TASK, name="main") == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not json", id="no JSON"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b'{"pid": "4711"}', id="wrong types"),
        pytest.param(b"[" * 16_000, id="nested without end"),
        pytest.param(b'{"user": "' + b"x" * 40_000 + b'"}', id="far too long"),
    ],
)
def test_when_somebody_left_rubbish_then_it_is_passed_over(tmp_path: Path, content: bytes) -> None:
    write_note(tmp_path).write_bytes(content)

    assert present(tmp_path, task_id=TASK, name="main") == []


def test_when_a_link_was_planted_then_it_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "workspace"
    (root / ".wf-presence").mkdir(parents=True)
    (root / ".wf-presence" / TASK).symlink_to(outside)

    with Announcement(root, task_id=TASK, name="main", application="Blender"):
        assert list(outside.iterdir()) == []
        assert present(root, task_id=TASK, name="main") == []


def test_when_the_workspace_cannot_be_written_then_the_application_is_not_bothered(
    tmp_path: Path,
) -> None:
    (tmp_path / ".wf-presence").write_text("in the way")

    with Announcement(tmp_path, task_id=TASK, name="main", application="Blender"):
        assert present(tmp_path, task_id=TASK, name="main") == []
