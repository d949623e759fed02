"""What the session makes of each answer, and of none."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from scripted_server import (
    Answer,
    ScriptedServer,
    broken_json,
    closed_port,
    endless,
    hang,
    html_error,
    json_answer,
    reset,
    slow,
    too_many_requests,
    truncated,
)

from wf_core.errors import (
    BadAnswer,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    Refused,
    ServerFault,
    ServerUnavailable,
    UsageError,
    WorkfilesError,
)
from wf_core.kitsu import MemoryTokenStore, Session, Timeouts, Tokens, deadline
from wf_core.kitsu import session as session_module
from wf_core.kitsu.answers import WebPage

FAST = Timeouts(connect=0.5, read=0.5, total=1.0)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2JpbiJ9.c2lnbmF0dXJl"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def session_for(
    server: ScriptedServer, *, retries: int = 0, waits: list[float] | None = None
) -> Session:
    tokens = MemoryTokenStore()
    tokens.save(server.url, Tokens(TOKEN))
    waited = waits if waits is not None else []
    return Session(server.url, tokens=tokens, timeouts=FAST, retries=retries, sleep=waited.append)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        pytest.param(
            json_answer({"error": "The given working file already exists."}, 400),
            Refused,
            "The given working file already exists.",
            id="400",
        ),
        pytest.param(
            json_answer({"message": [{"loc": ["comment"], "msg": "too short"}]}, 400),
            Refused,
            "comment: too short",
            id="400 with field errors",
        ),
        pytest.param(
            json_answer({"msg": "Missing header"}, 401), NotLoggedIn, "Use “Log In”.", id="401"
        ),
        pytest.param(
            json_answer({"message": "no"}, 403), PermissionDenied, "It says: no", id="403"
        ),
        pytest.param(html_error(404), NotFound, "does not have", id="404"),
        pytest.param(
            json_answer({"message": "taken"}, 409), Refused, "(409). It says: taken", id="409"
        ),
        pytest.param(html_error(413), Refused, "(413)", id="413"),
        pytest.param(
            json_answer({"msg": "Not enough segments"}, 422),
            NotLoggedIn,
            "Use “Log In”.",
            id="422 token",
        ),
        pytest.param(json_answer({"message": "bad field"}, 422), Refused, "(422)", id="422 other"),
        pytest.param(too_many_requests("7"), ServerUnavailable, "(429)", id="429"),
        pytest.param(html_error(500), ServerFault, "(500)", id="500 as HTML"),
        pytest.param(html_error(501), ServerFault, "(501)", id="501"),
        pytest.param(html_error(502), ServerUnavailable, "(502)", id="502"),
        pytest.param(html_error(503), ServerUnavailable, "(503)", id="503"),
        pytest.param(html_error(504), ServerUnavailable, "(504)", id="504"),
        pytest.param(broken_json(), BadAnswer, "something else", id="broken JSON"),
        pytest.param(html_error(200), WebPage, "a web page", id="HTML for JSON"),
        pytest.param(Answer(304), BadAnswer, "unexpected answer (304)", id="304"),
        pytest.param(reset(), ServerUnavailable, "broke off", id="reset"),
        pytest.param(hang(), ServerUnavailable, "in time", id="no answer"),
        pytest.param(
            truncated(json_answer({"a": "b" * 100}), 40), ServerUnavailable, "broke off", id="cut"
        ),
        pytest.param(slow(json_answer({"a": "b"}), 0.2), ServerUnavailable, "in time", id="drip"),
        pytest.param(slow(json_answer({"a": "b"}), 60.0), ServerUnavailable, "in time", id="stall"),
        pytest.param(endless(b" "), ServerUnavailable, "in time", id="endless and slow"),
        pytest.param(
            Answer(200, {"Content-Encoding": "gzip"}, b"not packed"),
            BadAnswer,
            "unpacked",
            id="gzip",
        ),
        pytest.param(Answer(200, {}, b"[" * 200_000), BadAnswer, "something else", id="deep JSON"),
    ],
)
def test_when_the_server_answers_badly_then_the_error_is_of_its_class(
    server: ScriptedServer, answer: Answer, kind: type[WorkfilesError], words: str
) -> None:
    if answer.repeat > 1:  # endless: slowed down here, the size limit has a test of its own
        answer = Answer(200, answer.headers, b" " * 100, no_length=True, pace=0.1, then="close")
    server.everything(answer)
    started = time.monotonic()
    with pytest.raises(kind) as raised:
        session_for(server).get("data/tasks/t1")
    assert time.monotonic() - started < 2 * FAST.total
    text = str(raised.value)
    assert words in text
    assert "<" not in text and TOKEN not in text
    assert raised.type is kind


def test_when_a_body_has_no_end_then_it_is_given_up(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "LARGEST_JSON", 3 << 20)
    server.everything(endless())
    with pytest.raises(BadAnswer, match=r"without end \(over 3 MiB\)"):
        session_for(server).limited(total=30.0, read=10.0).get("data/persons")


def test_when_headers_drip_then_the_deadline_holds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not gone.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        session = Session(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            timeouts=Timeouts(connect=1.0, read=5.0, total=0.6),
        )
        started = time.monotonic()
        with pytest.raises(ServerUnavailable, match="in time"):
            session.get("data/tasks/t1")
        assert time.monotonic() - started < 2.0
        gone.set()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "in_doubt"),
    [
        pytest.param(html_error(502), True, id="502"),
        pytest.param(html_error(504), True, id="504"),
        pytest.param(html_error(503), False, id="503"),
        pytest.param(too_many_requests("3"), False, id="429"),
        pytest.param(reset(), True, id="reset"),
        pytest.param(hang(), True, id="no answer"),
    ],
)
def test_when_a_post_fails_on_the_way_then_it_is_sent_once_and_the_doubt_is_told(
    server: ScriptedServer, answer: Answer, in_doubt: bool
) -> None:
    server.everything(answer)
    with pytest.raises(ServerUnavailable) as raised:
        session_for(server, retries=3).post("data/tasks/t1/working-files/new", {"name": "main"})
    assert raised.value.in_doubt is in_doubt
    assert len(server.wait_for_requests(1)) == 1


def test_when_nobody_listens_then_there_is_no_doubt() -> None:
    session = Session(f"http://127.0.0.1:{closed_port()}", timeouts=FAST, retries=0)
    with pytest.raises(ServerUnavailable, match="cannot be reached") as raised:
        session.post("data/tasks/t1/working-files/new", {})
    assert raised.value.in_doubt is False


def test_when_the_name_is_unknown_then_it_says_so() -> None:
    session = Session("https://no-such-host.invalid", timeouts=FAST, retries=0)
    with pytest.raises(ServerUnavailable) as raised:
        session.get("")
    assert raised.value.in_doubt is False


def test_when_a_get_is_told_to_wait_then_it_waits_that_long_and_repeats(
    server: ScriptedServer,
) -> None:
    waits: list[float] = []
    server.everything(too_many_requests("2"), html_error(503), json_answer({"id": "t1"}))
    session = session_for(server, retries=3, waits=waits).limited(total=30.0)
    assert session.get("data/tasks/t1") == {"id": "t1"}
    assert 2.0 <= waits[0] <= 2.1
    assert 0.25 <= waits[1] <= 0.5


def test_when_the_wait_would_pass_the_deadline_then_it_is_not_begun(
    server: ScriptedServer,
) -> None:
    waits: list[float] = []
    server.everything(too_many_requests("3600"))
    with pytest.raises(ServerUnavailable) as raised:
        session_for(server, retries=3, waits=waits).get("data/tasks/t1")
    assert raised.value.retry_after == 3600.0
    assert waits == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_when_retry_after_is_read_then_odd_values_count_as_absent(
    server: ScriptedServer, value: str, expected: float | None
) -> None:
    server.everything(too_many_requests(value))
    with pytest.raises(ServerUnavailable) as raised:
        session_for(server).get("data/tasks/t1")
    assert raised.value.retry_after == expected


@pytest.mark.parametrize(
    ("call", "tries"),
    [
        pytest.param(lambda s: s.get("r"), 3, id="get"),
        pytest.param(lambda s: s.put("r", {}), 3, id="put"),
        pytest.param(lambda s: s.post("r", {}), 1, id="post"),
        pytest.param(lambda s: s.post("r", {}, repeat=True), 3, id="post that may repeat"),
        pytest.param(lambda s: s.delete("r"), 1, id="delete"),
    ],
)
def test_when_the_server_is_away_then_only_what_is_safe_is_repeated(
    server: ScriptedServer, call: Callable[[Session], object], tries: int
) -> None:
    server.everything(html_error(502))
    with pytest.raises(ServerUnavailable):
        call(session_for(server, retries=2).limited(total=20.0))
    assert len(server.requests) == tries


def test_when_an_answer_is_empty_then_it_is_none(server: ScriptedServer) -> None:
    server.everything(Answer(204))
    assert session_for(server).delete("data/x/1") is None


def test_when_the_server_sends_hostile_words_then_they_are_made_harmless(
    server: ScriptedServer,
) -> None:
    words = f"\x1b[2J<script>alert(1)</script>Bearer {TOKEN}\n\u202e" + "x" * 10_000
    server.everything(json_answer({"message": words}, 400))
    with pytest.raises(Refused) as raised:
        session_for(server).get("r")
    text = str(raised.value)
    assert len(text) < 400
    assert all(char.isprintable() for char in text)
    assert "alert" not in text and TOKEN not in text


def test_when_a_cookie_is_set_then_it_is_not_kept(server: ScriptedServer) -> None:
    server.everything(json_answer({}, **{"Set-Cookie": "access_token_cookie=abc; Path=/"}))
    session = session_for(server)
    session.get("one")
    session.get("two")
    assert "cookie" not in server.requests[1].headers


def test_when_params_are_given_then_they_are_in_the_query(server: ScriptedServer) -> None:
    server.everything(json_answer([]))
    session_for(server).get("data/entities", params={"project_id": "p&1"})
    assert server.requests[0].path == "/data/entities?project_id=p%261"
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


# The address of the web interface instead of the API's


def test_when_the_api_is_below_the_address_then_it_is_found_and_used(
    server: ScriptedServer,
) -> None:
    server.everything(html_error(200))
    server.on("GET", "/api/", json_answer({"api": "Zou"}))
    server.on("GET", "/api/data/tasks/t1", json_answer({"id": "t1"}))
    session = Session(server.url, bot_token=TOKEN, timeouts=FAST)
    assert session.get("data/tasks/t1") == {"id": "t1"}
    assert session.server == f"{server.url}/api"
    session.get("data/tasks/t1")
    assert [request.route for request in server.requests] == [
        "/data/tasks/t1",
        "/api/",
        "/api/data/tasks/t1",
        "/api/data/tasks/t1",
    ]
    assert "authorization" not in server.requests[1].headers


@pytest.mark.parametrize(
    ("status", "root", "error"),
    [
        pytest.param(200, 200, NotFound, id="the API answers"),
        pytest.param(404, 200, NotFound, id="its status is kept from us"),
        pytest.param(404, 404, NotLoggedIn, id="no API"),
        pytest.param(404, 500, ServerUnavailable, id="nobody can tell"),
    ],
)
def test_when_nothing_is_found_then_an_address_without_an_api_is_told_apart(
    server: ScriptedServer, status: int, root: int, error: type[Exception]
) -> None:
    said = {
        "error": True,
        "message": "404 Not Found: The requested URL was not found on the server.",
    }
    server.everything(json_answer(said, 404))
    server.on("GET", "/api/status", json_answer({"name": "Zou", "database-up": True}, status))
    server.on("GET", "/api/", json_answer({"api": "Zou"}, root))
    session = Session(f"{server.url}/api", bot_token=TOKEN, timeouts=FAST, retries=0)
    with pytest.raises(error):
        session.get("data/tasks/t1")


# Streams


def test_when_a_stream_succeeds_then_the_response_is_open_and_then_closed(
    server: ScriptedServer,
) -> None:
    server.everything(Answer(200, {}, b"abc" * 1000))
    with session_for(server).stream("GET", "data/working-files/w1/file") as response:
        content = b"".join(response.iter_content(100))
    assert content == b"abc" * 1000


def test_when_a_stream_breaks_inside_the_block_then_the_error_is_ours(
    server: ScriptedServer,
) -> None:
    server.everything(truncated(Answer(200, {}, b"abc" * 1000), 500))
    with (
        pytest.raises(ServerUnavailable, match="broke off"),
        session_for(server).stream("GET", "data/working-files/w1/file") as response,
    ):
        list(response.iter_content(100))


def test_when_a_stream_stands_still_then_it_ends(server: ScriptedServer) -> None:
    server.everything(Answer(200, {}, b"a" * 200, pace=0.1))
    session = session_for(server).limited(read=5.0, total=0.5)
    started = time.monotonic()
    with (
        pytest.raises(ServerUnavailable, match="in time"),
        session.stream("GET", "data/working-files/w1/file") as response,
    ):
        list(response.iter_content(100))
    assert time.monotonic() - started < 3


def test_when_a_stream_takes_longer_than_the_total_but_keeps_coming_then_it_is_let(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "SLOWEST_STREAM", 5)
    server.everything(Answer(200, {}, b"a" * 60, pace=0.01))
    session = session_for(server).limited(read=1.0, total=0.2)
    with session.stream("GET", "f", ok=(200,)) as response:
        assert len(response.content) == 60


def test_when_the_callers_own_disk_fails_inside_a_stream_then_that_error_comes_out(
    server: ScriptedServer,
) -> None:
    server.everything(Answer(200, {}, b"abc"))
    with (
        pytest.raises(OSError, match="No space left"),
        session_for(server).stream("GET", "f"),
    ):
        raise OSError(28, "No space left on device")


def test_when_a_stream_is_refused_then_the_status_decides(server: ScriptedServer) -> None:
    server.everything(json_answer({"message": "too big"}, 413))
    with (
        pytest.raises(Refused, match="too big"),
        session_for(server).stream("POST", "f", body=b"abc"),
    ):
        pass


def test_when_a_status_is_expected_then_it_is_no_error(server: ScriptedServer) -> None:
    server.everything(Answer(416))
    with session_for(server).stream("GET", "f", ok=(206, 416)) as response:
        assert response.status_code == 416


def test_when_the_caller_brings_a_token_of_its_own_then_it_is_refused(
    server: ScriptedServer,
) -> None:
    with (
        pytest.raises(UsageError),
        session_for(server).stream("GET", "f", headers={"authorization": "Bearer x"}),
    ):
        pass
    assert server.requests == []
