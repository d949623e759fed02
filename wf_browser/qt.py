"""Qt, whichever there is: PySide6, or PySide2 in Maya 2024.

Everything else here imports it from this module. Classes are where PySide6 has them (Qt.py's way),
enumerations are written out (``Qt.ItemDataRole.UserRole``), which both understand.
"""

from __future__ import annotations

from typing import Any

from wf_core.errors import UsageError

try:
    from Qt import QtCompat, QtCore, QtGui, QtWidgets
    from Qt.QtCore import Signal
    from Qt.QtGui import QAction, QShortcut
except ImportError as exc:
    import Qt

    raise UsageError(
        f"The browser cannot be shown with {Qt.__file__} (Qt.py "
        f"{getattr(Qt, '__version__', 'of an unknown version')}): {exc}.",
        hint="It needs Qt.py 2.0 or later, and PySide; ask who cares for the tools here.",
    ) from exc

__all__ = [
    "QAction",
    "QShortcut",
    "QtCore",
    "QtGui",
    "QtWidgets",
    "Signal",
    "is_alive",
    "run",
    "widget_at",
]


def is_alive(thing: QtCore.QObject) -> bool:
    """Whether Qt still has it: a window that was closed may live on in Python alone."""
    return bool(QtCompat.isValid(thing))


def widget_at(address: int) -> Any:
    """The widget at an address in memory, which an application tells."""
    return QtCompat.wrapInstance(address, QtWidgets.QWidget)


def run() -> None:
    """Serve what happens until the application quits."""
    QtCompat.QApplication.exec_()
