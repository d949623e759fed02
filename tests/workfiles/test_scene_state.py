"""What is said of the open scene."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wf_core.results import PendingSave
from wf_core.workfiles import SceneFacts, SceneState, patience_for, scene_state

SCENE = SceneFacts(
    task_id="t", task_label="Demo/Props/Lamp/Modeling", has_file=True, revision=3, file="same"
)
WAITING = PendingSave(
    save_id="s",
    task="Demo/Props/Lamp/Modeling",
    name="main",
    revision=3,
    state="saved",
    path="/w/lamp_v003.blend",
    size=100,
    attempts=0,
    error=None,
    next_try=None,
)
PARKED = replace(WAITING, state="parked", error="You are not assigned to the task.")


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        pytest.param(
            SceneFacts(has_file=True),
            SceneState("no_task", "No task", ("Choose the task this scene belongs to.",)),
            id="no task",
        ),
        pytest.param(
            SceneFacts(other_server="https://other.example/api"),
            SceneState(
                "no_task",
                "From another Kitsu",
                ("It belongs to a task on https://other.example/api; choose one of this Kitsu.",),
            ),
            id="another server",
        ),
        pytest.param(
            replace(SCENE, has_file=False, revision=None, file=None),
            SceneState("unsaved", "Not saved yet"),
            id="never saved",
        ),
        pytest.param(SCENE, SceneState("revision", "Revision 3"), id="a revision"),
        pytest.param(
            replace(SCENE, modified=True),
            SceneState("changed", "Changed since revision 3"),
            id="changed in memory",
        ),
        pytest.param(
            replace(SCENE, file="changed"),
            SceneState(
                "changed",
                "Changed since revision 3",
                ("Saved over since; Kitsu has the revision as it was.",),
            ),
            id="saved over",
        ),
        pytest.param(
            replace(SCENE, file="elsewhere"),
            SceneState(
                "not_a_revision",
                "This file is not a revision yet",
                ("It comes from revision 3.",),
            ),
            id="saved as something else",
        ),
        pytest.param(
            replace(SCENE, file="missing"),
            SceneState(
                "changed", "Revision 3, its file is gone", ("The file was moved or removed.",)
            ),
            id="file gone",
        ),
        pytest.param(
            replace(SCENE, newest=5, newest_by="Ada"),
            SceneState(
                "revision",
                "Revision 3",
                ("Behind by 2: revision 5 by Ada is newer.",),
                behind=2,
            ),
            id="behind",
        ),
        pytest.param(
            replace(SCENE, pending=WAITING, sent=(25, 100), waiting=1),
            SceneState("revision", "Revision 3", ("Uploading: 25 %.",), progress=0.25),
            id="uploading",
        ),
        pytest.param(
            replace(SCENE, pending=WAITING, waiting=1),
            SceneState("revision", "Revision 3", ("Safe here, waiting to be sent.",)),
            id="waiting",
        ),
        pytest.param(
            replace(SCENE, pending=replace(WAITING, state="uploaded"), waiting=1),
            SceneState("revision", "Revision 3", ("Sent, not confirmed yet.",)),
            id="sent",
        ),
        pytest.param(
            replace(SCENE, pending=PARKED, waiting=1),
            SceneState(
                "revision", "Revision 3", ("You are not assigned to the task.",), failed=True
            ),
            id="parked",
        ),
        pytest.param(
            replace(SCENE, online=False, asked=False),
            SceneState("revision", "Revision 3", ("Offline, nothing waiting.",)),
            id="not asked",
        ),
        pytest.param(
            replace(SCENE, given_up=True, newest=5),
            SceneState(
                "not_a_revision",
                "Revision 3 was given up",
                ("It is in this file, not in Kitsu.",),
            ),
            id="given up",
        ),
        pytest.param(
            replace(SCENE, given_up=True, revision=None),
            SceneState(
                "not_a_revision",
                "This save was given up",
                ("It is in this file, not in Kitsu.",),
            ),
            id="given up without a number",
        ),
        pytest.param(
            replace(SCENE, provisional=True, revision=None, waiting=2, online=False),
            SceneState(
                "provisional",
                "Saved, without a number so far",
                (
                    "Its number follows when the server answers.",
                    "Offline, 2 waiting: the server has not answered.",
                ),
            ),
            id="offline",
        ),
    ],
)
def test_when_facts_are_known_then_the_scene_is_called(
    facts: SceneFacts, state: SceneState
) -> None:
    assert scene_state(facts) == state


@pytest.mark.parametrize(
    ("answer", "patience"),
    [
        pytest.param(None, 0.25, id="never answered"),
        pytest.param(0.01, 0.25, id="near"),
        pytest.param(0.2, 0.8, id="far"),
        pytest.param(0.9, 1.0, id="at the bound"),
        pytest.param(2.0, 0.25, id="not worth waiting for"),
    ],
)
def test_when_the_server_usually_takes_a_time_then_a_save_waits_for_it(
    answer: float | None, patience: float
) -> None:
    assert patience_for(answer) == patience
