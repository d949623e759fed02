"""Save New Revision where something is not as it should be."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from addon_fixtures import artist, extension, saved, wait_until_sent  # noqa: F401  (fixtures)
from live_kitsu import LiveKitsu

from blender_addon import refresh
from blender_addon.host import BlenderHost
from blender_addon.options import preferences
from blender_addon.session import OFFLINE, current
from wf_core.settings import load
from wf_core.workfiles import Workfiles

pytestmark = pytest.mark.usefixtures("extension", "artist")


def revisions(kitsu: LiveKitsu, task_id: str) -> list[int]:
    return [record["revision"] for record in kitsu.working_files(task_id)]


def test_when_no_task_is_known_then_it_says_so_and_saves_nothing() -> None:
    with pytest.raises(RuntimeError, match="not known which task"):
        bpy.ops.kitsu_workfiles.save_revision(comment="whose?")

    assert bpy.data.filepath == ""


def test_when_the_name_cannot_be_one_then_the_scene_is_as_it_was(kitsu: LiveKitsu) -> None:
    task = kitsu.fresh_task()
    first = saved(task=task.id)
    tag = BlenderHost().get_tag()

    with pytest.raises(RuntimeError, match="escape"):
        bpy.ops.kitsu_workfiles.save_revision(name="../escape")

    assert Path(bpy.data.filepath) == first
    assert BlenderHost().get_tag() == tag
    assert revisions(kitsu, task.id) == [1]


def test_when_save_incremental_took_the_path_then_the_file_is_kept_and_can_be_adopted(
    kitsu: LiveKitsu,
) -> None:
    task = kitsu.fresh_task()
    first = saved(task=task.id)
    bpy.ops.mesh.primitive_cone_add()
    bpy.ops.wm.save_mainfile(incremental=True)
    second = Path(bpy.data.filepath)
    assert second.name == first.name.replace("v001", "v002")
    bytes_of_second = second.read_bytes()
    bpy.ops.mesh.primitive_torus_add()

    with pytest.raises(RuntimeError, match="already exists"):
        bpy.ops.kitsu_workfiles.save_revision(comment="over it")
    untouched = second.read_bytes()
    bpy.ops.kitsu_workfiles.adopt_file(filepath=str(second), task=task.id, comment="adopted")
    third = saved(comment="and on")
    wait_until_sent()

    assert untouched == bytes_of_second == second.read_bytes()
    assert third.name == first.name.replace("v001", "v003")
    records = kitsu.working_files(task.id)
    assert [record["revision"] for record in records] == [1, 2, 3]
    assert [record["comment"] for record in records] == ["", "adopted", "and on"]
    assert kitsu.stored_bytes(records[1]["id"]) == bytes_of_second
    assert records[2]["data"]["workfiles"]["base_revision"] == 2


def test_when_somebody_was_faster_and_it_shall_fail_then_it_does(kitsu: LiveKitsu) -> None:
    task = kitsu.fresh_task()
    first = saved(task=task.id)
    saved(comment="second")
    bpy.ops.kitsu_workfiles.open_revision(revision=1)

    with pytest.raises(RuntimeError, match="saved revision 2"):
        bpy.ops.kitsu_workfiles.save_revision(if_behind="fail")

    assert Path(bpy.data.filepath) == first
    assert revisions(kitsu, task.id) == [1, 2]


def test_when_online_access_is_off_then_saves_wait_and_follow_when_it_is_on(
    kitsu: LiveKitsu,
) -> None:
    task = kitsu.fresh_task()
    saved(task=task.id)
    bpy.context.preferences.system.use_online_access = False

    path = saved(comment="on the train")

    assert current().offline == OFFLINE
    assert ".offline-" in path.name
    assert revisions(kitsu, task.id) == [1]
    bpy.context.preferences.system.use_online_access = True
    wait_until_sent()
    assert [record["comment"] for record in kitsu.working_files(task.id)] == ["", "on the train"]
    assert path.exists()
    assert path.with_name(path.name.partition(".offline-")[0] + ".blend").exists()


def test_when_a_save_that_waits_is_given_up_then_nothing_waits_and_its_scene_stays(
    kitsu: LiveKitsu,
) -> None:
    task = kitsu.fresh_task()
    saved(task=task.id)
    bpy.context.preferences.system.use_online_access = False
    path = saved(comment="on second thoughts")
    bpy.context.preferences.system.use_online_access = True
    with Workfiles(load()) as workfiles:
        (waiting,) = workfiles.status()
    refresh.waiting()

    assert bpy.ops.kitsu_workfiles.discard_save(save_id=waiting.save_id) == {"FINISHED"}

    assert current().shown.notice == ""  # not that everything is in Kitsu
    with Workfiles(load()) as workfiles:
        assert workfiles.status() == []
    assert path.exists()
    wait_until_sent()
    assert revisions(kitsu, task.id) == [1]


def test_when_a_save_has_arrived_before_anybody_looked_then_its_picture_is_sent_once(
    kitsu: LiveKitsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(refresh, "_send_picture", sent.append)
    preferences().send_pictures = True
    saved(task=kitsu.fresh_task().id)
    tag = current().host.get_tag()
    assert tag is not None
    current().shown.expected.add(tag.save_id)

    refresh.waiting()
    refresh.waiting()

    assert sent == [tag.save_id]
    assert current().shown.notice == "Everything is in Kitsu."


def test_when_nobody_waits_for_the_server_then_the_save_is_safe_and_sent_in_the_background(
    kitsu: LiveKitsu,
) -> None:
    task = kitsu.fresh_task()

    path = saved(task=task.id, no_wait=True)

    with Workfiles(load()) as workfiles:
        rows = [row for row in workfiles.status() if row.task == task.reference]
        assert all(row.state in ("saved", "uploaded") for row in rows)
        wait_until_sent()
    assert kitsu.stored_bytes(kitsu.working_files(task.id)[0]["id"]) == path.read_bytes()


def test_when_blender_saves_compressed_then_revisions_are(kitsu: LiveKitsu) -> None:
    bpy.context.preferences.filepaths.use_file_compression = True

    path = saved(task=kitsu.fresh_task().id)

    assert path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
