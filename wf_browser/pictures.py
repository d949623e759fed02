"""Pictures of revisions: found and read on threads, the latest few hundred kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .lists import PICTURE
from .qt import QtCore, QtGui, Signal

if TYPE_CHECKING:
    from wf_core.workfiles import Workfiles

    from .session import Session

__all__ = ["Pictures"]

_KEPT = 400
_SHARPEST = 2
"""Device pixels to a logical one that a picture is good for."""


class Pictures(QtCore.QObject):
    """Where the pictures of the listed revisions are, and those that were painted lately."""

    here = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._paths: dict[str, Path] = {}
        self._pixmaps: OrderedDict[str, QtGui.QPixmap] = OrderedDict()
        self._asked: set[str] = set()
        session.revisions_changed.connect(self._look)

    def of(self, working_file: str) -> QtGui.QPixmap | None:
        """The picture, when it is here; one that is on the disk is here soon."""
        found = self._pixmaps.get(working_file)
        if found is not None:
            self._pixmaps.move_to_end(working_file)
            return found
        path = self._paths.get(working_file)
        if path is not None and working_file not in self._asked:
            self._asked.add(working_file)
            self._session.do(
                _reading(path),
                done=lambda image: self._keep(working_file, image),
                worker=self._session.keeper,
            )
        return None

    def _look(self) -> None:
        task = self._session.task
        if task is None or self._session.revisions is None:
            return
        known = frozenset(self._paths)

        def found(paths: dict[str, Path]) -> None:
            self._paths.update(paths)
            for working_file in paths:
                self.here.emit(working_file)

        self._session.do(
            lambda tool: tool.pictures(task[0], known),
            done=found,
            failed=lambda _: None,  # the list says itself that the server is away
            worker=self._session.mover,
            topic="pictures",
        )

    def _keep(self, working_file: str, image: QtGui.QImage) -> None:
        self._asked.discard(working_file)
        if image.isNull():
            self._paths.pop(working_file, None)  # no picture that Qt can read
            return
        self._pixmaps[working_file] = QtGui.QPixmap.fromImage(image)
        while len(self._pixmaps) > _KEPT:
            self._pixmaps.popitem(last=False)
        self.here.emit(working_file)


def _reading(path: Path) -> Callable[[Workfiles], QtGui.QImage]:
    """Read a picture no larger than it is shown: a QImage may be made on any thread."""

    def read(_: Workfiles) -> QtGui.QImage:
        reader = QtGui.QImageReader(str(path))
        size = reader.size()
        if size.isValid():
            keep = QtCore.Qt.AspectRatioMode.KeepAspectRatio
            reader.setScaledSize(size.scaled(PICTURE * _SHARPEST, keep))
        return reader.read()

    return read
