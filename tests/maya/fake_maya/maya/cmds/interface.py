"""Commands that are about the interface. Without a window they fail, as in Maya."""

from __future__ import annotations

import builtins
from typing import Any

from ..stubs import command
from ..testing import Maya, current

_TOP = ("MayaWindow", "MayaWindow|ShelfLayout")


def _with_window() -> Maya:
    if current().batch:
        raise RuntimeError("Maya has no interface in batch mode\n")
    return current()


def _add(name: str, kind: str, parent: str, **facts: object) -> str:
    maya = _with_window()
    if parent not in maya.ui and parent not in _TOP:
        raise RuntimeError(f"Object '{parent}' not found.\n")
    if name in maya.ui:
        raise RuntimeError(f"Object's name '{name}' is not unique.\n")
    maya.ui[name] = {"kind": kind, "parent": parent, **facts}
    return name


def _next(kind: str) -> str:
    maya = current()
    maya.next_id += 1
    return f"{kind}{maya.next_id}"


def _code(code: str, language: str) -> str:
    if language != "python":
        raise AssertionError("this project's commands are Python")
    builtins.compile(code, "<command>", "exec")
    return code


@command
def menu(
    name: str, *, exists: bool = False, label: str = "", parent: str = "", tearOff: bool = False
) -> Any:
    if exists:
        return _with_window().ui.get(name, {}).get("kind") == "menu"
    return _add(name, "menu", parent, label=label)


@command
def menuItem(
    *,
    parent: str,
    label: str = "",
    annotation: str = "",
    command: str = "",
    sourceType: str = "mel",
    divider: bool = False,
) -> str:
    if divider:
        return _add(_next("menuItem"), "divider", parent)
    return _add(_next("menuItem"), "item", parent, label=label, command=_code(command, sourceType))


@command
def shelfLayout(name: str, *, exists: bool = False, parent: str = "") -> Any:
    if exists:
        return _with_window().ui.get(name, {}).get("kind") == "shelf"
    return _add(name, "shelf", parent)


@command
def shelfButton(
    *,
    parent: str,
    label: str,
    annotation: str,
    image: str,
    imageOverlayLabel: str,
    style: str,
    command: str,
    sourceType: str,
    menuItem: list[tuple[str, str]],
    menuItemPython: list[int],
) -> str:
    if menuItemPython != list(range(len(menuItem))):
        raise AssertionError("an item of the menu would be taken for MEL")
    return _add(
        _next("shelfButton"),
        "button",
        parent,
        label=label,
        command=_code(command, sourceType),
        menu=[(word, _code(code, "python")) for word, code in menuItem],
    )


@command
def workspaceControl(
    name: str,
    *,
    exists: bool = False,
    edit: bool = False,
    restore: bool = False,
    close: bool = False,
    label: str = "",
    uiScript: str = "",
    retain: bool = True,
    checksPlugins: bool = False,
    loadImmediately: bool = False,
    initialWidth: int = 0,
    minimumWidth: int = 0,
    dockToMainWindow: tuple[str, bool] | None = None,
) -> Any:
    panels = _with_window().panels
    if exists:
        return name in panels
    if edit:
        if name not in panels:
            raise RuntimeError(f"Object '{name}' not found.\n")
        if close:
            panels.pop(name).close()
        elif restore:
            panels[name].restored += 1
        return None
    if name in panels:
        raise RuntimeError(f"Object's name '{name}' is not unique.\n")
    if retain or not checksPlugins or not dockToMainWindow:
        raise AssertionError("the panel would outlive what is in it, or be filled too early")
    from ..panels import Panel  # without a window there is no Qt

    panels[name] = Panel(label, _code(uiScript, "python"))
    if loadImmediately:
        panels[name].load()
    return name


@command
def deleteUI(name: str, *, menu: bool = False, layout: bool = False) -> None:
    maya = _with_window()
    kind = "menu" if menu else "shelf" if layout else ""
    if maya.ui.get(name, {}).get("kind") != kind:
        raise RuntimeError(f"Object '{name}' not found.\n")
    maya.ui = {key: facts for key, facts in maya.ui.items() if name not in (key, facts["parent"])}


@command
def runTimeCommand(
    name: str,
    *,
    exists: bool = False,
    default: bool = False,
    label: str = "",
    annotation: str = "",
    category: str = "",
    command: str = "",
    commandLanguage: str = "mel",
    plugin: str = "",
) -> Any:
    known = current().runtime_commands
    if exists:
        return name in known
    if name in known:
        raise RuntimeError(f"The runTimeCommand '{name}' already exists.\n")
    if not name.isidentifier():
        raise RuntimeError("Invalid name\n")
    known[name] = {"command": _code(command, commandLanguage), "default": default, "plugin": plugin}
    return None


@command
def confirmDialog(
    *,
    title: str,
    message: str,
    button: list[str],
    defaultButton: str = "",
    cancelButton: str = "",
    dismissString: str = "dismiss",
) -> str:
    maya = _with_window()
    maya.messages.append(f"{title}: {message}")
    return maya.answers.pop(0) if maya.answers else dismissString


@command
def promptDialog(
    *,
    query: bool = False,
    title: str = "",
    message: str = "",
    text: str | bool = "",
    button: list[str] | None = None,
    defaultButton: str = "",
    cancelButton: str = "",
    dismissString: str = "",
) -> str:
    maya = _with_window()
    if query:
        return maya.typed
    maya.messages.append(f"{title}: {message}")
    if not maya.answers:
        return dismissString
    maya.typed = maya.answers.pop(0)
    return defaultButton


@command
def inViewMessage(*, statusMessage: str, position: str, fade: bool) -> None:
    _with_window().messages.append(statusMessage)


@command
def warning(text: str) -> None:
    current().messages.append(f"Warning: {text}")


@command
def getModifiers() -> int:
    return _with_window().modifiers
