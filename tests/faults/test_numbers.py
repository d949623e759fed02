"""Numbers and claims under faults: each case once broke a promise in the torture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import LiveKitsu

from faults.arranged import (
    give_up_a_claim,
    owners,
    save_offline,
)
from faults.conftest import MakeHome, Scene
from faults.proxy import Proxy
from wf_core.errors import NotFound, ServerUnavailable
from wf_core.filehost import FileHost
from wf_core.saves.delivery import Delivery
from wf_core.saves.journal import Journal
from wf_core.saves.machine import boot_id, monotonic
from wf_core.saves.row import SaveRow
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.slow


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


def test_when_another_process_looks_at_a_save_just_begun_then_it_leaves_it_alone(
    kitsu: LiveKitsu, make_home: MakeHome, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    add = Journal.add
    seen: list[SaveRow | None] = []

    def add_and_be_looked_at(journal: Journal, row: SaveRow, **how: Any) -> SaveRow:
        added = add(journal, row, **how)
        assert home.wf("sync").code == 75
        seen.append(journal.get(row.save_id))
        return added

    with Workfiles(load(home.environment())) as workfiles:
        monkeypatch.setattr(Journal, "add", add_and_be_looked_at)
        saved = workfiles.save(FileHost(Path(scene(b"scene"))), SaveRequest(task=task))

    assert [row.state if row else None for row in seen] == ["planned"]
    assert (saved.state, saved.revision) == ("committed", 1)


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


def test_when_an_earlier_save_of_an_unknown_task_waits_longer_then_it_is_still_numbered_first(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task()
    first = save_offline(home, proxy, scene(b"first"), "--task", task.reference)
    second = save_offline(home, proxy, scene(b"second"), "--task", task.reference)

    with Workfiles(load(home.environment())) as workfiles:
        journal = workfiles.desk.journal
        for save_id, seconds in ((first, 3600.0), (second, -1.0)):
            row = journal.get(save_id)
            assert row is not None
            journal.update(row, boot=boot_id(), next_try=monotonic() + seconds)
        workfiles.desk.queue.work(everything=False)
        numbered = [journal.get(save_id) for save_id in (first, second)]
    ended = home.wf("sync")

    assert [row.revision if row else None for row in numbered] == [None, None]
    assert ended.code == 0, ended
    assert [save_id for _, save_id in owners(kitsu, task.id)] == [first, second]


def test_when_the_budget_is_used_up_then_the_server_counts_as_too_slow(
    kitsu: LiveKitsu, make_home: MakeHome
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id

    with Workfiles(load(home.environment())) as workfiles:
        hurried = workfiles.desk.delivery.hurried(0.0)
        with pytest.raises(ServerUnavailable):
            hurried.last_revisions(task)
