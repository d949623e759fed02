"""Dialogs about one revision: its comment, and publishing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from wf_core.workfiles import words

from .qt import QtCore, QtWidgets, is_alive
from .widgets import columns, form, paragraph, rows, shortcut

if TYPE_CHECKING:
    from wf_core.results import PublishResult, Revision
    from wf_core.workfiles import Workfiles

    from .session import Session

__all__ = ["CommentDialog", "PublishDialog"]

_T = TypeVar("_T")

_WIDE = 400


class _Dialog(QtWidgets.QDialog):
    """One field, a message, and a button that does it on a thread."""

    def __init__(
        self,
        session: Session,
        revision: Revision,
        parent: QtWidgets.QWidget,
        *,
        title: str,
        verb: str,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session, self._revision = session, revision
        self.message = paragraph()
        self.button = QtWidgets.QPushButton(verb)
        self.button.setDefault(True)
        self._cancel = QtWidgets.QPushButton("Cancel")
        self._cancel.clicked.connect(lambda *_: self.reject())
        self.resize(_WIDE, 0)

    def fill(self, name: str, field: QtWidgets.QWidget, go: Callable[[], None]) -> None:
        """Lay it out; the button does ``go``."""
        self.button.clicked.connect(lambda *_: go())
        what = f"Revision {self._revision.revision} of {self._revision.name}"
        self.setLayout(
            rows(
                paragraph(what, bold=True),
                form((name, field)),
                self.message,
                columns(None, self._cancel, self.button),
                margin=12,
            )
        )

    def send(self, ask: Callable[[Workfiles], _T], done: Callable[[_T], None]) -> None:
        """Ask Kitsu on a thread, tell ``done``, and close."""
        self.button.setEnabled(False)

        def end(answer: _T) -> None:
            done(answer)
            if is_alive(self):
                self.accept()

        self._session.do(ask, done=end, failed=self.fail)

    def fail(self, problem: Exception) -> None:
        """Say why it was not done, and let it be tried again."""
        if is_alive(self):
            self.button.setEnabled(True)
            self.message.setText(self._session.in_words(problem))
        else:
            self._session.complain(problem)


class CommentDialog(_Dialog):
    """Changes the comment of a revision."""

    def __init__(self, session: Session, revision: Revision, parent: QtWidgets.QWidget) -> None:
        super().__init__(session, revision, parent, title="Edit Comment", verb="&Change")
        self.text = QtWidgets.QPlainTextEdit(revision.comment)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(self.fontMetrics().height() * 5)
        self.text.selectAll()
        self.fill("&Comment", self.text, self.go)
        shortcut("Ctrl+Return", self, self.go)

    def go(self) -> None:
        """Change it in Kitsu."""
        revision, text = self._revision, self.text.toPlainText().strip()
        if not text:
            self.message.setText("Kitsu keeps no empty comment; type something.")
            return
        self.send(
            lambda tool: tool.comment(
                revision.task_id, revision.revision, text, name=revision.name
            ),
            lambda _: self._session.look_at_revisions(),
        )


class PublishDialog(_Dialog):
    """Records a revision as the source of the next output file."""

    def __init__(self, session: Session, revision: Revision, parent: QtWidgets.QWidget) -> None:
        super().__init__(session, revision, parent, title="Publish", verb="&Publish")
        self.kinds = QtWidgets.QComboBox()
        self.fill("&Output type", self.kinds, self.go)
        self.button.setEnabled(False)
        self.message.setText(words.ASKING)
        session.do(lambda tool: tool.output_types(), done=self._show, failed=self.fail)

    def _show(self, kinds: list[str]) -> None:
        if not is_alive(self):
            return
        self.kinds.addItems(kinds)
        self.button.setEnabled(bool(kinds))
        self.message.setText(
            "" if kinds else "This Kitsu has no output types; an administrator can add some."
        )
        self.kinds.setFocus()

    def go(self) -> None:
        """Publish it."""
        revision, kind = self._revision, self.kinds.currentText()

        def done(made: PublishResult) -> None:
            self._session.said.emit(
                f"Revision {revision.revision} is published as {made.output_type} "
                f"{made.revision}: {made.path or made.name}"
            )

        self.send(
            lambda tool: tool.publish(
                revision.task_id, revision.revision, kind, name=revision.name
            ),
            done,
        )
