"""Links that somebody put into the workspace lead nowhere: not out of it, not over a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.scripted_server import ScriptedServer, html_error
from wf_core.errors import PathError, PathTaken, WorkfilesError
from wf_core.filehost import FileHost
from wf_core.saves import uploader
from wf_core.workfiles import SaveRequest, Workfiles

Plant = Callable[[Workfiles, Path], None]


@pytest.fixture(autouse=True)
def no_uploader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploader, "start", lambda settings: False)


def link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def the_spool(workfiles: Workfiles, outside: Path) -> None:
    link(workfiles.settings.workspace / ".wf-spool", outside)


def my_part_of_the_spool(workfiles: Workfiles, outside: Path) -> None:
    known = workfiles.desk.spool.folder(workfiles.settings.workspace)
    known.rmdir()
    link(known, outside)


def a_folder_of_the_tree(workfiles: Workfiles, outside: Path) -> None:
    link(Path(workfiles.path(TASK).path).parents[2], outside)


def the_task_s_folder(workfiles: Workfiles, outside: Path) -> None:
    link(Path(workfiles.path(TASK).path).parent, outside)


def the_file_itself(workfiles: Workfiles, outside: Path) -> None:
    link(Path(workfiles.path(TASK).path), outside / "new file")


def the_file_within_its_root(workfiles: Workfiles, outside: Path) -> None:
    place = Path(workfiles.path(TASK).path)
    link(place, place.with_name("another_v001.blend"))


@pytest.mark.parametrize(
    ("plant", "error"),
    [
        (the_spool, PathError),
        (my_part_of_the_spool, PathError),
        (a_folder_of_the_tree, PathError),
        (the_task_s_folder, PathError),
        (the_file_itself, WorkfilesError),
        (the_file_within_its_root, PathTaken),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_when_a_link_was_planted_then_nothing_is_saved_through_it(
    workfiles: Workfiles,
    scripted: ScriptedKitsu,
    scene: Path,
    tmp_path: Path,
    plant: Plant,
    error: type[WorkfilesError],
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    plant(workfiles, outside)

    with pytest.raises(error):
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert list(outside.iterdir()) == []
    assert [r for r in scripted.records.values() if r["data"]] == []
    assert scene.read_bytes() == b"scene"


def test_when_the_folder_of_unfiled_saves_is_a_link_then_nothing_is_saved_through_it(
    workfiles: Workfiles, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link(workfiles.settings.workspace / "unfiled", outside)
    server.everything(html_error(503))

    with pytest.raises(PathError):
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert list(outside.iterdir()) == []
    assert workfiles.status() == []


def test_when_a_link_is_put_where_a_kept_copy_lay_then_nothing_else_is_sent(
    workfiles: Workfiles,
    scripted: ScriptedKitsu,
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"12345")  # as long as the scene
    server.on("POST", "/data/working-files/*/file", html_error(503))
    saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    (kept,) = workfiles.desk.spool.folder(workfiles.settings.workspace).glob("*.blend")
    kept.unlink()
    kept.symlink_to(secret)
    scripted.behave()

    synced = workfiles.sync()

    assert (saved.state, synced.committed, synced.parked) == ("pending", 0, 1)
    assert all(scripted.stored_sha256(record) is None for record in scripted.records)


def test_when_a_link_is_put_in_place_of_a_sidecar_then_its_target_is_not_written(
    workfiles: Workfiles, scene: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    server.on("POST", "/data/working-files/*/file", html_error(503))
    workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (sidecar,) = workfiles.desk.spool.folder(workfiles.settings.workspace).glob("*.json")
    sidecar.unlink()
    sidecar.symlink_to(precious)

    workfiles.sync()

    assert precious.read_bytes() == b"precious"
