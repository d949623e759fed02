"""How much is stored, and whether it has arrived yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from scripted_server import (
    Answer,
    AnswerOrFunction,
    ScriptedServer,
    hang,
    html_error,
    reset,
    too_many_requests,
    wrong_length,
)

from wf_core.errors import (
    BadAnswer,
    Cancelled,
    PermissionDenied,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu.deadline import Timeouts
from wf_core.kitsu.session import Session
from wf_core.kitsu.transfer import await_stored_length, stored_length


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[Session]:
    with closing(
        Session(server.url, bot_token="t", timeouts=Timeouts(connect=2.0, read=0.3, total=0.5))
    ) as opened:
        yield opened


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def stored(length: int) -> Answer:
    return wrong_length(Answer(), length)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(stored(0), 0, id="empty"),
        pytest.param(stored(7), 7, id="seven bytes"),
        pytest.param(stored(2_684_354_560), 2_684_354_560, id="2.5 GiB"),
        pytest.param(html_error(404), None, id="nothing"),
    ],
)
def test_when_asked_then_the_stored_length_is_told(
    server: ScriptedServer, session: Session, answer: Answer, expected: int | None
) -> None:
    server.everything(answer)

    assert stored_length(session, "w1") == expected

    (request,) = server.requests
    assert (request.method, request.path) == ("HEAD", "/data/working-files/w1/file")
    assert request.headers["cache-control"] == "no-cache"
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(no_length=True), BadAnswer, id="no length"),
        pytest.param(stored(-1), BadAnswer, id="negative"),
        pytest.param(Answer(200, {"Content-Encoding": "br"}, b"x"), BadAnswer, id="packed"),
        pytest.param(Answer(204), BadAnswer, id="204"),
        pytest.param(html_error(403), PermissionDenied, id="403"),
        pytest.param(html_error(503), ServerUnavailable, id="503"),
        pytest.param(hang(), ServerUnavailable, id="no answer"),
        pytest.param(reset(), ServerUnavailable, id="reset"),
    ],
)
def test_when_the_length_is_not_told_then_none_is_made_up(
    server: ScriptedServer, session: Session, answer: Answer, expected: type[WorkfilesError]
) -> None:
    server.everything(answer)

    with pytest.raises(expected):
        stored_length(session, "w1")


@pytest.mark.parametrize(
    ("answers", "found", "looks"),
    [
        pytest.param([stored(100)], 100, 1, id="there at once"),
        pytest.param([html_error(404), stored(100)], 100, 2, id="there a moment later"),
        pytest.param([stored(40), stored(70), stored(100)], 100, 3, id="being copied"),
        pytest.param([html_error(502), reset(), stored(100)], 100, 3, id="server comes back"),
        pytest.param([stored(40)], 40, 6, id="never whole"),
        pytest.param([html_error(404)], None, 6, id="never there"),
    ],
)
def test_when_an_answer_was_lost_then_the_length_is_awaited(
    server: ScriptedServer,
    session: Session,
    answers: list[AnswerOrFunction],
    found: int | None,
    looks: int,
) -> None:
    server.everything(*answers)
    clock = Clock()

    length = await_stored_length(session, "w1", 100, patience=10.0, pause=clock.pause, clock=clock)

    assert length == found
    assert len(server.requests) == looks
    # 0.5, 1, 2, 4 seconds, and what is left of the ten
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 2.5][: looks - 1]


def test_when_the_last_look_fails_then_nothing_is_claimed(
    server: ScriptedServer, session: Session
) -> None:
    server.everything(stored(40), html_error(503))
    clock = Clock()

    with pytest.raises(ServerUnavailable):
        await_stored_length(session, "w1", 100, patience=10.0, pause=clock.pause, clock=clock)


def test_when_the_server_asks_to_wait_then_the_next_look_is_later(
    server: ScriptedServer, session: Session
) -> None:
    server.everything(too_many_requests("6"), stored(100))
    clock = Clock()

    await_stored_length(session, "w1", 100, patience=10.0, pause=clock.pause, clock=clock)

    assert clock.pauses == [6.0]


def test_when_the_account_may_not_look_then_it_is_not_awaited(
    server: ScriptedServer, session: Session
) -> None:
    server.everything(html_error(403))

    with pytest.raises(PermissionDenied):
        await_stored_length(session, "w1", 100, patience=10.0)

    assert len(server.requests) == 1


def test_when_cancelled_then_it_stops_looking(server: ScriptedServer, session: Session) -> None:
    server.everything(html_error(404))
    clock = Clock()

    with pytest.raises(Cancelled):
        await_stored_length(
            session,
            "w1",
            100,
            patience=10.0,
            cancel=lambda: bool(clock.pauses),
            pause=clock.pause,
            clock=clock,
        )
