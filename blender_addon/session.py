"""One running Blender and its dealings with the core: threads, what is known, who asks.

Three threads, each with a facade of its own: what an artist waits for (``saver``) stands
behind no list a slow server takes its time for (``looker``), and neither behind a download
(``fetcher``). Answers arrive on the main thread and are kept in :class:`Shown`, which panels
draw from.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import bpy

from wf_core.worker import Worker

from . import core
from .main_thread import MainThread
from .shown import Shown, redraw, redrawing

if TYPE_CHECKING:
    from concurrent.futures import Future

    from wf_core.host import Host
    from wf_core.results import SaveResult
    from wf_core.workfiles import RelayedHost, SaveRequest, Workfiles
    from wf_core.workfiles.interactive import SceneSaver

    from .host import BlenderHost

__all__ = ["OFFLINE", "Session", "current", "register", "unregister"]

R = TypeVar("R")

OFFLINE = (
    "Blender's online access is off, so Kitsu is not asked. Turn on Allow Online Access in "
    "Preferences > System > Network."
)
_STOP_SECONDS = 0.2  # an idle thread is gone by then; one inside a request ends unheard
_QUIT_SECONDS = 0.7
"""Quitting waits so long for a scene that was just written to be on the disk; what is not by
then is found and finished later."""


class Session:
    """Everything of this extension that lives as long as it is enabled. Main thread only."""

    def __init__(self) -> None:
        self.shown = Shown()
        self.main_thread = MainThread()
        self._host: BlenderHost | None = None
        self._scene_saver: SceneSaver | None = None
        self._offline = _offline_now()
        self.saver = self._worker("workfiles-save")
        self.looker = self._worker("workfiles-look")
        self.fetcher = self._worker("workfiles-fetch")

    def start(self) -> None:
        """Serve the threads; nothing is asked yet."""
        self.main_thread.start()

    def stop(self) -> None:
        """Stop the threads and forget everything. What is under way on them ends unheard."""
        self.finish_writing(_QUIT_SECONDS)
        for worker in (self.saver, self.looker, self.fetcher):
            worker.stop(wait=_STOP_SECONDS)
        self.main_thread.stop()

    def _worker(self, name: str) -> Worker[Workfiles]:
        return Worker(
            name, make=self._facade, close=lambda tool: tool.close(), post=self.main_thread.post
        )

    def _facade(self) -> Workfiles:
        """Called on the threads."""
        core.load()
        from wf_core.settings import load
        from wf_core.workfiles import Workfiles

        return Workfiles(load(), offline=self._offline)

    @property
    def offline(self) -> str:
        """Why the network is not used, or nothing."""
        return self._offline

    def notice_online_access(self) -> bool:
        """Look whether the user has switched Blender's online access; True when so."""
        if _offline_now() == self._offline:
            return False
        self._offline = _offline_now()
        self.renew()
        return True

    def renew(self) -> None:
        """Settings or login changed: begin the next piece of work with the new ones."""
        for worker in (self.saver, self.looker, self.fetcher):
            worker.renew()

    @property
    def host(self) -> BlenderHost:
        """Blender as the core sees it. Loads the core when that has not been done.

        Raises:
            CoreUnavailable: it cannot be loaded.
        """
        if self._host is None:
            core.load()
            from .host import BlenderHost

            self._host = BlenderHost(main_thread=self.main_thread)
        return self._host

    # asking

    def look(
        self,
        work: Callable[[Workfiles], R],
        done: Callable[[R], None],
        *,
        topic: str,
        failed: Callable[[Exception], None] | None = None,
    ) -> Future[R]:
        """Ask for something that is shown; an error is shown in its place."""

        def tell(answer: R) -> None:
            with redrawing(self.shown):
                self.shown.problems.pop(topic, None)
                done(answer)

        def complain(problem: Exception) -> None:
            self.shown.problems[topic] = problem
            if failed is not None:
                failed(problem)
            redraw()

        self.notice_online_access()
        answer = self.looker.submit(work, done=tell, failed=complain, topic=topic)
        self._serve_without_window(answer)
        return answer

    def wait(self, answer: Future[R], *, seconds: float | None = None) -> R:
        """The result of something asked for, waited for on the main thread.

        Raises:
            TimeoutError: it took longer than ``seconds``.
        """
        if seconds is None:
            self.main_thread.serve(answer)
        else:
            self.main_thread.serve(answer, seconds=seconds)
        return answer.result(timeout=0)

    def _serve_without_window(self, answer: Future[Any]) -> None:
        """Without a window no timer brings answers: they are waited for."""
        if bpy.app.background:
            self.main_thread.serve(answer)

    # saving

    def prepare(self) -> None:
        """Somebody may save soon: have everything open."""
        if self.saver.is_idle() and not self._offline:
            self.saver.submit(lambda tool: tool.prepare(), topic="prepare")

    def save(
        self,
        request: SaveRequest,
        *,
        wait: bool,
        release: bool,
        patience: float | None = None,
        done: Callable[[SaveResult], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> RelayedHost:
        """Save the open scene as the next revision.

        Args:
            request: what and where.
            wait: until the server has it.
            release: come back as soon as Blender has written the scene; the rest, down to
                the disk's sync, then goes on by itself.
            patience: see :meth:`wf_core.workfiles.Workfiles.save`.
            done: told the result, on the main thread.
            failed: told what went wrong after Blender had written the scene.

        Returns:
            The scene as it was written: where, and with which tag.

        Raises:
            WorkfilesError: nothing was saved; the scene is as it was.
        """
        host = self.host
        self.notice_online_access()
        if self._scene_saver is None:
            from wf_core.workfiles.interactive import SceneSaver

            self._scene_saver = SceneSaver(self.saver, self.main_thread)
        return self._scene_saver.save(
            host,
            request,
            wait=wait,
            release=release,
            patience=patience,
            done=done,
            failed=failed,
        )

    def adopt(self, path: Path, request: SaveRequest) -> SaveResult:
        """Make the file at ``path`` the revision whose place it has.

        Raises:
            WorkfilesError: nothing was changed.
        """
        host: Host = self.host
        self.notice_online_access()
        with self.main_thread.about_to_serve():
            return self.wait(self.saver.submit(lambda tool: tool.adopt(path, request, host=host)))

    def let_written_file_be(self) -> None:
        """Before Blender writes a file again: the bytes it wrote last must be kept by then."""
        if self._scene_saver is not None:
            self._scene_saver.let_written_file_be()

    def finish_writing(self, seconds: float) -> None:
        """Give a scene that was just written the time to get onto the disk."""
        if self._scene_saver is not None:
            self._scene_saver.finish_writing(seconds)


def _offline_now() -> str:
    return "" if bpy.app.online_access else OFFLINE


_current: Session | None = None


def current() -> Session:
    """The session, while the extension is enabled."""
    if _current is None:
        raise RuntimeError("Workfiles for Kitsu is not enabled")
    return _current


@bpy.app.handlers.persistent  # type: ignore[untyped-decorator]
def _before_saving(*_: object) -> None:
    current().let_written_file_be()


def _at_exit() -> None:
    if _current is not None:
        _current.finish_writing(_QUIT_SECONDS)


def register() -> None:
    """Begin the session; no thread runs until something is asked."""
    global _current
    _current = Session()
    _current.start()
    bpy.app.handlers.save_pre.append(_before_saving)
    atexit.register(_at_exit)


def unregister() -> None:
    """End it; threads that are in the middle of a request end when that does."""
    global _current
    atexit.unregister(_at_exit)
    bpy.app.handlers.save_pre.remove(_before_saving)
    if _current is not None:
        _current.stop()
    _current = None
