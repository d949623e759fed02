"""What the tests of single faults share: a proxy in front of the server, and players."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_kitsu import LiveKitsu

from faults.players import Home
from faults.proxy import Proxy

MakeHome = Callable[..., Home]
Scene = Callable[[bytes], str]


@pytest.fixture
def proxy(kitsu: LiveKitsu) -> Iterator[Proxy]:
    """Lets everything through until the test arranges something else."""
    parts = urlsplit(kitsu.url)
    address = (str(parts.hostname), int(parts.port or 0))
    with Proxy(lambda: address, seed=0, longest_hold=60.0) as proxy:
        yield proxy


@pytest.fixture
def make_home(kitsu: LiveKitsu, proxy: Proxy, tmp_path: Path) -> Iterator[MakeHome]:
    """Makes a player behind the proxy, whose processes end with the test."""
    with ExitStack() as held:
        made = 0

        def make(who: str = "artist", *, workspace: str = "workspace") -> Home:
            nonlocal made
            home = Home(
                index=made,
                who=who,
                folder=tmp_path / f"home-{made}",
                workspace=tmp_path / workspace,
                sources=tmp_path / f"sources-{made}",
                server_url=proxy.url,
                budget=20.0,
                timeout=60.0,
            )
            made += 1
            home.set_up(kitsu)
            held.callback(home.kill_all)
            return home

        yield make


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Writes a scene to save."""

    def write(content: bytes) -> str:
        path = tmp_path / "scene.blend"
        path.write_bytes(content)
        return str(path)

    return write
