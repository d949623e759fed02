"""A server whose database is being restarted: Zou then denies that anything exists."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kitsu import CallFailed, LiveKitsu

from faults.players import Home
from wf_core.errors import ServerUnavailable
from wf_core.private_kitsu import PrivateKitsu
from wf_core.settings import load
from wf_core.workfiles import Workfiles

pytestmark = [pytest.mark.server, pytest.mark.slow]

LONG = 25.0  # seconds: longer than the test needs


@pytest.fixture(scope="module")
def server(kitsu_home: Path, zou_env: Path) -> Iterator[PrivateKitsu]:
    server = PrivateKitsu(kitsu_home, zou_env=zou_env, fast=True, workers=1)
    try:
        server.up()
        yield server
    finally:
        server.down()


def has_database(live: LiveKitsu) -> bool:
    try:
        return bool(live.get("status")["database-up"])
    except CallFailed:  # at the moment it loses its connections
        return True


def test_when_the_database_is_away_then_the_save_is_provisional_and_follows(
    server: PrivateKitsu, tmp_path: Path
) -> None:
    live = LiveKitsu(server.up())
    home = Home(
        index=0,
        who="artist",
        folder=tmp_path / "home",
        workspace=tmp_path / "workspace",
        sources=tmp_path / "sources",
        server_url=live.url,
        budget=20.0,
        timeout=60.0,
    )
    home.set_up(live)
    task = live.fresh_task().id
    scene = tmp_path / "scene.blend"
    scene.write_bytes(b"scene")
    assert home.wf("save", str(scene), "--task", task).code == 0
    record = live.working_files(task)[0]["id"]
    # The number heard of a moment ago would do; this save has to ask.
    with Workfiles(load(home.environment())) as workfiles:
        workfiles.desk.journal.forget_cached(f"{live.url} newest:{task}")

    restart = threading.Thread(target=server.restart, args=("postgres",), kwargs={"down_for": LONG})
    restart.start()
    try:
        while has_database(live):
            time.sleep(0.05)
        with Workfiles(load(home.environment())) as workfiles:
            hurried = workfiles.desk.delivery.hurried(5.0)
            with pytest.raises(ServerUnavailable, match="database"):
                hurried.working_file(record)
        saved = home.wf("save", str(scene), "--task", task)
        home.kill_all()
    finally:
        restart.join()
    ended = home.wf("sync")

    assert (saved.code, saved.document["provisional"]) == (75, True), saved
    assert ended.code == 0, ended
    assert [r["revision"] for r in live.working_files(task)] == [1, 2]
