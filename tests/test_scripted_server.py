"""The scripted server does what it says: other tests rely on its faults being real."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator

import pytest
import requests
from scripted_server import (
    Answer,
    ScriptedServer,
    early,
    endless,
    hang,
    html_error,
    json_answer,
    reset,
    slow,
    stored_file,
    truncated,
    wrong_length,
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_when_rules_overlap_then_the_latest_wins_and_its_last_answer_repeats(
    server: ScriptedServer, client: requests.Session
) -> None:
    server.everything(json_answer({"from": "everything"}))
    server.on("GET", "/data/tasks/*", html_error(502), json_answer({"id": "t1"}))

    statuses = [client.get(f"{server.url}/data/tasks/t1").status_code for _ in range(3)]
    other = client.post(f"{server.url}/data/tasks/t1?x=1", json={"a": 1})

    assert statuses == [502, 200, 200]
    assert other.json() == {"from": "everything"}
    last = server.requests[-1]
    assert (last.method, last.route, last.path) == (
        "POST",
        "/data/tasks/t1",
        "/data/tasks/t1?x=1",
    )
    assert last.json() == {"a": 1}


def test_when_nothing_matches_then_the_answer_is_501(
    server: ScriptedServer, client: requests.Session
) -> None:
    assert client.get(server.url).status_code == 501


def test_when_a_file_is_posted_then_its_own_length_and_hash_are_recorded(
    server: ScriptedServer, client: requests.Session
) -> None:
    content = b"\r\n--\r\n" * 50_000
    server.everything(Answer(201))

    client.post(server.url, files={"file": ("a.blend", content)})

    (request,) = server.requests
    assert request.complete
    assert request.file_length == 300_000
    assert request.file_sha256 == hashlib.sha256(content).hexdigest()
    assert request.length > 300_000
    assert request.body == b""


def test_when_a_body_comes_in_chunks_then_it_is_read_whole(
    server: ScriptedServer, client: requests.Session
) -> None:
    server.everything(Answer(201))

    client.post(server.url, data=iter([b"abc", b"defg"]))

    assert server.requests[0].body == b"abcdefg"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reset(), id="reset after the body"),
        pytest.param(reset(read=0), id="reset before the body"),
        pytest.param(hang(), id="hang"),
        pytest.param(slow(json_answer({"a": 1}), 60.0), id="one byte a minute"),
        pytest.param(truncated(json_answer({"a": 1}), 3), id="truncated"),
        pytest.param(wrong_length(json_answer({"a": 1}), 99), id="length too long"),
    ],
)
def test_when_an_answer_is_a_fault_then_the_client_fails_and_no_thread_is_left(
    answer: Answer, client: requests.Session
) -> None:
    before = threading.active_count()
    with ScriptedServer() as server:
        server.everything(answer)
        with pytest.raises(requests.RequestException):
            client.post(server.url, data=b"x" * 100, timeout=0.5)

    assert threading.active_count() == before


def test_when_a_body_is_endless_then_it_ends_with_the_client(
    server: ScriptedServer, client: requests.Session
) -> None:
    server.everything(endless(b"x" * 1000, cap=10**9))

    with client.get(server.url, stream=True) as answer:
        assert len(answer.raw.read(5_000)) == 5_000


def test_when_an_answer_is_early_then_the_body_was_not_read(
    server: ScriptedServer, client: requests.Session
) -> None:
    server.everything(early(json_answer({"message": "too big"}, 413), read=10))

    answer = client.post(server.url, data=b"x" * 1000)

    assert answer.status_code == 413
    assert (server.requests[0].length, server.requests[0].complete) == (10, False)


def test_when_a_stored_file_is_asked_for_in_parts_then_ranges_are_honoured(
    server: ScriptedServer, client: requests.Session
) -> None:
    server.everything(stored_file(b"0123456789", etag='"a"'))

    part = client.get(server.url, headers={"Range": "bytes=4-", "If-Range": '"a"'})
    changed = client.get(server.url, headers={"Range": "bytes=4-", "If-Range": '"b"'})
    head = client.head(server.url)

    assert (part.status_code, part.content) == (206, b"456789")
    assert part.headers["Content-Range"] == "bytes 4-9/10"
    assert (changed.status_code, changed.content) == (200, b"0123456789")
    assert (head.headers["Content-Length"], head.content) == ("10", b"")
