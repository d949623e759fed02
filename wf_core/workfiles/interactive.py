"""Saving the open scene with a person waiting: they wait for the writing, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from wf_core.main_thread import MainThreadQueue
from wf_core.worker import Worker
from wf_core.workfiles.relay import RelayedHost

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from wf_core.host import Host
    from wf_core.results import SaveResult
    from wf_core.saves.request import SaveRequest
    from wf_core.workfiles import Workfiles
    from wf_core.workfiles.saving import Followed

__all__ = ["SceneSaver"]


@dataclass
class _Keeping:
    """A save whose scene is written, and whose bytes may not be kept apart yet."""

    relay: RelayedHost
    answer: Future[SaveResult]
    kept: Event

    def is_open(self) -> bool:
        written = self.relay.written is not None
        return written and not self.kept.is_set() and not self.answer.done()


class SceneSaver:
    """Saves of one application. Main thread only.

    Args:
        worker: the thread that saves.
        main_thread: what it reaches the scene through.
    """

    def __init__(self, worker: Worker[Workfiles], main_thread: MainThreadQueue) -> None:
        self._worker, self._main_thread = worker, main_thread
        self._keeping: _Keeping | None = None

    def save(
        self,
        host: Host,
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
            host: the application.
            request: what and where.
            wait: until the server has it.
            release: come back as soon as the application has written the scene; the rest, down
                to the disk's sync, then goes on by itself.
            patience: see :meth:`wf_core.workfiles.Workfiles.save`.
            done: told the result, on the main thread.
            failed: told what went wrong after the scene had been written.

        Returns:
            The scene as it was written: where, and with which tag.

        Raises:
            WorkfilesError: nothing was saved; the scene is as it was.
        """
        host.check_savable()
        self.let_written_file_be()
        relay, kept = RelayedHost(host), Event()

        def note() -> None:
            self._main_thread.post(kept.set)  # which wakes whoever waits for it

        def work(tool: Workfiles) -> SaveResult:
            return tool.save(relay, request, wait=wait, patience=patience, kept=note)

        def late(problem: Exception) -> None:
            if failed is not None and relay.written is not None and release:
                failed(problem)

        with self._main_thread.about_to_serve():
            answer = self._worker.submit(work, done=done, failed=late)
            self._keeping = _Keeping(relay, answer, kept)
            self._main_thread.serve(answer, enough=lambda: release and relay.written is not None)
        if relay.written is None or not release:
            answer.result(timeout=0)
        return relay

    def let_written_file_be(self) -> None:
        """Before the application writes a file again: the bytes it wrote last must be kept by
        then."""
        keeping = self._keeping
        if keeping is not None and keeping.is_open():
            self._main_thread.serve(keeping.answer, enough=keeping.kept.is_set)

    def follow(self, host: Host, *, done: Callable[[SaveResult], None] | None = None) -> None:
        """If the open scene was saved under a provisional name, look on the thread what became of
        it, and bring the scene up to that: see :meth:`wf_core.workfiles.Workfiles.follow`.

        Args:
            host: the application.
            done: told the save, when the scene was brought up to it.
        """
        tag, path = host.get_tag(), host.current_path()
        if tag is not None and tag.revision is not None:
            return

        def tell(followed: Followed | None) -> None:
            if followed is not None and (host.get_tag(), host.current_path()) == (tag, path):
                followed.tell(host)
                if done is not None:
                    done(followed.result)

        self._worker.submit(lambda tool: tool.followed(tag, path), done=tell, topic="follow")

    def adopt(
        self,
        host: Host,
        path: Path,
        request: SaveRequest,
        *,
        done: Callable[[SaveResult], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Make the file at ``path`` the revision whose place it has, without keeping the main
        thread waiting: see :meth:`wf_core.workfiles.Workfiles.adopt`."""
        self._worker.submit(
            lambda tool: tool.adopt(path, request, host=host), done=done, failed=failed
        )

    def finish_writing(self, seconds: float) -> None:
        """Give a scene that was just written the time to get onto the disk."""
        keeping = self._keeping
        if keeping is not None and keeping.relay.written is not None:
            self._main_thread.serve(keeping.answer, seconds=seconds)
