"""Real Kitsu servers for the tests of the client: the pinned release, and an older one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wf_core import kitsu as wf_kitsu
from wf_core.kitsu import KitsuClient, MemoryTokenStore, Session
from wf_core.private_kitsu import KitsuInfo, PrivateKitsu

OLD_ZOU_ENV = "WF_OLD_ZOU_ENV"
"""Names the environment of the older release; its tests are skipped without it."""


@pytest.fixture(scope="session", params=["pinned", "old"])
def zou(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KitsuInfo]:
    """A running server: once the pinned release, once the older one."""
    if request.param == "pinned":
        yield request.getfixturevalue("kitsu").info
        return
    environment = os.environ.get(OLD_ZOU_ENV)
    if not environment:
        pytest.skip(f"{OLD_ZOU_ENV} names no environment with an older Zou")
    server = PrivateKitsu(
        tmp_path_factory.mktemp("old-kitsu"), zou_env=Path(environment), fast=True, workers=1
    )
    try:
        yield server.up()
    finally:
        server.down()


@pytest.fixture(scope="session")
def admin(zou: KitsuInfo) -> KitsuClient:
    return client_of(zou, zou.email, zou.password)


@pytest.fixture(scope="session")
def artist(zou: KitsuInfo) -> KitsuClient:
    return client_of(zou, zou.artist_email, zou.artist_password)


def client_of(zou: KitsuInfo, email: str, password: str) -> KitsuClient:
    session = Session(zou.url, tokens=MemoryTokenStore())
    wf_kitsu.login(session, email=email, password=password)
    return KitsuClient(session)
