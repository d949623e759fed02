"""Threads that do what must not keep an application waiting, one piece of work after the other.

A thread owns what it works with (the core's facade, with a connection to the journal of its
own), makes it when it is first needed, and is a daemon: quitting the application waits for none.
The pools of ``concurrent.futures`` are no use here, the interpreter waits for theirs at the end.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future  # at run time only where used: it is slow to import

__all__ = ["Worker"]

T = TypeVar("T")
R = TypeVar("R")

Post = Callable[[Callable[[], None]], None]
Job = tuple["Future[Any]", Callable[[Any], Any], str, int]


class Worker(Generic[T]):
    """One thread with a queue.

    Args:
        name: of the thread.
        make: makes what the work is done with, on the thread.
        close: closes it, on the thread.
        post: has a function called on the main thread, soon.
    """

    def __init__(
        self, name: str, *, make: Callable[[], T], close: Callable[[T], None], post: Post
    ) -> None:
        self._name = name
        self._make, self._close, self._post = make, close, post
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._stale = False
        self._thread: threading.Thread | None = None

    def submit(
        self,
        work: Callable[[T], R],
        *,
        done: Callable[[R], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        topic: str = "",
    ) -> Future[R]:
        """Have ``work`` done; its result goes to ``done`` on the main thread.

        Args:
            work: called on the thread with what the worker works with.
            done: called on the main thread with the result.
            failed: called there with the error instead.
            topic: of several requests for one topic only the last counts: those it overtakes
                are not begun any more, and if one was, nobody hears of its result.

        Returns:
            A future that is cancelled when the request was overtaken before it began.
        """
        from concurrent.futures import Future

        future: Future[R] = Future()
        with self._guard:
            number = self._numbers[topic] = self._numbers.get(topic, 0) + 1

        def tell(answer: Future[R]) -> None:
            if not answer.cancelled():
                self._post(lambda: self._tell(answer, done, failed, topic, number))

        future.add_done_callback(tell)
        self._jobs.put((future, work, topic, number))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    def renew(self) -> None:
        """Make what the work is done with anew before the next piece of work."""
        self._stale = True

    def stop(self, *, wait: float = 0.0) -> None:
        """Begin nothing more, and wait up to ``wait`` seconds for what is under way."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._drop_waiting()
            self._jobs.put(None)
            thread.join(wait)

    def is_idle(self) -> bool:
        """Whether nothing waits to be begun."""
        return self._jobs.empty()

    def _overtaken(self, topic: str, number: int) -> bool:
        with self._guard:
            return bool(topic) and self._numbers[topic] != number

    def _tell(
        self,
        answer: Future[R],
        done: Callable[[R], None] | None,
        failed: Callable[[Exception], None] | None,
        topic: str,
        number: int,
    ) -> None:
        """On the main thread."""
        if self._overtaken(topic, number):
            return
        problem = answer.exception()
        if problem is None:
            if done is not None:
                done(answer.result())
        elif isinstance(problem, Exception) and failed is not None:
            failed(problem)

    def _drop_waiting(self) -> None:
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                job[0].cancel()

    def _run(self) -> None:
        tool: T | None = None
        while (job := self._jobs.get()) is not None:
            future, work, topic, number = job
            if self._overtaken(topic, number):
                future.cancel()
                continue
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if self._stale and tool is not None:
                    self._close(tool)
                    tool = None
                self._stale = False
                tool = self._make() if tool is None else tool
                result = work(tool)
            except BaseException as exc:  # noqa: BLE001  (handed to who asked)
                future.set_exception(exc)
            else:
                future.set_result(result)
            del future, work, job
        if tool is not None:
            self._close(tool)
