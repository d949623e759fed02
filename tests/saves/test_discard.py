"""Giving up a save whose number the server may have given after all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.scripted_kitsu import TASK, ScriptedKitsu
from tests.saves.test_budget import settings_for
from tests.scripted_server import ScriptedServer, reset
from wf_core.filehost import FileHost
from wf_core.host import SceneTag
from wf_core.saves import marker
from wf_core.workfiles import SaveRequest, Workfiles


@pytest.fixture
def kitsu(server: ScriptedServer) -> ScriptedKitsu:
    return ScriptedKitsu(server)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path


def save_in_doubt(workfiles: Workfiles, scene: Path, server: ScriptedServer) -> str:
    """A save whose claim nobody answered; its id."""
    server.on("POST", f"/data/tasks/{TASK}/working-files/new", reset())
    return workfiles.save(FileHost(scene), SaveRequest(task=TASK)).save_id


@pytest.mark.parametrize("given", [True, False], ids=["given after all", "never given"])
def test_when_a_save_in_doubt_is_given_up_then_its_number_ends_void_or_free(
    given: bool, kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    with Workfiles(settings_for(server.url, tmp_path)) as workfiles:
        save_id = save_in_doubt(workfiles, scene, server)

        workfiles.discard(save_id)
        waiting = workfiles.status()
        if given:
            kitsu.add(1, comment=marker.attach("", save_id))
        kitsu.behave()
        workfiles.sync()
        saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        listed = [(found.revision, found.state) for found in workfiles.list_revisions(TASK)]

    assert waiting == []
    # A number that was given and not used is the next save's, which makes no hole.
    assert (saved.revision, saved.state) == (1, "committed")
    assert listed == [(1, "committed")]


def test_when_somebody_has_gone_past_it_then_its_number_is_void(
    kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    with Workfiles(settings_for(server.url, tmp_path)) as workfiles:
        save_id = save_in_doubt(workfiles, scene, server)

        workfiles.discard(save_id)
        kitsu.add(1, comment=marker.attach("", save_id))
        kitsu.add(2, b"somebody's")
        kitsu.behave()
        workfiles.sync()
        listed = [(found.revision, found.state) for found in workfiles.list_revisions(TASK)]

    assert listed == [(2, "foreign"), (1, "void")]


def test_when_a_save_was_given_up_then_its_scene_says_so_and_it_never_arrives(
    kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    with Workfiles(settings_for(server.url, tmp_path)) as workfiles:
        save_id = save_in_doubt(workfiles, scene, server)
        (waiting,) = workfiles.status()

        workfiles.discard(save_id)
        kitsu.behave()
        tag = SceneTag(server=server.url, task_id=TASK, revision=None, save_id=save_id)
        facts = workfiles.facts_of_scene(tag, Path(waiting.path))
        saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        workfiles.sync()

        assert (facts.given_up, facts.provisional) == (True, False)
        assert not workfiles.has_arrived(save_id)
        assert workfiles.has_arrived(saved.save_id)
