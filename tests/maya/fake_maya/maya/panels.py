"""Panels of the main window: real widgets, as in Maya."""

from __future__ import annotations

from Qt import QtCompat, QtCore, QtWidgets

__all__ = ["Panel"]


class Panel:
    """A panel that is deleted, with what is in it, when it is closed."""

    def __init__(self, label: str, script: str) -> None:
        self.label, self.script, self.restored = label, script, 0
        self.widget = QtWidgets.QWidget()
        self.widget.resize(420, 700)
        QtWidgets.QVBoxLayout(self.widget)

    @property
    def address(self) -> int:
        return int(QtCompat.getCppPointer(self.widget))

    def load(self) -> None:
        """Run its script, as Maya does when the panel is seen first."""
        exec(self.script, {})
        self.widget.show()

    def close(self) -> None:
        self.widget.close()
        self.widget.deleteLater()
        QtCore.QCoreApplication.sendPostedEvents(self.widget, QtCore.QEvent.Type.DeferredDelete)
