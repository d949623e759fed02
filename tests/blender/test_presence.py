"""Who has the scene open: this Blender tells its colleagues, and shows them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import bpy
import pytest
from addon_fixtures import artist, extension, saved  # noqa: F401  (fixtures)
from live_kitsu import LiveKitsu

from blender_addon import presence, refresh
from blender_addon.session import current

pytestmark = pytest.mark.usefixtures("artist")


def notes(task_id: str) -> list[dict[str, object]]:
    folder = Path(os.environ["WF_WORKSPACE"]) / ".wf-presence" / task_id
    return [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]


def on_the_thread() -> None:
    """Wait for what was asked of it so far."""
    session = current()
    session.wait(session.looker.submit(lambda _: None))


@pytest.mark.usefixtures("extension")
def test_when_another_scene_is_opened_then_colleagues_hear_of_that_one(kitsu: LiveKitsu) -> None:
    first, second = kitsu.fresh_task(), kitsu.fresh_task()
    path = saved(task=first.id)
    presence.announce()
    on_the_thread()
    told = notes(first.id)
    presence.announce()
    on_the_thread()
    again = notes(first.id)

    saved(task=second.id, name="cache")
    presence.announce()
    on_the_thread()

    assert [(note["name"], note["application"]) for note in told] == [("main", "Blender")]
    assert again == told
    assert notes(first.id) == []
    assert [note["name"] for note in notes(second.id)] == ["cache"]
    bpy.ops.wm.open_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True)
    presence.announce()
    on_the_thread()
    assert notes(first.id) == notes(second.id) == []


def test_when_the_extension_is_disabled_then_its_note_is_gone(kitsu: LiveKitsu) -> None:
    bpy.context.preferences.system.use_online_access = True
    bpy.ops.preferences.addon_enable(module="blender_addon")
    task = kitsu.fresh_task()
    saved(task=task.id)
    presence.announce()
    on_the_thread()
    before = notes(task.id)

    bpy.ops.preferences.addon_disable(module="blender_addon")

    assert len(before) == 1
    assert notes(task.id) == []


@pytest.mark.usefixtures("extension")
def test_when_a_colleague_has_the_scene_open_then_it_is_known(kitsu: LiveKitsu) -> None:
    task = kitsu.fresh_task()
    saved(task=task.id)
    folder = Path(os.environ["WF_WORKSPACE"]) / ".wf-presence" / task.id
    folder.mkdir(parents=True)
    note = {
        "schema": 1,
        "name": "main",
        "user": "kim",
        "machine": "ws-07",
        "application": "Maya",
        "pid": 1,
        "boot": "another",
        "since": "2026-11-24T10:40:00+00:00",
    }
    (folder / "note.json").write_text(json.dumps(note), encoding="utf-8")

    refresh.scene()

    (colleague,) = current().shown.others
    assert (colleague.user, colleague.machine, colleague.application) == ("kim", "ws-07", "Maya")
    (folder / "note.json").unlink()
    refresh.scene()
    assert current().shown.others == ()
