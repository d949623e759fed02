"""Where revisions lie, and where they are brought to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import SOFTWARE, TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, html_error, json_answer
from wf_core.errors import PathError, PathTaken
from wf_core.paths import MountPoint
from wf_core.workfiles import Workfiles

MAYA = "00000009-0000-4000-8000-000000000000"
SAVED = {"save_id": "s", "sha256": "0" * 64, "size": 5}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def kitsu(server: ScriptedServer) -> ScriptedKitsu:
    kitsu = ScriptedKitsu(server)
    softwares = [
        {"id": SOFTWARE, "name": "Blender", "file_extension": "blend"},
        {"id": MAYA, "name": "Maya", "file_extension": "ma"},
    ]
    server.on("GET", "/data/softwares", json_answer(softwares))
    return kitsu


@pytest.fixture
def workfiles(server: ScriptedServer, tmp_path: Path) -> Iterator[Workfiles]:
    with Workfiles(settings_of_bot(server.url, tmp_path)) as opened:
        yield opened


REVISIONS: dict[str, tuple[dict[str, Any], str]] = {
    "committed": (
        {"path": "/mnt/kitsu/elsewhere/lamp_first.blend", "data": {"workfiles": SAVED}},
        "mnt/kitsu/elsewhere/lamp_first.blend",
    ),
    "made by another tool": (
        {"path": "/mnt/kitsu/whatever"},
        "mnt/kitsu/projects/demo/assets/props/lamp/modeling/work/"
        "demo_props_lamp_modeling_main_v001.blend",
    ),
}


@pytest.mark.parametrize(("fields", "expected"), REVISIONS.values(), ids=REVISIONS)
def test_when_a_revision_is_there_then_its_own_path_is_told_and_not_the_next_one_s(
    fields: dict[str, Any],
    expected: str,
    kitsu: ScriptedKitsu,
    workfiles: Workfiles,
    tmp_path: Path,
) -> None:
    kitsu.add(1, **fields)
    kitsu.add(2, software_id=MAYA)

    found = workfiles.path(TASK, revision=1)

    assert (found.path, found.revision) == (str(tmp_path / "workspace" / expected), 1)
    assert found.server_path == f"/{expected}"


def test_when_the_server_is_away_then_a_path_is_told_by_what_is_remembered(
    kitsu: ScriptedKitsu, server: ScriptedServer, workfiles: Workfiles
) -> None:
    kitsu.add(1)
    assert workfiles.path(TASK).current
    for route in ("/data/entities/*", "/data/tasks/*"):
        server.on("GET", route, html_error(503))

    assert Path(workfiles.path(TASK, revision=1).path).name.endswith("_v001.blend")
    assert not workfiles.path(TASK).current


BAD_PLACES: dict[str, Callable[[Path], Path]] = {
    "below a file": lambda file: file / "lamp.blend",
    "far below a file": lambda file: file / "deep" / "lamp.blend",
    "too long a name": lambda file: file.with_name("x" * 300),
    "a NUL": lambda file: file.with_name("x\0y"),
}


@pytest.mark.parametrize("place", BAD_PLACES.values(), ids=BAD_PLACES)
def test_when_there_can_be_no_file_then_that_is_said(
    place: Callable[[Path], Path], kitsu: ScriptedKitsu, workfiles: Workfiles, tmp_path: Path
) -> None:
    kitsu.add(1, b"bytes")
    file = tmp_path / "file"
    file.write_bytes(b"")

    with pytest.raises((PathError, PathTaken)):
        workfiles.get(TASK, revision=1, to=place(file))


def test_when_this_machine_does_not_have_its_folder_then_a_revision_can_be_had_elsewhere(
    kitsu: ScriptedKitsu, workfiles: Workfiles, tmp_path: Path
) -> None:
    content = b"bytes"
    facts = {"save_id": "s", "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    kitsu.add(1, content, path="/mnt/kitsu/lamp_v001.blend", data={"workfiles": facts})
    mounts = (MountPoint(server="/elsewhere", linux="/e", windows="E:", macos="/e"),)
    profile = workfiles.settings.profile.model_copy(update={"mounts": mounts})
    workfiles.settings = workfiles.settings.model_copy(update={"profile": profile})
    (tmp_path / "folder").mkdir()

    as_file = workfiles.get(TASK, revision=1, to=tmp_path / "mine.blend")
    into_folder = workfiles.get(TASK, revision=1, to=tmp_path / "folder")

    assert Path(as_file.path).read_bytes() == content
    assert into_folder.path == str(tmp_path / "folder" / "lamp_v001.blend")
    with pytest.raises(PathError, match="mount point"):
        workfiles.get(TASK, revision=1)
