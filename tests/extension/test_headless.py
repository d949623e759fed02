"""``kitsu_workfiles save`` inside Blender, and the uploader that outlives it.

Blender as a module has no ``--command``: its handler is called as Blender calls it. What only
the program can show is in ``docs/blender.md``.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

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


def unreadable_scenes(folder: Path, scene: Path) -> dict[str, Path]:
    paths = {
        kind: folder / f"{kind}.blend"
        for kind in ("missing", "folder", "garbage", "cut short", "from the future")
    }
    data = scene.read_bytes()
    paths["folder"].mkdir()
    paths["garbage"].write_bytes(b"\x7fELF" + bytes(2000))
    paths["cut short"].write_bytes(data[: len(data) // 2])
    # A header such as no Blender writes yet: larger, and of a later layout.
    paths["from the future"].write_bytes(b"BLENDER99-99v9999" + data[17:])
    return paths


def test_when_a_scene_does_not_load_then_nothing_is_saved(
    artist: Blender, scene: Path, kitsu: LiveKitsu, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    paths = unreadable_scenes(tmp_path, scene)
    told = artist.session(
        """
        import io

        enable()
        told = {}
        for path in sys.argv[3:]:
            output = io.StringIO()
            line = ["save", path, "--task", sys.argv[2], "--json"]
            code = part("headless").run(line, output)
            told[path] = [code, json.loads(output.getvalue())["error"]]
        answer(told)
        """,
        task.id,
        *map(str, paths.values()),
    ).answer
    assert {path: (code, error["kind"]) for path, (code, error) in told.items()} == {
        str(path): (5, "file_unreadable") for path in paths.values()
    }
    assert all(Path(path).name in error["message"] for path, (_, error) in told.items())
    assert kitsu.working_files(task.id) == []


def test_when_a_scene_is_missing_then_the_error_is_the_only_output(artist: Blender) -> None:
    ended = run(artist, "save", "missing.blend", "--task", "Demo/Props/Lamp/Modeling", "--json")
    assert ended.code == 5
    assert json.loads(ended.stdout)["error"]["kind"] == "file_unreadable"


def test_when_online_access_is_off_then_the_server_is_not_asked(
    artist: Blender, scene: Path, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    ended = run(artist, "save", str(scene), "--task", task.id, "--json", program=OFFLINE)
    saved = json.loads(ended.stdout)
    assert (ended.code, saved["state"], saved["provisional"]) == (75, "pending", True)
    assert Path(saved["path"]).is_file()
    assert kitsu.working_files(task.id) == []


BAD_LINES = {
    "no command": [],
    "another command": ["list", "Demo"],
    "no task": ["save", "scene.blend"],
    "unknown option": ["save", "scene.blend", "--task", "T", "--wait"],
}


def test_when_the_line_is_wrong_then_usage_is_told(installed: Blender) -> None:
    session = installed.session(
        """
        import io

        enable()
        output = io.StringIO()
        answer([[part("headless").run(line, output) for line in json.loads(sys.argv[2])],
                output.getvalue()])
        """,
        json.dumps(list(BAD_LINES.values())),
    )
    assert session.answer == [[2, 2, 2, 2], ""]
    assert session.stderr.count("blender --command kitsu_workfiles") >= len(BAD_LINES)


def test_when_help_is_asked_for_then_it_is_the_output(installed: Blender) -> None:
    ended = run(installed, "save", "--help")
    assert ended.code == 0
    assert ended.stdout.startswith("usage: blender --command kitsu_workfiles save")
    assert "--if-behind" in ended.stdout
