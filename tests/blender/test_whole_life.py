"""The life of a scene in a real Blender against a real Kitsu, through operators alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from addon_fixtures import artist, extension, saved  # noqa: F401  (fixtures)
from live_kitsu import LiveKitsu

from blender_addon.host import BlenderHost


@pytest.fixture
def host() -> Iterator[BlenderHost]:
    host = BlenderHost()
    yield host
    host.close()


@pytest.mark.usefixtures("extension")
def test_when_a_scene_is_saved_opened_and_continued_then_disk_and_server_tell_it(
    kitsu: LiveKitsu, host: BlenderHost
) -> None:
    task = kitsu.fresh_task()
    email, password = kitsu.credentials("artist")
    bpy.ops.kitsu_workfiles.login(server=kitsu.url, email=email, password=password)
    bpy.ops.kitsu_workfiles.choose_task(task=task.id, label=task.reference)
    paths = []

    for number, comment in enumerate(["blocking", "", "détails ✓"], start=1):
        bpy.ops.mesh.primitive_cube_add(location=(number, 0, 0))
        paths.append(saved(comment=comment))
    bpy.ops.kitsu_workfiles.open_revision(revision=2)
    opened = Path(bpy.data.filepath)
    cubes = [thing.name for thing in bpy.data.objects if thing.name.startswith("Cube")]
    bpy.ops.mesh.primitive_cone_add()
    paths.append(saved(comment="from the second"))

    assert opened == paths[1]
    assert sorted(cubes) == ["Cube", "Cube.001", "Cube.002"]  # one was there at the start
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
    assert [fact["host"] for fact in facts] == [{"name": "Blender", "version": host.version}] * 4
    for path, record, fact in zip(paths, records, facts, strict=True):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert fact["sha256"] == digest
        assert hashlib.sha256(kitsu.stored_bytes(record["id"])).hexdigest() == digest
        assert str(path).endswith(record["path"])
        assert path.name.endswith(f"_v00{record['revision']}.blend")
        host.open(path)
        tag = host.get_tag()
        assert tag is not None
        assert (tag.task_id, tag.name, tag.revision) == (task.id, "main", record["revision"])
