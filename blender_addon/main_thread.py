"""Work handed to Blender's main thread, the only one that may touch bpy."""

from __future__ import annotations

import bpy

from wf_core.main_thread import MainThreadQueue

__all__ = ["MainThread"]

_INTERVAL = 0.05  # seconds between looks into the queue


class MainThread(MainThreadQueue):
    """A queue that a timer of Blender empties on the main thread.

    Make it, start it and stop it on the main thread. Without a window Blender runs no timers.
    """

    def __init__(self) -> None:
        super().__init__("Blender")

    def start(self) -> None:
        """Begin to serve other threads; nothing happens without a window or the second time."""
        if self._running or bpy.app.background:
            return
        super().start()
        bpy.app.timers.register(self.work_off, persistent=True)

    def stop(self) -> None:
        if bpy.app.timers.is_registered(self.work_off):
            bpy.app.timers.unregister(self.work_off)
        super().stop()

    def work_off(self) -> float:
        """Run what waits now; returns the seconds until the next look (Blender's timer)."""
        super().work_off()
        return _INTERVAL
