"""What people read about saves that wait."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from saves.test_journal import row

from wf_core.saves.recovery import UNSURE
from wf_core.steps import as_commands
from wf_core.workfiles.waiting import pending

UNFILED = {"reference": "Demo/Props/Lmap/Modeling"}

HINTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "waits for the server": (
        {"state": "saved"},
        "It is tried again by itself; “Retry” tries at once.",
        "It is tried again by itself; “wf retry 00000001” tries at once.",
    ),
    "is being saved, or was": (
        {"state": "claimed"},
        "It is being saved, or its application died, and it goes on by itself.",
        "It is being saved, or its application died, and it goes on by itself.",
    ),
    "waits, its task not known": (
        {"state": "saved", **UNFILED},
        "It is filed under its task when the server answers; “Retry” tries at once.",
        "It is filed under its task when the server answers; “wf retry 00000001” tries at once.",
    ),
    "its task does not exist": (
        {"state": "saved", "parked": "not_found", **UNFILED},
        "Save its scene again to the right task, then “Discard”.",
        "“wf retry 00000001 --task TASK” files it under the right task.",
    ),
    "may not be recorded": (
        {"state": "uploaded", "parked": "permission_denied"},
        "Ask to be assigned to the task, then “Retry”. “Discard” gives it up.",
        "Ask to be assigned to the task, then “wf retry 00000001”. “wf discard 00000001” gives "
        "it up.",
    ),
    "its place is taken": (
        {"state": "saved", "parked": "path_taken"},
        "Move the file in its place away, then “Retry”.",
        "Move the file in its place away, then “wf retry 00000001”.",
    ),
    "its kept copy was changed": (
        {"state": "saved", "parked": "changed"},
        "Save its scene again as a new revision, then “Discard”.",
        "Save its scene again as a new revision, then “wf discard 00000001”.",
    ),
    "the machine stopped": (
        {"state": "saved", "parked": UNSURE},
        "Look at the file: if it is whole, “Retry” sends it; if not, “Discard” gives it up.",
        "Look at the file: if it is whole, “wf retry 00000001” sends it; if not, “wf discard "
        "00000001” gives it up.",
    ),
    "anything else": (
        {"state": "saved", "parked": "refused"},
        "Clear what the error names, then “Retry”. “Discard” gives it up.",
        "Clear what the error names, then “wf retry 00000001”. “wf discard 00000001” gives it up.",
    ),
}


@pytest.mark.parametrize(("changes", "hint", "in_a_terminal"), HINTS.values(), ids=HINTS)
def test_when_a_save_waits_then_it_says_what_to_do(
    changes: dict[str, Any], hint: str, in_a_terminal: str
) -> None:
    shown = pending(row(**changes))

    assert shown.hint == hint
    assert as_commands(shown.hint, save_id=shown.save_id) == in_a_terminal


def test_when_a_save_waits_then_its_age_is_known() -> None:
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)

    shown = pending(row(state="saved", saved_at=then.isoformat(timespec="seconds")))

    assert shown.age is not None
    assert 7200 <= shown.age < 7300


@pytest.mark.parametrize("saved_at", ["", "yesterday", "2026-01-01T00:00:00"])
def test_when_the_moment_of_a_save_is_not_known_then_its_age_is_not_made_up(saved_at: str) -> None:
    assert pending(row(state="saved", saved_at=saved_at)).age is None
