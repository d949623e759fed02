"""Uploads against a server that misbehaves: what is stored, what is raised, what is known."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_server import (
    Answer,
    ScriptedServer,
    broken_json,
    closed_port,
    early,
    endless,
    hang,
    html_error,
    json_answer,
    redirect,
    reset,
    slow,
    too_many_requests,
    truncated,
)

from wf_core.errors import (
    BadAnswer,
    Cancelled,
    FileUnreadable,
    IntegrityError,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    Refused,
    ServerFault,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu.deadline import Timeouts
from wf_core.kitsu.session import Session
from wf_core.kitsu.tokens import MemoryTokenStore, Tokens
from wf_core.kitsu.transfer import upload

MIB = 1024 * 1024
STORED = json_answer({"id": "w1", "name": "main", "revision": 3}, 201)
ROUTE = "/data/working-files/w1/file"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.everything(STORED)
        yield running


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[Session]:
    quick = Timeouts(connect=2.0, read=0.5, total=0.5)
    with closing(
        Session(server.url, bot_token="secret-token", timeouts=quick, retries=2)
    ) as opened:
        yield opened


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A file that fits into no socket's buffers, last written to a minute ago."""
    path = tmp_path / "lamp_v003.blend"
    path.write_bytes(b"BLENDER")
    os.truncate(path, 32 * MIB)
    old = path.stat().st_mtime - 60
    os.utime(path, (old, old))
    return path


def test_when_an_upload_succeeds_then_bytes_hash_and_record_agree(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    seen: list[tuple[int, int]] = []

    sent = upload(
        session, "w1", scene, size=32 * MIB, progress=lambda done, total: seen.append((done, total))
    )

    (request,) = server.requests
    assert (request.method, request.route) == ("POST", ROUTE)
    assert sent.size == request.file_length == 32 * MIB
    assert sent.sha256 == request.file_sha256 == hashlib.sha256(scene.read_bytes()).hexdigest()
    assert sent.record is not None
    assert sent.record.revision == 3
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) == 32
    assert seen[-1] == (32 * MIB, 32 * MIB)
    assert {total for _, total in seen} == {32 * MIB}


@pytest.mark.parametrize(
    "size",
    [1, 100, MIB - 1, MIB, MIB + 1, MIB * 3 // 2 - 170, MIB * 3 // 2, 2 * MIB, 3 * MIB + 7],
)
def test_when_a_size_meets_the_edge_of_a_piece_then_the_body_is_whole(
    server: ScriptedServer, session: Session, tmp_path: Path, size: int
) -> None:
    scene = tmp_path / "a.blend"
    content = bytes(range(256)) * (size // 256 + 1)
    scene.write_bytes(content[:size])

    sent = upload(session, "w1", scene, size=size)

    assert server.requests[0].file_length == size
    assert server.requests[0].file_sha256 == sent.sha256


@pytest.mark.parametrize(
    "name", ["lampe_été_v001.blend", 'a"b.blend', "a\r\nb.blend", "灯.ma", "a;b='c'.blend"]
)
def test_when_a_file_has_an_odd_name_then_the_body_is_still_well_formed(
    server: ScriptedServer, session: Session, name: str
) -> None:
    upload(session, "w1", io.BytesIO(b"scene"), size=5, file_name=name)

    assert server.requests[0].file_length == 5


def test_when_an_open_file_is_given_then_it_is_sent_from_where_it_stands(
    server: ScriptedServer, session: Session
) -> None:
    file = io.BytesIO(b"skipped|scene")
    file.seek(8)

    sent = upload(session, "w1", file, size=5)

    assert sent.sha256 == hashlib.sha256(b"scene").hexdigest()
    assert server.requests[0].file_sha256 == sent.sha256


@pytest.mark.parametrize(
    ("answer", "expected", "in_doubt"),
    [
        pytest.param(redirect("http://198.51.100.1/"), BadAnswer, None, id="301 elsewhere"),
        pytest.param(json_answer({"message": "no"}, 400), Refused, None, id="400"),
        pytest.param(json_answer({}, 401), NotLoggedIn, None, id="401"),
        pytest.param(json_answer({"message": "no"}, 403), PermissionDenied, None, id="403"),
        pytest.param(json_answer({"message": "no"}, 404), NotFound, None, id="404"),
        pytest.param(json_answer({"message": "no"}, 409), Refused, None, id="409"),
        pytest.param(html_error(413), Refused, None, id="413"),
        pytest.param(json_answer({"msg": "bad token"}, 422), NotLoggedIn, None, id="422"),
        pytest.param(too_many_requests("3"), ServerUnavailable, False, id="429"),
        pytest.param(html_error(500), ServerFault, None, id="500"),
        pytest.param(html_error(502), ServerUnavailable, True, id="502"),
        pytest.param(html_error(503), ServerUnavailable, False, id="503"),
        pytest.param(html_error(504), ServerUnavailable, True, id="504"),
        pytest.param(Answer(200, {}, b"<html>hello"), BadAnswer, None, id="not Kitsu"),
        pytest.param(hang(), ServerUnavailable, True, id="no answer"),
        pytest.param(reset(), ServerUnavailable, True, id="reset after the body"),
        pytest.param(reset(read=MIB), ServerUnavailable, False, id="reset in the body"),
        pytest.param(hang(read=0), ServerUnavailable, False, id="reads nothing"),
        pytest.param(early(html_error(413)), Refused, None, id="413 early"),
        pytest.param(early(html_error(413), then="reset"), Refused, None, id="413 and reset"),
        pytest.param(early(html_error(403), read=MIB), PermissionDenied, None, id="403 early"),
        pytest.param(early(html_error(502)), ServerUnavailable, False, id="502 early"),
        pytest.param(early(STORED), BadAnswer, None, id="201 early"),
    ],
)
def test_when_the_server_fails_then_the_error_says_whether_it_may_have_the_file(
    server: ScriptedServer,
    session: Session,
    scene: Path,
    answer: Answer,
    expected: type[WorkfilesError],
    in_doubt: bool | None,
) -> None:
    server.everything(answer)

    with pytest.raises(expected) as caught:
        upload(session, "w1", scene, size=32 * MIB)

    assert getattr(caught.value, "in_doubt", None) is in_doubt
    assert "secret-token" not in str(caught.value)
    assert len(server.wait_for_requests(1)) == 1


def test_when_nobody_listens_then_nothing_is_in_doubt(scene: Path) -> None:
    session = Session(f"http://127.0.0.1:{closed_port()}", bot_token="t")

    with pytest.raises(ServerUnavailable) as caught:
        upload(session, "w1", scene, size=32 * MIB)

    assert caught.value.in_doubt is False


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(broken_json(201), id="broken JSON"),
        pytest.param(endless(status=201), id="endless"),
        pytest.param(slow(STORED, 60.0), id="one byte a minute"),
        pytest.param(truncated(STORED, 10), id="truncated"),
        pytest.param(Answer(201), id="empty"),
        pytest.param(json_answer({"id": "another"}, 201), id="another record"),
        pytest.param(json_answer([1], 201), id="not a record"),
    ],
)
def test_when_only_the_record_cannot_be_read_then_the_upload_counts(
    server: ScriptedServer, session: Session, answer: Answer
) -> None:
    server.everything(answer)

    sent = upload(session, "w1", io.BytesIO(b"scene"), size=5)

    assert sent.record is None
    assert sent.sha256 == server.requests[0].file_sha256


def test_when_the_server_says_to_go_on_then_the_upload_goes_on(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    server.everything(replace(STORED, go_on=True))

    sent = upload(session, "w1", scene, size=32 * MIB)

    assert server.requests[0].file_sha256 == sent.sha256


def test_when_an_answer_came_early_then_the_connection_is_not_used_again(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    server.everything(early(html_error(413)), STORED)

    with pytest.raises(Refused):
        upload(session, "w1", scene, size=32 * MIB)
    sent = upload(session, "w1", scene, size=32 * MIB)

    requests = server.wait_for_requests(2)
    assert [request.complete for request in requests] == [False, True]
    assert requests[1].file_sha256 == sent.sha256


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(json_answer({}, 401), id="after the body"),
        pytest.param(early(json_answer({}, 401), read=MIB), id="within the body"),
    ],
)
def test_when_the_token_has_expired_then_the_whole_body_is_sent_again(
    server: ScriptedServer, session: Session, scene: Path, refusal: Answer
) -> None:
    tokens = MemoryTokenStore()
    logged_in = Session(server.url, tokens=tokens, timeouts=session.timeouts)
    tokens.save(logged_in.server, Tokens(access="old", refresh="refresh"))
    server.on("GET", "/auth/refresh-token", json_answer({"access_token": "new"}))
    server.on("POST", ROUTE, refusal, STORED)

    with closing(logged_in):
        sent = upload(logged_in, "w1", scene, size=32 * MIB)

    last = server.wait_for_requests(3)[-1]
    assert last.headers["authorization"] == "Bearer new"
    assert last.file_length == 32 * MIB
    assert last.file_sha256 == sent.sha256


def test_when_cancelled_between_pieces_then_the_server_gets_no_whole_body(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    asked = iter([False, False, False, True])

    with pytest.raises(Cancelled):
        upload(session, "w1", scene, size=32 * MIB, cancel=lambda: next(asked))

    (request,) = server.wait_for_requests(1)
    assert not request.complete
    assert request.length <= 4 * MIB


def test_when_cancelled_while_the_line_stands_still_then_it_ends_at_once(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    server.everything(hang(read=0))
    sent: list[int] = []
    asked_since_headway: list[int] = []

    def cancel() -> bool:
        asked_since_headway.append(len(sent))
        return asked_since_headway.count(len(sent)) == 3

    with pytest.raises(Cancelled):
        upload(
            session.limited(read=300.0),
            "w1",
            scene,
            size=32 * MIB,
            cancel=cancel,
            progress=lambda done, total: sent.append(done),
        )


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(IntegrityError("lost the lock"), id="one of ours"),
        pytest.param(ServerUnavailable("someone else sends it", in_doubt=False), id="unavailable"),
        pytest.param(FileNotFoundError("the lock's file"), id="like one of the network's"),
        pytest.param(ValueError("anything"), id="anything"),
    ],
)
def test_when_the_check_before_the_last_bytes_fails_then_they_are_not_sent(
    server: ScriptedServer, session: Session, scene: Path, error: Exception
) -> None:
    sent: list[int] = []

    def check() -> None:
        assert sent[-1] >= 30 * MIB
        raise error

    with pytest.raises(type(error)) as caught:
        upload(
            session,
            "w1",
            scene,
            size=32 * MIB,
            before_last_bytes=check,
            progress=lambda done, total: sent.append(done),
        )

    assert caught.value is error
    (request,) = server.wait_for_requests(1)
    assert not request.complete
    assert request.length < 32 * MIB


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")


def _empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_grow, id="grown"),
        pytest.param(_rewrite, id="rewritten, same size"),
        pytest.param(_empty, id="emptied"),
    ],
)
def test_when_the_file_changes_while_it_is_sent_then_nothing_is_stored(
    server: ScriptedServer, session: Session, scene: Path, change: Callable[[Path], None]
) -> None:
    def progress(done: int, total: int) -> None:
        if done < 4 * MIB:
            change(scene)

    with pytest.raises(IntegrityError, match="nothing was stored"):
        upload(session, "w1", scene, size=32 * MIB, progress=progress)

    assert not server.wait_for_requests(1)[0].complete


def test_when_the_file_is_replaced_or_linked_meanwhile_then_the_old_bytes_are_sent(
    server: ScriptedServer, session: Session, scene: Path, tmp_path: Path
) -> None:
    before = hashlib.sha256(scene.read_bytes()).hexdigest()
    spooled = tmp_path / "spooled"

    def progress(done: int, total: int) -> None:
        if not spooled.exists():
            os.link(scene, spooled)
            newer = tmp_path / "newer"
            newer.write_bytes(b"newer")
            newer.replace(scene)

    sent = upload(session, "w1", scene, size=32 * MIB, progress=progress)

    assert sent.sha256 == server.requests[0].file_sha256 == before


@pytest.mark.parametrize("claimed", [1, 32 * MIB - 1, 32 * MIB + 1], ids=str)
def test_when_the_size_is_not_the_promised_one_then_nothing_is_asked(
    server: ScriptedServer, session: Session, scene: Path, claimed: int
) -> None:
    with pytest.raises(IntegrityError):
        upload(session, "w1", scene, size=claimed)

    assert server.requests == []


@pytest.mark.parametrize("claimed", [4, 6], ids=["longer", "shorter"])
def test_when_a_stream_has_another_length_then_nothing_is_stored(
    server: ScriptedServer, session: Session, claimed: int
) -> None:
    with pytest.raises(IntegrityError):
        upload(session, "w1", io.BytesIO(b"scene"), size=claimed)

    assert not any(request.complete for request in server.requests)


def _nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.touch, id="empty"),
        pytest.param(Path.mkdir, id="a folder"),
        pytest.param(os.mkfifo, id="a named pipe"),
        pytest.param(_nothing, id="missing"),
    ],
)
def test_when_there_is_no_file_to_send_then_nothing_is_asked(
    server: ScriptedServer, session: Session, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "scene.blend"
    make(path)

    with pytest.raises(FileUnreadable):
        upload(session, "w1", path, size=0)

    assert server.requests == []


def test_when_an_id_is_not_one_then_it_stays_inside_its_route(
    server: ScriptedServer, session: Session
) -> None:
    server.everything(replace(STORED, status=404))

    with pytest.raises(NotFound):
        upload(session, "../../admin?x=", io.BytesIO(b"scene"), size=5)

    assert server.requests[0].path == "/data/working-files/..%2F..%2Fadmin%3Fx%3D/file"
