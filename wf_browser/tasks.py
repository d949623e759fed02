"""The tasks: one's own or a production's, searched as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wf_core.workfiles import words

from . import cards
from .lists import CardDelegate, RecordList, RecordModel
from .qt import QtWidgets, Signal
from .widgets import Listing, SearchField, rows

if TYPE_CHECKING:
    from .session import Session

__all__ = ["TaskView"]

_MINE = "My Tasks"


class TaskView(QtWidgets.QWidget):
    """A search field, what is browsed, and the list. Choosing is by click, or by Return."""

    chosen = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.search = SearchField("Search tasks")
        self.production = QtWidgets.QComboBox()
        self.production.setAccessibleName("Whose tasks")
        self.production.addItem(_MINE, "")
        self.list = RecordList(RecordModel(cards.of_task, lambda task: task.id, self), name="Tasks")
        self.list.setItemDelegate(CardDelegate(self.list))
        self.listing = Listing(self.list)
        self.setLayout(rows(self.search, self.production, self.listing))
        self.search.textChanged.connect(lambda _: self._show())
        self.search.leaves.connect(self.list.choose_first)
        self.production.activated.connect(self._browse)
        self.list.clicked.connect(lambda _: self._choose())
        self.list.taken.connect(self._choose)
        session.tasks_changed.connect(self._show)
        session.task_changed.connect(self._follow)
        self._show()

    def _browse(self, *_: object) -> None:
        self._session.browse_production(str(self.production.currentData() or ""))

    def _choose(self) -> None:
        task = self.list.current()
        if task is not None:
            self._session.choose_task(task.id, task.label)
            self.chosen.emit()

    def _follow(self) -> None:
        if self._session.task is not None:
            self.list.choose(self._session.task[0])

    def _show(self) -> None:
        session = self._session
        self._show_productions()
        found = session.tasks.find(self.search.text()) if session.tasks else []
        self.list.show_records(found)
        if self.listing.show_search(
            found,
            session.tasks,
            problem=session.why_not("tasks"),
            ask_again=session.look_at_tasks,
            nothing_fits=words.NO_TASK_FITS,
            clear=self.search.clear,
        ):
            return
        self.listing.show_why(
            "This production has no tasks yet." if session.production else words.NO_TASK
        )

    def _show_productions(self) -> None:
        wanted = [("", _MINE), *self._session.productions]
        box = self.production
        known = [(box.itemData(row), box.itemText(row)) for row in range(box.count())]
        if known != wanted:
            box.clear()
            for production, name in wanted:
                box.addItem(name, production)
        box.setCurrentIndex(max(0, box.findData(self._session.production)))
