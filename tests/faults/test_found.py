"""What the torture found, each fault once more on its own."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import LiveKitsu

from faults.conftest import MakeHome
from faults.players import Home
from faults.proxy import Proxy
from wf_core.errors import DiskFull, InputError, NotFound, PermissionDenied
from wf_core.filehost import FileHost
from wf_core.kitsu.transfer import stored_length
from wf_core.saves import delivery, sending
from wf_core.saves.delivery import Delivery
from wf_core.saves.journal import Journal, SaveRow
from wf_core.saves.recovery import open_journal
from wf_core.saves.spool import Spool, release, reserve, reserved_by
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

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


def give_up_a_claim(home: Home, task: str, scene: Path) -> None:
    """Claim a number for a save that never comes about."""

    class Crash(FileHost):
        def save_as(self, path: Path) -> None:
            raise InputError("The application cannot write.")

    with Workfiles(load(home.environment())) as workfiles, pytest.raises(InputError):
        workfiles.save(Crash(scene), SaveRequest(task=task))


def kept(home: Home) -> list[str]:
    """What is kept for the server."""
    return [path.name for path in home.workspace.glob(".wf-spool/*/*")]


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


def delete_journal(home: Home) -> None:
    for suffix in ("", "-wal", "-shm"):
        (home.folder / f"journal.db{suffix}").unlink(missing_ok=True)


def test_when_the_journal_is_made_by_a_process_that_dies_at_once_then_saves_are_still_known(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    first = home.wf("save", scene(b"first"), "--task", task).document["save_id"]
    second = save_offline(home, proxy, scene(b"second"), "--task", task)
    third = save_offline(home, proxy, scene(b"third"), "--task", task)
    delete_journal(home)

    Journal(home.folder / "journal.db").close()
    ended = home.wf("sync")

    assert ended.code == 0, ended
    assert owners(kitsu, task) == [(1, first), (2, second), (3, third)]


def test_when_the_journal_is_deleted_under_a_save_then_its_own_bytes_arrive_once(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    first = home.wf("save", scene(b"first"), "--task", task).document["save_id"]
    claimed = proxy.arrange("claim", "hold answer", chance=0.4)  # 4 s
    going_on = home.start("save", scene(b"second"), "--task", task, "--no-wait")
    assert claimed.wait(60)
    delete_journal(home)
    open_journal(home.folder / "journal.db", Spool(home.folder)).close()  # adopts it: planned
    out, _ = going_on.communicate(timeout=60)
    home.kill_all()
    second = json.loads(out)
    Path(second["path"]).write_bytes(b"what the artist did next")

    ended = home.wf("sync")

    assert ended.code == 0, ended
    assert owners(kitsu, task) == [(1, first), (2, second["save_id"])]
    assert kitsu.stored_bytes(kitsu.working_files(task)[1]["id"]) == b"second"


def test_when_a_committed_save_is_all_that_a_lost_journal_forgot_then_nothing_is_parked(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    saved = home.wf("save", scene(b"scene"), "--task", task).document
    delete_journal(home)
    open_journal(home.folder / "journal.db", Spool(home.folder)).close()
    for kept in home.workspace.glob(".wf-spool/*/*"):
        kept.unlink()  # as the second look of a process with the old journal does
    uploads = proxy.arrange("upload", "pass")

    ended = home.wf("sync")

    assert (ended.code, ended.document["committed"]) == (0, 1), ended
    assert owners(kitsu, task) == [(1, saved["save_id"])]
    assert not uploads.is_set()


def test_when_a_process_with_a_lost_journal_sends_a_save_then_it_is_not_claimed_again(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    first = home.wf("save", scene(b"first"), "--task", task).document["save_id"]
    second = save_offline(home, proxy, scene(b"second"), "--task", task)
    with Workfiles(load(home.environment())) as going_on:
        journal = going_on.desk.journal
        delete_journal(home)
        open_journal(home.folder / "journal.db", Spool(home.folder)).close()
        going_on.sync()
        for row in journal.unchecked(server=going_on.desk.client.session.server):
            journal.update(row, next_try=None)
        going_on.sync()
    assert kept(home) == []

    ended = home.wf("sync")

    assert ended.code == 0, ended
    assert owners(kitsu, task) == [(1, first), (2, second)]


def test_when_an_earlier_save_is_sent_meanwhile_then_it_does_not_get_a_second_number(
    kitsu: LiveKitsu,
    proxy: Proxy,
    make_home: MakeHome,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    first = home.wf("save", scene(b"first"), "--task", task).document["save_id"]
    second = save_offline(home, proxy, scene(b"second"), "--task", task)
    read = Journal.of_scope

    def read_then_overtaken(*args: Any) -> list[SaveRow]:
        rows = read(*args)
        monkeypatch.setattr(Journal, "of_scope", read)
        assert home.wf("sync").document["committed"] == 1
        return rows

    with Workfiles(load(home.environment())) as workfiles:
        workfiles.desk.circuit.reset()
        monkeypatch.setattr(Journal, "of_scope", read_then_overtaken)
        third = workfiles.save(FileHost(Path(scene(b"third"))), SaveRequest(task=task)).save_id

    assert owners(kitsu, task) == [(1, first), (2, second), (3, third)]


def test_when_a_claim_is_taken_over_meanwhile_then_it_is_not_declared_void(
    kitsu: LiveKitsu,
    proxy: Proxy,
    make_home: MakeHome,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, theirs = make_home("artist"), make_home("artist2", workspace="theirs")
    task = kitsu.fresh_task(assign=("artist", "artist2")).id
    give_up_a_claim(mine, task, Path(scene(b"given up")))
    read = Journal.rows

    def read_then_overtaken(journal: Journal, *states: Any, **others: Any) -> list[SaveRow]:
        rows = read(journal, *states, **others)
        if states == ("abandoned",):
            monkeypatch.setattr(Journal, "rows", read)
            proxy.arrange("upload", "503")
            source = scene(b"mine")
            saved = mine.wf("save", source, "--task", task, "--comment", "mine")
            mine.kill_all()
            assert saved.document["revision"] == 1, saved
            assert theirs.wf("save", scene(b"theirs"), "--task", task).code == 0
        return rows

    with Workfiles(load(mine.environment())) as workfiles:
        monkeypatch.setattr(Journal, "rows", read_then_overtaken)
        workfiles.sync()

    record = kitsu.working_files(task)[0]
    assert "void" not in (record["data"] or {}).get("workfiles", {})
    assert mine.wf("sync").code == 0
    assert kitsu.working_files(task)[0]["comment"] == "mine"


def test_when_two_saves_take_over_one_claim_then_only_one_gets_it(
    make_home: MakeHome, kitsu: LiveKitsu, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    give_up_a_claim(home, task, Path(scene(b"given up")))
    with Workfiles(load(home.environment())) as workfiles:
        journal = workfiles.desk.journal
        (old,) = journal.rows("abandoned")
        assert old.working_file_id is not None
        new = [journal.add(replace(old, save_id=f"new {n}", state="planned")) for n in (1, 2)]

        taken = [journal.take_over(old, row, old.working_file_id, 1) for row in new]

    assert [row.save_id if row else None for row in taken] == ["new 1", None]


class Killed(BaseException):
    """Stands for SIGKILL where nothing of the process may run on but this test."""


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


def test_when_another_process_looks_at_a_save_just_begun_then_it_leaves_it_alone(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    add = Journal.add
    seen: list[SaveRow | None] = []

    def add_and_be_looked_at(journal: Journal, row: SaveRow) -> SaveRow:
        added = add(journal, row)
        assert home.wf("sync").code == 75
        seen.append(journal.get(row.save_id))
        return added

    with Workfiles(load(home.environment())) as workfiles:
        monkeypatch.setattr(Journal, "add", add_and_be_looked_at)
        saved = workfiles.save(FileHost(Path(scene(b"scene"))), SaveRequest(task=task))

    assert [row.state if row else None for row in seen] == ["planned"]
    assert (saved.state, saved.revision) == ("committed", 1)


def test_when_the_journal_is_lost_then_a_claim_given_up_is_still_used(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    give_up_a_claim(home, task, Path(scene(b"given up")))
    left = kept(home)
    delete_journal(home)

    home.wf("sync")
    saved = home.wf("save", scene(b"scene"), "--task", task)

    assert [Path(name).suffix for name in left] == [".json"]
    assert (saved.code, saved.document["revision"]) == (0, 1), saved
    assert owners(kitsu, task) == [(1, saved.document["save_id"])]
    assert not any(name.startswith(Path(left[0]).stem) for name in kept(home))


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
        workfiles.save(FileHost(Path(scene(b"scene"))), SaveRequest(task=task))
        home.kill_all()
        (waiting,) = workfiles.status()

    assert (waiting.state, waiting.error is not None and "kept copy" in waiting.error) == (
        "parked",
        True,
    )
    assert owners(kitsu, task) == [(1, None)]


def test_when_the_server_says_not_found_once_then_the_save_is_not_parked(
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

    def not_found(*_: Any, **__: Any) -> SaveRow:
        raise NotFound("No such task.")

    with Workfiles(load(home.environment())) as workfiles:
        monkeypatch.setattr(Delivery, "claim", not_found)
        once = workfiles.sync()
        twice = workfiles.sync()

    assert [(result.pending, result.parked) for result in (once, twice)] == [(1, 0), (0, 1)]
