"""Check My Set-up: what ``wf doctor`` finds, in a list to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .qt import QtWidgets
from .widgets import columns, paragraph, rows

if TYPE_CHECKING:
    from .session import Session

__all__ = ["ChecksPage"]


class ChecksPage(QtWidgets.QWidget):
    """A line for each thing that was looked at, and what to do about those that are not well."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.button = QtWidgets.QPushButton("Check My Set-up")
        self.summary = paragraph()
        self.list = QtWidgets.QListWidget()
        self.list.setAccessibleName("What was looked at")
        self.list.setWordWrap(True)
        self.list.setAlternatingRowColors(True)
        self.list.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setLayout(rows(columns(self.button, self.summary), self.list))
        self.summary.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self.button.clicked.connect(lambda *_: session.check())
        session.checks_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        session = self._session
        problem, checks = session.problems.get("checks"), session.checks
        self.list.clear()
        for check in checks or ():
            mark, hint = ("✓", "") if check.ok else ("✗", check.hint)
            self.list.addItem(f"{mark}  {check.name}: {check.message} {hint}".rstrip())
        if problem is not None and checks is None:
            self.summary.setText(session.in_words(problem))
        elif checks is None:
            busy = session.is_checking
            self.summary.setText("Looking…" if busy else "Not checked in this session.")
        else:
            wrong = sum(not check.ok for check in checks)
            what = "1 thing is" if wrong == 1 else f"{wrong} things are"
            self.summary.setText(f"{what} not well." if wrong else "Everything is well.")
        self.button.setEnabled(not session.is_checking)
