"""The spool's limit: told early, before anything is created, and nothing is ever dropped for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, html_error
from wf_core.errors import DiskFull
from wf_core.filehost import FileHost
from wf_core.saves import spool, uploader
from wf_core.saves.spool import Spool
from wf_core.workfiles import SaveRequest, Workfiles


@pytest.fixture
def workfiles(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workfiles]:
    monkeypatch.setattr(uploader, "start", lambda settings: False)
    with Workfiles(settings_of_bot(server.url, tmp_path, spool_limit=2500)) as opened:
        yield opened


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"x" * 1000)
    return path


def test_when_the_spool_is_at_its_limit_then_the_next_save_is_refused_and_the_others_stay(
    workfiles: Workfiles, server: ScriptedServer, scene: Path
) -> None:
    kitsu = ScriptedKitsu(server)
    server.on("POST", "/data/working-files/*/file", html_error(503))
    for _ in range(2):
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    full = workfiles.spool()

    with pytest.raises(DiskFull) as refused:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (full.size, full.limit) == (2000, 2500)
    assert "Nothing was saved, nothing was dropped" in refused.value.message
    assert "raise spool_limit" in refused.value.hint
    assert [row.state for row in workfiles.status()] == ["saved", "saved"]
    # The second one has no number: by then the server was known to be down.
    assert [r["revision"] for r in kitsu.records.values()] == [1]


def test_when_what_waited_has_arrived_then_there_is_room_again(
    workfiles: Workfiles, server: ScriptedServer, scene: Path
) -> None:
    kitsu = ScriptedKitsu(server)
    server.on("POST", "/data/working-files/*/file", html_error(503))
    for _ in range(2):
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    kitsu.behave()

    synced = workfiles.sync()
    desk = workfiles.desk
    for row in desk.journal.unchecked(server=desk.client.session.server):
        desk.delivery.look_again(row)
    again = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert synced.committed == 2
    assert workfiles.spool().size == 1000
    assert again.state == "committed"


def test_when_another_process_has_just_looked_again_then_the_server_is_not_asked_once_more(
    workfiles: Workfiles, server: ScriptedServer, scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedKitsu(server)
    workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    desk = workfiles.desk
    (row,) = desk.journal.unchecked(server=desk.client.session.server)
    both_saw = [desk.journal.update(row, next_try=None)]
    monkeypatch.setattr(type(desk.journal), "unchecked", lambda *_, **__: both_saw)
    before = len(server.requests)

    for _ in range(2):
        desk.queue.look_again()

    assert [request.method for request in server.requests[before:]] == ["HEAD"]
    assert workfiles.spool().size == 0


def test_when_an_unknown_task_is_saved_over_the_limit_then_it_is_refused_too(
    workfiles: Workfiles, server: ScriptedServer, scene: Path
) -> None:
    server.everything(html_error(503))
    for _ in range(2):
        workfiles.save(FileHost(scene), SaveRequest(task="Demo/Props/Lamp/Modeling"))

    with pytest.raises(DiskFull):
        workfiles.save(FileHost(scene), SaveRequest(task="Demo/Props/Lamp/Modeling"))

    assert len(workfiles.status()) == 2


def test_when_many_scenes_are_saved_in_a_row_then_the_spool_is_not_looked_through_for_each(
    workfiles: Workfiles,
    server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ScriptedKitsu(server)
    looked: list[int] = []
    size = Spool.size
    monkeypatch.setattr(Spool, "size", lambda spool: looked.append(1) or size(spool))
    monkeypatch.setattr(spool, "_MEASURED_SECONDS", 600.0)
    scene = tmp_path / "small.blend"
    scene.write_bytes(b"x" * 10)

    for _ in range(5):
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert len(looked) == 1
