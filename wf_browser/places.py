"""The settings: the account, the workspace, and where server paths are on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from wf_core.settings import expanded, mounts_here, this_system

from .qt import QtCore, QtWidgets
from .widgets import columns, form, paragraph, rows

if TYPE_CHECKING:
    from wf_core.settings import Settings

    from .session import Session

__all__ = ["SettingsPage"]

_COLUMNS = ("In the file tree", "On this machine")


class SettingsPage(QtWidgets.QScrollArea):
    """What every application on this machine shares. Nothing is written before Apply."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: Settings | None = None
        self.account = paragraph()
        self.log_out = QtWidgets.QPushButton("Log &Out")
        self.workspace = QtWidgets.QLineEdit()
        self.browse = QtWidgets.QPushButton("&Browse…")
        self.about = paragraph(faint=True)
        self.mounts = QtWidgets.QTableWidget(0, 2)
        self.add = QtWidgets.QPushButton("Add &Mount Point")
        self.remove = QtWidgets.QPushButton("&Remove")
        self.apply = QtWidgets.QPushButton("&Apply")
        self.revert = QtWidgets.QPushButton("Re&vert")
        self.message = paragraph()
        self._lay_out()
        self.log_out.clicked.connect(lambda *_: session.log_out())
        self.browse.clicked.connect(lambda *_: self._browse())
        self.add.clicked.connect(lambda *_: self._add())
        self.remove.clicked.connect(lambda *_: self._remove())
        self.apply.clicked.connect(lambda *_: self._apply())
        self.revert.clicked.connect(lambda *_: self._revert())
        session.account_changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self.mounts.setHorizontalHeaderLabels(list(_COLUMNS))
        self.mounts.horizontalHeader().setSectionResizeMode(
            QtWidgets.QHeaderView.ResizeMode.Stretch
        )
        self.mounts.verticalHeader().hide()
        self.mounts.setTabKeyNavigation(False)
        self.mounts.setAccessibleName("Mount points")
        line = self.fontMetrics().height()
        self.mounts.setMinimumHeight(line * 6)
        self.mounts.setMaximumHeight(line * 8)  # Apply is in sight in a panel of usual height
        inside = QtWidgets.QWidget()
        inside.setLayout(
            rows(
                columns(self.account, self.log_out),
                form(("&Workspace", self.workspace)),
                columns(self.about, self.browse),
                paragraph("Mount points", bold=True),
                paragraph(
                    "Where this machine has folders of the productions' file trees. With none, "
                    "everything lies in the workspace.",
                    faint=True,
                ),
                self.mounts,
                columns(self.add, self.remove, None),
                columns(self.message, self.revert, self.apply),
                None,
                margin=8,
            )
        )
        self.account.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        for text in (self.about, self.message):
            text.setSizePolicy(self.account.sizePolicy())
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setWidget(inside)

    def _show(self) -> None:
        session, settings = self._session, self._session.settings
        server = settings.server if settings else None
        who = session.person.display_name if session.person else "Nobody is logged in"
        self.account.setText(f"{who}, {server}" if server else who)
        self.log_out.setEnabled(session.person is not None)
        if settings is not None and settings != self._shown:
            self._shown = settings
            self._fill()

    def _fill(self) -> None:
        """Show what is in force, in place of what was typed."""
        settings = self._shown
        if settings is None:
            return
        self.workspace.setText(str(settings.workspace))
        fixed = bool(os.environ.get("WF_WORKSPACE"))
        for widget in (self.workspace, self.browse):
            widget.setEnabled(not fixed)
        self.about.setText(
            "It is set by WF_WORKSPACE in the environment."
            if fixed
            else "What no mount point claims lies below this folder."
        )
        self.mounts.setRowCount(0)
        for mount in settings.profile.mounts:
            folder = mount.local(this_system())
            if folder is not None:
                self._add(mount.server, str(folder))

    def _revert(self) -> None:
        self._fill()
        self.message.clear()

    def _add(self, server: str = "", folder: str = "") -> None:
        row = self.mounts.rowCount()
        self.mounts.insertRow(row)
        for column, text in enumerate((server, folder)):
            self.mounts.setItem(row, column, QtWidgets.QTableWidgetItem(text))
        if not server:
            self.mounts.setCurrentCell(row, 0)
            self.mounts.setFocus()
            self.mounts.edit(self.mounts.model().index(row, 0))

    def _remove(self) -> None:
        self.mounts.removeRow(self.mounts.currentRow())

    def _browse(self) -> None:
        dialog = QtWidgets.QFileDialog(self, "Workspace", self.workspace.text())
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
        dialog.setOption(QtWidgets.QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.workspace.setText)
        dialog.open()

    def _typed(self) -> list[tuple[str, str]]:
        """What the table says: pairs of a server path and a folder; rows without both are not
        there."""

        def text(row: int, column: int) -> str:
            item = self.mounts.item(row, column)
            return item.text().strip() if item is not None else ""

        found = [(text(row, 0), text(row, 1)) for row in range(self.mounts.rowCount())]
        return [(server, folder) for server, folder in found if server and folder]

    def _apply(self) -> None:
        typed, workspace = self._typed(), self.workspace.text().strip()
        is_fixed = not self.workspace.isEnabled()

        def change(settings: Settings) -> dict[str, Any]:
            changes: dict[str, Any] = {"mounts": mounts_here(settings.profile, typed)}
            if not is_fixed and workspace != str(settings.workspace):
                changes["workspace"] = str(expanded(workspace))
            return changes

        def done() -> None:
            self._shown = None  # what is read again is shown, as it was written
            self.message.setText("The new settings are used from now on.")

        self._session.change_settings(
            change,
            done=done,
            failed=lambda problem: self.message.setText(self._session.in_words(problem)),
        )
