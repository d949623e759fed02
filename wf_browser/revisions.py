"""The revisions of the task in view, the state of the open scene, and what to do with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wf_core.host import SceneTag
from wf_core.workfiles import words

from . import cards
from .dialogs import CommentDialog, PublishDialog
from .lists import CardDelegate, RecordList, RecordModel
from .pictures import Pictures
from .qt import QAction, QtCore, QtGui, QtWidgets, Signal
from .saving import SaveDialog
from .transfer import TransferBar
from .widgets import Listing, SearchField, ask, button_for, columns, paragraph, rows

if TYPE_CHECKING:
    from wf_core.results import Revision
    from wf_core.workfiles import Brought

    from .session import Session

__all__ = ["RevisionView"]

_EVERY_FILE = "All files"
_AGES_MS = 30_000
_USABLE = ("committed", "foreign")


class RevisionView(QtWidgets.QWidget):
    """The list, a field to search it, and actions: as buttons, in a context menu, by keys."""

    wants_task = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.pictures = Pictures(session)
        self.task = paragraph(bold=True)
        self.state = paragraph()
        self.search = SearchField("Search revisions")
        self.names = QtWidgets.QComboBox()
        self.names.setAccessibleName("Which of the task's files")
        self.list = self._make_list()
        self.listing = Listing(self.list)
        self.transfer = TransferBar(session)
        self._publishes_soon = False
        self._make_actions()
        self._lay_out()
        self.search.textChanged.connect(lambda _: self._show())
        self.search.leaves.connect(self.list.choose_first)
        self.names.activated.connect(lambda _: self._show())
        self.list.taken.connect(self.open.trigger)
        self.list.current_changed.connect(self._enable)
        for changed in (session.scene_changed, session.queue_changed, session.task_changed):
            changed.connect(self._show_state)
        session.revisions_changed.connect(self._show)
        session.task_changed.connect(self._begin_task)
        self._ages = QtCore.QTimer(self)
        self._ages.setInterval(_AGES_MS)
        self._ages.timeout.connect(self.list.records.look_again)
        self._ages.start()
        self._show()
        self._show_state()

    def _make_list(self) -> RecordList:
        model = RecordModel(self._card_of, lambda revision: revision.working_file_id, self)
        found = RecordList(model, name="Revisions")
        found.setItemDelegate(CardDelegate(found, lines=2, picture_of=self.pictures.of))
        found.setContextMenuPolicy(QtCore.Qt.ContextMenuPolicy.ActionsContextMenu)
        self.pictures.here.connect(model.look_again_at)
        return found

    def _card_of(self, revision: Revision) -> cards.Card:
        facts = self._session.facts
        is_open = (
            facts is not None
            and facts.task_id == revision.task_id
            and (facts.name, facts.revision) == (revision.name, revision.revision)
            and facts.file == "same"
        )
        return cards.of_revision(revision, is_open=is_open)

    def _make_actions(self) -> None:
        self.save = self._action("Save New Revision…", "Ctrl+S", self._save)
        alone = self._session.application.chooses_files
        self.open = self._action("Continue from It" if alone else "Open", "", self._open)
        self.get = self._action("Get", "Ctrl+G", self._get)
        self.edit = self._action("Edit Comment…", "F2", self._edit)
        self.publish = self._action("Publish…", "Ctrl+P", self._publish)
        self.folder = self._action("Show in Folder", "Ctrl+Shift+F", self._show_folder)
        self.page = self._action("Open Task in Kitsu", "Ctrl+K", self._show_page)
        self.save.setToolTip("Save the next revision of this task")
        self.open.setToolTip(
            "Bring this revision here, show its folder, and save the next one from it (Return)"
            if alone
            else "Open this revision; saving it makes the next one (Return)"
        )
        self.get.setToolTip("Bring this revision to this disk without opening it")
        self.publish.setToolTip("Record this revision as the source of the next output file")
        for action in (self.open, self.get, self.edit, self.publish, self.folder):
            self.list.addAction(action)

    def _action(self, text: str, keys: str, function: Callable[[], None]) -> QAction:
        action = QAction(text, self)
        if keys:
            action.setShortcut(QtGui.QKeySequence(keys))
            action.setShortcutContext(QtCore.Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda *_: function())
        return action

    def _lay_out(self) -> None:
        self.save_button = button_for(self.save)
        self.buttons = {action.text(): button_for(action) for action in (self.open, self.get)}
        more = QtWidgets.QPushButton("More")
        menu = QtWidgets.QMenu(more)
        for action in (self.edit, self.publish, self.folder, self.page):
            menu.addAction(action)
        more.setMenu(menu)
        top = columns(rows(self.task, self.state), self.save_button)
        top.setStretch(0, 1)
        top.setAlignment(self.save_button, QtCore.Qt.AlignmentFlag.AlignTop)
        self.setLayout(
            rows(
                top,
                columns(self.search, self.names),
                self.listing,
                self.transfer,
                columns(*self.buttons.values(), None, more),
            )
        )

    # showing

    def _begin_task(self) -> None:
        self.search.clear()
        self.names.clear()
        self._show()

    def _show_state(self) -> None:
        session = self._session
        self.task.setText(session.task[1] if session.task else "No task is chosen")
        state = session.state()
        if state is None:
            text = session.why_not("scene")
        elif session.application.chooses_files and state.kind in ("no_task", "unsaved"):
            text = ""
        else:
            text = " ".join((f"{state.title}.", *state.details))
        self.state.setText(text)
        self.state.setVisible(bool(text))
        self.save.setEnabled(session.task is not None)
        self.page.setEnabled(session.task is not None)
        self.list.records.look_again()

    def _show_names(self) -> None:
        items: list[Any] = self._session.revisions.items if self._session.revisions else []
        wanted = [_EVERY_FILE, *sorted({revision.name for revision in items})]
        box = self.names
        if [box.itemText(row) for row in range(box.count())] != wanted:
            chosen = box.currentText()
            box.clear()
            box.addItems(wanted)
            box.setCurrentIndex(max(0, box.findText(chosen)))
        box.setVisible(len(wanted) > 2)

    def _show(self) -> None:
        session = self._session
        self._show_names()
        found: list[Any] = session.revisions.find(self.search.text()) if session.revisions else []
        if self.names.currentIndex() > 0:
            found = [one for one in found if one.name == self.names.currentText()]
        self.list.show_records(found)
        if session.task is None:
            self.listing.show_why(
                "Choose a task to see its revisions.",
                action="Search Tasks",
                do=self.wants_task.emit,
            )
        elif not self.listing.show_search(
            found,
            session.revisions,
            problem=session.why_not("revisions"),
            ask_again=session.look_at_revisions,
            nothing_fits=words.NO_REVISION_FITS,
            clear=self._clear_search,
        ):
            self.listing.show_why(
                words.NO_REVISION, action="Save the First One…", do=self.save.trigger
            )
        self._enable()
        if self._publishes_soon and session.revisions is not None:
            self.publish_open_revision()

    def _clear_search(self) -> None:
        self.names.setCurrentIndex(0)
        self.search.clear()
        self._show()

    def _enable(self) -> None:
        revision = self.list.current()
        usable = revision is not None and revision.state in _USABLE
        for action in (self.open, self.get, self.publish):
            action.setEnabled(usable)
        self.edit.setEnabled(revision is not None)
        self.folder.setEnabled(revision is not None and bool(revision.path))

    # doing

    def _save(self) -> None:
        if self._session.task is not None:
            SaveDialog(self._session, self._session.task, self).open()

    def _open(self) -> None:
        revision = self.list.current()
        if revision is not None:
            self.transfer.bring(revision, lambda brought: self._open_brought(revision, brought))

    def _open_brought(self, revision: Revision, brought: Brought) -> None:
        if brought.as_saved is False:
            ask(
                self,
                "Open Revision",
                f"{words.OPEN_CHANGED}\n\n{brought.path}",
                yes="Open the File as It Is",
                do=lambda: self._open_file(revision, brought.path),
            )
        else:
            self._open_file(revision, brought.path)

    def _open_file(self, revision: Revision, path: Path) -> None:
        if self._session.application.scene().modified:
            ask(
                self,
                "Open Revision",
                "The open scene has changes that are not saved. Opening the revision drops them.",
                yes="Drop the Changes",
                do=lambda: self._open_now(revision, path),
            )
        else:
            self._open_now(revision, path)

    def _open_now(self, revision: Revision, path: Path) -> None:
        session = self._session
        settings = session.settings
        tag = SceneTag(
            server=(settings.server if settings else None) or "",
            task_id=revision.task_id,
            name=revision.name,
            revision=revision.revision,
        )
        try:
            session.application.open(path, tag)
        except Exception as exc:  # noqa: BLE001  (told to the person who asked for it)
            session.complain(exc)
        else:
            what = "here, to be continued" if session.application.chooses_files else "open"
            session.said.emit(f"Revision {revision.revision} is {what}: {path}")
        session.look_at_scene()

    def _get(self) -> None:
        revision = self.list.current()

        def told(brought: Brought) -> None:
            how = "was brought" if brought.downloaded else "is"
            self._session.said.emit(f"Revision {revision.revision} {how} here: {brought.path}")

        if revision is not None:
            self.transfer.bring(revision, told)

    def _edit(self) -> None:
        revision = self.list.current()
        if revision is not None:
            CommentDialog(self._session, revision, self).open()

    def _publish(self) -> None:
        revision = self.list.current()
        if revision is not None:
            PublishDialog(self._session, revision, self).open()

    def publish_open_revision(self) -> None:
        """Choose the revision that is open, or the newest, and ask what to publish it as; soon,
        where the list is not here yet."""
        self._publishes_soon = self._session.revisions is None
        if self._publishes_soon:
            return
        facts, revisions = self._session.facts, self._session.revisions
        for revision in revisions.items if revisions else []:
            wanted = facts.revision if facts is not None and facts.revision else revision.revision
            if revision.state in _USABLE and revision.revision == wanted:
                self._clear_search()
                self.list.choose(revision.working_file_id)
                self._publish()
                return
        self._session.said.emit("There is no revision of this task to publish yet; save one first.")

    def _show_folder(self) -> None:
        revision = self.list.current()
        if revision is None or not revision.path:
            return
        folder = Path(revision.path).parent
        if folder.is_dir():
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(folder)))
        else:
            self._session.said.emit(f"There is no folder {folder} on this machine yet.")

    def _show_page(self) -> None:
        task = self._session.task
        if task is not None:
            self._session.do(
                lambda tool: tool.page_of(task[0]),
                done=_show_address,
            )


def _show_address(address: str) -> None:
    QtGui.QDesktopServices.openUrl(QtCore.QUrl(address))
