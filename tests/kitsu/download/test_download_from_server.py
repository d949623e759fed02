"""Downloads from a server that misbehaves: whole and right, or nothing at all."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kitsu.download.stored_scene import OTHER, SCENE, SHA256, names_beside
from scripted_server import (
    Answer,
    AnswerOrFunction,
    Request,
    ScriptedServer,
    endless,
    hang,
    html_error,
    json_answer,
    redirect,
    reset,
    slow,
    stored_file,
    too_many_requests,
    truncated,
    wrong_length,
)

from wf_core.errors import (
    BadAnswer,
    Cancelled,
    DiskFull,
    IntegrityError,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    Refused,
    ServerFault,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu.session import Session
from wf_core.kitsu.tokens import MemoryTokenStore, Tokens
from wf_core.kitsu.transfer import download, fetch_hash

ROUTE = "/data/working-files/w1/file"


def no_pause(seconds: float) -> None:
    """Instead of waiting between tries."""


def test_the_expected_hash_is_that_of_the_scene() -> None:
    assert hashlib.sha256(SCENE).hexdigest() == SHA256


@pytest.mark.parametrize(
    ("sha256", "checked"),
    [
        pytest.param(SHA256, "hash", id="hash known"),
        pytest.param(SHA256.upper(), "hash", id="hash known in capitals"),
        pytest.param(None, "length", id="hash unknown"),
    ],
)
def test_when_all_is_well_then_the_file_is_there_and_says_how_sure_it_is(
    server: ScriptedServer, session: Session, target: Path, sha256: str | None, checked: str
) -> None:
    seen: list[tuple[int, int]] = []

    got = download(
        session,
        "w1",
        target,
        size=len(SCENE),
        sha256=sha256,
        progress=lambda done, total: seen.append((done, total)),
    )

    assert target.read_bytes() == SCENE
    assert names_beside(target) == ["lamp_v003.blend"]
    assert (got.path, got.size, got.sha256, got.checked) == (target, 1_048_576, SHA256, checked)
    assert seen[-1] == (1_048_576, 1_048_576)
    assert len(seen) > 1
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", ROUTE)
    assert request.headers["cache-control"] == "no-cache"
    assert request.headers["accept-encoding"] == "identity"


def test_when_the_stored_file_is_empty_then_so_is_the_download(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(stored_file(b""))

    assert download(session, "w1", target).size == 0
    assert target.read_bytes() == b""


# Breaks


def cut_at(*lengths: int) -> list[AnswerOrFunction]:
    """Answers of one stored file, each cut off after so many bytes; the last one is not."""
    return [*(stored_file(SCENE, stop_after=length) for length in lengths), stored_file(SCENE)]


def test_when_the_line_breaks_then_only_the_rest_is_asked_for(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(*cut_at(400_000, 100_000))

    got = download(session, "w1", target, sha256=SHA256, pause=no_pause)

    assert target.read_bytes() == SCENE
    assert got.checked == "hash"
    asked = [(r.headers.get("range"), r.headers.get("if-range")) for r in server.requests]
    assert asked == [(None, None), ("bytes=400000-", '"v1"'), ("bytes=500000-", '"v1"')]


def test_when_the_connection_is_reset_then_it_goes_on_where_it_was(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    def broken(request: Request) -> Answer:
        return replace(stored_file(SCENE, stop_after=700_000)(request), then="reset")

    server.everything(broken, stored_file(SCENE))

    download(session, "w1", target, sha256=SHA256, pause=no_pause)

    assert target.read_bytes() == SCENE


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            stored_file(SCENE, stop_after=400_000, ranges=False),
            stored_file(SCENE, ranges=False),
            id="server without ranges",
        ),
        pytest.param(
            stored_file(SCENE, stop_after=400_000, etag=None),
            stored_file(SCENE, etag=None),
            id="no version to hold on to",
        ),
        pytest.param(
            stored_file(SCENE, stop_after=400_000, etag='W/"v1"'),
            stored_file(SCENE, etag='W/"v1"'),
            id="a weak version",
        ),
        pytest.param(
            stored_file(OTHER, stop_after=400_000, etag='"v0"'),
            stored_file(SCENE, etag='"v1"'),
            id="changed meanwhile",
        ),
        pytest.param(
            stored_file(OTHER + OTHER, stop_after=400_000, etag='"v0"'),
            stored_file(SCENE, etag='"v1"'),
            id="changed and shorter",
        ),
    ],
)
def test_when_the_rest_cannot_be_had_then_it_starts_over(
    server: ScriptedServer,
    session: Session,
    target: Path,
    first: AnswerOrFunction,
    second: AnswerOrFunction,
) -> None:
    server.everything(first, second)

    got = download(session, "w1", target, pause=no_pause)

    assert target.read_bytes() == SCENE
    assert got.sha256 == SHA256


def test_when_the_rest_is_no_longer_there_then_it_starts_over(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(*cut_at(400_000)[:1], Answer(416), stored_file(SCENE))

    download(session, "w1", target, sha256=SHA256, pause=no_pause)

    assert target.read_bytes() == SCENE
    assert [r.headers.get("range") for r in server.requests] == [None, "bytes=400000-", None]


def test_when_the_token_expires_between_two_parts_then_nobody_notices(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    tokens = MemoryTokenStore()
    logged_in = Session(server.url, tokens=tokens, timeouts=session.timeouts)
    tokens.save(logged_in.server, Tokens(access="old", refresh="refresh"))
    server.on("GET", "/auth/refresh-token", json_answer({"access_token": "new"}))
    server.on("GET", ROUTE, cut_at(400_000)[0], json_answer({}, 401), stored_file(SCENE))

    with closing(logged_in):
        download(logged_in, "w1", target, sha256=SHA256, pause=no_pause)

    assert target.read_bytes() == SCENE


def test_when_headway_is_made_then_breaks_are_not_counted(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    large = SCENE * 8
    server.everything(stored_file(large, stop_after=1_100_000))

    download(session, "w1", target, pause=no_pause)

    assert target.read_bytes() == large
    assert len(server.requests) == 8


def test_when_no_headway_is_made_then_it_gives_up(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(stored_file(SCENE, stop_after=1000))

    with pytest.raises(ServerUnavailable):
        download(session, "w1", target, pause=no_pause)

    assert len(server.requests) == 3
    assert names_beside(target) == []


def test_when_the_server_asks_to_wait_then_it_is_waited(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(too_many_requests("7"), stored_file(SCENE))
    pauses: list[float] = []

    download(session.limited(total=60.0), "w1", target, sha256=SHA256, pause=pauses.append)

    assert 7.0 < sum(pauses) < 8.0


# Faults

BAD_RANGE = {"Content-Range": "bytes 0-648575/1048576", "ETag": '"v1"'}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([redirect("http://198.51.100.1/")], BadAnswer, id="301 elsewhere"),
        pytest.param([json_answer({"message": "no"}, 400)], Refused, id="400"),
        pytest.param([json_answer({}, 401)], NotLoggedIn, id="401"),
        pytest.param([json_answer({"message": "no"}, 403)], PermissionDenied, id="403"),
        pytest.param([json_answer({"message": "no"}, 404)], NotFound, id="404"),
        pytest.param([json_answer({"message": "no"}, 409)], Refused, id="409"),
        pytest.param([json_answer({"msg": "bad"}, 422)], NotLoggedIn, id="422"),
        pytest.param([too_many_requests("1")], ServerUnavailable, id="429"),
        pytest.param([too_many_requests("9999")], ServerUnavailable, id="429 for hours"),
        pytest.param([html_error(500)], ServerFault, id="500"),
        pytest.param([html_error(502)], ServerUnavailable, id="502"),
        pytest.param([html_error(503)], ServerUnavailable, id="503"),
        pytest.param([html_error(504)], ServerUnavailable, id="504"),
        pytest.param([Answer(206, BAD_RANGE, SCENE)], BadAnswer, id="206 unasked"),
        pytest.param([Answer(204)], BadAnswer, id="204"),
        pytest.param([hang()], ServerUnavailable, id="no answer"),
        pytest.param([reset()], ServerUnavailable, id="reset"),
        pytest.param([endless()], BadAnswer, id="no length"),
        pytest.param([slow(Answer(body=SCENE), 60.0)], ServerUnavailable, id="a byte a minute"),
        pytest.param([slow(Answer(body=SCENE), 0.05)], ServerUnavailable, id="20 bytes a second"),
        pytest.param([truncated(Answer(body=SCENE), 0)], ServerUnavailable, id="only headers"),
        pytest.param([wrong_length(Answer(body=b"x"), 10**15)], DiskFull, id="larger than disks"),
        pytest.param([wrong_length(Answer(), -5)], BadAnswer, id="negative length"),
        pytest.param([Answer(200, {"Content-Encoding": "gzip"}, SCENE)], BadAnswer, id="packed"),
        pytest.param(
            [*cut_at(400_000)[:1], Answer(206, BAD_RANGE, SCENE[400_000:])],
            BadAnswer,
            id="another part",
        ),
        pytest.param(
            [*cut_at(400_000)[:1], Answer(206, {}, SCENE[400_000:])], BadAnswer, id="nameless part"
        ),
        pytest.param([*cut_at(400_000)[:1], html_error(404)], NotFound, id="gone meanwhile"),
        pytest.param([*cut_at(400_000)[:1], html_error(200)], BadAnswer, id="a page meanwhile"),
        pytest.param([html_error(200)], BadAnswer, id="a page"),
        pytest.param([json_answer({"error": "oops"})], BadAnswer, id="a JSON document"),
    ],
)
def test_when_the_server_fails_then_nothing_is_left_on_the_disk(
    server: ScriptedServer,
    session: Session,
    target: Path,
    answers: list[AnswerOrFunction],
    expected: type[WorkfilesError],
) -> None:
    server.everything(*answers)

    with pytest.raises(expected) as caught:
        download(session, "w1", target, sha256=SHA256, pause=no_pause)

    assert names_beside(target) == []
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "size", "sha256"),
    [
        pytest.param(OTHER, None, SHA256, id="other bytes"),
        pytest.param(OTHER, len(SCENE), SHA256, id="other bytes of the same length"),
        pytest.param(SCENE + b"x", len(SCENE), None, id="longer"),
        pytest.param(SCENE[:-1], len(SCENE), None, id="shorter"),
        pytest.param(b"", len(SCENE), None, id="empty"),
    ],
)
def test_when_the_stored_bytes_are_not_the_saved_ones_then_they_are_not_kept(
    server: ScriptedServer,
    session: Session,
    target: Path,
    content: bytes,
    size: int | None,
    sha256: str | None,
) -> None:
    server.everything(stored_file(content))

    with pytest.raises(IntegrityError):
        download(session, "w1", target, size=size, sha256=sha256)

    assert names_beside(target) == []


def test_when_cancelled_then_nothing_is_left(session: Session, target: Path) -> None:
    seen: list[int] = []

    with pytest.raises(Cancelled):
        download(
            session,
            "w1",
            target,
            progress=lambda done, total: seen.append(done),
            cancel=lambda: bool(seen),
        )

    assert len(seen) == 1
    assert names_beside(target) == []


@pytest.mark.parametrize(
    "error", [BrokenPipeError("no terminal"), ValueError("anything")], ids=repr
)
def test_when_reporting_progress_fails_then_that_is_the_error(
    server: ScriptedServer, session: Session, target: Path, error: Exception
) -> None:
    def progress(done: int, total: int) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        download(session, "w1", target, progress=progress, pause=no_pause)

    assert caught.value is error
    assert len(server.requests) == 1
    assert names_beside(target) == []


@pytest.mark.parametrize("answer", [hang(), slow(Answer(body=SCENE), 60.0)])
def test_when_nothing_comes_then_all_tries_together_keep_to_the_time(
    server: ScriptedServer, session: Session, target: Path, answer: Answer
) -> None:
    server.everything(answer)
    patient = session.limited(retries=50)

    with pytest.raises(ServerUnavailable):
        download(patient, "w1", target, pause=no_pause)

    # Each takes 0.3 s, all together may take 0.5 s.
    assert len(server.requests) <= 2
    assert names_beside(target) == []


def test_when_cancelled_while_nothing_comes_then_it_ends_at_once(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(hang())
    asked = iter([False] * 4 + [True])
    patient = session.limited(read=300.0, total=300.0)

    with pytest.raises(Cancelled):
        download(patient, "w1", target, cancel=lambda: next(asked))


def test_when_cancelled_between_two_tries_then_it_ends_at_once(
    server: ScriptedServer, session: Session, target: Path
) -> None:
    server.everything(html_error(503))
    pauses: list[float] = []

    with pytest.raises(Cancelled):
        download(session, "w1", target, cancel=lambda: bool(pauses), pause=pauses.append)

    assert len(server.requests) == 1


# Hashing without keeping


def test_when_only_the_hash_is_wanted_then_breaks_are_survived_too(
    server: ScriptedServer, session: Session
) -> None:
    server.everything(*cut_at(400_000))

    found = fetch_hash(session.limited(retries=1), "w1", size=len(SCENE))

    assert (found.size, found.sha256) == (1_048_576, SHA256)


def test_when_the_stored_length_is_wrong_then_nothing_is_hashed(
    server: ScriptedServer, session: Session
) -> None:
    seen: list[int] = []

    with pytest.raises(IntegrityError):
        fetch_hash(session, "w1", size=5, progress=lambda done, total: seen.append(done))

    assert seen == []
