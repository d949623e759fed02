"""What tests of saves share: a logged-in facade, scenes to save, and a look at the truth."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli.relay import Relay
from live_kitsu import LiveKitsu

from tests.cli.running import end_uploaders
from tests.scripted_server import ScriptedServer
from wf_core.saves import uploader
from wf_core.settings import load
from wf_core.workfiles import Workfiles

LogIn = Callable[..., Workfiles]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ScriptedServer]:
    """A server that answers what the test says."""
    with ScriptedServer() as scripted:
        yield scripted
    end_uploaders(tmp_path / "home")


@pytest.fixture
def log_in(kitsu: LiveKitsu, tmp_path: Path) -> Iterator[LogIn]:
    """Makes a facade of its own WF_HOME, logged in as one of the server's people."""
    with ExitStack() as opened:

        def make(who: str = "artist", *, home: str = "home", url: str | None = None) -> Workfiles:
            environment = {
                "WF_HOME": str(tmp_path / home),
                "WF_WORKSPACE": str(tmp_path / "workspace"),
            }
            settings = load(environment)
            # A busy machine is no server that is away: tests of that take it away altogether.
            patient = settings.profile.model_copy(update={"offline_budget": 60.0})
            settings = settings.model_copy(update={"profile": patient})
            workfiles = opened.enter_context(Workfiles(settings))
            email, password = kitsu.credentials(who)
            workfiles.login(url or kitsu.url, email=email, password=password)
            return workfiles

        yield make


@pytest.fixture
def scene(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file that passes for a scene, with bytes of its own."""
    made = 0

    def make(size: int = 3000, *, extension: str = ".blend", content: bytes | None = None) -> Path:
        nonlocal made
        made += 1
        path = tmp_path / f"scene{made}{extension}"
        path.write_bytes(os.urandom(size) if content is None else content)
        return path

    return make


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def relay(kitsu: LiveKitsu) -> Iterator[Relay]:
    """Stands between a facade and the server, and can be taken away."""
    address = urlsplit(kitsu.url)
    with Relay((address.hostname or "", address.port or 0)) as relay:
        yield relay


@pytest.fixture
def no_uploader(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that say themselves when something is sent."""
    monkeypatch.setattr(uploader, "start", lambda settings: False)
