"""A save's way to the disk, beside its upload: both take about as long.

A save that goes straight to the server is reported when it is there. Its scene is on the disk
by then; a copy of its own is made, and put on the disk, only where the save has to wait after all,
so that a large scene is not written twice (decision 13). Where the scene is nothing but the copy of
a file, its upload begins with the copying (decision 15).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from wf_core.disk.growing import GrowingFile
from wf_core.errors import FileUnreadable
from wf_core.saves.row import SaveRow

__all__ = ["Settler", "Settling"]


class Settler(Protocol):
    """Who puts a save on the disk (:class:`wf_core.saves.engine.SaveEngine`)."""

    def settle(self, row: SaveRow, *, kept: bool) -> SaveRow: ...


class Settling:
    """One save's way to the disk, begun at once in a thread of its own.

    Args:
        settler: does the rest, where there is some.
        written: gives the save with its scene written and its bytes kept apart; it may take as
            long as that takes.
        delivering: the save goes straight to the server: what is kept may wait for
            :meth:`finish`, unless it is the scene.
        growing: the scene while ``written`` is still copying it.
    """

    def __init__(
        self,
        settler: Settler,
        written: Callable[[], SaveRow],
        *,
        delivering: bool,
        growing: GrowingFile | None = None,
    ) -> None:
        self.growing = growing
        self._settler = settler
        self._write = written
        self._delivering = delivering
        self._scene_only = False
        self._row: SaveRow | None = None
        self._is_written = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="wf-settle", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            row = self._row = self._write()
            self._scene_only = self._delivering and row.snapshot in ("copy", "lent")
        except BaseException as exc:  # noqa: BLE001  (handed to the thread that waits)
            self._failure = exc
            if self.growing is not None:
                self.growing.fail()
            return
        finally:
            self._is_written.set()
        self._settle(row)

    def _settle(self, row: SaveRow) -> None:
        try:
            self._row = self._settler.settle(row, kept=not self._scene_only)
        except BaseException as exc:  # noqa: BLE001  (handed to the thread that waits)
            self._failure = exc

    def written(self) -> SaveRow:
        """Wait until the scene is written and its bytes are kept apart. Raises as :meth:`scene`."""
        self._is_written.wait()
        if self._row is None:
            self.scene()
        assert self._row is not None
        return self._row

    def stop(self) -> None:
        """Have the copy end that still grows, if one does: nobody will want the save."""
        if self.growing is not None:
            self.growing.stop()

    def wait(self) -> None:
        """Wait until nothing is written any more, whatever becomes of it; nobody reads the growing
        scene from then on."""
        self._thread.join()
        if self.growing is not None:
            self.growing.close()

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
        assert self._row is not None
        if self._scene_only:
            self._scene_only = False
            self._settle(self._row)
            self.scene()
        return self._row
