"""Save New Revision: the dialog, with the path as it will be, and what is asked afterwards."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wf_core.errors import PathTaken
from wf_core.workfiles import SaveRequest, patience_for, words

from .application import Saving
from .qt import QtCore, QtGui, QtWidgets, is_alive
from .widgets import PathField, ask, columns, form, paragraph, rows, shortcut, tell

if TYPE_CHECKING:
    from wf_core.results import Presence, SaveResult
    from wf_core.workfiles import NextRevision, Workfiles

    from .session import Session

__all__ = ["SaveDialog"]

T = TypeVar("T")

_TYPING_MS = 150
_MOST_MISSING = 6
_WIDE = 480


class SaveDialog(QtWidgets.QDialog):
    """Asks for a comment and saves to the task in view. Nothing is waited for: it can be saved
    before the server has said what comes next."""

    def __init__(self, session: Session, task: tuple[str, str], parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save New Revision")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session, self._application = session, session.application
        self._task, self._label = task
        self._next: NextRevision | None = None
        self._sends_picture = False
        self.comment = QtWidgets.QPlainTextEdit()
        self.comment.setPlaceholderText("What changed?")
        self.comment.setTabChangesFocus(True)
        self.name = QtWidgets.QComboBox()
        self.name.setEditable(True)
        self.name.addItem(session.facts.name if session.facts else "main")
        self.file = PathField()
        self.browse = QtWidgets.QPushButton("Choose &File…")
        self.revision = paragraph(bold=True)
        self.path = PathField()
        self.remarks = paragraph()
        self.missing = paragraph()
        self.picture = QtWidgets.QCheckBox("Make its picture the task's &preview in Kitsu")
        self.message = paragraph()
        self.save = QtWidgets.QPushButton("&Save")
        self.save.setDefault(True)
        self.cancel = QtWidgets.QPushButton("Cancel")
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)
        self._lay_out()
        self._connect()
        self._show_file()
        self._show_missing()
        self._look()

    def _lay_out(self) -> None:
        self._chooser = QtWidgets.QWidget()
        self._chooser.setLayout(columns(self.file, self.browse))
        self._chooser.setVisible(self._application.chooses_files)
        self.picture.setVisible(self._application.draws_pictures)
        self.setLayout(
            rows(
                paragraph(self._label, bold=True),
                self._chooser,
                form(("&Comment", self.comment), ("&Name", self.name)),
                self.revision,
                self.path,
                self.remarks,
                self.missing,
                self.picture,
                self.message,
                columns(None, self.cancel, self.save),
                margin=12,
            )
        )
        self.comment.setFixedHeight(self.fontMetrics().height() * 4)
        self.resize(_WIDE, self.sizeHint().height())
        self.setAcceptDrops(self._application.chooses_files)

    def _connect(self) -> None:
        self.name.editTextChanged.connect(lambda _: self._timer.start(_TYPING_MS))
        self.save.clicked.connect(lambda *_: self._save())
        self.cancel.clicked.connect(lambda *_: self.reject())
        self.browse.clicked.connect(lambda *_: self._choose_file())
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut(keys, self, self._save)
        self.comment.setFocus()

    # which file

    def _choose_file(self) -> None:
        dialog = QtWidgets.QFileDialog(self, "The File to Save")
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        before = self._application.scene().path
        if before is not None:
            dialog.setDirectory(str(before.parent))
        dialog.fileSelected.connect(lambda path: self.take_file(Path(path)))
        dialog.open()

    def take_file(self, path: Path) -> None:
        """Have this file be saved."""
        try:
            self._application.choose_file(path)
        except Exception as exc:  # noqa: BLE001  (told to the person who chose it)
            self.message.setText(self._session.in_words(exc))
        else:
            self.message.setText("")
        self._show_file()
        self._look()
        self._session.look_at_scene()

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: N802  (Qt's name)
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: N802  (Qt's name)
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.take_file(Path(url.toLocalFile()))

    def _show_file(self) -> None:
        path = self._application.scene().path
        self.file.show_path(str(path) if path else "")
        self.file.setPlaceholderText("No file is chosen yet; one can be dropped here")
        self.save.setEnabled(not self._application.chooses_files or path is not None)

    # what would be saved

    def _look(self) -> None:
        task, name = self._task, self.name.currentText().strip()
        application = self._application
        tag, software, extension = (
            application.scene().tag,
            application.name,
            application.extension(),
        )
        self._next = None
        if application.chooses_files and not extension:
            self._show_next("", "")
            return

        def work(tool: Workfiles) -> tuple[NextRevision, list[Presence]]:
            found = tool.next_revision(
                task, name=name, tag=tag, software=software, extension=extension
            )
            return found, tool.who_is_here(task, name=name)

        def show(answer: tuple[NextRevision, list[Presence]]) -> None:
            self._next, others = answer
            self._show_names()
            self._show_next(f"Revision {self._next.revision}", str(self._next.path))
            texts = [text for _, text in words.about_next(self._next)]
            now = datetime.datetime.now().astimezone()
            texts += [words.open_elsewhere(one, now) for one in others]
            self.remarks.setText("\n".join(texts))
            self.remarks.setVisible(bool(texts))

        def failed(problem: Exception) -> None:
            self._show_next("", "")
            self.remarks.setText(self._session.in_words(problem))
            self.remarks.show()

        self._show_next(words.NEXT_UNKNOWN, "")
        self.remarks.hide()
        session = self._session
        session.do(work, done=self._if_open(show), failed=self._if_open(failed), topic="next")

    def _show_next(self, what: str, path: str) -> None:
        self.revision.setText(what)
        self.revision.setVisible(bool(what))
        self.path.show_path(path)
        self.path.setVisible(bool(path))

    def _show_names(self) -> None:
        typed = self.name.currentText()
        if self._next is not None and self.name.count() <= 1:
            self.name.blockSignals(True)
            self.name.clear()
            self.name.addItems(list(dict.fromkeys([typed, *self._next.names])))
            self.name.setEditText(typed)
            self.name.blockSignals(False)

    def _show_missing(self) -> None:
        missing = self._application.missing_files()
        lines = [f"{file.path} ({file.used_by})" for file in missing[:_MOST_MISSING]]
        if len(missing) > _MOST_MISSING:
            lines.append(f"and {len(missing) - _MOST_MISSING} more")
        self.missing.setText("\n".join([words.missing(len(missing)), *lines]))
        self.missing.setVisible(bool(missing))

    # saving

    def _if_open(self, function: Callable[[T], None]) -> Callable[[T], None]:
        """For answers that only this dialog is to hear of: it may be closed by then."""

        def told(answer: T) -> None:
            if is_alive(self) and self.isVisible():
                function(answer)

        return told

    def _request(self) -> SaveRequest:
        return SaveRequest(
            task=self._task,
            name=self.name.currentText().strip(),
            comment=self.comment.toPlainText().strip(),
        )

    def _save(self) -> None:
        if not self.save.isEnabled():
            return
        self._set_busy("Saving…")
        self._sends_picture = self.picture.isChecked()  # the dialog is gone when that counts
        seconds = self._next.answer_seconds if self._next else None
        told = Saving(
            written=self._if_open(self._written),
            safe=self._safe,
            failed=self._if_open(self._failed),
            failed_late=self._failed_late,
        )
        self._application.save(self._request(), patience=patience_for(seconds), told=told)

    def _set_busy(self, text: str) -> None:
        self.message.setText(text)
        for widget in (self.save, self.comment, self.name, self.browse):
            widget.setEnabled(not text)

    def _written(self, text: str) -> None:
        self._session.said.emit(text)
        self.accept()

    def _safe(self, result: SaveResult) -> None:
        session = self._session
        if self._sends_picture:
            session.to_send.add(result.save_id)
        session.said.emit(words.is_safe(result.revision))
        session.look_at_queue()
        session.look_at_scene()
        session.look_at_revisions()

    def _failed(self, problem: Exception) -> None:
        self._set_busy("")
        taken = self._next is not None and self._next.path.exists()
        if isinstance(problem, PathTaken) and taken:
            self._offer_adoption()
        else:
            self.message.setText(self._session.in_words(problem))

    def _failed_late(self, problem: Exception) -> None:
        session = self._session
        session.said.emit(f"Saving the revision failed. {session.in_words(problem)}")
        session.look_at_scene()

    def _offer_adoption(self) -> None:
        assert self._next is not None
        path, request = self._next.path, self._request()
        self.message.setText("")
        ask(
            self,
            "Adopt File as Revision",
            "A file that is not a revision lies where the next revision belongs. It was left "
            f"alone, and nothing was saved:\n\n{path}\n\nAdopt makes this file the revision, as it "
            "is on the disk. Then save again: that becomes the one after it.",
            yes="Adopt",
            do=lambda: self._adopt(path, request),
        )

    def _adopt(self, path: Path, request: SaveRequest) -> None:
        self._set_busy("Adopting…")

        def done(result: SaveResult) -> None:
            self._set_busy("")
            self.message.setText(f"Revision {result.revision} is {Path(result.path).name}.")
            self._session.look_at_queue()
            self._session.look_at_revisions()
            self._look()

        def failed(problem: Exception) -> None:
            self._set_busy("")
            tell(self, "Adopt File as Revision", self._session.in_words(problem))

        self._application.adopt(
            path, request, done=self._if_open(done), failed=self._if_open(failed)
        )
