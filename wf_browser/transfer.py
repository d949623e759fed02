"""Bringing a revision to this disk: its progress, and a button that calls it off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from wf_core.errors import Cancelled

from .qt import QtWidgets, Signal
from .widgets import columns, paragraph

if TYPE_CHECKING:
    from wf_core.results import Revision
    from wf_core.workfiles import Brought, Workfiles

    from .session import Session

__all__ = ["TransferBar"]

_STEP = 0.1  # seconds between two reports of progress
_PARTS = 1000


class TransferBar(QtWidgets.QWidget):
    """Shown while a revision is on its way here; one at a time, a new one takes the old one's
    place."""

    _progressed = Signal(float)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._cancelled = threading.Event()
        self.text = paragraph()
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, _PARTS)
        self.cancel = QtWidgets.QPushButton("Cancel")
        self.cancel.clicked.connect(lambda *_: self._cancelled.set())
        self.setLayout(columns(self.text, self.bar, self.cancel))
        self._progressed.connect(lambda share: self.bar.setValue(int(share * _PARTS)))
        self.hide()

    def bring(self, revision: Revision, then: Callable[[Brought], None]) -> None:
        """Have a revision on this disk, then call ``then``."""
        self._cancelled.set()
        self._cancelled = cancelled = threading.Event()
        reported = 0.0

        def report(_: str, done: int, total: int) -> None:
            nonlocal reported
            now = time.monotonic()
            if total and (now - reported > _STEP or done == total):
                reported = now
                self._progressed.emit(done / total)

        def work(tool: Workfiles) -> Brought:
            return tool.bring(
                revision.task_id,
                revision.revision,
                name=revision.name,
                progress=report,
                cancel=cancelled.is_set,
            )

        def done(brought: Brought) -> None:
            self.hide()
            then(brought)

        def failed(problem: Exception) -> None:
            self.hide()
            if not isinstance(problem, Cancelled):
                self._session.said.emit(
                    f"Revision {revision.revision} is not here. {self._session.in_words(problem)}"
                )

        self.text.setText(f"Getting revision {revision.revision}")
        self.bar.setValue(0)
        self.show()
        self._session.do(work, done=done, failed=failed, worker=self._session.mover, topic="bring")

    def stop(self) -> None:
        """Call off what is under way."""
        self._cancelled.set()
