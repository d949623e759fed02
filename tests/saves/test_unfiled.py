"""Saves of tasks of which nothing is known while the server is away: kept, then filed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.relay import Relay
from live_kitsu import LiveKitsu
from saves.conftest import LogIn

from wf_core.errors import NotLoggedIn, UsageError
from wf_core.filehost import FileHost
from wf_core.kitsu import Tokens
from wf_core.saves import records
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.usefixtures("no_uploader")

Scene = Callable[..., Path]


def test_when_nothing_is_known_of_the_task_then_the_save_is_kept_and_filed_later(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    contents = [b"first", b"second"]

    with relay.closed():
        saved = [
            workfiles.save(
                FileHost(scene(content=content)),
                SaveRequest(task=task.reference, comment=content.decode()),
            )
            for content in contents
        ]
        waiting = workfiles.status()
    synced = workfiles.sync()

    for one, content in zip(saved, contents, strict=True):
        assert (one.state, one.provisional, one.revision, one.task_id) == (
            "pending",
            True,
            None,
            None,
        )
        assert Path(one.path).parent == workfiles.settings.workspace / "unfiled"
        assert Path(one.path).read_bytes() == content
    assert [(row.task, row.state) for row in waiting] == [(task.reference, "saved")] * 2
    assert all("filed" in row.hint and row.age is not None for row in waiting)
    assert (synced.committed, synced.pending, synced.parked) == (2, 0, 0)
    records = kitsu.working_files(task.id)
    assert [(r["revision"], r["comment"]) for r in records] == [(1, "first"), (2, "second")]
    assert [kitsu.stored_bytes(r["id"]) for r in records] == contents
    done = workfiles.outcome(saved[1].save_id)
    assert (done.revision, done.state, done.provisional) == (2, "committed", False)
    assert [r["data"]["workfiles"]["save_id"] for r in records] == [s.save_id for s in saved]


def test_when_the_server_is_back_at_the_next_save_then_the_unfiled_one_comes_first(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()

    with relay.closed():
        workfiles.save(FileHost(scene(content=b"earlier")), SaveRequest(task=task.reference))
    workfiles.desk.circuit.reset()
    later = workfiles.save(FileHost(scene(content=b"later")), SaveRequest(task=task.id))
    workfiles.sync()

    assert later.revision == 2
    stored = [kitsu.stored_bytes(r["id"]) for r in kitsu.working_files(task.id)]
    assert stored == [b"earlier", b"later"]


def test_when_the_task_turns_out_wrong_then_the_save_is_parked_until_it_is_named(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    wrong = task.reference.replace("/Modeling", "/Modling")

    with relay.closed():
        saved = workfiles.save(FileHost(scene(content=b"scene")), SaveRequest(task=wrong))
    synced = workfiles.sync()
    (parked,) = workfiles.status()
    retried = workfiles.retry(saved.save_id, task=task.reference)

    assert (synced.committed, synced.parked) == (0, 1)
    assert (parked.state, parked.task) == ("parked", wrong)
    assert task.reference in (parked.error or "")
    assert parked.hint == "Save its scene again to the right task, then “Discard”."
    assert (retried.state, retried.revision) == ("committed", 1)
    (record,) = kitsu.working_files(task.id)
    assert kitsu.stored_bytes(record["id"]) == b"scene"


def test_when_the_task_turns_out_ambiguous_then_the_candidates_are_named(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    first = kitsu.fresh_task()
    second = kitsu.task(first.entity, "Modeling", name="second")

    with relay.closed():
        workfiles.save(FileHost(scene()), SaveRequest(task=first.reference))
    workfiles.sync()

    (parked,) = workfiles.status()
    assert parked.state == "parked"
    assert first.id in (parked.error or "") and second["id"] in (parked.error or "")


def test_when_a_save_is_filed_then_its_task_cannot_be_changed(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    workfiles.save(FileHost(scene()), SaveRequest(task=task.id))

    with relay.closed():
        saved = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    with pytest.raises(UsageError, match="filed under"):
        workfiles.retry(saved.save_id, task="Demo/Props/Lamp/Modeling")

    assert [row.task for row in workfiles.status()] == [task.reference]


def test_when_one_wrong_task_waits_then_saves_of_others_do_not(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()

    with relay.closed():
        for reference in ("Demo/Props/No Such Thing/Modeling", task.reference):
            workfiles.save(FileHost(scene()), SaveRequest(task=reference))
    synced = workfiles.sync()

    assert (synced.committed, synced.pending, synced.parked) == (1, 0, 1)
    assert [r["revision"] for r in kitsu.working_files(task.id)] == [1]


def test_when_the_token_is_dead_then_the_save_is_kept_until_the_next_login(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    session = workfiles.desk.client.session
    session.tokens.save(session.server, Tokens("a.dead.token", "another.dead.token"))

    saved = workfiles.save(FileHost(scene(content=b"scene")), SaveRequest(task=task.reference))
    before = workfiles.sync()
    again = log_in()
    after = again.sync()

    assert (saved.state, saved.provisional) == ("pending", True)
    assert (before.committed, before.pending, before.parked) == (0, 1, 0)
    assert after.committed == 1
    (record,) = kitsu.working_files(task.id)
    assert kitsu.stored_bytes(record["id"]) == b"scene"


def test_when_nobody_ever_logged_in_then_the_save_says_so(scene: Scene, tmp_path: Path) -> None:
    environment = {"WF_HOME": str(tmp_path / "home"), "WF_SERVER": "http://127.0.0.1:9"}

    with Workfiles(load(environment)) as workfiles, pytest.raises(NotLoggedIn):
        workfiles.save(FileHost(scene()), SaveRequest(task="Demo/Props/Lamp/Modeling"))

    with Workfiles(load(environment)) as workfiles:
        assert workfiles.status() == []


def test_when_the_address_was_never_asked_then_the_save_is_filed_at_the_right_one(
    kitsu: LiveKitsu, scene: Scene, relay: Relay, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    environment = {
        "WF_HOME": str(tmp_path / "farm"),
        "WF_WORKSPACE": str(tmp_path / "workspace"),
        "WF_SERVER": f"{relay.url}/productions/some-page",
        "WF_TOKEN": kitsu.token("artist"),
    }

    with relay.closed(), Workfiles(load(environment)) as workfiles:
        saved = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
        workfiles.desk.circuit.reset()
    with Workfiles(load(environment)) as workfiles:
        synced = workfiles.sync()

    assert saved.provisional
    assert (synced.committed, synced.pending, synced.parked) == (1, 0, 0)


def test_when_scenes_are_continued_offline_then_each_knows_the_one_it_comes_from(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    host = FileHost(scene())
    workfiles.save(host, SaveRequest(task=task.id))

    with relay.closed():
        for _ in range(3):
            last = workfiles.save(host, SaveRequest(task=task.id))
        assert workfiles.follow(host) is None
    workfiles.sync()
    followed = workfiles.follow(host)

    records = kitsu.working_files(task.id)
    assert [r["data"]["workfiles"]["base_revision"] for r in records] == [None, 1, 2, 3]
    assert followed is not None and followed.save_id == last.save_id
    tag = host.get_tag()
    assert tag is not None and tag.revision == 4
    assert host.current_path().name.endswith("_v004.blend")
    assert host.current_path().read_bytes() == Path(last.path).read_bytes()


def test_when_what_is_remembered_is_used_then_its_age_is_told(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_TOGETHER_SECONDS", 0.0)  # it is a while later
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    online = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    server, journal = workfiles.desk.client.session.server, workfiles.desk.journal
    key = f"{server} context:{task.id}"
    value, fetched_at = journal.recall(key) or ("", 0.0)
    journal.remember(key, value, fetched_at - 7200)

    with relay.closed():
        offline = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))

    assert online.known_for is None
    assert offline.known_for is not None and 7200 <= offline.known_for < 7300
