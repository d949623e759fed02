"""Working files for Kitsu, inside Blender: bpy on one side, the core's facade on the other.

Importing this package touches nothing of Blender, and enabling it imports nothing heavy: the
core is loaded by :mod:`.core` on a thread of its own. :mod:`.host` is what the core sees of
the application.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib import import_module

__all__ = ["register", "unregister"]

MODULES = (
    "core",
    "session",
    "choices",
    "pictures",
    "presence",
    "refresh",
    "preferences",
    "account",
    "choosing",
    "save",
    "opening",
    "revision_actions",
    "panels",
    "menus",
    "headless",
)
"""What is registered, in this order, and unregistered in the opposite one.

Each has ``register()`` and ``unregister()``, which leaves nothing of what the first one made,
and imports at its top nothing of the core that is heavy (``wf_core.errors``, ``wf_core.host``
and ``wf_core.results`` are not)."""

_registered = ExitStack()


def register() -> None:
    """Called by Blender when the add-on is enabled, at every start too.

    When a module fails, those before it are unregistered again.
    """
    global _registered
    with ExitStack() as so_far:
        for name in MODULES:
            module = import_module(f".{name}", __package__)
            module.register()
            so_far.callback(module.unregister)
        _registered = so_far.pop_all()


def unregister() -> None:
    """Called by Blender when the add-on is disabled; a module that fails does not keep the
    others from being unregistered."""
    _registered.close()
