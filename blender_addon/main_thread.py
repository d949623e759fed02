"""Work handed to Blender's main thread, the only one that may touch bpy."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

import bpy

from wf_core.errors import Cancelled, UsageError

__all__ = ["MainThread"]

T = TypeVar("T")

_INTERVAL = 0.05  # seconds between looks into the queue


class MainThread:
    """A queue that a timer of Blender empties on the main thread.

    Make it, start it and stop it on the main thread. Without a window Blender runs no timers,
    so there only the main thread itself can be served.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = (
            queue.SimpleQueue()
        )
        self._running = False

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
        if not self._running:
            raise UsageError(
                "Without a window Blender cannot be reached from another thread.",
                hint="Call this on the main thread.",
            )
        answer: Future[T] = Future()
        self._waiting.put((answer, function))
        try:
            return answer.result()
        except CancelledError as exc:
            raise Cancelled("Blender is closing; that was not done any more.") from exc

    def work_off(self) -> float:
        """Run what waits now; returns the seconds until the next look (Blender's timer)."""
        while not self._waiting.empty():
            answer, function = self._waiting.get()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(function())
            except BaseException as exc:  # noqa: BLE001 - raised again where it was called
                answer.set_exception(exc)
        return _INTERVAL
