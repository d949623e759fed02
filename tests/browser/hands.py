"""Hands on widgets: real clicks and keys, and waiting while Qt goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from Qt import QtCore, QtTest, QtWidgets

__all__ = ["click", "dialog", "pause", "press", "press_button", "row_of", "type_into", "until"]

Qt = QtCore.Qt
T = TypeVar("T", bound=QtWidgets.QWidget)

PATIENCE = 30.0


def until(
    happened: Callable[[], object],
    seconds: float = PATIENCE,
    *,
    told: Callable[[], object] = lambda: "",
) -> None:
    """Serve Qt's events until it happened: threads and the server bring it about.

    Args:
        happened: asked again and again.
        seconds: longest wait.
        told: what is said where it did not happen.

    Raises:
        AssertionError: it did not in time.
    """
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen in time {told()}"
        pause(0.005)


def pause(seconds: float) -> None:
    """Serve Qt's events for a while, as an application's own loop does."""
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(int(seconds * 1000), loop.quit)
    run = getattr(loop, "exec", None) or loop.exec_  # PySide2 has the latter alone
    run()


def click(widget: QtWidgets.QWidget) -> None:
    """Click in the middle of a widget, which must be there to be clicked."""
    assert widget.isVisible() and widget.isEnabled(), f"{widget} cannot be clicked"
    QtTest.QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def type_into(widget: QtWidgets.QWidget, text: str) -> None:
    """Type a text, in place of what is there."""
    assert widget.isVisible() and widget.isEnabled(), f"nothing can be typed into {widget}"
    widget.setFocus()
    press(widget, "A", control=True)
    QtTest.QTest.keyClicks(widget, text)


def press(widget: QtWidgets.QWidget, key: str, *, control: bool = False) -> None:
    """Press a key where the keyboard is, or in ``widget``. Its window comes to the front first, as
    a window manager brings it there when a dialog above it closes."""
    if not widget.window().isActiveWindow():
        widget.window().activateWindow()
        until(widget.window().isActiveWindow)
    target = widget.window().focusWidget() or widget
    modifier = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier
    QtTest.QTest.keyClick(target, getattr(Qt.Key, f"Key_{key}"), modifier)


def dialog(parent: QtWidgets.QWidget, kind: type[T]) -> T:
    """The dialog of a kind that is open, once it is."""
    found: list[T] = []

    def is_open() -> bool:
        found[:] = [one for one in parent.window().findChildren(kind) if one.isVisible()]
        return bool(found)

    until(is_open)
    return found[-1]


def press_button(box: QtWidgets.QMessageBox, text: str) -> None:
    """Press a button of a question."""
    (button,) = [one for one in box.buttons() if one.text().replace("&", "") == text]
    click(button)


def row_of(view: QtWidgets.QListView, text: str) -> None:
    """Click on the row that begins with a text."""
    model = view.model()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if str(index.data()).startswith(text):
            view.scrollTo(index)
            place = view.visualRect(index).center()
            QtTest.QTest.mouseClick(
                view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place
            )
            return
    raise AssertionError(f"no row begins with {text}")
