"""The menu “Kitsu”, the shelf of that name, and commands that hotkeys can be bound to."""

from __future__ import annotations

from dataclasses import dataclass

from . import calls_ui

__all__ = ["ENTRIES", "MENU", "SHELF", "Entry", "build", "remove"]

MENU = "kitsuWorkfilesMenu"
SHELF = "Kitsu"


@dataclass(frozen=True)
class Entry:
    """One thing an artist can do.

    Attributes:
        action: the function of :mod:`.actions`.
        label: in the menu; an ellipsis says that it asks for something.
        tip: one line.
        command: name of its runtime command.
    """

    action: str
    label: str
    tip: str
    command: str

    @property
    def code(self) -> str:
        """The Python that does it."""
        return f"from {__package__} import actions; actions.{self.action}()"


ENTRIES = (
    Entry(
        "save_new_revision",
        "Save New Revision",
        "Save the open scene as the next revision of its task in Kitsu",
        "KitsuSaveNewRevision",
    ),
    Entry(
        "save_with_comment",
        "Save New Revision with Comment…",
        "Say what changed, then save the open scene as the next revision",
        "KitsuSaveNewRevisionWithComment",
    ),
    Entry(
        "open_revision",
        "Open Revision…",
        "Show the revisions of the scene's task, to open one",
        "KitsuOpenRevision",
    ),
    Entry(
        "my_tasks",
        "My Tasks…",
        "Show your tasks in Kitsu, and choose the one this scene belongs to",
        "KitsuMyTasks",
    ),
    Entry(
        "choose_task",
        "Choose Task…",
        "Make another task the one this scene belongs to, from its next save on",
        "KitsuChooseTask",
    ),
    Entry(
        "publish",
        "Publish…",
        "Record the open revision as the source of the next output file",
        "KitsuPublish",
    ),
    Entry("log_in", "Log In…", "Log in to Kitsu, or see who is logged in", "KitsuLogIn"),
    Entry(
        "settings",
        "Settings…",
        "The account, the workspace, and where file trees are on this machine",
        "KitsuSettings",
    ),
    Entry(
        "check_set_up",
        "Check My Set-up",
        "Look at the server, the folders and this machine, and tell what is wrong",
        "KitsuCheckMySetUp",
    ),
)
_DIVIDED_BEFORE = ("open_revision", "publish", "log_in")


def build(*, plugin: str) -> None:
    """Make them all; what an earlier load left is replaced.

    Args:
        plugin: the name under which Maya knows the plug-in.
    """
    for entry in ENTRIES:
        calls_ui.add_runtime_command(
            entry.command, label=entry.label, tip=entry.tip, command=entry.code, plugin=plugin
        )
    calls_ui.remove_menu(MENU)
    calls_ui.add_menu(MENU, label="Kitsu", parent=calls_ui.main_window())
    for entry in ENTRIES:
        if entry.action in _DIVIDED_BEFORE:
            calls_ui.add_divider(parent=MENU)
        calls_ui.add_menu_item(parent=MENU, label=entry.label, tip=entry.tip, command=entry.code)
    calls_ui.add_shelf(SHELF, parent=calls_ui.shelves())
    save, commented, browse = ENTRIES[:3]
    calls_ui.add_shelf_button(
        parent=SHELF,
        label="Save",
        image="save.png",
        tip=f"{save.tip}. With Alt, or from the right-click menu, with a comment",
        command=f"from {__package__} import actions; actions.save_from_shelf()",
        menu=[(commented.label, commented.code)],
    )
    others = [entry for entry in ENTRIES if entry.action in ("my_tasks", "publish")]
    calls_ui.add_shelf_button(
        parent=SHELF,
        label="Open",
        image="fileOpen.png",
        tip=f"{browse.tip}; other pages are in the right-click menu",
        command=browse.code,
        menu=[(entry.label, entry.code) for entry in others],
    )


def remove() -> None:
    """Take the menu and the shelf away. Maya keeps runtime commands until it quits; there they
    load the plug-in again."""
    calls_ui.remove_shelf(SHELF)
    calls_ui.remove_menu(MENU)
