"""Work handed to Maya's main thread, the only one that may touch the scene."""

from __future__ import annotations

from wf_core.main_thread import MainThreadQueue

from . import calls

__all__ = ["MainThread"]


class MainThread(MainThreadQueue):
    """A queue that Maya empties when it is idle. Without a window it never is."""

    def __init__(self) -> None:
        super().__init__("Maya", wake=lambda: calls.run_later(self.work_off))

    def start(self) -> None:
        """Begin to serve other threads; nothing happens without a window."""
        if not calls.is_batch():
            super().start()
