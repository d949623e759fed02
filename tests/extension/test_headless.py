"""``kitsu_workfiles save`` inside Blender, and the uploader that outlives it.

Blender as a module has no ``--command``: its handler is called as Blender calls it. What only
the program can show is in ``docs/blender.md``.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from extension.blenders import Blender, Session
from live_kitsu import LiveKitsu

COMMAND = """
enable()
sys.exit(part("headless").main(sys.argv[2:]))
"""
OFFLINE = "bpy.context.preferences.system.use_online_access = False\n" + COMMAND


def run(blender: Blender, *arguments: str, program: str = COMMAND) -> Session:
    return blender.session(program, *arguments, check=False)


def sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_when_a_scene_is_saved_then_one_document_tells_where_it_is(
    artist: Blender, scene: Path, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    ended = run(artist, "save", str(scene), "--task", task.id, "--comment", "from a farm", "--json")
    assert ended.code == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert (result["state"], result["revision"], result["provisional"]) == ("committed", 1, False)
    assert result["sha256"] == sha256(result["path"])
    (record,) = kitsu.working_files(task.id)
    assert record["comment"] == "from a farm"
    assert kitsu.stored_bytes(record["id"]) == Path(result["path"]).read_bytes()
    host = record["data"]["workfiles"]["host"]
    assert host["name"] == "Blender" and host["version"].startswith(artist.release)

    again = run(artist, "save", result["path"], "--task", task.id, "--json")
    assert json.loads(again.stdout)["revision"] == 2
    newest = kitsu.working_files(task.id)[-1]
    assert newest["data"]["workfiles"]["base_revision"] == 1


def test_when_nobody_waits_then_the_upload_outlives_blender(
    artist: Blender, scene: Path, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    ended = run(artist, "save", str(scene), "--task", task.id, "--no-wait", "--json")
    assert ended.code == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["state"] == "pending"
    deadline = time.monotonic() + 60
    while "workfiles" not in ((record := kitsu.working_files(task.id)[0])["data"] or {}):
        assert time.monotonic() < deadline, "the uploader has not finished"
        time.sleep(0.2)  # another process's work cannot be awaited otherwise
    assert kitsu.stored_bytes(record["id"]) == Path(result["path"]).read_bytes()


def missing(path: Path, scene: Path) -> None:
    pass


def folder(path: Path, scene: Path) -> None:
    path.mkdir()


def garbage(path: Path, scene: Path) -> None:
    path.write_bytes(b"\x7fELF" + bytes(2000))


def cut_short(path: Path, scene: Path) -> None:
    data = scene.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def from_the_future(path: Path, scene: Path) -> None:
    path.write_bytes(b"BLENDER99-99v9999" + scene.read_bytes()[17:])


@pytest.mark.parametrize(
    "make", [missing, folder, garbage, cut_short, from_the_future], ids=lambda make: make.__name__
)
def test_when_the_scene_does_not_load_then_nothing_is_saved(
    artist: Blender,
    scene: Path,
    kitsu: LiveKitsu,
    tmp_path: Path,
    make: Callable[[Path, Path], None],
) -> None:
    task = kitsu.fresh_task()
    path = tmp_path / "scene.blend"
    make(path, scene)
    ended = run(artist, "save", str(path), "--task", task.id, "--json")
    assert ended.code == 5, ended.stderr
    error = json.loads(ended.stdout)["error"]
    assert error["kind"] == "file_unreadable"
    assert "scene.blend" in error["message"]
    assert kitsu.working_files(task.id) == []


def test_when_online_access_is_off_then_the_server_is_not_asked(
    artist: Blender, scene: Path, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    ended = run(artist, "save", str(scene), "--task", task.id, "--json", program=OFFLINE)
    error = json.loads(ended.stdout)["error"]
    assert "online access is off" in error["message"] + error["hint"]
    assert kitsu.working_files(task.id) == []


BAD_LINES = {
    "no command": [],
    "another command": ["list", "Demo"],
    "no task": ["save", "scene.blend"],
    "unknown option": ["save", "scene.blend", "--task", "T", "--wait"],
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_when_the_line_is_wrong_then_usage_is_told(installed: Blender, line: list[str]) -> None:
    ended = run(installed, *line)
    assert ended.code == 2
    assert ended.stdout == ""
    assert "blender --command kitsu_workfiles" in ended.stderr


def test_when_help_is_asked_for_then_it_is_the_output(installed: Blender) -> None:
    ended = run(installed, "save", "--help")
    assert ended.code == 0
    assert ended.stdout.startswith("usage: blender --command kitsu_workfiles save")
    assert "--if-behind" in ended.stdout
