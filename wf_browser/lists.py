"""Lists of records: a model, a view that keeps its place, a delegate that paints cards.

A list asks for the card of a row when that row is painted, so its length costs nothing.
"""

from __future__ import annotations

import html
import operator
from collections.abc import Callable, Sequence
from typing import Any

from .cards import Card
from .qt import QtCore, QtGui, QtWidgets, Signal

__all__ = ["PICTURE", "CardDelegate", "RecordList", "RecordModel", "wrapped"]

Qt = QtCore.Qt
Index = QtCore.QModelIndex | QtCore.QPersistentModelIndex

RECORD = int(Qt.ItemDataRole.UserRole)
CARD = RECORD + 1

PICTURE = QtCore.QSize(112, 63)
"""Of a picture in a list, in logical pixels."""

_GAP = 6


class RecordModel(QtCore.QAbstractListModel):
    """Records in a list.

    Args:
        card_of: makes the card of one.
        key_of: what tells two of them apart.
    """

    def __init__(
        self,
        card_of: Callable[[Any], Card],
        key_of: Callable[[Any], str],
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.card_of, self.key_of = card_of, key_of
        self.records: Sequence[Any] = ()

    def show(self, records: Sequence[Any]) -> None:
        """Show these instead."""
        same = len(records) == len(self.records)
        if same and all(
            map(operator.eq, map(self.key_of, records), map(self.key_of, self.records))
        ):
            self.records = records
            self.look_again()
            return
        self.beginResetModel()
        self.records = records
        self.endResetModel()

    def look_again(self) -> None:
        """The cards have changed, the records not."""
        if self.records:
            self.dataChanged.emit(self.index(0), self.index(len(self.records) - 1), [])

    def look_again_at(self, key: str) -> None:
        """The card of one record has changed."""
        for row, record in enumerate(self.records):
            if self.key_of(record) == key:
                self.dataChanged.emit(self.index(row), self.index(row), [])

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802  (Qt's name)
        # Asked twice for each row at every layout; what is in a list is never a parent.
        return len(self.records)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self.records):
            return None
        record = self.records[index.row()]
        if role == RECORD:
            return record
        if role == CARD:
            return self.card_of(record)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.card_of(record).spoken
        if role == Qt.ItemDataRole.ToolTipRole:
            # Escaped: Qt would take what somebody wrote into a comment for its own markup.
            tip = html.escape(self.card_of(record).tip).replace("\n", "<br>")
            return f"<p>{tip}</p>" if tip else None
        return None


class RecordList(QtWidgets.QListView):
    """A list of records, one of which is current. Keeps that, and its place, when shown again.

    A record is taken by Return or a double click: what Qt calls activating is a single click on
    some desktops.
    """

    current_changed = Signal()
    taken = Signal()

    def __init__(self, model: RecordModel, *, name: str) -> None:
        super().__init__()
        self.records = model
        self._wanted = ""
        self.setAccessibleName(name)
        self.setModel(model)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.selectionModel().currentChanged.connect(self._note)
        self.doubleClicked.connect(lambda _: self.taken.emit())

    def current(self) -> Any:
        """The record under the cursor; None without one."""
        return self.currentIndex().data(RECORD)

    def show_records(self, records: Sequence[Any]) -> None:
        """Show these; the current record stays current if it is among them."""
        place = self.verticalScrollBar().value()
        before, wanted = self.current(), self._wanted
        self.records.show(records)
        if self.current() is None and wanted:
            self._wanted = wanted
            if self.choose(wanted):
                self.verticalScrollBar().setValue(place)
        if self.current() is not before:
            self.current_changed.emit()

    def choose(self, key: str) -> bool:
        """Make a record current; False when it is not there."""
        for row, record in enumerate(self.records.records):
            if self.records.key_of(record) == key:
                self.setCurrentIndex(self.records.index(row))
                return True
        return False

    def choose_first(self) -> None:
        """Make the first record current, if there is any, and take the keyboard."""
        if self.current() is None and self.records.records:
            self.setCurrentIndex(self.records.index(0))
        self.setFocus()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802  (Qt's name)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current() is not None:
            self.taken.emit()
        else:
            super().keyPressEvent(event)

    def _note(self, *_: object) -> None:
        record = self.current()
        if record is not None:
            self._wanted = self.records.key_of(record)
        self.current_changed.emit()


class CardDelegate(QtWidgets.QStyledItemDelegate):
    """Paints cards.

    Args:
        lines: how many lines of text a card has room for.
        picture_of: gives the picture for an id, when there is one.
    """

    def __init__(
        self,
        parent: QtCore.QObject,
        *,
        lines: int = 0,
        picture_of: Callable[[str], QtGui.QPixmap | None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._lines, self._picture_of = lines, picture_of

    def sizeHint(  # noqa: N802  (Qt's name)
        self, option: QtWidgets.QStyleOptionViewItem, index: Index
    ) -> QtCore.QSize:
        height = option.fontMetrics.height() * (2 + self._lines)
        if self._picture_of is not None:
            height = max(height, PICTURE.height())
        return QtCore.QSize(120, height + 2 * _GAP)

    def paint(
        self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: Index
    ) -> None:
        card: Card | None = index.data(CARD)
        if card is None:
            return
        painter.save()
        style = option.widget.style() if option.widget else QtWidgets.QApplication.style()
        panel = QtWidgets.QStyle.PrimitiveElement.PE_PanelItemViewItem
        style.drawPrimitive(panel, option, painter, option.widget)
        room = option.rect.adjusted(_GAP, _GAP, -_GAP, -_GAP)
        if self._picture_of is not None and card.picture is not None:
            place = QtCore.QRect(room.topLeft(), PICTURE)
            self._paint_picture(painter, option, place, self._picture_of(card.picture))
            room.setLeft(place.right() + 2 * _GAP)
        self._paint_text(painter, option, room, card)
        painter.restore()

    def _paint_picture(
        self,
        painter: QtGui.QPainter,
        option: QtWidgets.QStyleOptionViewItem,
        place: QtCore.QRect,
        picture: QtGui.QPixmap | None,
    ) -> None:
        if picture is None:
            color = _color(option, selected=False, faint=True)
            color.setAlpha(40)
            painter.fillRect(place, color)
            return
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        size = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        fitted = QtCore.QRect(QtCore.QPoint(0, 0), size)
        fitted.moveCenter(place.center())
        painter.drawPixmap(fitted, picture)

    def _paint_text(
        self,
        painter: QtGui.QPainter,
        option: QtWidgets.QStyleOptionViewItem,
        room: QtCore.QRect,
        card: Card,
    ) -> None:
        selected = bool(option.state & QtWidgets.QStyle.StateFlag.State_Selected)
        plain, faint = (
            _color(option, selected=selected),
            _color(option, selected=selected, faint=True),
        )
        warning = plain if selected else _warning(option)
        bold = QtGui.QFont(option.font)
        bold.setBold(True)
        line, left = option.fontMetrics.height(), room.width()
        if card.badge:
            metrics = option.fontMetrics
            badge = metrics.elidedText(card.badge, Qt.TextElideMode.ElideRight, room.width() // 2)
            painter.setPen(warning if card.warns else faint)
            painter.setFont(option.font)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
            painter.drawText(room, int(right), badge)
            left -= metrics.horizontalAdvance(badge) + _GAP
        painter.setPen(plain)
        painter.setFont(bold)
        title = QtGui.QFontMetrics(bold).elidedText(
            card.title, Qt.TextElideMode.ElideMiddle, max(0, left)
        )
        painter.drawText(room.left(), room.top() + option.fontMetrics.ascent(), title)
        painter.setFont(option.font)
        top = room.top() + line
        if card.progress is not None:
            self._paint_bar(
                painter, option, QtCore.QRect(room.left(), top, room.width(), line), card
            )
        painter.setPen(warning if card.warns and not card.badge else plain)
        for text in wrapped(option.fontMetrics, card.text, room.width(), self._lines):
            painter.drawText(room.left(), top + option.fontMetrics.ascent(), text)
            top += line
        painter.setPen(faint)
        small = option.fontMetrics.elidedText(card.small, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(
            room.left(), room.top() + line * (1 + self._lines) + option.fontMetrics.ascent(), small
        )

    def _paint_bar(
        self,
        painter: QtGui.QPainter,
        option: QtWidgets.QStyleOptionViewItem,
        place: QtCore.QRect,
        card: Card,
    ) -> None:
        bar = QtCore.QRect(place.left(), place.center().y() - 3, place.width(), 6)
        color = _color(option, selected=False, faint=True)
        color.setAlpha(60)
        painter.fillRect(bar, color)
        bar.setWidth(int(place.width() * (card.progress or 0.0)))
        painter.fillRect(bar, option.palette.highlight().color())


def wrapped(metrics: QtGui.QFontMetrics, text: str, width: int, most: int) -> list[str]:
    """A text in at most ``most`` lines of ``width`` pixels, the last one cut off where there is
    more."""
    lines: list[str] = []
    rest = text.split()
    while rest and len(lines) < most:
        if len(lines) == most - 1:
            cut = metrics.elidedText(" ".join(rest), Qt.TextElideMode.ElideRight, width)
            return [*lines, cut]
        line = rest.pop(0)
        while rest and metrics.horizontalAdvance(f"{line} {rest[0]}") <= width:
            line = f"{line} {rest.pop(0)}"
        lines.append(metrics.elidedText(line, Qt.TextElideMode.ElideRight, width))
    return lines


def _color(
    option: QtWidgets.QStyleOptionViewItem, *, selected: bool, faint: bool = False
) -> QtGui.QColor:
    role = QtGui.QPalette.ColorRole.HighlightedText if selected else QtGui.QPalette.ColorRole.Text
    color = QtGui.QColor(option.palette.color(role))
    if faint:
        color.setAlpha(170)
    return color


def _warning(option: QtWidgets.QStyleOptionViewItem) -> QtGui.QColor:
    dark = option.palette.color(QtGui.QPalette.ColorRole.Base).lightness() < 128
    return QtGui.QColor("#ffb74d" if dark else "#a65300")
