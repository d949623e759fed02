"""How long Qt's thread was not free to serve what happens."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

from Qt import QtCore

__all__ = ["Heart"]

_BEAT_MS = 4
_THREADS = Path("/proc/self/task")


class Heart:
    """Beats every few milliseconds, and notes how late each beat was; a context manager.

    Where Linux tells, the time is not counted in which a thread of this process was ready to go on
    and another program had the processor: that is the machine's load, nothing that was waited for.
    Who waits for a server is not ready to go on.

    Attributes:
        longest: seconds of the longest time without a beat.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._timer = QtCore.QTimer()
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._last = 0.0
        self._ready: dict[str, int] = {}

    def __enter__(self) -> Heart:
        self._last, self._ready = time.monotonic(), _ready_times()
        self._timer.start(_BEAT_MS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat()
        self._timer.stop()

    def _beat(self) -> None:
        now, ready = time.monotonic(), _ready_times()
        load = sum(spent - self._ready.get(thread, spent) for thread, spent in ready.items())
        self.longest = max(self.longest, now - self._last - load / 1e9)
        self._last, self._ready = now, ready


def _ready_times() -> dict[str, int]:
    """Nanoseconds each thread was ready to run and did not, since it began."""
    found = {}
    for thread in _THREADS.glob("*/schedstat"):
        try:
            found[thread.parent.name] = int(thread.read_text().split()[1])
        except (OSError, IndexError):
            continue  # it has ended since
    return found
