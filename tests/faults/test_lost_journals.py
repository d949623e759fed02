"""Journals that are lost under saves: each case once broke a promise in the torture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from faults.arranged import (
    delete_journal,
    give_up_a_claim,
    kept,
    owners,
    save_offline,
)
from faults.conftest import MakeHome, Scene
from faults.proxy import Proxy
from wf_core.filehost import FileHost
from wf_core.saves import delivery, uploader
from wf_core.saves.journal import Journal
from wf_core.saves.recovery import open_journal
from wf_core.saves.spool import Spool
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.slow


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
    kitsu: LiveKitsu,
    proxy: Proxy,
    make_home: MakeHome,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    # Nobody takes the second look before the journal is lost: it would leave nothing to forget.
    monkeypatch.setattr(uploader, "start", lambda settings: False)
    monkeypatch.setattr(delivery, "_SECOND_LOOK_SECONDS", 600.0)
    with Workfiles(load(home.environment())) as workfiles:
        saved = workfiles.save(FileHost(Path(scene(b"scene"))), SaveRequest(task), wait=False)
        workfiles.sync()
    delete_journal(home)
    open_journal(home.folder / "journal.db", Spool(home.folder)).close()
    for copy in home.workspace.glob(".wf-spool/*/*"):
        copy.unlink()  # as the second look of a process with the old journal does
    uploads = proxy.arrange("upload", "pass")

    ended = home.wf("sync")

    assert (ended.code, ended.document["committed"]) == (0, 1), ended
    assert owners(kitsu, task) == [(1, saved.save_id)]
    assert not uploads.is_set()


def test_when_a_process_with_a_lost_journal_sends_a_save_then_it_is_not_claimed_again(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, scene: Scene
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    first = home.wf("save", scene(b"first"), "--task", task).document["save_id"]
    second = save_offline(home, proxy, scene(b"second"), "--task", task)
    with Workfiles(load(home.environment())) as going_on:
        desk = going_on.desk  # as one has it who is in the middle of its work
        delete_journal(home)
        open_journal(home.folder / "journal.db", Spool(home.folder)).close()
        desk.queue.work(everything=True)
        for row in desk.journal.unchecked(server=desk.client.session.server):
            desk.journal.update(row, next_try=None)
        desk.queue.work(everything=True)
        desk.close()
    assert kept(home) == []

    ended = home.wf("sync")

    assert ended.code == 0, ended
    assert owners(kitsu, task) == [(1, first), (2, second)]


def test_when_the_journal_is_deleted_under_an_application_then_it_learns_of_what_others_did(
    kitsu: LiveKitsu,
    proxy: Proxy,
    make_home: MakeHome,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    monkeypatch.setattr(uploader, "start", lambda settings: False)
    with Workfiles(load(home.environment())) as application:
        request = SaveRequest(task)
        saved = application.save(FileHost(Path(scene(b"scene"))), request, wait=False)
        delete_journal(home)
        home.wf("sync")

        assert application.status() == []
        assert application.outcome(saved.save_id).state == "committed"
    assert owners(kitsu, task) == [(1, saved.save_id)]


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
