"""The browser as a whole: a page to log in, and behind it everything else."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .checks import ChecksPage
from .login import LoginPage
from .places import SettingsPage
from .qt import QtCore, QtGui, QtWidgets
from .revisions import RevisionView
from .session import Session
from .tasks import TaskView
from .uploads import UploadView
from .widgets import Notice, rows, shortcut

if TYPE_CHECKING:
    from .application import Application

__all__ = ["Browser"]

_NARROW = 620
"""Logical pixels below which tasks are above revisions instead of beside them."""
_GAP = 10


class Browser(QtWidgets.QWidget):
    """Tasks, revisions, uploads, settings and the set-up of one application.

    Call :meth:`stop` before letting go of it.

    Args:
        application: what it is in.
    """

    def __init__(self, application: Application, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kitsuWorkfilesBrowser")
        self.setWindowTitle("Kitsu")
        self.session = Session(application, self)
        self.notice = Notice()
        self.login = LoginPage(self.session)
        self.tasks = TaskView(self.session)
        self.revisions = RevisionView(self.session)
        self.uploads = UploadView(self.session)
        self.settings = SettingsPage(self.session)
        self.checks = ChecksPage(self.session)
        self._is_offline = False
        self._lay_out()
        self._connect()
        self._show_page()

    def _lay_out(self) -> None:
        self.splitter = QtWidgets.QSplitter()
        self.splitter.addWidget(self.tasks)
        self.splitter.addWidget(self.revisions)
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(_GAP)
        self.tabs = QtWidgets.QTabWidget()
        self.tabs.setDocumentMode(True)
        for page, title in (
            (self.splitter, "&Browse"),
            (self.uploads, "&Uploads"),
            (self.settings, "&Settings"),
            (self.checks, "Set-&up"),
        ):
            self.tabs.addTab(page, title)
            if page is not self.settings:
                page.setContentsMargins(6, 6, 6, 6)
        self.pages = QtWidgets.QStackedWidget()
        self.pages.addWidget(self.login)
        self.pages.addWidget(self.tabs)
        self.setLayout(rows(self.notice, self.pages, margin=4))

    def _connect(self) -> None:
        session = self.session
        session.account_changed.connect(self._show_page)
        session.said.connect(self.notice.show_text)
        session.queue_changed.connect(self._show_waiting)
        for changed in (session.revisions_changed, session.account_changed):
            changed.connect(self._show_offline)
        self.tasks.chosen.connect(self.revisions.search.setFocus)
        for action in (self.revisions.save, self.revisions.page):
            self.addAction(action)  # their keys work everywhere in here
        self.revisions.wants_task.connect(self.search_tasks)
        shortcut("F5", self, session.look_at_everything)
        shortcut("Ctrl+F", self, self.search)
        shortcut("Ctrl+T", self, self.search_tasks)
        for number in range(self.tabs.count()):
            turn = functools.partial(self.tabs.setCurrentIndex, number)
            shortcut(f"Ctrl+{number + 1}", self, turn)

    def stop(self) -> None:
        """End what is under way on threads, unheard. Saves go on."""
        self.login.stop()
        self.revisions.transfer.stop()
        self.session.stop()

    # what is in front

    def _show_page(self) -> None:
        wanted = self.login if self.session.needs_login else self.tabs
        if self.pages.currentWidget() is not wanted:
            self.pages.setCurrentWidget(wanted)
            if wanted is self.login and self.isVisible():
                self.login.focus_first()
            elif self.isVisible():
                self.tasks.search.setFocus()

    def _show_waiting(self) -> None:
        count = len(self.session.pending)
        title = f"&Uploads ({count})" if count else "&Uploads"
        self.tabs.setTabText(self.tabs.indexOf(self.uploads), title)

    def _show_offline(self) -> None:
        """What is shown is old while the server is away: that is said once, above it all."""
        session = self.session
        problem = session.problems.get("account") or session.problems.get("revisions")
        if session.needs_login:
            self.notice.hide()
        elif problem is not None and (session.person is None or session.revisions is not None):
            self.notice.show_text(
                session.in_words(problem), action="Try Again", do=session.look_at_everything
            )
            self._is_offline = True
        elif self._is_offline:
            self._is_offline = False
            self.notice.hide()

    def show_tasks(self) -> None:
        """Bring the tasks to the front."""
        self.tabs.setCurrentWidget(self.splitter)
        self.search_tasks()

    def show_revisions(self) -> None:
        """Bring the revisions to the front."""
        self.tabs.setCurrentWidget(self.splitter)
        self.revisions.list.choose_first()

    def show_settings(self) -> None:
        """Bring the settings to the front."""
        self.tabs.setCurrentWidget(self.settings)

    def show_checks(self) -> None:
        """Bring the set-up to the front, and look at it."""
        self.tabs.setCurrentWidget(self.checks)
        self.session.check()

    def publish(self) -> None:
        """Ask what to publish the open revision as."""
        self.show_revisions()
        self.revisions.publish_open_revision()

    def search(self) -> None:
        """Search in what is in front."""
        self.tabs.setCurrentWidget(self.splitter)
        self.revisions.search.setFocus()

    def search_tasks(self) -> None:
        """Search tasks."""
        self.tabs.setCurrentWidget(self.splitter)
        self.tasks.search.setFocus()

    # Qt's own

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        narrow = self.width() < _NARROW
        flat, high = QtCore.Qt.Orientation.Horizontal, QtCore.Qt.Orientation.Vertical
        self.splitter.setOrientation(high if narrow else flat)
        super().resizeEvent(event)

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: N802  (Qt's name)
        super().showEvent(event)
        if not event.spontaneous():
            self.session.seen(True)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:  # noqa: N802  (Qt's name)
        super().hideEvent(event)
        if not event.spontaneous():
            self.session.seen(False)
