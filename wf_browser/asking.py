"""Threads that ask, and their answers by signal on Qt's thread.

Three threads, each with a facade of its own: questions to the server (``looker``) stand behind no
download (``mover``), and what only this machine's journal knows (``keeper``) behind neither. Of
several requests for the same thing only the last one's answer is heard.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from wf_core import errors
from wf_core.worker import Worker

from .qt import QtCore, Signal

if TYPE_CHECKING:
    from concurrent.futures import Future

    from wf_core.workfiles import Workfiles

    from .application import Application

__all__ = ["Asking", "Courier"]

R = TypeVar("R")


class Courier(QtCore.QObject):
    """Carries functions to Qt's thread.

    It has no parent: a panel that is closed takes its children along at any moment, and a thread
    that sends a signal of an object just then takes the whole application along.
    """

    _arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        self._guard = threading.Lock()
        self._arrived.connect(self._call, QtCore.Qt.ConnectionType.QueuedConnection)

    def post(self, function: Callable[[], None]) -> None:
        """Have it called there, soon; callable from any thread."""
        with self._guard:
            if self._open:
                self._arrived.emit(function)

    def close(self) -> None:
        """Carry nothing more. On Qt's thread."""
        with self._guard:
            was_open, self._open = self._open, False
        if was_open:
            self.deleteLater()

    def _call(self, function: Any) -> None:
        if self._open:
            function()


class Asking(QtCore.QObject):
    """What asks.

    Attributes:
        problems: by question, why there is no answer.
        said: what went wrong, or happened, for a person to read.
    """

    said = Signal(str)

    def __init__(self, application: Application, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.application = application
        self.problems: dict[str, Exception] = {}
        self._courier = courier = Courier()
        self.destroyed.connect(lambda *_: courier.close())
        self.looker, self.mover, self.keeper = self.workers = tuple(
            self._worker(f"workfiles-browser-{name}") for name in ("look", "move", "keep")
        )

    def _worker(self, name: str) -> Worker[Workfiles]:
        return Worker(
            name,
            make=self.application.open_facade,
            close=lambda tool: tool.close(),
            post=self._courier.post,
        )

    def stop(self) -> None:
        """End the threads; what is under way on them ends unheard."""
        self._courier.close()
        for worker in self.workers:
            worker.stop()

    def failed(self, topic: str, problem: Exception) -> None:
        """There is no answer to a question, and why."""
        self.problems[topic] = problem
        _trace(problem)

    def ask(
        self,
        work: Callable[[Workfiles], R],
        show: Callable[[R], None],
        *,
        topic: str,
        changed: Callable[[], None],
        worker: Worker[Workfiles] | None = None,
    ) -> Future[R]:
        """Ask for something that is shown; ``changed`` tells that the answer, or why there is
        none, is here."""

        def tell(answer: R) -> None:
            self.problems.pop(topic, None)
            show(answer)
            changed()

        def complain(problem: Exception) -> None:
            self.failed(topic, problem)
            changed()

        return (worker or self.looker).submit(work, done=tell, failed=complain, topic=topic)

    def do(
        self,
        work: Callable[[Workfiles], R],
        *,
        done: Callable[[R], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        worker: Worker[Workfiles] | None = None,
        topic: str = "",
    ) -> Future[R]:
        """Have something done; a failure nobody else takes is said."""
        return (worker or self.looker).submit(
            work, done=done, failed=failed or self.complain, topic=topic
        )

    def complain(self, problem: Exception) -> None:
        """Say what went wrong."""
        _trace(problem)
        if not isinstance(problem, errors.Cancelled):
            self.said.emit(self.in_words(problem))

    def why_not(self, topic: str) -> str:
        """Why there is no answer to a question, and what to do; "" where nothing went wrong."""
        problem = self.problems.get(topic)
        return self.in_words(problem) if problem is not None else ""

    def in_words(self, problem: Exception) -> str:
        """What went wrong and what to do."""
        return errors.said(problem, details=self.application.details())


def _trace(problem: Exception) -> None:
    """The details of a bug, for :meth:`Application.details` to be true."""
    if not isinstance(problem, errors.WorkfilesError):
        traceback.print_exception(problem)
