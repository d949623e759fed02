"""One running Maya and its dealings with the core: threads, the host, who asks.

Two threads, each with a facade of its own: what an artist waits for (``saver``) stands behind no
question that a slow server takes its time for (``looker``). Answers arrive on the main thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from wf_core.worker import Worker

from . import calls
from .host import MayaHost
from .main_thread import MainThread

if TYPE_CHECKING:
    from typing import Any

    from wf_core.results import SaveResult
    from wf_core.workfiles import RelayedHost, SaveRequest, Workfiles
    from wf_core.workfiles.interactive import SceneSaver

__all__ = ["Session", "begin_when_idle", "current", "is_running", "open_facade", "start", "stop"]

R = TypeVar("R")

_QUIT_SECONDS = 0.7
"""Quitting waits so long for a scene that was just written to be on the disk; what is not by
then is found and finished later."""


class Session:
    """Everything of this plug-in that lives as long as it is loaded. Main thread only.

    Attributes:
        chosen: the task that a person chose for the open scene, where it is not its own.
        listener: told when the scene was saved, or another one is open.
    """

    def __init__(self) -> None:
        self.main_thread = MainThread()
        self.host = MayaHost(main_thread=self.main_thread)
        self.saver = self._worker("workfiles-save")
        self.looker = self._worker("workfiles-look")
        self.chosen: str | None = None
        self.listener: Callable[[], None] | None = None
        self._stopped = threading.Event()
        self._scene_saver: SceneSaver | None = None
        self._callbacks: list[Any] = [
            calls.add_callback("before save", self._before_saving),
            calls.add_callback("after save", self._tell_listener),
            calls.add_callback("after open", self._forget_choice),
            calls.add_callback("after new", self._forget_choice),
            calls.add_callback("exiting", lambda: self.finish_writing(_QUIT_SECONDS)),
        ]

    def stop(self) -> None:
        """Stop the threads and take back what was registered. What is under way on them ends
        unheard."""
        self._stopped.set()
        self.listener = None
        self.finish_writing(_QUIT_SECONDS)
        while self._callbacks:
            calls.remove_callback(self._callbacks.pop())
        for worker in (self.saver, self.looker):
            worker.stop()
        self.host.close()

    def renew(self) -> None:
        """Settings or login changed: begin the next piece of work with the new ones."""
        for worker in (self.saver, self.looker):
            worker.renew()

    def save(
        self,
        request: SaveRequest,
        *,
        patience: float | None = None,
        done: Callable[[SaveResult], None],
        failed: Callable[[Exception], None],
    ) -> RelayedHost:
        """Save the open scene and come back as soon as Maya has written it; see
        :meth:`wf_core.workfiles.interactive.SceneSaver.save`.

        Raises:
            WorkfilesError: nothing was saved; the scene is as it was.
        """
        return self.scene_saver.save(
            self.host,
            request,
            wait=False,
            release=True,
            patience=patience,
            done=done,
            failed=failed,
        )

    @property
    def scene_saver(self) -> SceneSaver:
        """What saves the open scene, and cares for what was saved of it. Loads the core."""
        if self._scene_saver is None:
            from wf_core.workfiles.interactive import SceneSaver

            self._scene_saver = SceneSaver(self.saver, self.main_thread)
        return self._scene_saver

    def wait(self, answer: Future[R], *, seconds: float) -> R:
        """The result of something asked for, waited for on the main thread.

        Raises:
            TimeoutError: it took longer than ``seconds``.
        """
        self.main_thread.serve(answer, seconds=seconds)
        return answer.result(timeout=0)

    def finish_writing(self, seconds: float) -> None:
        """Give a scene that was just written the time to get onto the disk."""
        if self._scene_saver is not None:
            self._scene_saver.finish_writing(seconds)

    def is_stopped(self) -> bool:
        """Whether the plug-in was unloaded; callable from any thread."""
        return self._stopped.is_set()

    def _forget_choice(self) -> None:
        """It was for the scene that was open before."""
        self.chosen = None
        self._tell_listener()

    def _tell_listener(self) -> None:
        """When Maya is idle: it is in the middle of something."""
        if self.listener is not None:
            calls.run_later(self._tell_now)

    def _tell_now(self) -> None:
        if self.listener is not None:
            self.listener()

    def _before_saving(self) -> None:
        """Before Maya writes a file again, at whoever's wish."""
        if self._scene_saver is not None:
            self._scene_saver.let_written_file_be()

    def _worker(self, name: str) -> Worker[Workfiles]:
        return Worker(
            name,
            make=open_facade,
            close=lambda tool: tool.close(),
            post=self.main_thread.post,
        )


def open_facade() -> Workfiles:
    """A facade with the settings in force. Imports the core, which takes a moment: called on
    threads.

    Raises:
        WorkfilesError: packages that do not fit together are in this Maya.
    """
    from wf_core.errors import WorkfilesError
    from wf_core.installation import find_problem

    if problem := find_problem():
        raise WorkfilesError(problem, hint="Restart Maya, and nothing is lost.")
    from wf_core.saves import uploader
    from wf_core.settings import load
    from wf_core.workfiles import Workfiles

    if python := calls.python_program():
        uploader.use_interpreter(python)
    return Workfiles(load())


_current: Session | None = None


def start() -> None:
    """Begin the session; no thread runs until something is asked."""
    global _current
    if _current is None:
        _current = Session()


def begin_when_idle() -> None:
    """Once Maya is up: load the core before anybody needs it, and send what earlier sessions
    left. Nothing happens when the plug-in was unloaded since."""
    if _current is not None:
        _current.looker.submit(lambda tool: bool(tool.settings.server) and tool.resume())
        _current.saver.submit(lambda tool: tool.settings)


def stop() -> None:
    """End it; threads that are in the middle of a request end when that does."""
    global _current
    if _current is not None:
        _current.stop()
    _current = None


def is_running() -> bool:
    """Whether the plug-in is loaded."""
    return _current is not None


def current() -> Session:
    """The session, while the plug-in is loaded."""
    if _current is None:
        raise RuntimeError("Workfiles for Kitsu is not loaded; load it in Maya's Plug-in Manager.")
    return _current
