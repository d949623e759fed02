"""Work handed to an application's main thread, the only one that may touch its scene."""

from __future__ import annotations

import math
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from wf_core.errors import Cancelled, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future  # at run time only where used: it is slow to import

__all__ = ["MainThreadQueue"]

T = TypeVar("T")

_PATIENCE = 0.2  # seconds a wait takes at most before Ctrl-C is noticed


class MainThreadQueue:
    """What other threads want done, in order, until the main thread works it off.

    An adapter sees to it that :meth:`work_off` is called on the main thread while
    :meth:`start` and :meth:`stop` say so. Without a window nothing calls it, so there others
    are served only while the main thread waits in :meth:`serve`.

    Args:
        application: its name, for messages.
        wake: called, on any thread, after something was put in while the queue is served: for
            applications that can be asked for a turn instead of looking from time to time.
    """

    def __init__(self, application: str, *, wake: Callable[[], None] | None = None) -> None:
        self._application = application
        self._wake = wake
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = (
            queue.SimpleQueue()
        )
        self._running = False
        self._serving = 0

    def start(self) -> None:
        """Begin to serve other threads."""
        self._running = True

    def stop(self) -> None:
        """Stop serving; whoever waits gets :class:`wf_core.errors.Cancelled`."""
        self._running = False
        while not self._waiting.empty():
            self._waiting.get()[0].cancel()

    def call(self, function: Callable[[], T]) -> T:
        """Run ``function`` on the main thread, and return or raise what it does.

        Raises:
            UsageError: called from another thread while nobody serves them.
            Cancelled: the service stopped before its turn came.
        """
        if threading.current_thread() is threading.main_thread():
            return function()
        if not (self._running or self._serving):
            raise UsageError(
                f"Without a window {self._application} cannot be reached from another thread.",
                hint="Call this on the main thread.",
            )
        from concurrent.futures import CancelledError, Future

        answer: Future[T] = Future()
        self._put(answer, function)
        try:
            return answer.result()
        except CancelledError as exc:
            raise Cancelled(f"{self._application} is closing; that was not done any more.") from exc

    def post(self, function: Callable[[], None]) -> None:
        """Have ``function`` run on the main thread, soon, and do not wait for it. Without a
        window that is during the next :meth:`serve`."""
        from concurrent.futures import Future

        answer: Future[None] = Future()
        answer.add_done_callback(_log_failure)
        self._put(answer, function)

    def serve(
        self,
        until: Future[Any],
        *,
        enough: Callable[[], bool] = lambda: False,
        seconds: float = math.inf,
    ) -> None:
        """Wait on the main thread for another thread, and run here what it hands over.

        Args:
            until: waited for; its own callbacks have been run when this returns.
            enough: asked after each function that was run; True ends the wait sooner.
            seconds: longest wait.
        """
        finished = threading.Event()
        until.add_done_callback(lambda _: self.post(finished.set))
        with self.about_to_serve():
            give_up = time.monotonic() + seconds
            while not (finished.is_set() or enough()) and time.monotonic() < give_up:
                turn = min(_PATIENCE, max(0.001, give_up - time.monotonic()))
                with suppress(queue.Empty):  # looked up again: Ctrl-C gets through meanwhile
                    self._run(*self._waiting.get(timeout=turn))

    @contextmanager
    def about_to_serve(self) -> Iterator[None]:
        """Within, other threads may hand over work already: the main thread is going to wait
        for them. For what is given to a thread before :meth:`serve` is called."""
        self._serving += 1
        try:
            yield
        finally:
            self._serving -= 1

    def work_off(self) -> object:
        """Run what waits now."""
        while not self._waiting.empty():
            self._run(*self._waiting.get())
        return None

    def _put(self, answer: Future[Any], function: Callable[[], Any]) -> None:
        self._waiting.put((answer, function))
        if self._running and self._wake is not None:
            self._wake()

    @staticmethod
    def _run(answer: Future[Any], function: Callable[[], Any]) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(function())
        except BaseException as exc:  # noqa: BLE001 - raised again where it was called
            answer.set_exception(exc)


def _log_failure(answer: Future[None]) -> None:
    """Nobody asks for the result of what was posted: its failure is a bug, told where an
    application tells those of its own timers."""
    if not answer.cancelled() and (problem := answer.exception()) is not None:
        traceback.print_exception(problem)
