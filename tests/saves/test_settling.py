"""What a save has put on the disk by the time it is reported."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, html_error, too_many_requests
from wf_core import filehost
from wf_core.disk.locks import Lock
from wf_core.errors import Cancelled, FileUnreadable, WorkfilesError
from wf_core.filehost import FileHost
from wf_core.saves import engine, sending, spool, uploader
from wf_core.saves.machine import monotonic
from wf_core.saves.row import SaveRow
from wf_core.steps import as_commands
from wf_core.workfiles import SaveRequest, Workfiles


@pytest.fixture
def kitsu(server: ScriptedServer) -> ScriptedKitsu:
    return ScriptedKitsu(server)


@pytest.fixture
def workfiles(
    server: ScriptedServer, kitsu: ScriptedKitsu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workfiles]:
    monkeypatch.setattr(uploader, "start", lambda settings: False)
    with Workfiles(settings_of_bot(server.url, tmp_path)) as opened:
        yield opened


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders of the files that were synced, in order."""
    seen: list[str] = []
    sync = engine.fsync_file

    def noted(path: Path) -> None:
        seen.append("spool" if ".wf-spool" in path.parts else "workspace")
        sync(path)

    monkeypatch.setattr(engine, "fsync_file", noted)
    return seen


@pytest.fixture
def scene(tmp_path: Path) -> FileHost:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"x" * 1000)
    return FileHost(path)


def test_when_a_save_is_reported_as_committed_then_its_scene_is_on_the_disk(
    workfiles: Workfiles, synced: list[str], scene: FileHost
) -> None:
    assert workfiles.save(scene, SaveRequest(task=TASK)).state == "committed"

    assert synced == ["workspace"]


def test_when_a_save_has_to_wait_then_its_kept_copy_is_on_the_disk_too(
    workfiles: Workfiles, server: ScriptedServer, synced: list[str], scene: FileHost
) -> None:
    server.on("POST", "/data/working-files/*/file", html_error(503))

    assert workfiles.save(scene, SaveRequest(task=TASK)).state == "pending"

    assert set(synced) == {"workspace", "spool"}
    (row,) = workfiles.desk.journal.rows("saved")
    assert row.synced


def test_when_a_save_has_to_wait_then_its_kept_copy_is_its_own(
    workfiles: Workfiles, server: ScriptedServer, scene: FileHost
) -> None:
    server.on("POST", "/data/working-files/*/file", html_error(503))
    saved = workfiles.save(scene, SaveRequest(task=TASK))
    (row,) = workfiles.desk.journal.rows("saved")

    with Path(saved.path).open("r+b") as written_over:
        written_over.write(b"other")

    assert row.spool_path is not None
    assert Path(row.spool_path).read_bytes() == b"x" * 1000


def test_when_another_program_writes_the_scene_during_its_upload_then_that_is_an_error(
    workfiles: Workfiles, server: ScriptedServer, scene: FileHost, tmp_path: Path
) -> None:
    def write_over(_: object) -> object:
        (written,) = (tmp_path / "workspace").rglob("*_v001.blend")
        with written.open("r+b") as other:
            other.write(b"other")
        os.utime(written, (1, 1))
        return html_error(503)

    server.on("POST", "/data/working-files/*/file", write_over)

    with pytest.raises(WorkfilesError, match="was written to") as told:
        workfiles.save(scene, SaveRequest(task=TASK))

    assert told.value.kind == "changed"
    assert workfiles.sync().parked == 1
    (pending,) = workfiles.status()
    assert "was written to" in str(pending.error)


def test_when_a_save_returns_before_its_upload_then_both_are_on_the_disk(
    workfiles: Workfiles, synced: list[str], scene: FileHost
) -> None:
    assert workfiles.save(scene, SaveRequest(task=TASK), wait=False).state == "pending"

    assert set(synced) == {"workspace", "spool"}


def test_when_an_upload_is_cancelled_then_both_are_on_the_disk(
    workfiles: Workfiles, synced: list[str], scene: FileHost
) -> None:
    with pytest.raises(Cancelled, match=r"Revision 1 is safe in .*_v001.blend, and not") as told:
        workfiles.save(scene, SaveRequest(task=TASK), cancel=lambda: True)

    assert as_commands(told.value.hint) == "“wf sync” sends it."
    assert set(synced) == {"workspace", "spool"}
    (row,) = workfiles.desk.journal.rows("saved")
    assert row.synced


@pytest.mark.parametrize(
    ("asked", "at_least", "at_most"), [("120", 120, 150), ("99999999", 3600, 4500)]
)
def test_when_the_server_says_how_long_to_wait_then_that_is_waited_within_reason(
    workfiles: Workfiles,
    server: ScriptedServer,
    scene: FileHost,
    asked: str,
    at_least: float,
    at_most: float,
) -> None:
    server.on("POST", "/data/working-files/*/file", too_many_requests(asked))

    workfiles.save(scene, SaveRequest(task=TASK))

    (row,) = workfiles.desk.journal.rows("saved")
    assert row.next_try is not None
    assert at_least - 5 < row.next_try - monotonic() <= at_most


def test_when_an_application_writes_nothing_then_its_place_is_free_for_the_next_save(
    workfiles: Workfiles, scene: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(FileHost, "save_as", lambda host, path: path.touch())
        with pytest.raises(FileUnreadable, match="wrote an empty file"):
            workfiles.save(scene, SaveRequest(task=TASK))

    saved = workfiles.save(scene, SaveRequest(task=TASK))

    assert (saved.state, saved.revision) == ("committed", 1)


_LARGE = 4 * 1024 * 1024
"""Bytes of a scene that is sent in several pieces."""


@pytest.fixture
def large_scene(tmp_path: Path) -> FileHost:
    path = tmp_path / "large.blend"
    path.write_bytes(os.urandom(_LARGE))
    return FileHost(path)


def test_when_a_large_file_is_saved_then_its_upload_begins_while_it_is_copied(
    workfiles: Workfiles, large_scene: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = threading.Event()
    begun: list[bool] = []

    def copy_slowly(source: Path, target: Path, *, progress: Callable[[int, int], None]) -> None:
        content = source.read_bytes()
        with target.open("xb") as copy:
            copy.write(content[: _LARGE // 2])
            copy.flush()
            progress(_LARGE // 2, _LARGE)
            begun.append(sent.wait(10.0))
            copy.write(content[_LARGE // 2 :])
        progress(_LARGE, _LARGE)

    monkeypatch.setattr(filehost, "copy_exactly", copy_slowly)
    expected = hashlib.sha256(large_scene.current_path().read_bytes()).hexdigest()
    saved = workfiles.save(
        large_scene, SaveRequest(task=TASK), progress=lambda what, done, total: sent.set()
    )

    assert begun == [True]
    assert (saved.state, saved.sha256, saved.size) == ("committed", expected, _LARGE)
    assert hashlib.sha256(Path(saved.path).read_bytes()).hexdigest() == expected


def test_when_a_file_turns_out_to_be_written_to_then_nothing_of_it_was_stored(
    workfiles: Workfiles,
    kitsu: ScriptedKitsu,
    large_scene: FileHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = filehost.copy_exactly

    def copy_and_find_out(source: Path, target: Path, **options: Any) -> None:
        copy(source, target, **options)
        target.unlink()
        raise FileUnreadable(f"{source} was being written while it was copied.")

    with monkeypatch.context() as changing:
        changing.setattr(filehost, "copy_exactly", copy_and_find_out)
        with pytest.raises(FileUnreadable, match="was being written"):
            workfiles.save(large_scene, SaveRequest(task=TASK))

    assert [kitsu.stored_sha256(made) for made in kitsu.records] == [None]
    assert workfiles.status() == []
    again = workfiles.save(large_scene, SaveRequest(task=TASK))
    assert (again.state, again.revision) == ("committed", 1)


@pytest.fixture
def slow_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies that have come half way, and wait a little before they go on."""
    copy = filehost.copy_exactly

    def copy_slowly(
        source: Path, target: Path, *, progress: Callable[[int, int], None] | None
    ) -> None:
        def told(done: int, size: int) -> None:
            if progress is not None:
                progress(done // 2, size)
            time.sleep(0.2)
            if progress is not None:
                progress(done, size)

        copy(source, target, progress=told)

    monkeypatch.setattr(filehost, "copy_exactly", copy_slowly)


def test_when_somebody_does_not_wait_for_a_stopped_copy_then_it_ends(
    workfiles: Workfiles, large_scene: FileHost, slow_copies: None, tmp_path: Path
) -> None:
    def impatient(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workfiles.save(large_scene, SaveRequest(task=TASK), progress=impatient)

    assert [p for p in (tmp_path / "workspace").rglob("*demo*") if p.is_file()] == []
    assert workfiles.status() == []
    again = workfiles.save(large_scene, SaveRequest(task=TASK))
    assert (again.state, again.revision) == ("committed", 1)


@pytest.mark.parametrize("found_out", ["before", "afterwards"])
def test_when_a_workspace_has_no_links_then_a_scene_that_is_written_to_is_never_mixed(
    workfiles: Workfiles,
    kitsu: ScriptedKitsu,
    large_scene: FileHost,
    slow_copies: None,
    monkeypatch: pytest.MonkeyPatch,
    found_out: str,
) -> None:
    if found_out == "before":
        monkeypatch.setattr(spool, "linked", lambda source, target: False)
    monkeypatch.setattr(engine, "linked", lambda scene, kept: False)
    known = engine.SaveEngine._known_by_heart
    content = large_scene.current_path().read_bytes()

    def write_over(self: engine.SaveEngine, row: SaveRow, kept: Path, how: str) -> SaveRow:
        with Path(row.scene_path or "").open("r+b") as scene:
            scene.seek(_LARGE - 1000)
            scene.write(b"what the artist did next")
        return known(self, row, kept, how)

    monkeypatch.setattr(engine.SaveEngine, "_known_by_heart", write_over)
    saved = workfiles.save(large_scene, SaveRequest(task=TASK))
    if saved.state == "pending":
        assert workfiles.sync().committed == 1

    expected = hashlib.sha256(content).hexdigest()
    assert [kitsu.stored_sha256(made) for made in kitsu.records] == [expected]
    (revision,) = workfiles.list_revisions(TASK)
    assert revision.sha256 == expected


def test_when_times_cannot_be_set_then_a_save_that_has_to_wait_is_safe_all_the_same(
    workfiles: Workfiles,
    server: ScriptedServer,
    scene: FileHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    server.on("POST", "/data/working-files/*/file", html_error(503))
    with monkeypatch.context() as of_others:
        of_others.setattr(os, "utime", refused)
        assert workfiles.save(scene, SaveRequest(task=TASK)).state == "pending"

    (row,) = workfiles.desk.journal.rows("saved")
    assert row.synced


def test_when_the_scene_is_not_written_yet_then_the_last_bytes_wait(
    workfiles: Workfiles,
    kitsu: ScriptedKitsu,
    large_scene: FileHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rename = filehost.rename_exclusive
    stored: list[str | None] = []

    def rename_later(source: Path, target: Path) -> None:
        time.sleep(0.5)
        stored.extend(kitsu.stored_sha256(made) for made in kitsu.records)
        rename(source, target)

    monkeypatch.setattr(filehost, "rename_exclusive", rename_later)

    assert workfiles.save(large_scene, SaveRequest(task=TASK)).state == "committed"
    assert stored == [None]


def test_when_the_record_cannot_be_locked_then_the_save_waits(
    workfiles: Workfiles, scene: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OnAFullDisk(Lock):
        def acquire(self, *, wait: float = 0.0) -> bool:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sending, "Lock", OnAFullDisk)

    assert workfiles.save(scene, SaveRequest(task=TASK)).state == "pending"

    (pending,) = workfiles.status()
    assert "There is no room" in str(pending.error)
