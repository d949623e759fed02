"""Files and kept bytes under faults: each case once broke a promise in the torture."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import LiveKitsu

from faults.arranged import (
    LARGE,
    Killed,
    die_in_copy,
    files,
    give_up_a_claim,
    kept,
    owners,
    save_offline,
)
from faults.conftest import MakeHome, Scene
from faults.proxy import Proxy
from wf_core.errors import DiskFull, PermissionDenied
from wf_core.filehost import FileHost
from wf_core.kitsu.transfer import stored_length
from wf_core.saves import delivery, sending, uploader
from wf_core.saves.spool import Spool, release, reserve, reserved_by
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.slow


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


def test_when_killed_between_giving_up_and_emptying_then_nothing_is_kept(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id

    def kill(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Spool, "drop_bytes", kill)
        give_up_a_claim(home, task, Path(scene(b"given up")))
    before = kept(home)
    ended = home.wf("sync")

    assert before != []
    assert ended.code == 0, ended
    # The sidecar stays as long as its claim can be used: the journal may be lost.
    assert [Path(name).suffix for name in kept(home)] == [".json"]
    assert home.wf("save", scene(b"scene"), "--task", task).document["revision"] == 1


def test_when_killed_at_the_end_of_the_second_look_then_the_next_one_empties_the_spool(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    home.wf("save", scene(b"scene"), "--task", task)
    home.kill_all()

    def kill(*_: Any) -> None:
        raise Killed

    with Workfiles(load(home.environment())) as workfiles:
        (row,) = workfiles.desk.journal.unchecked(server=workfiles.desk.client.session.server)
        workfiles.desk.journal.update(row, next_try=None)
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(Spool, "empty", kill)
            workfiles.sync()
        workfiles.sync()

    assert kept(home) == []


def test_when_the_disk_is_full_at_the_sidecar_then_the_save_says_so(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Workfiles(load(home.environment())) as workfiles, pytest.raises(DiskFull):
        monkeypatch.setattr(os, "fsync", full)
        workfiles.save(FileHost(Path(scene(b"scene"))), SaveRequest(task=task))

    assert files(home.workspace) == {}


def test_when_there_is_no_room_for_the_final_name_then_it_is_tried_again_by_itself(
    kitsu: LiveKitsu,
    proxy: Proxy,
    make_home: MakeHome,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    home.wf("save", scene(b"first"), "--task", task)
    save_offline(home, proxy, scene(b"second"), "--task", task)

    def full(*_: Any, **__: Any) -> None:
        raise DiskFull("There is no room.")

    with Workfiles(load(home.environment())) as workfiles:
        with monkeypatch.context() as patched:
            patched.setattr(delivery, "link_or_copy", full)
            result = workfiles.sync()
        (waiting,) = workfiles.status()

    assert (result.pending, result.parked) == (1, 0)
    assert waiting.next_try is not None


def test_when_one_record_may_not_be_looked_at_then_the_others_are(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    home.wf("save", scene(b"first"), "--task", task)
    home.wf("save", scene(b"second"), "--task", task)
    home.kill_all()
    first = kitsu.working_files(task)[0]["id"]

    def forbidden(session: Any, record: str) -> int | None:
        if record == first:
            raise PermissionDenied("Not on the team any more.")
        return stored_length(session, record)

    with Workfiles(load(home.environment())) as workfiles:
        journal, server = workfiles.desk.journal, workfiles.desk.client.session.server
        for row in journal.unchecked(server=server):
            journal.update(row, next_try=None)
        monkeypatch.setattr(delivery, "stored_length", forbidden)
        workfiles.sync()
        unchecked = [row.working_file_id for row in journal.unchecked(server=server)]

    assert unchecked == [first]


def test_when_the_kept_copy_is_spoiled_after_a_lost_answer_then_no_wrong_hash_is_recorded(
    kitsu: LiveKitsu,
    proxy: Proxy,
    make_home: MakeHome,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    proxy.arrange("upload", "cut answer")

    def spoil(session: Any, record: str, expected: int, **_: Any) -> int:
        (copy,) = home.workspace.glob(".wf-spool/*/*.blend")
        copy.write_bytes(b"spoil")
        return expected

    with Workfiles(load(home.environment())) as workfiles:
        monkeypatch.setattr(sending, "await_stored_length", spoil)
        monkeypatch.setattr(uploader, "start", lambda settings: False)
        workfiles.save(FileHost(Path(scene(b"scene"))), SaveRequest(task=task), wait=False)
        workfiles.sync()
        (waiting,) = workfiles.status()

    assert (waiting.state, waiting.error is not None and "kept copy" in waiting.error) == (
        "parked",
        True,
    )
    assert owners(kitsu, task) == [(1, None)]
