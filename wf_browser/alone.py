"""``wf browse``: the browser in a window of its own, for files of any application."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wf_core.errors import UsageError
from wf_core.filehost import FileHost
from wf_core.worker import Worker
from wf_core.workfiles import Workfiles, words

from .application import Application, Saving, Scene
from .asking import Courier
from .qt import QtCore, QtGui, QtWidgets, run
from .window import Browser

if TYPE_CHECKING:
    from wf_core.host import MissingFile, SceneTag
    from wf_core.results import SaveResult
    from wf_core.settings import Settings
    from wf_core.workfiles import SaveRequest

__all__ = ["FileDesk", "main"]

_SIZE = (980, 640)
_SIGNALS_MS = 200


class FileDesk(Application):
    """No application: a file that a person chooses is what would be the open scene.

    Args:
        load: the settings in force; called on threads.
    """

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load
        self._host: FileHost | None = None
        self._chosen = ""
        self._courier = Courier()
        self._saver: Worker[Workfiles] = Worker(
            "workfiles-browser-save",
            make=self.open_facade,
            close=lambda tool: tool.close(),
            post=self._courier.post,
        )

    def stop(self) -> None:
        """End the thread; what is under way on it ends unheard."""
        self._courier.close()
        self._saver.stop()

    @property
    def name(self) -> str:
        return ""

    @property
    def chooses_files(self) -> bool:
        return True

    @property
    def draws_pictures(self) -> bool:
        return False

    def open_facade(self) -> Workfiles:
        return Workfiles(self._load())

    def details(self) -> str:
        return "The terminal that “wf browse” was called in has the details."

    def scene(self) -> Scene:
        host = self._host
        return Scene(host.get_tag(), host.current_path()) if host is not None else Scene()

    def extension(self) -> str:
        return self._host.extensions[0] if self._host is not None else ""

    def choose(self, task: str) -> None:
        self._chosen = task

    def chosen(self) -> str:
        return self._chosen

    def choose_file(self, path: Path) -> None:
        self._host = FileHost(path)

    def missing_files(self) -> list[MissingFile]:
        return []

    def save(self, request: SaveRequest, *, patience: float | None, told: Saving) -> None:
        host = self._host
        if host is None:
            told.failed(UsageError("No file is chosen yet, so nothing was saved."))
            return

        def done(result: SaveResult) -> None:
            told.written(words.saved(result.revision, Path(result.path).name))
            told.safe(result)

        self._saver.submit(
            lambda tool: tool.save(host, request, wait=False, patience=patience),
            done=done,
            failed=told.failed,
        )

    def adopt(
        self,
        path: Path,
        request: SaveRequest,
        *,
        done: Callable[[SaveResult], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._saver.submit(
            lambda tool: tool.adopt(path, request, host=self._host or FileHost(path)),
            done=done,
            failed=failed,
        )

    def follow(self, done: Callable[[SaveResult], None]) -> None:
        host = self._host
        if host is None:
            return

        def tell(result: SaveResult | None) -> None:
            if result is not None:
                done(result)

        self._saver.submit(lambda tool: tool.follow(host), done=tell, topic="follow")

    def open(self, path: Path, tag: SceneTag) -> None:
        """Make it the file to be saved, and show where it is. It is not handed to the system to be
        opened: what that runs for a file from a server, with which scripts, nobody here decides.
        """
        self._host = FileHost(path)
        self._host.set_tag(tag)
        QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(path.parent)))

    def renew(self) -> None:
        self._saver.renew()


def main(load: Callable[[], Settings], task: str = "") -> str:
    """Show the window until it is closed.

    Args:
        load: the settings in force; called on threads.
        task: reference of the task to show first.

    Returns:
        The id of the task that was in view last, or "".

    Raises:
        UsageError: there is no screen.
    """
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        raise UsageError(
            "There is no screen here to show a window on.",
            hint="“wf tasks” and “wf list” show the same in a terminal.",
        )
    if int(QtCore.qVersion().split(".")[0]) < 6:  # since then it is so by itself
        for attribute in ("AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps"):
            QtWidgets.QApplication.setAttribute(getattr(QtCore.Qt.ApplicationAttribute, attribute))
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["wf browse"])
    desk = FileDesk(load)
    browser = Browser(desk)
    browser.resize(*_SIZE)
    browser.show()
    session = browser.session
    if task:
        session.do(
            lambda tool: tool.find_task(task),
            done=lambda context: session.choose_task(context.task.id, context.label),
        )
    stops = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: application.quit()) for number in stops}
    heartbeat = QtCore.QTimer()  # Python looks for signals when it is called, and only then
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(_SIGNALS_MS)
    try:
        run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        browser.stop()
        desk.stop()
    return session.task[0] if session.task else ""
