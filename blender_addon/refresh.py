"""Asking for what is shown: when a file is opened or saved, and now and then while it is seen.

Every question goes to a thread; drawing never asks. What only the journal knows (progress,
what waits) is looked up often while something is under way, the server seldom, and only
while the Kitsu tab is on the screen. The tab is drawn again when an answer changes it, and every
few seconds for the bars of transfers.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import bpy

from wf_core.errors import NotFound, WorkfilesError

from . import core, pictures, presence
from .choices import CHOICES
from .options import preferences
from .session import current
from .shown import ChosenTask, redraw, redrawing, tab_is_open
from .telling import said

if TYPE_CHECKING:
    from wf_core.models import Person, Task, TaskContext
    from wf_core.results import PendingSave, Revision
    from wf_core.settings import Settings
    from wf_core.workfiles import NextRevision, SceneFacts, Workfiles

__all__ = [
    "account",
    "choose_task",
    "everything",
    "next_revision",
    "register",
    "revisions",
    "scene",
    "seen",
    "task_in_view",
    "task_of_scene",
    "tasks",
    "unregister",
    "waiting",
]

_TICK = 0.5  # seconds; looks at the clock and at two flags, as a rule
_SEEN_SECONDS = 3.0  # a menu that was drawn so long ago is taken to be on the screen
_SERVER_SECONDS = 30.0
_QUEUE_SECONDS = 1.0
_BARS_SECONDS = 3.0  # drawing takes the main thread some beats of 60 Hz where there is no fast GPU


class _Clock:
    """When things were looked at or drawn last (time.monotonic), and which progress was drawn."""

    seen = scene = queue = bars = 0.0
    progress: object = None
    began = False


_clock = _Clock()


def seen() -> None:
    """Called by the menus and preferences when they are drawn: somebody is looking."""
    _clock.seen = time.monotonic()


def task_in_view() -> ChosenTask | None:
    """The task of the open scene: the chosen one, else its own."""
    shown = current().shown
    if shown.task is not None:
        return shown.task
    if shown.facts is not None and shown.facts.task_id:
        return ChosenTask(shown.facts.task_id, shown.facts.task_label)
    return None


def task_of_scene() -> str:
    """The id of that task; as the scene itself has it, where nobody was asked yet.

    Raises:
        WorkfilesError: no task is known.
    """
    known = task_in_view()
    if known is not None:
        return known.id
    tag = current().host.get_tag()
    if tag is None:
        raise WorkfilesError(
            "It is not known which task this scene belongs to; nothing was done.",
            hint="Choose one in the Kitsu tab, or give the operator its task.",
        )
    return tag.task_id


# questions


def everything() -> None:
    """Ask for all there is to show."""
    account()
    waiting()
    scene()
    tasks()


def account() -> None:
    """Which server, and who is logged in there."""

    def ask(tool: Workfiles) -> tuple[Settings, Person | None]:
        person = tool.whoami() if tool.settings.server and not tool.offline else None
        return tool.settings, person

    def show(answer: tuple[Settings, Person | None]) -> None:
        shown = current().shown
        shown.settings, person = answer
        if person is not None or not current().offline:
            shown.person = person

    def fail(_: Exception) -> None:
        current().shown.person = None
        current().looker.submit(lambda tool: tool.settings, done=show_settings)

    def show_settings(settings: Settings) -> None:
        current().shown.settings = settings
        redraw()

    current().look(ask, show, topic="account", failed=fail)


def tasks() -> None:
    """The account's open tasks, or all of the production that is browsed."""
    browsed = CHOICES.production

    def ask(tool: Workfiles) -> tuple[list[Task], list[tuple[str, str]]]:
        names = [(production.id, production.name) for production in tool.productions()]
        if browsed is None:
            return tool.tasks(), names
        return tool.tasks(production=browsed[0], everyone=True), names

    def show(answer: tuple[list[Task], list[tuple[str, str]]]) -> None:
        current().shown.tasks, CHOICES.production_names = answer

    current().look(ask, show, topic="tasks")


def scene() -> None:
    """About the open scene, then its revisions and what a save would do."""
    session = current()
    _clock.scene = time.monotonic()
    host, chosen = session.host, session.shown.task
    tag, path = host.get_tag(), host.current_path()
    task = chosen.id if chosen else None

    def show(facts: SceneFacts) -> None:
        session.shown.facts = facts
        if facts.task_id:
            revisions()
            next_revision(facts.name)
            presence.look(facts.task_id, facts.name)
        elif path is not None and not facts.other_server:
            session.look(lambda tool: tool.guess_task(path), guessed, topic="guess")

    def guessed(context: TaskContext | None) -> None:
        if context is not None and session.host.current_path() == path:
            choose_task(ChosenTask(context.task.id, context.label))

    session.look(lambda tool: tool.facts_of_scene(tag, path, task=task), show, topic="scene")
    presence.announce()


def choose_task(task: ChosenTask | None) -> None:
    """Make it the task of the open scene, from the next save on; None: the scene's own again."""
    shown = current().shown
    shown.task, shown.revisions, shown.next, shown.others = task, None, None, ()
    scene()


def revisions() -> None:
    """The revisions of the task in view."""
    task = task_in_view()
    if task is None:
        return

    def show(answer: list[Revision]) -> None:
        current().shown.revisions = answer
        pictures.refresh()

    current().look(lambda tool: tool.list_revisions(task.id), show, topic="revisions")


def next_revision(name: str) -> None:
    """What a save under this name would do."""
    session, task = current(), task_in_view()
    if task is None:
        return
    tag, software = session.host.get_tag(), session.host.name

    def ask(tool: Workfiles) -> NextRevision:
        return tool.next_revision(task.id, name=name, tag=tag, software=software)

    def show(answer: NextRevision) -> None:
        session.shown.next = answer
        session.prepare()

    session.look(ask, show, topic="next")


def waiting() -> None:
    """What is on its way to the server, as the journal has it; asks no server."""
    session = current()
    _clock.queue = time.monotonic()

    before = session.shown.expected | {row.save_id for row in session.shown.pending}

    def ask(tool: Workfiles) -> tuple[list[PendingSave], dict[str, tuple[int, int]], set[str]]:
        if not tool.settings.server:
            return [], {}, set()
        rows = tool.status()
        gone = before - {row.save_id for row in rows}
        return rows, tool.uploads(), {save_id for save_id in gone if tool.has_arrived(save_id)}

    def show(answer: tuple[list[PendingSave], dict[str, tuple[int, int]], set[str]]) -> None:
        shown, (rows, sent, arrived) = session.shown, answer
        known = shown.expected | {row.save_id for row in shown.pending}
        gone = (known & before) - {row.save_id for row in rows}
        arrived &= gone  # once
        with redrawing(shown):
            shown.pending, shown.sent = rows, sent
            shown.expected -= gone
            if gone:
                shown.notice = "" if rows or gone - arrived else "Everything is in Kitsu."
        if gone:
            scene()
        if preferences().send_pictures:
            for save_id in arrived:
                _send_picture(save_id)

    answer = session.saver.submit(ask, done=show, topic="queue")
    if bpy.app.background:
        session.wait(answer)


def _send_picture(save_id: str) -> None:
    """Once the revision is in Kitsu; without a picture there is nothing to send."""

    def failed(problem: Exception) -> None:
        if not isinstance(problem, NotFound):
            current().shown.notice = f"The picture was not sent: {said(problem)}"

    current().fetcher.submit(lambda tool: tool.send_picture(save_id), failed=failed)


# when


def _tick() -> float:
    session, now = current(), time.monotonic()
    if session.notice_online_access() and core.ready():
        everything()
    if not core.ready():
        return _TICK
    if not _clock.began:
        _begin()
    on_screen = tab_is_open() or now - _clock.seen < _SEEN_SECONDS
    busy = any(row.state != "parked" for row in session.shown.pending)
    if now - _clock.queue > (_QUEUE_SECONDS if busy and on_screen else _SERVER_SECONDS):
        waiting()
    if on_screen and not session.shown.needs_login and now - _clock.scene > _SERVER_SECONDS:
        scene()
    if now - _clock.bars > _BARS_SECONDS:
        _move_bars()
    return _TICK


def _move_bars() -> None:
    """Draw how far transfers are, where that is further than what was drawn last."""
    shown = current().shown
    progress = (shown.sent, shown.transfer and (shown.transfer, shown.transfer.done))
    if progress != _clock.progress:
        _clock.bars, _clock.progress = time.monotonic(), progress
        redraw()


def _begin() -> None:
    """Once, when the core is there: show what there is, and send what earlier sessions left."""
    _clock.began = True
    everything()
    current().looker.submit(lambda tool: bool(tool.settings.server) and tool.resume())


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _after_opening(*_: object) -> None:
    shown = current().shown
    shown.task = shown.facts = shown.next = shown.revisions = None
    shown.notice, shown.others, CHOICES.tasks_open = "", (), False
    if core.ready() and not bpy.app.background and preferences().look_on_open:
        scene()


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _after_saving(*_: object) -> None:
    current().shown.notice = ""  # was said of the file before
    if core.ready() and not bpy.app.background:
        scene()


def register() -> None:
    _clock.__dict__.clear()
    bpy.app.handlers.load_post.append(_after_opening)
    bpy.app.handlers.save_post.append(_after_saving)
    if not bpy.app.background:
        bpy.app.timers.register(_tick, first_interval=_TICK, persistent=True)


def unregister() -> None:
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    bpy.app.handlers.save_post.remove(_after_saving)
    bpy.app.handlers.load_post.remove(_after_opening)
