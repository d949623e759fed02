"""What a download finds, makes and leaves on this disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from kitsu.download.stored_scene import OTHER, SCENE, SHA256, names_beside
from scripted_server import ScriptedServer

from wf_core.errors import PathError, PathTaken, WorkfilesError
from wf_core.kitsu.session import Session
from wf_core.kitsu.transfer import download


def test_when_downloaded_then_the_file_has_the_permissions_of_any_new_file(
    session: Session, target: Path
) -> None:
    before = os.umask(0o027)
    try:
        download(session, "w1", target)
    finally:
        os.umask(before)

    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_while_downloading_then_the_file_is_private(session: Session, target: Path) -> None:
    modes: set[int] = set()

    def look(done: int, total: int) -> None:
        modes.update(stat.S_IMODE(path.stat().st_mode) for path in target.parent.iterdir())

    download(session, "w1", target, progress=look)

    assert modes == {0o600}


def a_folder(target: Path) -> None:
    target.mkdir()


def a_link(target: Path) -> None:
    (target.parent / "elsewhere").write_bytes(SCENE)
    target.symlink_to("elsewhere")


def a_dangling_link(target: Path) -> None:
    target.symlink_to("nowhere")


def other_bytes(target: Path) -> None:
    target.write_bytes(OTHER)


def more_bytes(target: Path) -> None:
    target.write_bytes(SCENE + b"x")


@pytest.mark.parametrize("sha256", [SHA256, None], ids=["hash known", "hash unknown"])
@pytest.mark.parametrize("make", [a_folder, a_link, a_dangling_link, other_bytes, more_bytes])
def test_when_something_else_is_there_then_it_stays_as_it_is(
    session: Session, target: Path, make: Callable[[Path], None], sha256: str | None
) -> None:
    make(target)
    before = (target.lstat(), names_beside(target))

    with pytest.raises(PathTaken):
        download(session, "w1", target, size=len(SCENE), sha256=sha256)

    after = (target.lstat(), names_beside(target))
    assert (after[0].st_ino, after[0].st_mtime_ns) == (before[0].st_ino, before[0].st_mtime_ns)
    assert after[1] == before[1]


@pytest.mark.parametrize(
    ("sha256", "asked"), [pytest.param(SHA256, 0, id="known"), pytest.param(None, 1, id="unknown")]
)
def test_when_the_same_bytes_are_there_then_they_count_as_downloaded(
    server: ScriptedServer, session: Session, target: Path, sha256: str | None, asked: int
) -> None:
    target.write_bytes(SCENE)
    inode = target.stat().st_ino

    got = download(session, "w1", target, sha256=sha256)

    assert (got.size, got.sha256) == (len(SCENE), SHA256)
    assert target.stat().st_ino == inode
    assert names_beside(target) == ["lamp_v003.blend"]
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        pytest.param(SCENE, None, id="the same bytes"),
        pytest.param(OTHER, PathTaken, id="other bytes"),
        pytest.param(b"", PathTaken, id="empty"),
    ],
)
def test_when_a_file_appears_meanwhile_then_it_is_not_replaced(
    session: Session, target: Path, meanwhile: bytes, expected: type[WorkfilesError] | None
) -> None:
    def appear(done: int, total: int) -> None:
        target.write_bytes(meanwhile)

    if expected is None:
        download(session, "w1", target, sha256=SHA256, progress=appear)
    else:
        with pytest.raises(expected):
            download(session, "w1", target, sha256=SHA256, progress=appear)

    assert target.read_bytes() == meanwhile
    assert names_beside(target) == ["lamp_v003.blend"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("missing/a.blend", id="no folder"),
        pytest.param("a" * 300, id="name too long"),
        pytest.param("a\0b", id="NUL"),
    ],
)
def test_when_the_target_cannot_be_made_then_nothing_is_asked(
    server: ScriptedServer, session: Session, tmp_path: Path, name: str
) -> None:
    with pytest.raises(PathError):
        download(session, "w1", tmp_path / name)

    assert server.requests == []


def test_when_a_dead_process_left_an_unfinished_file_then_it_goes_after_a_day(
    session: Session, target: Path
) -> None:
    old = target.parent / f".wf-{'a' * 32}.part"
    recent = target.parent / f".wf-{'b' * 32}.part"
    foreign = target.parent / ".wf-notes.part"
    for path in (old, recent, foreign):
        path.write_bytes(b"half")
    now = recent.stat().st_mtime
    for path in (old, foreign):
        os.utime(path, (now - 90_000, now - 90_000))

    download(session, "w1", target)

    assert names_beside(target) == sorted([recent.name, foreign.name, "lamp_v003.blend"])
