"""How long a save may take while the server is away, in every way in which it can be."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import (
    Answer,
    AnswerOrFunction,
    Request,
    ScriptedServer,
    broken_json,
    endless,
    hang,
    html_error,
    json_answer,
    reset,
    slow,
    too_many_requests,
)
from wf_core.filehost import FileHost
from wf_core.saves import circuit
from wf_core.settings import Settings
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.usefixtures("no_uploader")

BUDGET = 1.0
OWN_SAVE = 20.0
"""Seconds for copying and syncing a scene of some bytes on a machine that is busy with other
tests. A save that waited as long as the profile lets a request wait would take longer."""


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path


def settings_for(url: str, tmp_path: Path) -> Settings:
    return settings_of_bot(url, tmp_path, offline_budget=BUDGET, cache_seconds=0)


def one_after_the_other(request: Request) -> Answer:
    """A server that answers everything, each time just before anybody loses patience."""
    return Answer(200, {"Content-Type": "application/json"}, b"[]", delay=BUDGET * 0.4)


AWAY: dict[str, AnswerOrFunction] = {
    "500": html_error(500),
    "502": html_error(502),
    "503": html_error(503),
    "504": html_error(504),
    "429": too_many_requests("30"),
    "hanging": hang(),
    "hanging after the headers": slow(json_answer([1] * 99), 0.2),
    "an endless body": endless(),
    "resetting connections": reset(),
    "something else than JSON": broken_json(),
    "always a little too slow": one_after_the_other,
}


@contextmanager
def refused() -> Iterator[str]:
    """An address nobody listens at: the port is held, but not open."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


@contextmanager
def unanswered() -> Iterator[str]:
    """An address whose connections never come about, as behind a firewall that drops them: the
    queue of those that wait is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def timed_save(workfiles: Workfiles, scene: Path) -> tuple[float, bool]:
    started = time.monotonic()
    saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    assert Path(saved.path).read_bytes() == b"scene"
    return time.monotonic() - started, saved.provisional


@pytest.mark.parametrize("known", [True, False], ids=["known task", "unknown task"])
@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
def test_when_the_server_is_away_then_a_save_takes_one_budget_and_the_next_none(
    away: AnswerOrFunction, known: bool, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    with Workfiles(settings_for(server.url, tmp_path)) as workfiles:
        assert workfiles.desk.client.session.has_token  # it has found the server once
        if known:
            workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        server.everything(away)
        before = len(server.requests)

        first, first_provisional = timed_save(workfiles, scene)
        asked = len(server.requests)
        second, second_provisional = timed_save(workfiles, scene)

        assert first_provisional and second_provisional
        assert first < BUDGET + OWN_SAVE
        assert second < OWN_SAVE
        if away is one_after_the_other:
            assert asked - before <= 3  # at 0.4 s each, the last one begun within the budget
        else:
            assert len(server.requests) == asked


@pytest.mark.parametrize("nobody", [refused, unanswered], ids=["refused", "unroutable"])
def test_when_no_connection_can_be_made_then_a_save_takes_one_budget_and_the_next_none(
    nobody: type[object], scene: Path, tmp_path: Path
) -> None:
    with nobody() as url, Workfiles(settings_for(url, tmp_path)) as workfiles:  # type: ignore[attr-defined]
        first, _ = timed_save(workfiles, scene)
        second, _ = timed_save(workfiles, scene)

    assert first < BUDGET + OWN_SAVE
    assert second < OWN_SAVE


def test_when_some_time_has_passed_then_the_server_is_asked_again_by_itself(
    server: ScriptedServer, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitsu = ScriptedKitsu(server)
    with Workfiles(settings_for(server.url, tmp_path)) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        server.everything(html_error(503))
        while_away = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        kitsu.behave()
        too_soon = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        later = circuit.monotonic() + 21.0
        monkeypatch.setattr(circuit, "monotonic", lambda: later)

        back = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (while_away.provisional, too_soon.provisional) == (True, True)
    assert (back.revision, back.state) == (4, "committed")


def test_when_it_is_known_to_be_down_then_other_processes_know_it_too(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    settings = settings_for(server.url, tmp_path)
    with Workfiles(settings) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        server.everything(json_answer({"message": "starting"}, 503))
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    asked = len(server.requests)

    with Workfiles(settings) as another:
        _, provisional = timed_save(another, scene)

    assert provisional
    assert len(server.requests) == asked


def test_when_a_save_is_over_then_it_keeps_no_connection_and_the_next_one_works(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    kitsu = ScriptedKitsu(server)
    # On a busy machine a save may need longer than the budget of these tests, and be left to the
    # uploader, which has a connection of its own.
    patient = settings_of_bot(server.url, tmp_path, offline_budget=60.0, cache_seconds=0)
    gc.disable()  # nothing is left to it
    try:
        with Workfiles(patient) as workfiles:
            for _ in range(2):
                workfiles.save(FileHost(scene), SaveRequest(task=TASK))
                assert server.wait_for_no_connection()
    finally:
        gc.enable()

    assert sorted(record["revision"] for record in kitsu.records.values()) == [1, 2]
