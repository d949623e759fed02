"""An artist at the stand-in of Maya, a real Kitsu on the other side."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu
from maya import cmds, testing
from maya.testing import Maya

from maya_plugin import actions, loading, menus, session
from tests.cli.running import end_uploaders
from wf_core.settings import load
from wf_core.workfiles import Workfiles


@pytest.fixture
def artist(maya: Maya, kitsu: LiveKitsu, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maya]:
    """Somebody who has logged in, in a Maya with the plug-in loaded, and who is patient: the
    machine that runs tests may be busy."""
    monkeypatch.setattr("wf_core.workfiles.patience_for", lambda _: 30.0)
    monkeypatch.setattr("maya_plugin.actions._LOOK_SECONDS", 30.0)
    email, password = kitsu.credentials("artist")
    with Workfiles(load()) as workfiles:
        workfiles.login(kitsu.url, email=email, password=password)
    maya.batch = False
    loading.load(plugin="kitsu_workfiles")
    yield maya
    loading.unload()
    end_uploaders(load().home)


def until(happened: Callable[[], bool]) -> None:
    """Let Maya be idle until it happened: other threads bring it about."""
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, testing.current().messages
        testing.be_idle()
        time.sleep(0.01)  # what other threads do cannot be awaited from here


def safe(maya: Maya, revision: int) -> bool:
    return f"Revision {revision} is safe on this machine." in maya.messages


def sent() -> None:
    """Let everything that waits arrive. The uploader is at work on some of it already."""

    def nothing_waits() -> bool:
        left = workfiles.sync()
        assert left.parked == 0
        return left.pending == 0

    with Workfiles(load()) as workfiles:
        until(nothing_waits)


def test_when_an_artist_saves_three_times_then_kitsu_has_three_revisions(
    artist: Maya, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    cmds.createNode("transform", name="pCube1")

    artist.answers = [task.id]
    actions.save_new_revision()
    assert artist.messages[0].startswith("Which task does this scene belong to?: ")
    first = Path(cmds.file(query=True, sceneName=True))
    assert artist.messages[1] == f"Saved revision 1: {first.name}"
    assert first.suffix == ".ma" and not cmds.file(query=True, modified=True)
    until(lambda: safe(artist, 1))

    cmds.createNode("transform", name="pCube2")
    actions.save_from_shelf()
    until(lambda: safe(artist, 2))

    cmds.createNode("transform", name="pCube3")
    artist.modifiers = 8
    artist.answers = ["a third cube"]
    actions.save_from_shelf()
    third = Path(cmds.file(query=True, sceneName=True))
    kept = third.read_bytes()
    cmds.createNode("transform", name="pCube4")
    cmds.file(save=True, prompt=False)  # at once: Maya rewrites the file
    assert third.read_bytes() != kept
    until(lambda: safe(artist, 3))

    sent()
    records = sorted(kitsu.working_files(task.id), key=lambda record: record["revision"])
    assert [record["revision"] for record in records] == [1, 2, 3]
    assert [record["comment"] for record in records] == ["", "", "a third cube"]
    assert kitsu.stored_bytes(records[0]["id"]) == first.read_bytes()
    assert kitsu.stored_bytes(records[2]["id"]) == kept
    facts = records[2]["data"]["workfiles"]
    assert facts["host"] == {"name": "Maya", "version": "2025"}
    assert facts["base_revision"] == 2
    pictures = list((load().home / "pictures").iterdir())
    assert len(pictures) == 3


def test_when_maya_cannot_write_then_the_artist_is_told_and_nothing_has_changed(
    artist: Maya, kitsu: LiveKitsu
) -> None:
    task = kitsu.fresh_task()
    artist.answers = [task.id]
    actions.save_new_revision()
    until(lambda: safe(artist, 1))
    cmds.createNode("transform", name="pCube1")
    before = (artist.scene.name, artist.scene.kind, artist.scene.modified, dict(artist.scene.info))
    artist.refuses["save"] = "Disk on fire.\n"

    actions.save_new_revision()

    assert "Disk on fire. The scene is as it was" in artist.messages[-1]
    assert before == (
        artist.scene.name,
        artist.scene.kind,
        artist.scene.modified,
        artist.scene.info,
    )
    artist.refuses.clear()
    actions.save_new_revision()
    # The number that was claimed is used again, or has been declared void by the uploader.
    until(lambda: safe(artist, 2) or safe(artist, 3))


def test_when_files_are_missing_then_they_are_listed_before_the_save(
    artist: Maya, kitsu: LiveKitsu, tmp_path: Path
) -> None:
    cmds.createNode("reference", name="lampRN")
    cmds.setAttr("lampRN.filename", str(tmp_path / "lamp.ma"), type="string")
    actions.save_with_comment()
    assert artist.messages == [
        "Save New Revision: What changed?\n\n1 file this scene needs cannot be found:\n"
        f"{tmp_path / 'lamp.ma'} (reference “lampRN”)"
    ]
    assert artist.scene.name == ""


def test_when_the_task_is_not_there_then_the_artist_is_told(artist: Maya) -> None:
    artist.answers = ["Demo/Nothing/Of/It"]
    actions.save_new_revision()
    assert artist.messages[-1].startswith("Kitsu: ")
    assert "Of" in artist.messages[-1] and artist.scene.name == ""


def test_when_another_task_is_chosen_then_the_next_save_goes_there(
    artist: Maya, kitsu: LiveKitsu
) -> None:
    first, second = kitsu.fresh_task(), kitsu.fresh_task()
    artist.answers = [first.id]
    actions.save_new_revision()
    until(lambda: safe(artist, 1))
    artist.answers = [second.id]
    actions.choose_task()
    until(lambda: any("now of the task" in message for message in artist.messages))
    actions.save_new_revision()
    until(lambda: artist.messages.count("Revision 1 is safe on this machine.") == 2)
    assert len(kitsu.working_files(second.id)) == 1
    assert session.current().chosen is None


def test_when_another_scene_is_opened_then_the_choice_is_forgotten(
    artist: Maya, kitsu: LiveKitsu
) -> None:
    session.current().chosen = "a task"
    cmds.file(newFile=True, force=True)
    assert session.current().chosen is None


def test_when_nobody_is_logged_in_then_the_artist_is_told_what_to_do(
    artist: Maya, kitsu: LiveKitsu
) -> None:
    with Workfiles(load()) as workfiles:
        workfiles.logout()
    session.current().renew()
    artist.answers = [kitsu.fresh_task().id]
    actions.save_new_revision()
    assert "log in" in artist.messages[-1].lower()


def test_when_something_unforeseen_happens_then_it_is_told_as_a_bug(
    artist: Maya, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("maya_plugin.actions._target", lambda: 1 / 0)
    actions.save_new_revision()
    assert "Something unforeseen went wrong (ZeroDivisionError" in artist.messages[-1]
    assert "Traceback" in capfd.readouterr().err


def test_when_mayapy_is_there_then_uploads_go_on_with_it(
    artist: Maya, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maya_plugin import calls

    assert calls.python_program() is None
    (tmp_path / "bin").mkdir()
    name = "mayapy.exe" if os.name == "nt" else "mayapy"
    (tmp_path / "bin" / name).touch()
    monkeypatch.setenv("MAYA_LOCATION", str(tmp_path))
    assert calls.python_program() == tmp_path / "bin" / name


def test_when_the_menu_is_used_then_its_code_runs(artist: Maya) -> None:
    code = next(
        facts["command"]
        for facts in artist.ui.values()
        if facts["parent"] == menus.MENU and facts.get("label") == "Choose Task…"
    )
    exec(str(code), {})
    assert artist.messages[0].startswith("Which task does this scene belong to?")
