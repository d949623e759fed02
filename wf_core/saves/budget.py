"""How long the artist waits for the server: one budget for all requests of a save together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Budget"]


class Budget:
    """Seconds that one save may wait for the server, however many requests it makes.

    Each thread spends its own. Outside of :meth:`spending` the whole of it is left.

    Attributes:
        seconds: the whole of it.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._spent_by = threading.local()

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The clock runs for this thread while the block does."""
        self._spent_by.deadline = time.monotonic() + self.seconds
        try:
            yield
        finally:
            del self._spent_by.deadline

    def left(self) -> float:
        """Seconds left to this thread; 0.0 when it is used up."""
        deadline = getattr(self._spent_by, "deadline", None)
        return self.seconds if deadline is None else max(0.0, deadline - time.monotonic())
