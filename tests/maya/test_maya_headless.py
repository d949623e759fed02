"""``mayapy bin/wf_maya.py save``, as processes: Python is mayapy, with the stand-in for Maya."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu
from maya import cmds
from maya.testing import Maya
from unpacked import FAKE_MAYA, unpacked

from wf_core.settings import load
from wf_core.workfiles import Workfiles

TALK = b"the stand-in of Maya says something on standard output, as Maya does"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("maya") / "modules") / "bin" / "wf_maya.py"


@pytest.fixture
def scene(maya: Maya, tmp_path: Path) -> Path:
    path = tmp_path / "drafts" / "lamp.mb"
    path.parent.mkdir()
    cmds.createNode("transform", name="pCube1")
    cmds.file(rename=str(path))
    cmds.file(save=True, type="mayaBinary")
    return path


@pytest.fixture
def artist(kitsu: LiveKitsu) -> None:
    email, password = kitsu.credentials("artist")
    with Workfiles(load()) as workfiles:
        workfiles.login(kitsu.url, email=email, password=password)


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join([str(FAKE_MAYA), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(
        [sys.executable, str(program), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
        check=False,
    )


@pytest.mark.usefixtures("artist")
def test_when_scenes_are_saved_then_one_document_tells_where_each_is(
    program: Path, scene: Path, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    ended = run(program, "save", str(scene), "--task", task.id, "--comment", "a farm", "--json")
    assert ended.returncode == 0, ended.stderr
    assert TALK in ended.stderr
    first = json.loads(ended.stdout)
    assert (first["state"], first["revision"], first["provisional"]) == ("committed", 1, False)
    assert first["path"].endswith(".mb")
    data = Path(first["path"]).read_bytes()
    assert first["sha256"] == hashlib.sha256(data).hexdigest()
    (record,) = kitsu.working_files(task.id)
    assert record["comment"] == "a farm"
    assert record["data"]["workfiles"]["host"] == {"name": "Maya", "version": "2025"}
    assert kitsu.stored_bytes(record["id"]) == data

    again = run(program, "save", first["path"], "--task", task.id, "--json")
    assert json.loads(again.stdout)["revision"] == 2
    newest = max(kitsu.working_files(task.id), key=lambda record: record["revision"])
    assert newest["data"]["workfiles"]["base_revision"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        pytest.param(["save", "SCENE"], 2, "usage", id="no task"),
        pytest.param(["list", "x"], 2, "usage", id="another command"),
        pytest.param(["save", "MISSING", "--task", "x"], 5, "file_unreadable", id="no file"),
        pytest.param(["save", "PAGE", "--task", "x"], 5, "file_unreadable", id="no scene"),
    ],
)
def test_when_a_command_line_is_wrong_then_it_ends_as_wf_does(
    program: Path, scene: Path, arguments: list[str], code: int, kind: str
) -> None:
    page = scene.with_name("page.ma")
    page.write_text("<!doctype html>")
    paths = {"SCENE": str(scene), "MISSING": str(scene.with_name("none.ma")), "PAGE": str(page)}
    ended = run(program, *[paths.get(word, word) for word in arguments], "--json")
    assert ended.returncode == code, ended.stderr
    assert json.loads(ended.stdout)["error"]["kind"] == kind


def test_when_help_is_asked_for_then_maya_is_not_begun(program: Path) -> None:
    ended = run(program, "save", "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"usage: mayapy wf_maya.py save")
    assert TALK not in ended.stdout + ended.stderr
