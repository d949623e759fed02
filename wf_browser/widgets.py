"""Small widgets that several views share. Texts are shown as they are: none is taken for markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from wf_core.workfiles import words

from .qt import QAction, QShortcut, QtCore, QtGui, QtWidgets, Signal

if TYPE_CHECKING:
    from wf_core.workfiles.browsing import Searchable

__all__ = [
    "Listing",
    "Notice",
    "PathField",
    "SearchField",
    "ask",
    "button_for",
    "columns",
    "form",
    "paragraph",
    "rows",
    "shortcut",
    "tell",
]

Qt = QtCore.Qt
Part = QtWidgets.QWidget | QtWidgets.QLayout | None
Box = TypeVar("Box", bound=QtWidgets.QBoxLayout)

_SPACE = 8


def paragraph(text: str = "", *, bold: bool = False, faint: bool = False) -> QtWidgets.QLabel:
    """A text of any length, to be selected and copied."""
    label = QtWidgets.QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setMinimumWidth(1)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    if faint:
        label.setForegroundRole(QtGui.QPalette.ColorRole.PlaceholderText)
    return label


def rows(*parts: Part, margin: int = 0) -> QtWidgets.QVBoxLayout:
    """A column of them; None stretches."""
    return _lay_out(QtWidgets.QVBoxLayout(), parts, margin)


def columns(*parts: Part, margin: int = 0) -> QtWidgets.QHBoxLayout:
    """A line of them; None stretches."""
    return _lay_out(QtWidgets.QHBoxLayout(), parts, margin)


def _lay_out(box: Box, parts: Sequence[Part], margin: int) -> Box:
    box.setContentsMargins(margin, margin, margin, margin)
    box.setSpacing(_SPACE)
    for part in parts:
        if part is None:
            box.addStretch(1)
        elif isinstance(part, QtWidgets.QLayout):
            box.addLayout(part)
        else:
            box.addWidget(part)
    return box


def form(
    *parts: tuple[str, QtWidgets.QWidget] | QtWidgets.QWidget | QtWidgets.QLayout,
) -> QtWidgets.QFormLayout:
    """Fields with their names, side by side; what has no name takes a line of its own. An ampersand
    marks the letter that leads to a field."""
    layout = QtWidgets.QFormLayout()
    layout.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setRowWrapPolicy(QtWidgets.QFormLayout.RowWrapPolicy.WrapLongRows)
    for part in parts:
        if isinstance(part, tuple):
            name, field = part
            layout.addRow(name, field)
            field.setAccessibleName(name.replace("&", ""))
        else:
            layout.addRow(part)
    return layout


def button_for(action: QAction) -> QtWidgets.QPushButton:
    """A button that does what an action does, enabled when that is."""
    button = QtWidgets.QPushButton(action.text())
    button.setToolTip(action.toolTip())
    button.clicked.connect(lambda *_: action.trigger())

    def follow() -> None:
        button.setEnabled(action.isEnabled())
        button.setText(action.text())

    action.changed.connect(follow)
    follow()
    return button


def shortcut(keys: str, widget: QtWidgets.QWidget, function: Callable[[], object]) -> None:
    """Keys that work while the keyboard is somewhere in ``widget``, and nowhere else: an
    application has its own."""
    made = QShortcut(QtGui.QKeySequence(keys), widget)
    made.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    made.activated.connect(function)


class SearchField(QtWidgets.QLineEdit):
    """Where words to search for are typed; the down key leads to what was found."""

    leaves = Signal()

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802  (Qt's name)
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.leaves.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class PathField(QtWidgets.QLineEdit):
    """A path to be read and copied, its end in sight."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setFrame(False)

    def show_path(self, path: str) -> None:
        """Show it."""
        self.setText(path)
        self.setToolTip(path)
        self.end(False)


class Remedy(QtWidgets.QPushButton):
    """Does what can be done about a text beside it, and is not there where that is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._do: Callable[[], object] | None = None
        self.clicked.connect(lambda *_: self._do() if self._do else None)

    def offer(self, what: str, do: Callable[[], object] | None) -> None:
        """Be the button for it; "" and None for nothing."""
        self.setText(what)
        self.setVisible(bool(what))
        self._do = do


class Notice(QtWidgets.QFrame):
    """A line that says what happened, until it is closed or something else did."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QtWidgets.QFrame.Shape.StyledPanel)
        self.text = paragraph()
        self.action = Remedy()
        self._close = QtWidgets.QToolButton()
        self._close.setText("✕")
        self._close.setAutoRaise(True)
        self._close.setAccessibleName("Close this message")
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(self.hide)
        self.setLayout(columns(self.text, self.action, self._close, margin=6))
        self.text.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self.hide()

    def show_text(
        self, text: str, *, action: str = "", do: Callable[[], object] | None = None
    ) -> None:
        """Show a text, and a button where something can be done about it."""
        self.text.setText(text)
        self.action.offer(action, do)
        self.setVisible(bool(text))


class Listing(QtWidgets.QStackedWidget):
    """A list, or in its place why there is nothing in it and what to do."""

    def __init__(self, view: QtWidgets.QWidget) -> None:
        super().__init__()
        self.text = paragraph()
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.action = Remedy()
        empty = QtWidgets.QWidget()
        empty.setLayout(rows(None, self.text, columns(None, self.action, None), None, margin=16))
        self.addWidget(view)
        self.addWidget(empty)

    def show_list(self) -> None:
        """Show the list."""
        self.setCurrentIndex(0)

    def show_search(
        self,
        found: Sequence[object],
        answer: Searchable[Any] | None,
        *,
        problem: str,
        ask_again: Callable[[], object],
        nothing_fits: str,
        clear: Callable[[], object],
    ) -> bool:
        """Show what was found, or why nothing was.

        Args:
            found: what is in the list.
            answer: what was searched; None while it is not here.
            problem: why it is not, where that is known; "" otherwise.
            ask_again: what can be done about that.
            nothing_fits: what is said where all of it was passed over.
            clear: what can be done about that.

        Returns:
            False where there was nothing to search, which the caller knows more about.
        """
        if found:
            self.show_list()
        elif problem:
            self.show_why(problem, action="Try Again", do=ask_again)
        elif answer is None:
            self.show_why(words.ASKING)
        elif answer.items:
            self.show_why(nothing_fits, action="Clear the Search", do=clear)
        else:
            return False
        return True

    def show_why(
        self, text: str, *, action: str = "", do: Callable[[], object] | None = None
    ) -> None:
        """Show why it is empty, and a button for what can be done."""
        self.text.setText(text)
        self.action.offer(action, do)
        self.setCurrentIndex(1)


def _box(parent: QtWidgets.QWidget, title: str, text: str) -> QtWidgets.QMessageBox:
    box = QtWidgets.QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowTitle(title)
    box.setText(text)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box


def tell(parent: QtWidgets.QWidget, title: str, text: str) -> None:
    """Say something that must not be overlooked, without keeping anything waiting."""
    box = _box(parent, title, text)
    box.setIcon(QtWidgets.QMessageBox.Icon.Warning)
    box.open()


def ask(
    parent: QtWidgets.QWidget, title: str, text: str, *, yes: str, do: Callable[[], object]
) -> None:
    """Ask whether to do something; no is the default."""
    box = _box(parent, title, text)
    box.setIcon(QtWidgets.QMessageBox.Icon.Question)
    agree = box.addButton(yes, QtWidgets.QMessageBox.ButtonRole.AcceptRole)
    cancel = box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.buttonClicked.connect(lambda pressed: do() if pressed is agree else None)
    box.open()
