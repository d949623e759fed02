"""Transfers over encrypted connections: the same promises as over plain ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scripted_server import (
    ScriptedServer,
    early,
    hang,
    html_error,
    json_answer,
    stored_file,
)

from wf_core.errors import Cancelled, Refused, ServerUnavailable
from wf_core.kitsu.deadline import Timeouts
from wf_core.kitsu.session import Session
from wf_core.kitsu.transfer import download, upload

CERTIFICATE = Path(__file__).parent / "tls" / "loopback.pem"
MIB = 1024 * 1024


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(certificate=CERTIFICATE) as running:
        yield running


@pytest.fixture
def session(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    address = server.url.replace("127.0.0.1", "localhost")
    quick = Timeouts(connect=2.0, read=0.5, total=0.5)
    with closing(Session(address, bot_token="t", timeouts=quick)) as opened:
        yield opened


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.blend"
    path.write_bytes(bytes(range(256)) * 131072)  # 32 MiB
    return path


def test_when_uploaded_then_the_bytes_are_whole(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    server.everything(json_answer({"id": "w1"}, 201))

    sent = upload(session, "w1", scene, size=32 * MIB)

    assert server.requests[0].file_sha256 == sent.sha256


def test_when_an_upload_is_refused_early_then_the_answer_is_told(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    server.everything(early(html_error(413)))

    with pytest.raises(Refused):
        upload(session, "w1", scene, size=32 * MIB)


def test_when_the_server_reads_nothing_then_nothing_is_in_doubt(
    server: ScriptedServer, session: Session, scene: Path
) -> None:
    server.everything(hang(read=0))

    with pytest.raises(ServerUnavailable) as caught:
        upload(session, "w1", scene, size=32 * MIB)

    assert caught.value.in_doubt is False


def test_when_a_download_breaks_then_it_is_resumed(
    server: ScriptedServer, session: Session, scene: Path, tmp_path: Path
) -> None:
    content = scene.read_bytes()
    server.everything(stored_file(content, stop_after=20 * MIB), stored_file(content))

    got = download(session, "w1", tmp_path / "got", pause=lambda seconds: None)

    assert got.sha256 == hashlib.sha256(content).hexdigest()
    assert server.requests[1].headers["range"].startswith("bytes=")


def test_when_a_download_is_cancelled_while_nothing_comes_then_it_ends_at_once(
    server: ScriptedServer, session: Session, tmp_path: Path
) -> None:
    server.everything(hang())
    asked = iter([False] * 3 + [True])

    with pytest.raises(Cancelled):
        download(
            session.limited(read=300.0, total=300.0),
            "w1",
            tmp_path / "got",
            cancel=lambda: next(asked),
        )
