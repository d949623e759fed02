"""What tests of security share: a well-behaved scripted Kitsu, and a facade that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.scripted_kitsu import ScriptedKitsu

from tests.scripted_server import ScriptedServer
from wf_core.settings import load
from wf_core.workfiles import Workfiles

BOT_TOKEN = "bot.token.secret"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def scripted(server: ScriptedServer) -> ScriptedKitsu:
    return ScriptedKitsu(server)


@pytest.fixture
def workfiles(server: ScriptedServer, tmp_path: Path) -> Iterator[Workfiles]:
    environment = {
        "WF_HOME": str(tmp_path / "home"),
        "WF_WORKSPACE": str(tmp_path / "workspace"),
        "WF_SERVER": server.url,
        "WF_TOKEN": BOT_TOKEN,
    }
    with Workfiles(load(environment)) as opened:
        yield opened


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path
