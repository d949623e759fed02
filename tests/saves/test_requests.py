"""How often a save asks the server, and for what."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.scripted_kitsu import PRODUCTION, TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer
from wf_core.filehost import FileHost
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.usefixtures("no_uploader")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path


@pytest.mark.parametrize(("fresh", "times"), [(300.0, 1), (0.0, 2)], ids=["fresh", "old"])
def test_when_another_name_is_saved_then_the_production_is_read_again_once_it_is_old(
    fresh: float, times: int, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    with Workfiles(settings_of_bot(server.url, tmp_path, cache_seconds=fresh)) as workfiles:
        for name in ("main", "cloth"):
            workfiles.save(FileHost(scene), SaveRequest(task=TASK, name=name))

    asked = [request.route for request in server.requests]
    assert asked.count(f"/data/projects/{PRODUCTION}/tasks") == times
    assert asked.count("/data/assets") == times
