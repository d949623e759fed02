"""A save that waits for a person keeps no other waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.scripted_kitsu import TASK, ScriptedKitsu
from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, html_error
from wf_core.filehost import FileHost
from wf_core.saves import uploader
from wf_core.workfiles import SaveRequest, Workfiles


@pytest.fixture
def workfiles(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workfiles]:
    monkeypatch.setattr(uploader, "start", lambda settings: False)
    with Workfiles(settings_of_bot(server.url, tmp_path)) as opened:
        yield opened


@pytest.fixture
def kitsu(server: ScriptedServer, workfiles: Workfiles, tmp_path: Path) -> ScriptedKitsu:
    """Where two saves got no number, and the first one's kept copy was written over."""
    kitsu = ScriptedKitsu(server)
    workfiles.save(scene(tmp_path, b"known"), SaveRequest(task=TASK, name="other"))
    server.on("POST", f"/data/tasks/{TASK}/working-files/new", html_error(503))
    for content in (b"first", b"second"):
        workfiles.save(scene(tmp_path, content), SaveRequest(task=TASK))
    first, _ = workfiles.desk.journal.rows("saved")
    Path(first.spool_path or "").write_bytes(b"spoiled")
    kitsu.behave()
    workfiles.desk.circuit.reset()
    return kitsu


def scene(tmp_path: Path, content: bytes) -> FileHost:
    path = tmp_path / "scene.blend"
    path.write_bytes(content)
    return FileHost(path)


def test_when_the_first_of_two_cannot_be_sent_then_a_sync_sends_the_second(
    workfiles: Workfiles, kitsu: ScriptedKitsu
) -> None:
    synced = workfiles.sync()

    assert (synced.committed, synced.pending, synced.parked) == (1, 0, 1)
    (waiting,) = workfiles.status()
    assert "was written to" in str(waiting.error)


def test_when_an_earlier_one_cannot_be_sent_then_the_next_save_still_has_its_number_at_once(
    workfiles: Workfiles, kitsu: ScriptedKitsu, tmp_path: Path
) -> None:
    saved = workfiles.save(scene(tmp_path, b"third"), SaveRequest(task=TASK))
    again = workfiles.save(scene(tmp_path, b"fourth"), SaveRequest(task=TASK))

    assert (saved.state, again.state) == ("committed", "committed")
    assert saved.revision is not None
    assert again.revision == saved.revision + 1
