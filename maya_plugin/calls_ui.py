"""Every call into Maya's interface that this plug-in makes, typed, as :mod:`.calls` for scenes.

Told by Autodesk's "Maya Commands Reference" (Python): ``menu``, ``menuItem``,
``shelfLayout``, ``shelfButton``, ``runTimeCommand``, ``deleteUI``, ``confirmDialog``,
``promptDialog``, ``inViewMessage``, ``getModifiers`` and ``workspaceControl``; ``MQtUtil`` by the
C++ reference of that class. The names of the main window and of the
shelves are in the global MEL variables ``gMainWindow`` and ``gShelfTopLevel``.
"""

from __future__ import annotations

from collections.abc import Sequence

import maya.cmds as cmds
import maya.mel as mel
from maya import OpenMayaUI

__all__ = [
    "add_control",
    "add_divider",
    "add_menu",
    "add_menu_item",
    "add_runtime_command",
    "add_shelf",
    "add_shelf_button",
    "alt_is_held",
    "ask",
    "ask_text",
    "control_address",
    "control_exists",
    "main_window",
    "remove_control",
    "remove_menu",
    "remove_shelf",
    "restore_control",
    "shelves",
    "show_message",
    "warn",
]

_ALT = 8  # the bit of getModifiers


def main_window() -> str:
    """The name of Maya's main window."""
    return str(mel.eval("$kitsuWorkfiles = $gMainWindow"))


def shelves() -> str:
    """The name of the layout that holds all shelves."""
    return str(mel.eval("$kitsuWorkfiles = $gShelfTopLevel"))


def add_menu(name: str, *, label: str, parent: str) -> None:
    """A menu that can be torn off."""
    cmds.menu(name, label=label, parent=parent, tearOff=True)


def add_menu_item(*, parent: str, label: str, tip: str, command: str) -> None:
    """An item that runs Python."""
    cmds.menuItem(parent=parent, label=label, annotation=tip, command=command, sourceType="python")


def add_divider(*, parent: str) -> None:
    """A line between items."""
    cmds.menuItem(parent=parent, divider=True)


def remove_menu(name: str) -> None:
    """Remove a menu with its items; nothing happens when there is none."""
    if cmds.menu(name, exists=True):
        cmds.deleteUI(name, menu=True)


def add_shelf(name: str, *, parent: str) -> None:
    """An empty shelf; one of that name is emptied by removing it first."""
    remove_shelf(name)
    cmds.shelfLayout(name, parent=parent)


def remove_shelf(name: str) -> None:
    """Remove a shelf with its buttons; nothing happens when there is none."""
    if cmds.shelfLayout(name, exists=True):
        cmds.deleteUI(name, layout=True)


def add_shelf_button(
    *,
    parent: str,
    label: str,
    image: str,
    tip: str,
    command: str,
    menu: Sequence[tuple[str, str]],
) -> None:
    """A button that runs Python.

    Args:
        parent: the shelf.
        label: over its icon.
        image: one of Maya's own icons.
        tip: shown while the mouse is over it.
        command: run by a click.
        menu: (label, Python) of what its right-click menu offers besides Maya's own.
    """
    cmds.shelfButton(
        parent=parent,
        label=label,
        annotation=tip,
        image=image,
        imageOverlayLabel=label,
        style="iconOnly",
        command=command,
        sourceType="python",
        menuItem=list(menu),
        menuItemPython=list(range(len(menu))),
    )


def add_control(name: str, *, label: str, script: str, width: int) -> None:
    """A panel at the right of the main window, to be docked elsewhere or to float. Closing it
    deletes it.

    Args:
        name: of the panel.
        label: on its tab.
        script: Python that fills it, also at a later start of Maya, once plug-ins are loaded.
        width: at first, in pixels.
    """
    cmds.workspaceControl(
        name,
        label=label,
        uiScript=script,
        retain=False,
        checksPlugins=True,
        loadImmediately=True,
        initialWidth=width,
        minimumWidth=width // 2,
        dockToMainWindow=("right", True),
    )


def control_exists(name: str) -> bool:
    """Whether there is a panel of that name."""
    return bool(cmds.workspaceControl(name, exists=True))


def restore_control(name: str) -> None:
    """Bring a panel to the front."""
    cmds.workspaceControl(name, edit=True, restore=True)


def remove_control(name: str) -> None:
    """Close a panel, which deletes it with what is in it."""
    cmds.workspaceControl(name, edit=True, close=True)


def control_address(name: str) -> int:
    """Where in memory the widget of a panel is; 0 when there is none."""
    return int(OpenMayaUI.MQtUtil.findControl(name) or 0)


def add_runtime_command(name: str, *, label: str, tip: str, command: str, plugin: str) -> None:
    """A command that hotkeys can be bound to, not written into the user's preferences. Maya has
    no way to take such a command back; it is left as it is when it is there."""
    if not cmds.runTimeCommand(name, exists=True):
        cmds.runTimeCommand(
            name,
            default=True,
            label=label,
            annotation=tip,
            category="Kitsu",
            command=command,
            commandLanguage="python",
            plugin=plugin,
        )


def alt_is_held() -> bool:
    """Whether the Alt key (Option on a Mac) is held at this moment."""
    return bool(cmds.getModifiers() & _ALT)


def show_message(text: str) -> None:
    """Show it in the viewport for a few seconds."""
    cmds.inViewMessage(statusMessage=text, position="topCenter", fade=True)


def warn(text: str) -> None:
    """Show it in the command line, on yellow."""
    cmds.warning(text)


def ask(*, title: str, text: str, buttons: Sequence[str]) -> str:
    """Ask in a dialog; the button that was pressed, the last one where it was closed."""
    return str(
        cmds.confirmDialog(
            title=title,
            message=text,
            button=list(buttons),
            defaultButton=buttons[0],
            cancelButton=buttons[-1],
            dismissString=buttons[-1],
        )
    )


def ask_text(*, title: str, text: str, button: str, value: str = "") -> str | None:
    """Ask for a line of text in a dialog; None where it was called off."""
    pressed = cmds.promptDialog(
        title=title,
        message=text,
        text=value,
        button=[button, "Cancel"],
        defaultButton=button,
        cancelButton="Cancel",
        dismissString="Cancel",
    )
    return str(cmds.promptDialog(query=True, text=True)) if pressed == button else None
