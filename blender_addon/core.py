"""The core, imported off the main thread before anybody needs it.

Importing it takes a third of a second, which an artist would feel at every start of Blender.
So a timer waits until Blender is up, and a thread imports it from there. The interface
asks :func:`ready` and shows nothing of the core until then; whoever cannot wait calls
:func:`load`.
"""

from __future__ import annotations

import threading
from importlib import import_module

import bpy

__all__ = ["CoreUnavailable", "load", "problem", "ready", "register", "unregister"]

_PARTS = ("wf_core.workfiles", "wf_core.saves.uploader")
_AFTER_START = 0.2  # seconds; the first timers run when the window has been drawn

_loaded = threading.Event()
_one_at_a_time = threading.Lock()
_thread: threading.Thread | None = None
_problem: CoreUnavailable | None = None


class CoreUnavailable(Exception):
    """The core cannot be imported; the message says why, ``hint`` what to do.

    Not one of the core's own errors: those may be what is missing.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def ready() -> bool:
    """Whether the core can be used without waiting."""
    return _loaded.is_set()


def problem() -> CoreUnavailable | None:
    """Why the core cannot be used, once that is known."""
    return _problem


def load() -> None:
    """Import the core here and now, unless that has been done.

    Raises:
        CoreUnavailable: it cannot be imported.
    """
    global _problem
    with _one_at_a_time:
        if _loaded.is_set():
            return
        try:
            found = import_module("wf_core.installation").find_problem()
            if found is None:
                for part in _PARTS:
                    import_module(part)
        except Exception as exc:  # of packages that do not fit together, any
            _problem = CoreUnavailable(
                f"A part of the extension cannot be loaded ({type(exc).__name__}: {exc}).",
                hint="Restart Blender. If that does not help, install the extension again.",
            )
            raise _problem from exc
        if found is not None:
            _problem = CoreUnavailable(found, hint="Restart Blender, and nothing is lost.")
            raise _problem
        _problem = None
        _loaded.set()


def register() -> None:
    """Have the core imported soon. Without a window no timer runs, and it is imported by
    who needs it."""
    if not bpy.app.background:
        bpy.app.timers.register(_begin, first_interval=_AFTER_START, persistent=True)


def unregister() -> None:
    """Wait for the import, if one is under way: it cannot be stopped."""
    global _thread
    if bpy.app.timers.is_registered(_begin):
        bpy.app.timers.unregister(_begin)
    if _thread is not None:
        _thread.join()
        _thread = None


def _begin() -> None:
    """The timer: runs once."""
    global _thread
    _thread = threading.Thread(target=_quietly, name="workfiles-core", daemon=True)
    _thread.start()


def _quietly() -> None:
    try:
        load()
    except CoreUnavailable as exc:
        print(f"Workfiles for Kitsu: {exc.message} {exc.hint}")
