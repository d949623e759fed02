"""What the torture found, each fault once more on its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from faults.conftest import MakeHome
from faults.players import Home
from faults.proxy import Proxy
from wf_core.saves.spool import release, reserve, reserved_by

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


# Runs wf, and kills it when it has copied the first MiB of a file with more.
DIES_IN_COPY = """
import os, signal, sys
from wf_core.cli import main
from wf_core.disk import copying, syscalls

def copy(original, target, offset, count):
    if offset:
        os.kill(os.getpid(), signal.SIGKILL)
    return copying._by_hand(original, target, offset, count)

syscalls.clone_into = syscalls.clone_to = lambda source, target: False
copying._WAYS = (copy,)
sys.exit(main())
"""


def die_in_copy(home: Home, *arguments: str) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIES_IN_COPY, *arguments, "--json"],
        env={**os.environ, **home.environment()},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died


def files(workspace: Path) -> dict[str, bytes]:
    """Everything in the workspace but what is in spools."""
    return {
        path.name: path.read_bytes()
        for path in workspace.rglob("*")
        if path.is_file() and ".wf-spool" not in path.parts
    }


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


LARGE = b"large" * 300_000


def test_when_killed_while_writing_the_scene_then_nothing_of_it_stays(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id

    die_in_copy(home, "save", scene(LARGE), "--task", task)
    left = files(home.workspace)
    ended = home.wf("sync")

    assert any(name.endswith(".part") for name in left)
    assert ended.code == 0, ended
    assert files(home.workspace) == {}


def test_when_killed_while_giving_the_final_name_then_the_save_is_completed(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    home.wf("save", scene(b"first"), "--task", task)
    saved = save_offline(home, proxy, scene(LARGE), "--task", task)

    die_in_copy(home, "sync")
    ended = home.wf("sync")

    assert ended.code == 0, ended
    assert owners(kitsu, task)[1:] == [(2, saved)]
    contents = [files(home.workspace)[name] for name in sorted(files(home.workspace))]
    assert contents == [b"first", LARGE, LARGE]  # the provisional one stays


def test_when_the_machine_stopped_while_reserving_then_the_path_is_not_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lamp_v001.blend"

    class PowerCut(Exception):
        pass

    def cut(descriptor: int) -> None:
        os.ftruncate(descriptor, 0)  # what was not synced is lost, the entry in the folder not
        raise PowerCut

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(PowerCut):
        reserve(path, "1")
    monkeypatch.undo()
    release(path, "1")

    reserve(path, "2")

    assert reserved_by(path) == "2"
    assert [left.name for left in tmp_path.iterdir()] == [".lamp_v001.blend.wf"]
