"""What the torture found, each fault once more on its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from faults.conftest import MakeHome
from faults.players import Home
from faults.proxy import Proxy

pytestmark = pytest.mark.slow


@pytest.fixture
def scene(tmp_path: Path) -> Callable[[bytes], str]:
    """Writes a scene to save."""

    def write(content: bytes) -> str:
        path = tmp_path / "scene.blend"
        path.write_bytes(content)
        return str(path)

    return write


Scene = Callable[[bytes], str]


def save_offline(home: Home, proxy: Proxy, *arguments: str) -> str:
    """A save while nobody answers, and nobody who sends it later; its id."""
    proxy.down()
    ended = home.wf("save", *arguments)
    home.kill_all()
    proxy.up()
    assert ended.code == 75, ended
    return str(ended.document["save_id"])


def owners(kitsu: LiveKitsu, task: str) -> list[tuple[int, str | None]]:
    """Number and save of every record."""
    return [
        (record["revision"], (record["data"] or {}).get("workfiles", {}).get("save_id"))
        for record in kitsu.working_files(task)
    ]


def test_when_killed_while_claiming_then_the_number_is_not_taken_for_anothers(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    mine, theirs = make_home("artist"), make_home("artist2", workspace="theirs")
    task = kitsu.fresh_task(assign=("artist", "artist2")).id
    first = mine.wf("save", scene(b"first"), "--task", task).document["save_id"]
    second = save_offline(mine, proxy, scene(b"second"), "--task", task)
    claimed = proxy.arrange("claim", "hold answer")
    killed = mine.start("sync")
    assert claimed.wait(60)
    killed.kill()
    killed.communicate()
    third = theirs.wf("save", scene(b"third"), "--task", task).document["save_id"]

    ended = mine.wf("sync")

    assert ended.code == 0, ended
    assert owners(kitsu, task) == [(1, first), (2, second), (3, third)]
