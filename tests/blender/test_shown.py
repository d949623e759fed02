"""The sidebar is drawn again for what changes in it, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blender_addon import shown
from blender_addon.shown import ChosenTask, Shown, redrawing
from wf_core.results import PendingSave, Presence

WAITING = PendingSave(
    save_id="a-save",
    task="Demo/Props/Lamp/Modeling",
    name="main",
    revision=3,
    state="saved",
    path="/work/lamp_v003.blend",
    size=1000,
    attempts=0,
    error=None,
    next_try=4.0,
    age=1.0,
)
SAM = Presence("Sam", "desk-7", "Blender", "2026-11-24T10:00:00", seen=2.0)


def shown_now() -> Shown:
    return Shown(pending=[WAITING], sent={"a-save": (10, 1000)}, others=(SAM,))


CHANGES: dict[str, tuple[dict[str, object], bool]] = {
    "the same answer": ({"pending": [replace(WAITING)]}, False),
    "older": ({"pending": [replace(WAITING, age=2.0, next_try=3.0)]}, False),
    "further": ({"sent": {"a-save": (500, 1000)}}, False),
    "seen again": ({"others": (replace(SAM, seen=30.0),)}, False),
    "sent by nobody": ({"sent": {}}, True),
    "parked": ({"pending": [replace(WAITING, state="parked")]}, True),
    "arrived": ({"pending": [], "sent": {}}, True),
    "somebody gone": ({"others": ()}, True),
    "another task": ({"task": ChosenTask("a-task", "Demo/Props/Vase/Modeling")}, True),
    "a problem": ({"problems": {"scene": ValueError()}}, True),
}


@pytest.mark.parametrize("name", CHANGES)
def test_when_an_answer_changes_what_is_drawn_then_only_then_it_is_drawn_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(shown, "redraw", lambda: drawn.append(name))
    change, is_drawn = CHANGES[name]
    now = shown_now()

    with redrawing(now):
        for attribute, value in change.items():
            setattr(now, attribute, value)

    assert drawn == ([name] if is_drawn else [])


def test_when_a_problem_is_over_then_it_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bool] = []
    monkeypatch.setattr(shown, "redraw", lambda: drawn.append(True))
    now = replace(shown_now(), problems={"scene": ValueError()})

    with redrawing(now):
        now.problems.pop("scene")

    assert drawn == [True]
