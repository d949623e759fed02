"""Transfers to and from a real Kitsu: what it stores, what it keeps, what it resumes."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu, Record, unique

from wf_core import kitsu as wf_kitsu
from wf_core.errors import Cancelled, IntegrityError, NotFound, PermissionDenied, ServerUnavailable
from wf_core.kitsu.fetch import fetch
from wf_core.kitsu.session import Session
from wf_core.kitsu.tokens import MemoryTokenStore, Tokens
from wf_core.kitsu.transfer import (
    await_stored_length,
    download,
    fetch_hash,
    stored_length,
    upload,
)
from wf_core.private_kitsu import KitsuInfo

pytestmark = pytest.mark.server

MIB = 1024 * 1024
SIZE = 12 * MIB + 345


@pytest.fixture(scope="module")
def live(zou: KitsuInfo) -> LiveKitsu:
    return LiveKitsu(zou)


@pytest.fixture(scope="module")
def session(live: LiveKitsu) -> Iterator[Session]:
    with closing(Session(live.url, bot_token=live.token("artist"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def task_id(live: LiveKitsu) -> str:
    return live.fresh_task().id


def new_working_file(live: LiveKitsu, task_id: str) -> str:
    body: Record = {
        "name": unique("scene"),
        "revision": 1,
        "comment": "",
        "software_id": live.find("softwares", "Blender")["id"],
    }
    found: str = live.call("POST", f"data/tasks/{task_id}/working-files/new", body)["id"]
    return found


@pytest.fixture
def working_file_id(live: LiveKitsu, task_id: str) -> str:
    return new_working_file(live, task_id)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "lampe_été_v001.blend"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    return path


@pytest.fixture(scope="module")
def sha256(scene: Path) -> str:
    return hashlib.sha256(scene.read_bytes()).hexdigest()


def test_when_uploaded_then_the_same_bytes_come_back(
    live: LiveKitsu,
    session: Session,
    working_file_id: str,
    scene: Path,
    sha256: str,
    tmp_path: Path,
) -> None:
    sent = upload(session, working_file_id, scene, size=SIZE)
    got = download(session, working_file_id, tmp_path / "got", size=SIZE, sha256=sha256)
    hashed = fetch_hash(session, working_file_id, size=SIZE)

    assert sent.sha256 == sha256
    assert sent.record is not None
    assert sent.record.id == working_file_id
    assert stored_length(session, working_file_id) == SIZE
    assert (tmp_path / "got").read_bytes() == scene.read_bytes()
    assert got.checked == "hash"
    assert hashed.sha256 == sha256


def test_when_nothing_was_uploaded_then_nothing_is_found(
    session: Session, working_file_id: str, tmp_path: Path
) -> None:
    assert stored_length(session, working_file_id) is None
    with pytest.raises(NotFound):
        download(session, working_file_id, tmp_path / "got")

    assert list(tmp_path.iterdir()) == []


def test_when_an_upload_is_stopped_then_the_server_stores_nothing(
    session: Session, working_file_id: str, scene: Path
) -> None:
    asked = iter([False] * 8 + [True])

    with pytest.raises(Cancelled):
        upload(session, working_file_id, scene, size=SIZE, cancel=lambda: next(asked))

    assert await_stored_length(session, working_file_id, SIZE, patience=1.0) is None


def test_when_the_last_bytes_are_withheld_then_what_was_stored_stays(
    session: Session, working_file_id: str, scene: Path, sha256: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(SIZE))
    upload(session, working_file_id, scene, size=SIZE)

    def refuse() -> None:
        raise IntegrityError("not mine any more")

    with pytest.raises(IntegrityError):
        upload(session, working_file_id, other, size=SIZE, before_last_bytes=refuse)

    assert await_stored_length(session, working_file_id, SIZE + 1, patience=1.0) == SIZE
    assert fetch_hash(session, working_file_id).sha256 == sha256


def test_when_a_download_breaks_then_the_server_gives_the_rest(
    session: Session, working_file_id: str, scene: Path, sha256: str
) -> None:
    upload(session, working_file_id, scene, size=SIZE)

    class BreaksOnce:
        def __init__(self) -> None:
            self.got = bytearray()
            self.starts = 0
            self.broken = False

        def restart(self, total: int) -> None:
            self.got.clear()
            self.starts += 1

        def write(self, piece: bytes) -> None:
            if len(self.got) > 5 * MIB and not self.broken:
                self.broken = True
                raise ServerUnavailable("the line broke", in_doubt=False)
            self.got += piece

    sink = BreaksOnce()
    found = fetch(session, working_file_id, sink, pause=lambda seconds: None)

    assert sink.broken
    assert sink.starts == 1
    assert bytes(sink.got) == scene.read_bytes()
    assert (found.size, found.sha256) == (SIZE, sha256)


def test_when_the_account_is_not_on_the_team_then_the_refusal_is_told(
    live: LiveKitsu, working_file_id: str, tmp_path: Path
) -> None:
    production = live.production(team=("artist",))
    task = live.task(live.asset(production), assign=("artist",))
    foreign_id = new_working_file(live, task["id"])
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, 64 * MIB)

    with (
        closing(Session(live.url, bot_token=live.token("artist2"))) as outsider,
        pytest.raises(PermissionDenied),
    ):
        upload(outsider, foreign_id, large, size=64 * MIB)


def test_when_the_token_is_refreshed_then_the_whole_file_arrives(
    live: LiveKitsu, working_file_id: str, scene: Path, sha256: str
) -> None:
    tokens = MemoryTokenStore()
    email, password = live.credentials("artist")
    with closing(Session(live.url, tokens=tokens)) as session:
        wf_kitsu.login(session, email=email, password=password)
        login = tokens.load(session.server)
        assert login is not None
        tokens.save(
            session.server, Tokens(access=login.access[:-5] + "xxxxx", refresh=login.refresh)
        )

        upload(session, working_file_id, scene, size=SIZE)

        assert fetch_hash(session, working_file_id).sha256 == sha256
