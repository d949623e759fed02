"""What the menu, the shelf and hotkeys do. Main thread only.

An action that fails says why in a dialog, in the core's own words; it raises nothing, so that
Maya shows no traceback.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wf_core.errors import Cancelled, WorkfilesError

from . import calls_ui, docking
from .saving import save_scene
from .session import current
from .telling import said

if TYPE_CHECKING:
    from wf_core.models import TaskContext
    from wf_core.results import SaveResult
    from wf_core.workfiles import Workfiles

__all__ = [
    "check_set_up",
    "choose_task",
    "log_in",
    "my_tasks",
    "open_revision",
    "publish",
    "save_from_shelf",
    "save_new_revision",
    "save_with_comment",
    "settings",
]

TITLE = "Kitsu"
_LOOK_SECONDS = 2.0
"""What the scene is, is waited for so long; what it says of itself has to do then."""
_MOST_MISSING = 6


def _action(function: Callable[[], None]) -> Callable[[], None]:
    """Tell what goes wrong, whatever it is."""

    @functools.wraps(function)
    def told() -> None:
        try:
            function()
        except Exception as exc:  # noqa: BLE001  (told to the person who asked for it)
            _tell(exc)

    return told


def _tell(problem: Exception) -> None:
    if isinstance(problem, Cancelled):
        return
    if not isinstance(problem, WorkfilesError):
        traceback.print_exception(problem)
    calls_ui.ask(title=TITLE, text=said(problem), buttons=["OK"])


# saving


@_action
def save_new_revision() -> None:
    """Save the open scene as the next revision of its task, without asking anything that is
    known."""
    _save("")


@_action
def save_with_comment() -> None:
    """Ask for a comment, then save; what the scene needs and cannot find is listed there."""
    lines = ["What changed?"]
    missing = current().host.missing_files()
    if missing:
        from wf_core.workfiles import words

        lines += ["", words.missing(len(missing))]
        lines += [f"{file.path} ({file.used_by})" for file in missing[:_MOST_MISSING]]
        if len(missing) > _MOST_MISSING:
            lines.append(f"and {len(missing) - _MOST_MISSING} more")
    comment = calls_ui.ask_text(title="Save New Revision", text="\n".join(lines), button="Save")
    if comment is not None:
        _save(comment)


@_action
def save_from_shelf() -> None:
    """A click saves; with Alt held it asks for a comment first."""
    if calls_ui.alt_is_held():
        save_with_comment()
    else:
        save_new_revision()


def _save(comment: str) -> None:
    session = current()
    target = _target()
    if target is None:
        return
    from wf_core.workfiles import SaveRequest, patience_for

    request = SaveRequest(task=target.task, name=target.name, comment=comment)
    patience = patience_for(target.answer_seconds)
    said = save_scene(session, request, patience=patience, done=_is_safe, failed=_failed_late)
    calls_ui.show_message(said)


def _is_safe(result: SaveResult) -> None:
    """The save is safe: on this machine's disk, and on its way."""
    from wf_core.workfiles import words

    calls_ui.show_message(words.is_safe(result.revision))
    later = result.behind
    if later is not None:
        said_then = f"“{later.comment}”" if later.comment else "no comment"
        calls_ui.warn(
            f"{later.author} saved revision {later.revision} ({said_then}) after the one this "
            "scene came from. It is not in here."
        )


def _failed_late(problem: Exception) -> None:
    """Maya has written the scene, but it could not be kept or put onto the disk."""
    calls_ui.ask(title="Saving the revision failed", text=said(problem), buttons=["OK"])


# the task


@dataclass(frozen=True)
class _Target:
    """Where a save goes.

    Attributes:
        task: reference of the task.
        name: which of its files.
        answer_seconds: what the server takes for an answer; None when not known.
    """

    task: str
    name: str
    answer_seconds: float | None = None


def _target() -> _Target | None:
    """The task of the scene, which a person is asked for where nothing is known; None where they
    called that off.

    Raises:
        WorkfilesError: the scene cannot be saved there, and why.
    """
    session = current()
    target = _looked_up(session.chosen)
    if target is None:
        reference = _ask_for_task()
        target = _looked_up(reference) if reference else None
    return target


def _looked_up(chosen: str | None) -> _Target | None:
    """What is known of the scene and of its next revision, within a moment."""
    session = current()
    host = session.host
    tag, path, software = host.get_tag(), host.current_path(), host.name

    def look(tool: Workfiles) -> _Target | None:
        facts = tool.facts_of_scene(tag, path, task=chosen)
        task = facts.task_id
        if not task and path is not None and not facts.other_server:
            guessed = tool.guess_task(path)
            task = guessed.task.id if guessed else ""
        if not task:
            return None
        upcoming = tool.next_revision(task, name=facts.name, tag=tag, software=software)
        return _Target(task, facts.name, upcoming.answer_seconds)

    try:
        return session.wait(session.looker.submit(look, topic="target"), seconds=_LOOK_SECONDS)
    except FutureTimeout:
        if chosen is not None:
            return _Target(chosen, "main")
        return _Target(tag.task_id, tag.name) if tag is not None else None


def _ask_for_task() -> str | None:
    answer = calls_ui.ask_text(
        title="Which task does this scene belong to?",
        text="Its page's address in Kitsu, or Production/AssetType/Asset/TaskType, or\n"
        "Production/Sequence/Shot/TaskType:",
        button="Choose",
    )
    return answer.strip() or None if answer else None


@_action
def choose_task() -> None:
    """Ask for the task of the open scene, which it has from the next save on."""
    reference = _ask_for_task()
    if reference is None:
        return
    session = current()

    def show(context: TaskContext) -> None:
        session.chosen = context.task.id
        calls_ui.show_message(f"This scene is now of the task {context.label}.")

    session.looker.submit(
        lambda tool: tool.find_task(reference), done=show, failed=_tell, topic="choose"
    )


# the browser


@_action
def open_revision() -> None:
    """Show the revisions of the scene's task."""
    docking.show().show_revisions()


@_action
def my_tasks() -> None:
    """Show the tasks."""
    docking.show().show_tasks()


@_action
def publish() -> None:
    """Ask what to publish the open revision as."""
    docking.show().publish()


@_action
def log_in() -> None:
    """Show the page to log in on; the settings, with the account, to who is logged in."""
    docking.show().show_settings()


@_action
def settings() -> None:
    """Show the settings."""
    docking.show().show_settings()


@_action
def check_set_up() -> None:
    """Look at the whole set-up and show what is well and what is not."""
    docking.show().show_checks()
