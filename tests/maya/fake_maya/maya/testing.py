"""The stand-in's own side: what it holds, and the faults it can be told to have.

Real Maya has no such module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .scene import Scene

__all__ = ["Maya", "be_idle", "current", "emit", "reset"]


@dataclass
class Maya:
    """One running Maya.

    Attributes:
        batch: whether it has no window.
        replaces: whether saving replaces the file, rather than rewriting it.
        answers: what a person types or presses in the next dialogs; none: they close them.
        messages: what was shown.
        refuses: commands that fail, with what Maya says: "rename", "save", "open", "playblast".
        panels: those of the main window, by name.
        calls_off_saves: a studio's script calls every save off, silently.
        log: events and saves, in their order.
    """

    batch: bool = True
    version: str = "2025"
    replaces: bool = False
    refuses: dict[str, str] = field(default_factory=dict)
    calls_off_saves: bool = False
    scene: Scene = field(default_factory=Scene)
    undo: list[str] = field(default_factory=list)
    undo_on: bool = True
    project: str = "/project"
    preferences: str = "/home/artist/maya"
    plugins: dict[str, Callable[[object], object]] = field(default_factory=dict)
    autoload: set[str] = field(default_factory=set)
    plugin_types: set[str] = field(default_factory=set)
    callbacks: dict[int, tuple[str, Callable[..., object]]] = field(default_factory=dict)
    deferred: list[Callable[[], object]] = field(default_factory=list)
    ui: dict[str, dict[str, object]] = field(default_factory=dict)
    panels: dict[str, Any] = field(default_factory=dict)
    runtime_commands: dict[str, dict[str, object]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    modifiers: int = 0
    answers: list[str] = field(default_factory=list)
    typed: str = ""
    next_id: int = 1
    log: list[str] = field(default_factory=list)

    def refuse(self, what: str) -> None:
        if what in self.refuses:
            raise RuntimeError(self.refuses[what])


_current = Maya()


def current() -> Maya:
    return _current


def reset(*, batch: bool = True) -> Maya:
    """A new Maya with an empty scene."""
    global _current
    _current = Maya(batch=batch)
    return _current


def emit(event: str) -> None:
    """Tell the callbacks of an event, in the order in which they were added."""
    maya = current()
    maya.log.append(event)
    for known, function in list(maya.callbacks.values()):
        if known == event:
            function(None)


def be_idle() -> None:
    """Do what was put off until Maya is idle."""
    maya = current()
    while maya.deferred and not maya.batch:
        maya.deferred.pop(0)()
