"""The sync of a save to the disk, under way beside its upload: both take about as long.

A save that goes straight to the server is reported when it is there. Its scene is on the disk
by then; a copy of its own is made, and put on the disk, only where the save has to wait after all,
so that a large scene is not written twice (decision 13).
"""

from __future__ import annotations

import threading
from typing import Protocol

from wf_core.errors import FileUnreadable
from wf_core.saves.row import SaveRow

__all__ = ["Settler", "Settling"]


class Settler(Protocol):
    """Who puts a save on the disk (:class:`wf_core.saves.engine.SaveEngine`)."""

    def settle(self, row: SaveRow, *, kept: bool) -> SaveRow: ...


class Settling:
    """One save's sync, begun at once in a thread of its own.

    Args:
        settler: does the rest, where there is some.
        row: the save.
        scene_only: what is kept may wait for :meth:`finish`.
    """

    def __init__(self, settler: Settler, row: SaveRow, *, scene_only: bool) -> None:
        self._settler = settler
        self._row = row
        self._scene_only = scene_only
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="wf-settle", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._row = self._settler.settle(self._row, kept=not self._scene_only)
        except BaseException as exc:  # noqa: BLE001  (handed to the thread that waits)
            self._failure = exc

    def scene(self) -> None:
        """Wait until the scene is on the disk.

        Raises:
            DiskFull, FileUnreadable: the disk did not take it.
        """
        self._thread.join()
        if isinstance(self._failure, OSError):
            raise FileUnreadable(
                f"The disk did not take the save: {self._failure.strerror}. The scene in the "
                "application is untouched.",
                hint="Check the disk, then save again.",
            ) from self._failure
        if self._failure is not None:
            raise self._failure

    def finish(self) -> SaveRow:
        """Wait until everything is on the disk; the row as it stands then. Raises as
        :meth:`scene`."""
        self.scene()
        if self._scene_only:
            self._scene_only = False
            self._run()
            self.scene()
        return self._row
