"""How far uploads are, and the wish to stop one, told between processes.

The uploader is a process of its own; applications show its progress and offer to stop it.
Both go through small files in WF_HOME, not through the journal: they are worth no sync to
the disk, and a row is only ever changed by the process that works on it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Gauge", "gauge_folder"]

_WRITE_SECONDS = 0.5
_LOOK_SECONDS = 0.25

Report = Callable[[int, int], None]
Ask = Callable[[], bool]


def gauge_folder(home: Path) -> Path:
    """Where the gauges of a WF_HOME lie."""
    return home / "uploads"


class Gauge:
    """The gauge of one save.

    Args:
        folder: see :func:`gauge_folder`; made when something is written.
        save_id: the save.
    """

    def __init__(self, folder: Path, save_id: str) -> None:
        self._progress = folder / f"{save_id}.sent"
        self._wish = folder / f"{save_id}.stop"
        self._written = self._looked = 0.0
        self._stop = False

    # who sends

    def report(self, also: Report | None) -> Report:
        """A progress callback that writes down, twice a second at most and not what is over, and
        calls ``also``."""

        def told(done: int, total: int) -> None:
            now = time.monotonic()
            if done < total and now - self._written >= _WRITE_SECONDS:
                self._written = now
                with contextlib.suppress(OSError):  # nobody's upload fails for its gauge
                    self._put(self._progress, f"{done} {total}")
            if also is not None:
                also(done, total)

        return told

    def ask(self, also: Ask | None) -> Ask:
        """A cancel callback: somebody wished this upload to stop, or ``also`` says so."""

        def asked() -> bool:
            return self.is_stopped() or (also is not None and also())

        return asked

    def is_stopped(self) -> bool:
        """Whether somebody wished this upload to stop; looks four times a second at most."""
        now = time.monotonic()
        if not self._stop and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._stop = self._wish.exists()
        return self._stop

    def clear(self) -> None:
        """Nothing is being sent (any more), and nobody's wish is open."""
        for path in (self._progress, self._wish):
            with contextlib.suppress(OSError):
                path.unlink()

    # who looks

    def read(self) -> tuple[int, int] | None:
        """Bytes sent and in total; None while nothing is being sent."""
        try:
            done, total = self._progress.read_text(encoding="ascii").split()
            return int(done), int(total)
        except (OSError, ValueError):
            return None

    def stop(self) -> None:
        """Wish that this upload stops.

        Raises:
            OSError: it cannot be written down.
        """
        self._put(self._wish, "")

    @staticmethod
    def _put(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = path.with_name(f".{path.name}.{os.getpid()}")
        half.write_text(text, encoding="ascii")
        half.replace(path)
