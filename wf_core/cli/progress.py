"""The progress of a long operation, on standard error and only where that is a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from wf_core.cli.output import printable

if TYPE_CHECKING:
    from wf_core.cli.output import Output

__all__ = ["ProgressLine"]

_PATIENCE = 0.4  # seconds; what takes less needs no bar, and rich takes a third of it to load


class ProgressLine:
    """A ``Progress`` hook for the facade that shows one bar."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._silent = not output.errors_are_terminal
        self._begun = time.monotonic()
        self._bar: Any = None
        self._what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` (bytes of a transfer, else a count) are done."""
        if self._silent or time.monotonic() - self._begun < _PATIENCE:
            return
        what = printable(what)  # a task's name is in it
        if self._bar is None:
            self._bar = _make_bar(self._output)
            self._bar.add_task(what, total=total or None)
            self._bar.start()
        if what != self._what:
            self._bar.reset(0, description=what, total=total or None)
            self._what = what
        self._bar.update(0, completed=done, total=total or None)

    def close(self) -> None:
        """Take the bar away; the result follows."""
        self._silent = True
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _make_bar(output: Output) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(file=output.stderr, highlight=False),
        transient=True,
    )
