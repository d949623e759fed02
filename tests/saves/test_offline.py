"""Saves while the server is away, and what becomes of them when it is back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.relay import Relay
from live_kitsu import LiveKitsu
from saves.conftest import LogIn, sha256

from wf_core.filehost import FileHost
from wf_core.workfiles import SaveRequest

pytestmark = pytest.mark.usefixtures("no_uploader")

Scene = Callable[..., Path]


def test_when_the_server_goes_away_then_saves_go_on_and_get_their_numbers_in_order(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    contents = [f"offline {n}".encode() for n in range(4)]

    with relay.closed():
        saved = [
            workfiles.save(
                FileHost(scene(content=c)), SaveRequest(task=task.id, comment=c.decode())
            )
            for c in contents
        ]
    waiting = workfiles.status()
    result = workfiles.sync()

    for one, content in zip(saved, contents, strict=True):
        assert (one.state, one.provisional, one.revision) == ("pending", True, None)
        assert ".offline-" in Path(one.path).name
        assert Path(one.path).read_bytes() == content
    assert [row.state for row in waiting] == ["saved"] * 4
    assert (result.committed, result.pending, result.parked) == (4, 0, 0)
    records = kitsu.working_files(task.id)
    assert [r["revision"] for r in records] == [1, 2, 3, 4, 5]
    assert [r["comment"] for r in records[1:]] == [c.decode() for c in contents]
    for record, content in zip(records[1:], contents, strict=True):
        assert kitsu.stored_bytes(record["id"]) == content
        final = workfiles.get(task.id, revision=record["revision"])
        assert Path(final.path).read_bytes() == content
        assert final.sha256 == sha256(content)


def test_when_the_server_is_known_to_be_down_then_a_save_waits_for_nothing(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    workfiles.save(FileHost(scene()), SaveRequest(task=task.id))

    with relay.closed():
        workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
        known_to_be_down = workfiles.desk.circuit.is_open()
        again = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))

    assert known_to_be_down
    assert again.provisional


def test_when_somebody_saved_meanwhile_then_the_offline_save_takes_the_next_number(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    mine, theirs = log_in(url=relay.url), log_in("artist2", home="second")
    task = kitsu.fresh_task(assign=("artist", "artist2"))
    mine.save(FileHost(scene()), SaveRequest(task=task.id))

    with relay.closed():
        offline = mine.save(FileHost(scene(content=b"mine")), SaveRequest(task=task.id))
        theirs.save(FileHost(scene(content=b"theirs")), SaveRequest(task=task.id))
    mine.sync()

    stored = {r["revision"]: kitsu.stored_bytes(r["id"]) for r in kitsu.working_files(task.id)}
    assert stored[2] == b"theirs"
    assert stored[3] == b"mine"
    assert Path(offline.path).read_bytes() == b"mine"


def test_when_a_save_follows_offline_ones_then_it_does_not_overtake_them(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    workfiles.save(FileHost(scene()), SaveRequest(task=task.id))

    with relay.closed():
        workfiles.save(FileHost(scene(content=b"earlier")), SaveRequest(task=task.id))
    workfiles.desk.circuit.reset()
    later = workfiles.save(FileHost(scene(content=b"later")), SaveRequest(task=task.id))
    workfiles.sync()

    stored = {r["revision"]: kitsu.stored_bytes(r["id"]) for r in kitsu.working_files(task.id)}
    assert later.revision == 3
    assert stored[2] == b"earlier"
    assert stored[3] == b"later"


def test_when_a_file_took_the_final_name_then_it_stays_and_the_save_is_parked(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, relay: Relay
) -> None:
    workfiles = log_in(url=relay.url)
    task = kitsu.fresh_task()
    workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    next_path = Path(workfiles.path(task.id).path)

    with relay.closed():
        offline = workfiles.save(FileHost(scene(content=b"mine")), SaveRequest(task=task.id))
    next_path.write_bytes(b"a colleague's")
    result = workfiles.sync()

    assert result.parked == 1
    assert next_path.read_bytes() == b"a colleague's"
    assert Path(offline.path).read_bytes() == b"mine"
    (row,) = workfiles.status()
    assert "left alone" in (row.error or "")

    next_path.unlink()
    workfiles.retry(row.save_id)
    assert next_path.read_bytes() == b"mine"
    assert workfiles.status() == []
