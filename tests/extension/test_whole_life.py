"""The life of a scene in a Blender that has the zip, against a real Kitsu, through operators."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from extension.blenders import Blender
from live_kitsu import LiveKitsu

MAKE = """
enable()
server, email, password, task = sys.argv[2:6]
operators = bpy.ops.kitsu_workfiles
assert operators.login(server=server, email=email, password=password) == {"FINISHED"}
assert operators.choose_task(task=task, label="the task") == {"FINISHED"}
paths = []
for number, comment in enumerate(["blocking", "", "détails ✓"], start=1):
    bpy.ops.mesh.primitive_cube_add(location=(number, 0, 0))
    assert operators.save_revision(comment=comment) == {"FINISHED"}
    paths.append(bpy.data.filepath)
answer(paths)
"""
CONTINUE = """
enable()
operators = bpy.ops.kitsu_workfiles
assert operators.open_revision(task=sys.argv[2], revision=2) == {"FINISHED"}
opened = bpy.data.filepath
cubes = sorted(thing.name for thing in bpy.data.objects if thing.name.startswith("Cube"))
bpy.ops.mesh.primitive_cone_add()
assert operators.save_revision(comment="from the second") == {"FINISHED"}
path = bpy.data.filepath
tags = []
for file in [*sys.argv[3:], path]:
    bpy.ops.wm.open_mainfile(filepath=file)
    tags.append(part("tag").read_tag().to_mapping())
answer({"opened": opened, "cubes": cubes, "path": path, "tags": tags})
"""


def test_when_a_scene_is_saved_opened_and_continued_then_disk_and_server_tell_it(
    installed: Blender, kitsu: LiveKitsu, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    environ = {"WF_HOME": str(tmp_path / "home"), "WF_WORKSPACE": str(tmp_path / "work")}
    blender = replace(installed, environ=environ)

    first = blender.session(MAKE, kitsu.url, *kitsu.credentials("artist"), task.id).answer
    then = blender.session(CONTINUE, task.id, *first).answer

    assert then["opened"] == first[1]
    assert then["cubes"] == ["Cube", "Cube.001", "Cube.002"]  # one was there at the start
    records = kitsu.working_files(task.id)
    assert [record["revision"] for record in records] == [1, 2, 3, 4]
    assert [record["comment"] for record in records] == [
        "blocking",
        "",
        "détails ✓",
        "from the second",
    ]
    facts = [record["data"]["workfiles"] for record in records]
    assert [fact["base_revision"] for fact in facts] == [None, 1, 2, 2]
    assert {fact["host"]["name"] for fact in facts} == {"Blender"}
    assert all(fact["host"]["version"].startswith(f"{blender.release}.") for fact in facts)
    for path, record, fact in zip([*first, then["path"]], records, facts, strict=True):
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        assert fact["sha256"] == digest
        assert hashlib.sha256(kitsu.stored_bytes(record["id"])).hexdigest() == digest
        assert path.endswith(f"{record['path']}")
        assert path.endswith(f"_v00{record['revision']}.blend")
    assert [(tag["task_id"], tag["name"], tag["revision"]) for tag in then["tags"]] == [
        (task.id, "main", str(number)) for number in (1, 2, 3, 4)
    ]
