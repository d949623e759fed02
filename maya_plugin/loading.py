"""What loading and unloading the plug-in does."""

from __future__ import annotations

from contextlib import ExitStack

from . import calls, calls_ui, docking, menus, session

__all__ = ["load", "unload"]


def load(*, plugin: str) -> None:
    """Begin, at Maya's start or later. Without a window nothing is built and nothing begun: a
    render or a script that loads the plug-in gets none of it.

    Args:
        plugin: the name under which Maya knows the plug-in.
    """
    if calls.is_batch():
        return
    session.start()
    try:
        menus.build(plugin=plugin)
        if calls_ui.control_exists(docking.CONTROL):  # of the workspace, made before
            docking.fill()
        calls.run_later(session.begin_when_idle)
    except BaseException:
        unload()
        raise


def unload() -> None:
    """End, and leave nothing behind; also of a load that failed half-way."""
    if calls.is_batch():
        return
    with ExitStack() as all_of_it:  # the last one first, whichever of them fails
        all_of_it.callback(session.stop)
        all_of_it.callback(menus.remove)
        all_of_it.callback(docking.hide)
