"""Work handed to Blender's main thread, the only one that may touch bpy."""

from __future__ import annotations

import math
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import bpy

from wf_core.errors import Cancelled, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future  # at run time only where used: it is slow to import

__all__ = ["MainThread"]

T = TypeVar("T")

_INTERVAL = 0.05  # seconds between looks into the queue
_PATIENCE = 0.2  # seconds a wait takes at most before Ctrl-C is noticed


class MainThread:
    """A queue that a timer of Blender empties on the main thread.

    Make it, start it and stop it on the main thread. Without a window Blender runs no timers,
    so there others are served only while it waits in :meth:`serve`.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = (
            queue.SimpleQueue()
        )
        self._running = False
        self._serving = 0

    def start(self) -> None:
        """Begin to serve other threads; nothing happens without a window or the second time."""
        if self._running or bpy.app.background:
            return
        self._running = True
        bpy.app.timers.register(self.work_off, persistent=True)

    def stop(self) -> None:
        """Stop serving; whoever waits gets :class:`wf_core.errors.Cancelled`."""
        self._running = False
        if bpy.app.timers.is_registered(self.work_off):
            bpy.app.timers.unregister(self.work_off)
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
                "Without a window Blender cannot be reached from another thread.",
                hint="Call this on the main thread.",
            )
        from concurrent.futures import CancelledError, Future

        answer: Future[T] = Future()
        self._waiting.put((answer, function))
        try:
            return answer.result()
        except CancelledError as exc:
            raise Cancelled("Blender is closing; that was not done any more.") from exc

    def post(self, function: Callable[[], None]) -> None:
        """Have ``function`` run on the main thread, soon, and do not wait for it. Without a
        window that is during the next :meth:`serve`."""
        from concurrent.futures import Future

        answer: Future[None] = Future()
        answer.add_done_callback(_log_failure)
        self._waiting.put((answer, function))

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

    def work_off(self) -> float:
        """Run what waits now; returns the seconds until the next look (Blender's timer)."""
        while not self._waiting.empty():
            self._run(*self._waiting.get())
        return _INTERVAL

    @staticmethod
    def _run(answer: Future[Any], function: Callable[[], Any]) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(function())
        except BaseException as exc:  # noqa: BLE001 - raised again where it was called
            answer.set_exception(exc)


def _log_failure(answer: Future[None]) -> None:
    """Nobody asks for the result of what was posted: its failure is a bug, told where Blender
    tells those of its own timers."""
    if not answer.cancelled() and (problem := answer.exception()) is not None:
        traceback.print_exception(problem)
