"""What can be said of the open scene, in one value that every application shows alike.

:func:`scene_state` is pure: facts in, a state and its sentence out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wf_core.results import PendingSave

__all__ = ["SceneFacts", "SceneState", "StateKind", "scene_state"]

StateKind = Literal["no_task", "unsaved", "not_a_revision", "changed", "revision", "provisional"]
FileState = Literal["same", "changed", "elsewhere", "missing"]


@dataclass(frozen=True)
class SceneFacts:
    """What is known of a scene and its task.

    Attributes:
        task_id, task_label: the task the scene is of; "" when none was chosen or found.
        name: which of the task's files.
        other_server: the server its tag names, where that is not the one in use.
        has_file: the scene was ever saved.
        modified: it has changes its file lacks.
        revision: the revision its tag or its place names; None when none, or not known yet.
        provisional: it was saved without a number, and has none yet.
        given_up: that save was discarded, and its number declared void.
        file: how its file compares with what was saved as that revision; None without one.
        newest: the highest complete revision of the same file in Kitsu; None when not known.
        newest_by: who saved that.
        pending: the save of this scene that is not on the server yet.
        sent: bytes of it that are sent, and in total; None while nothing is being sent.
        waiting: saves of this machine that wait for the server, this one included.
        online: the server answered, or nothing says that it would not.
        asked: the network may be used; False where the application forbids it, and says so.
    """

    task_id: str = ""
    task_label: str = ""
    name: str = "main"
    other_server: str = ""
    has_file: bool = False
    modified: bool = False
    revision: int | None = None
    provisional: bool = False
    given_up: bool = False
    file: FileState | None = None
    newest: int | None = None
    newest_by: str = ""
    pending: PendingSave | None = None
    sent: tuple[int, int] | None = None
    waiting: int = 0
    online: bool = True
    asked: bool = True


@dataclass(frozen=True)
class SceneState:
    """The state, and how to put it.

    Attributes:
        kind: a stable word.
        title: a few words.
        details: further sentences, the most important first.
        behind: complete revisions that came after the scene's.
        progress: share of the bytes that is sent, 0 to 1; None while nothing is being sent.
        failed: the save of this scene needs a person (retry, or what the detail says).
    """

    kind: StateKind
    title: str
    details: tuple[str, ...] = ()
    behind: int = 0
    progress: float | None = None
    failed: bool = False


def scene_state(facts: SceneFacts) -> SceneState:
    """The state of a scene."""
    kind, title, about = _what_it_is(facts)
    details = [about] if about else []
    behind = 0
    if kind in ("revision", "changed") and facts.newest and facts.revision:
        behind = max(0, facts.newest - facts.revision)
    if behind:
        by = f" by {facts.newest_by}" if facts.newest_by else ""
        details.append(f"Behind by {behind}: revision {facts.newest}{by} is newer.")
    progress = None
    failed = False
    if facts.pending is not None:
        failed = facts.pending.state == "parked"
        if facts.sent is not None:
            progress = min(1.0, facts.sent[0] / facts.sent[1]) if facts.sent[1] else 0.0
            details.append(f"Uploading: {progress * 100:.0f} %.")
        elif failed:
            details.append(facts.pending.error or "It could not be sent.")
        elif facts.online:
            sent = facts.pending.state == "uploaded"
            details.append("Sent, not confirmed yet." if sent else "Safe here, waiting to be sent.")
    if not facts.online:
        waiting = f"{facts.waiting} waiting" if facts.waiting else "nothing waiting"
        why = ": the server has not answered" if facts.asked else ""
        details.append(f"Offline, {waiting}{why}.")
    return SceneState(kind, title, tuple(details), behind, progress, failed)


def _what_it_is(facts: SceneFacts) -> tuple[StateKind, str, str]:
    if not facts.task_label and facts.other_server:
        about = f"It belongs to a task on {facts.other_server}; choose one of this Kitsu."
        return "no_task", "From another Kitsu", about
    if not facts.task_label:
        return "no_task", "No task", "Choose the task this scene belongs to."
    if not facts.has_file:
        return "unsaved", "Not saved yet", ""
    if facts.given_up:
        what = f"Revision {facts.revision}" if facts.revision else "This save"
        return "not_a_revision", f"{what} was given up", "It is in this file, not in Kitsu."
    if facts.provisional:
        about = "Its number follows when the server answers."
        if facts.modified:
            return "changed", "Changed since it was saved without a number", about
        return "provisional", "Saved, without a number so far", about
    if facts.revision is None or facts.file == "elsewhere":
        came = f"It comes from revision {facts.revision}." if facts.revision else ""
        return "not_a_revision", "This file is not a revision yet", came
    which = f"Revision {facts.revision}"
    if facts.file == "missing":
        return "changed", f"{which}, its file is gone", "The file was moved or removed."
    if facts.file == "changed":
        return (
            "changed",
            f"Changed since revision {facts.revision}",
            ("Saved over since; Kitsu has the revision as it was."),
        )
    if facts.modified:
        return "changed", f"Changed since revision {facts.revision}", ""
    return "revision", which, ""
