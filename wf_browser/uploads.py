"""Saves on their way to Kitsu: how far they are, stopping one, sending it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import cards
from .lists import CardDelegate, RecordList, RecordModel
from .qt import QAction, QtGui, QtWidgets
from .widgets import Listing, ask, button_for, columns, paragraph, rows

if TYPE_CHECKING:
    from wf_core.results import PendingSave
    from wf_core.workfiles import Workfiles

    from .session import Session

__all__ = ["UploadView"]

_WAITING = ("saved", "uploaded")


class UploadView(QtWidgets.QWidget):
    """The list of what waits, and what to do about the one that is current."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        model = RecordModel(self._card_of, lambda save: save.save_id, self)
        self.list = RecordList(model, name="On the way to Kitsu")
        self.list.setItemDelegate(CardDelegate(self.list, lines=2))
        self.listing = Listing(self.list)
        self.hint = paragraph()
        self.cancel = self._action("&Cancel Upload", self._cancel)
        self.retry = self._action("&Retry", self._retry)
        self.discard = self._action("&Discard…", self._discard)
        self.cancel.setToolTip("Stop sending it. It stays safe on this machine")
        self.retry.setToolTip("Try to send it again, now")
        self.discard.setToolTip("Give it up: its number is declared void, its file stays")
        self.discard.setShortcut(QtGui.QKeySequence("Del"))
        self.buttons = [button_for(action) for action in (self.cancel, self.retry, self.discard)]
        self.setLayout(rows(self.listing, self.hint, columns(*self.buttons, None)))
        self.list.current_changed.connect(self._enable)
        session.queue_changed.connect(self._show)
        self._show()

    def _action(self, text: str, function: Callable[[], None]) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda *_: function())
        self.list.addAction(action)
        return action

    def _card_of(self, save: PendingSave) -> cards.Card:
        return cards.of_save(save, self._session.sent.get(save.save_id))

    def _show(self) -> None:
        pending = self._session.pending
        self.list.show_records(pending)
        if pending and self.list.current() is None:
            self.list.choose(pending[0].save_id)
        if pending:
            self.listing.show_list()
        else:
            self.listing.show_why(
                "Everything is in Kitsu. What you save appears here while it is being sent."
            )
        for button in self.buttons:
            button.setVisible(bool(pending))
        self._enable()

    def _enable(self) -> None:
        save: PendingSave | None = self.list.current()
        sent = save is not None and save.save_id in self._session.sent
        stopped = save is not None and save.state == "parked"
        failed = save is not None and bool(save.error) and not sent
        self.cancel.setEnabled(save is not None and not stopped)
        self.retry.setEnabled(stopped or failed)
        self.discard.setEnabled(save is not None and not sent)
        self.hint.setText(save.hint if save is not None and (stopped or failed) else "")
        self.hint.setVisible(bool(self.hint.text()))

    def _do(self, work: Callable[[Workfiles, str], object]) -> None:
        """On the thread that asks no server: stopping must not wait for one."""
        save: PendingSave | None = self.list.current()
        if save is not None:
            self._session.do(
                lambda tool: work(tool, save.save_id),
                done=lambda _: self._session.look_at_queue(),
                worker=self._session.keeper,
            )

    def _cancel(self) -> None:
        self._do(lambda tool, save_id: tool.stop_upload(save_id))

    def _retry(self) -> None:
        self._do(lambda tool, save_id: tool.retry_in_background(save_id))

    def _discard(self) -> None:
        save: PendingSave | None = self.list.current()
        if save is None:
            return
        session = self._session
        ask(
            self,
            "Discard Save",
            f"{save.task} {save.name} is not in Kitsu yet. Discarding gives this save up: its "
            f"number is declared void, and what is kept of it is removed. Its file stays:\n\n"
            f"{save.path}",
            yes="Discard",
            do=lambda: session.do(
                lambda tool: tool.discard(save.save_id), done=lambda _: session.look_at_queue()
            ),
        )
