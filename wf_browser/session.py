"""What is shown: asked for on threads, kept here, and told by signals when it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wf_core import errors

from .asking import Asking
from .qt import QtCore, Signal

if TYPE_CHECKING:
    from wf_core.models import Person, Task, TaskContext
    from wf_core.results import CheckResult, PendingSave, Revision
    from wf_core.settings import Settings
    from wf_core.workfiles import SceneFacts, SceneState, Workfiles
    from wf_core.workfiles.browsing import Searchable

    from .application import Application

__all__ = ["Session"]

_LOCAL_SECONDS = 1.0
_IDLE_SECONDS = 15.0
_SERVER_SECONDS = 30.0
_LONG = 1000
"""Lists from so many revisions on are read again when something was saved, or somebody asks."""


class Session(Asking):
    """What is known, and when it changes. Make and use it on Qt's thread.

    Args:
        application: what it is in.

    Attributes:
        settings: those in force; None while they are not known.
        person: who is logged in; None while that is not known, or nobody is.
        productions: (id, name) of those this account may see.
        production: id of the one that is browsed; "" for one's own tasks.
        tasks: what there is to choose from; None until the answer is here.
        task: (id, label) of the task in view; None when none was chosen or found.
        facts: about the open scene.
        revisions: of the task in view; None until the answer is here.
        pending: saves of this machine that are not on the server.
        sent: bytes sent and in total of those that are being sent.
        checks: of the set-up; None until somebody asked, and while that is being looked at.
        is_checking: it is.
        to_send: ids of saves whose picture goes to Kitsu when they have arrived.
    """

    account_changed = Signal()
    tasks_changed = Signal()
    task_changed = Signal()
    scene_changed = Signal()
    revisions_changed = Signal()
    queue_changed = Signal()
    checks_changed = Signal()

    def __init__(self, application: Application, parent: QtCore.QObject | None = None) -> None:
        super().__init__(application, parent)
        self.settings: Settings | None = None
        self.person: Person | None = None
        self.productions: list[tuple[str, str]] = []
        self.production = ""
        self.tasks: Searchable[Task] | None = None
        self.task: tuple[str, str] | None = None
        self.facts: SceneFacts | None = None
        self.revisions: Searchable[Revision] | None = None
        self.pending: list[PendingSave] = []
        self.sent: dict[str, tuple[int, int]] = {}
        self.checks: list[CheckResult] | None = None
        self.is_checking = False
        self.to_send: set[str] = set()
        self._follows_scene = False
        self._local = self._timer(_IDLE_SECONDS, self.look_at_queue)
        self._server = self._timer(_SERVER_SECONDS, self.look_again)

    def _timer(self, seconds: float, function: Callable[[], None]) -> QtCore.QTimer:
        timer = QtCore.QTimer(self)
        timer.setInterval(int(seconds * 1000))
        timer.timeout.connect(function)
        return timer

    def stop(self) -> None:
        self._local.stop()
        self._server.stop()
        super().stop()

    def renew(self) -> None:
        """Settings or login changed: begin the next piece of work with the new ones."""
        for worker in self.workers:
            worker.renew()
        self.application.renew()

    def seen(self, visible: bool) -> None:
        """Somebody looks at the browser, or does no longer."""
        for timer in (self._local, self._server):
            if visible:
                timer.start()
            else:
                timer.stop()
        if visible:
            self.look_at_everything()

    def failed(self, topic: str, problem: Exception) -> None:
        """Whoever is told that nobody is logged in, it counts for all."""
        super().failed(topic, problem)
        if getattr(problem, "kind", "") == "not_logged_in":
            self.problems["account"] = problem
            self._forget()

    # questions

    def look_at_everything(self) -> None:
        """Ask for all there is to show."""
        self.look_at_account()
        self.look_at_queue()

    def look_again(self) -> None:
        """What colleagues may have changed since."""
        if self.person is not None:
            self.look_at_scene()
            if self.revisions is None or len(self.revisions.items) < _LONG:
                self.look_at_revisions()
        elif not self.needs_login:
            self.look_at_account()

    @property
    def needs_login(self) -> bool:
        """Whether it is known that nobody is logged in."""
        if self.settings is not None and not self.settings.server:
            return True
        return getattr(self.problems.get("account"), "kind", "") == "not_logged_in"

    def look_at_account(self) -> None:
        """Which server, and who is logged in there; then all the rest."""

        def settings(found: Settings) -> None:
            known, self.settings = self.settings, found
            if found != known:
                self.account_changed.emit()

        def show(person: Person | None) -> None:
            self.person = person
            if person is not None:
                self.look_at_tasks()
                self.look_at_scene()

        self.do(lambda tool: tool.settings, done=settings, worker=self.keeper, topic="settings")
        self.ask(
            lambda tool: tool.whoami() if tool.settings.server else None,
            show,
            topic="account",
            changed=self.account_changed.emit,
        )

    def log_in(
        self,
        work: Callable[[Workfiles], Person],
        *,
        done: Callable[[], None],
        failed: Callable[[Exception], None],
        by_browser: bool = False,
    ) -> None:
        """Log in, then show everything.

        Args:
            work: logs in.
            done: told that somebody is.
            failed: told why nobody is.
            by_browser: a person is waited for, who may take minutes.
        """

        def logged_in(person: Person) -> None:
            self._forget()
            self.problems.clear()
            self.renew()
            self.person = person
            self.account_changed.emit()
            done()
            self.look_at_everything()

        worker = self.mover if by_browser else self.looker
        self.do(work, done=logged_in, failed=failed, worker=worker, topic="login")

    def log_out(self) -> None:
        """Forget the login on this machine."""

        def done(_: None) -> None:
            self.renew()
            self._forget()
            self.look_at_account()

        self.do(lambda tool: tool.logout(), done=done, topic="login")

    def _forget(self) -> None:
        self.person = self.tasks = self.facts = self.revisions = self.task = None
        self.productions, self.production = [], ""
        for changed in (self.tasks_changed, self.task_changed, self.scene_changed):
            changed.emit()
        self.revisions_changed.emit()
        self.account_changed.emit()

    def browse_production(self, production: str) -> None:
        """Show all tasks of a production; of "" one's own."""
        self.production, self.tasks = production, None
        self.look_at_tasks()

    def look_at_tasks(self) -> None:
        """The account's open tasks, or all of the production that is browsed."""
        browsed = self.production

        def ask(tool: Workfiles) -> tuple[Searchable[Task], list[tuple[str, str]]]:
            from wf_core.workfiles.browsing import searchable_tasks

            names = [(production.id, production.name) for production in tool.productions()]
            found = tool.tasks(production=browsed, everyone=True) if browsed else tool.tasks()
            return searchable_tasks(found), names

        def show(answer: tuple[Searchable[Task], list[tuple[str, str]]]) -> None:
            self.tasks, self.productions = answer

        self.ask(ask, show, topic="tasks", changed=self.tasks_changed.emit)
        self.tasks_changed.emit()

    def choose_task(self, task: str, label: str) -> None:
        """Make it the task in view, and the open scene's from the next save on."""
        self.application.choose(task)
        if self.task is None or self.task[0] != task:
            self._view_task(task, label)
            self.look_at_scene()

    def _view_task(self, task: str, label: str) -> None:
        self.task, self.revisions = (task, label), None
        self.problems.pop("revisions", None)
        self.task_changed.emit()
        self.look_at_revisions()

    def look_at_scene_again(self) -> None:
        """The scene was saved, or another one is open: what it belongs to comes into view."""
        self._follows_scene = True
        self.look_at_scene()

    def look_at_scene(self) -> None:
        """About the open scene; its task comes into view where none is."""
        scene, chosen = self.application.scene(), self.application.chosen()

        def show(facts: SceneFacts) -> None:
            self.facts = facts
            known = self.task is not None and (
                self.task[0] == facts.task_id or not self._follows_scene
            )
            self._follows_scene = False
            if facts.task_id and not known:
                self._view_task(facts.task_id, facts.task_label)
            elif not facts.task_id and scene.path is not None and not facts.other_server:
                self._guess_task(scene.path)

        self.ask(
            lambda tool: tool.facts_of_scene(scene.tag, scene.path, task=chosen or None),
            show,
            topic="scene",
            changed=self.scene_changed.emit,
        )

    def _guess_task(self, path: Path) -> None:
        def show(context: TaskContext | None) -> None:
            if context is not None and self.application.scene().path == path:
                self.application.choose(context.task.id)
                if self.task is None:
                    self._view_task(context.task.id, context.label)
                self.look_at_scene()

        self.do(lambda tool: tool.guess_task(path), done=show, topic="guess")

    def state(self) -> SceneState | None:
        """The state of the open scene as it is at this moment; None while nothing is known."""
        if self.facts is None:
            return None
        from wf_core.workfiles import scene_state

        facts = replace(
            self.facts, modified=self.application.scene().modified, waiting=len(self.pending)
        )
        if facts.pending is not None:
            row = next((r for r in self.pending if r.save_id == facts.pending.save_id), None)
            facts = replace(facts, pending=row, sent=self.sent.get(row.save_id) if row else None)
        return scene_state(facts)

    def look_at_revisions(self) -> None:
        """The revisions of the task in view."""
        if self.task is None:
            return
        task = self.task[0]

        def ask(tool: Workfiles) -> Searchable[Revision]:
            from wf_core.workfiles.browsing import searchable_revisions

            return searchable_revisions(tool.list_revisions(task))

        def show(answer: Searchable[Revision]) -> None:
            self.revisions = answer

        self.ask(ask, show, topic="revisions", changed=self.revisions_changed.emit)

    def look_at_queue(self) -> None:
        """What is on its way to the server, as the journal has it; asks no server."""

        def ask(tool: Workfiles) -> tuple[list[PendingSave], dict[str, tuple[int, int]]]:
            return (tool.status(), tool.uploads()) if tool.settings.server else ([], {})

        def show(answer: tuple[list[PendingSave], dict[str, tuple[int, int]]]) -> None:
            before = {row.save_id: row for row in self.pending}
            self.pending, self.sent = answer
            now = {row.save_id: row for row in self.pending}
            arrived = before.keys() - now.keys()
            numbered = [key for key in now if key in before and now[key] != before[key]]
            if arrived or any(now[key].revision != before[key].revision for key in numbered):
                self._has_arrived(arrived)
            busy = any(row.state != "parked" for row in self.pending)
            self._local.setInterval(int((_LOCAL_SECONDS if busy else _IDLE_SECONDS) * 1000))

        changed = self.queue_changed.emit
        self.ask(ask, show, topic="queue", changed=changed, worker=self.keeper)

    def _has_arrived(self, save_ids: set[str]) -> None:
        for save_id in save_ids & self.to_send:
            self.do(_sending_picture_of(save_id), failed=self._not_sent, worker=self.mover)
        self.to_send -= save_ids
        self.application.follow(lambda _: self.look_at_scene())
        self.look_at_scene()
        self.look_at_revisions()

    def _not_sent(self, problem: Exception) -> None:
        if not isinstance(problem, errors.NotFound):
            self.said.emit(f"The picture was not sent: {self.in_words(problem)}")

    def check(self) -> None:
        """Look at the whole set-up."""
        self.checks, self.is_checking = None, True

        def show(checks: list[CheckResult]) -> None:
            self.checks = checks

        def changed() -> None:
            self.is_checking = False
            self.checks_changed.emit()

        self.ask(lambda tool: tool.doctor(), show, topic="checks", changed=changed)
        self.checks_changed.emit()

    def change_settings(
        self,
        change: Callable[[Settings], dict[str, Any]],
        *,
        done: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Write settings, then use them."""

        def work(tool: Workfiles) -> None:
            from wf_core.settings import load, remember

            remember(tool.settings, **change(load()))

        def changed(_: None) -> None:
            self.renew()
            done()
            self.look_at_everything()

        self.do(work, done=changed, failed=failed, worker=self.keeper)


def _sending_picture_of(save_id: str) -> Callable[[Workfiles], None]:
    return lambda tool: tool.send_picture(save_id)
