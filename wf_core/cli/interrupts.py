"""Ctrl-C and SIGTERM: the first one stops in order, a second one at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Interrupts"]

_STOPPING = b"\nStopping; nothing is lost. Press Ctrl-C again to stop at once.\n"


class Interrupts:
    """Turns signals into a cancel hook while something runs that can stop in order, and
    into KeyboardInterrupt otherwise."""

    def __init__(self) -> None:
        # A plain flag: an Event's lock could be held by the very code the signal interrupts.
        self._asked = False
        self._in_order = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the process's signals; does nothing outside the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        names = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is Ctrl-Break of Windows
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        # What is ignored stays ignored: a shell starts background jobs so.
        heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._on_signal) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                # None: an application that embeds Python has its own, which Python cannot give
                # back; after the command there is nothing left for it to do.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Within, the first signal only sets :meth:`cancel`."""
        self._in_order = True
        try:
            yield
        finally:
            self._in_order = False

    def cancel(self) -> bool:
        """The cancel hook: whether somebody asked to stop."""
        return self._asked

    def _on_signal(self, number: int, frame: Any) -> None:
        if not self._in_order or self._asked:
            raise KeyboardInterrupt
        self._asked = True
        # Not through sys.stderr: the signal may have come in the middle of a write to it.
        if number == signal.SIGINT and sys.stderr is not None and sys.stderr.isatty():
            os.write(2, _STOPPING)
