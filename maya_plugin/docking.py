"""The browser in a panel of Maya's: shown, kept in workspaces, taken away. Main thread only.

Maya keeps the panel with its workspace and makes it anew at its next start, by the script that
the panel was given. The panel then is there before or after this plug-in: whoever comes second
fills it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import calls_ui
from .session import current, is_running

if TYPE_CHECKING:
    from wf_browser.window import Browser
    from wf_core.worker import Worker

__all__ = ["CONTROL", "fill", "hide", "show"]

CONTROL = "kitsuWorkfilesBrowserControl"
_WIDTH = 420  # pixels; it can be made wider

_browser: Browser | None = None


def show() -> Browser:
    """Bring the browser to the front, in its panel, making both where they are not there.

    Raises:
        RuntimeError: Maya has made no panel.
    """
    if calls_ui.control_exists(CONTROL):
        calls_ui.restore_control(CONTROL)
    else:
        calls_ui.add_control(
            CONTROL,
            label="Kitsu",
            script=f"from {__package__} import docking; docking.fill()",
            width=_WIDTH,
        )
    browser = fill()
    if browser is None:
        raise RuntimeError("Maya has made no panel for the browser.")
    return browser


def fill() -> Browser | None:
    """Put the browser into the panel, where that is there and the plug-in is loaded."""
    global _browser
    from wf_browser.qt import QtWidgets, is_alive, widget_at

    if _browser is not None and is_alive(_browser):
        return _browser
    address = calls_ui.control_address(CONTROL)
    if not is_running() or not address:
        return None
    from wf_browser.window import Browser

    from .application import MayaApplication

    panel = widget_at(address)
    session = current()
    _browser = browser = Browser(MayaApplication(session), panel)
    layout = panel.layout() or QtWidgets.QVBoxLayout(panel)
    layout.addWidget(browser)
    workers = browser.session.workers
    browser.destroyed.connect(lambda *_: _end(workers))
    session.listener = browser.session.look_at_scene_again
    browser.show()
    return browser


def hide() -> None:
    """Take the browser and its panel away."""
    global _browser
    browser, _browser = _browser, None
    if browser is not None:
        from wf_browser.qt import is_alive

        if is_alive(browser):
            browser.stop()
    if calls_ui.control_exists(CONTROL):
        calls_ui.remove_control(CONTROL)


def _end(workers: Sequence[Worker[Any]]) -> None:
    """The panel was closed: nobody hears of what is under way."""
    if is_running():
        current().listener = None
    for worker in workers:
        worker.stop()
