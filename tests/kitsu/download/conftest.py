"""A server that has one scene, and a place to bring it to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kitsu.download.stored_scene import SCENE
from scripted_server import ScriptedServer, stored_file

from wf_core.kitsu.deadline import Timeouts
from wf_core.kitsu.session import Session


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.everything(stored_file(SCENE))
        yield running


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[Session]:
    quick = Timeouts(connect=2.0, read=0.3, total=0.5)
    with closing(
        Session(server.url, bot_token="secret-token", timeouts=quick, retries=2)
    ) as opened:
        yield opened


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "lamp"
    folder.mkdir()
    return folder / "lamp_v003.blend"
