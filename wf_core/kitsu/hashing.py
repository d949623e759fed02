"""SHA-256 beside a transfer instead of in it.

Hashing costs more of the processor than sending or writing the same bytes. In a thread of
its own (Python lets go of its lock meanwhile) the transfer does not wait for it.
"""

from __future__ import annotations

import hashlib
from queue import Queue
from threading import Thread

__all__ = ["ParallelHash"]

_AHEAD = 2  # pieces; what the transfer may be ahead of the hash
_WORTH_A_THREAD = 256 * 1024  # bytes in one piece


class ParallelHash:
    """A SHA-256 that is fed by one thread and computed in another.

    ``close`` it when it is no longer needed; ``hexdigest`` does so too.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._first = True
        self._queue: Queue[bytes | None] | None = None
        self._thread: Thread | None = None

    def update(self, piece: bytes) -> None:
        """Add the next bytes; waits while the hash is far behind."""
        if self._queue is None:
            # Beside a single piece there is nothing to wait for.
            if self._first or len(piece) < _WORTH_A_THREAD:
                self._first = False
                self._hash.update(piece)
                return
            self._queue = Queue(_AHEAD)
            self._thread = Thread(
                target=self._run, args=(self._queue,), name="wf-hash", daemon=True
            )
            self._thread.start()
        self._queue.put(piece)

    def hexdigest(self) -> str:
        """The hash of everything added, in hex."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Wait for what was added, and end the thread."""
        if self._queue is not None and self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._queue = self._thread = None

    def _run(self, pieces: Queue[bytes | None]) -> None:
        while (piece := pieces.get()) is not None:
            self._hash.update(piece)
