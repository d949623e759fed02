"""The life of a scene in a real Blender against a real Kitsu, through operators alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import bpy
import pytest
from addon_fixtures import artist, extension  # noqa: F401
from live_kitsu import LiveKitsu

from blender_addon.host import BlenderHost


@pytest.fixture
def host():
    host = BlenderHost()
    yield host
    host.close()


@pytest.mark.usefixtures("extension", "artist")
def test_when_a_scene_is_saved_opened_and_continued_then_disk_and_server_tell_it(
    kitsu: LiveKitsu, host: BlenderHost, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    paths, digests = [], []

    for number, comment in enumerate(["blocking", "", "détails ✓"], start=1):
        bpy.ops.mesh.primitive_cube_add(location=(number, 0, 0))
        assert bpy.ops.kitsu_workfiles.save_revision(
            task=task.reference if number == 1 else "", comment=comment
        ) == {"FINISHED"}
        paths.append(Path(bpy.data.filepath))
        digests.append(hashlib.sha256(paths[-1].read_bytes()).hexdigest())

    assert bpy.ops.kitsu_workfiles.open_revision(task=task.id, revision=2) == {"FINISHED"}
    assert Path(bpy.data.filepath) == paths[1]
    assert len([thing for thing in bpy.data.objects if thing.name.startswith("Cube")]) == 3
    bpy.ops.mesh.primitive_cone_add()
    assert bpy.ops.kitsu_workfiles.save_revision(comment="from the second") == {"FINISHED"}
    paths.append(Path(bpy.data.filepath))
    digests.append(hashlib.sha256(paths[-1].read_bytes()).hexdigest())

    records = kitsu.working_files(task.id)
    facts = [record["data"]["workfiles"] for record in records]
    assert [record["revision"] for record in records] == [1, 2, 3, 4]
    assert [record["comment"] for record in records] == [
        "blocking",
        "",
        "détails ✓",
        "from the second",
    ]
    assert [fact["base_revision"] for fact in facts] == [None, 1, 2, 2]
    assert [fact["sha256"] for fact in facts] == digests
    assert [fact["host"]["name"] for fact in facts] == ["Blender"] * 4
    for path, record, digest in zip(paths, records, digests, strict=True):
        assert str(path).endswith(record["path"])
        assert path.name.endswith(f"_v00{record['revision']}.blend")
        assert hashlib.sha256(kitsu.stored_bytes(record["id"])).hexdigest() == digest
        host.open(path)
        tag = host.get_tag()
        assert tag is not None
        assert (tag.task_id, tag.name, tag.revision) == (task.id, "main", record["revision"])
