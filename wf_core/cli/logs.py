"""The log file of ``wf``: what the screen does not show, without secrets."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

__all__ = ["LogFile", "attach_log"]

_LARGEST = 1024 * 1024  # bytes of one log file
_KEPT = 3


class LogFile(logging.Handler):
    """Opens the log when the first record comes: most commands never write one.

    Attributes:
        broken: a record could not be written.
    """

    def __init__(self, locate: Callable[[], Path]) -> None:
        super().__init__(logging.WARNING)
        self._locate = locate
        self._file: logging.Handler | None = None
        self.broken = False

    def emit(self, record: logging.LogRecord) -> None:
        if self.broken:
            return
        try:
            if self._file is None:
                self._file = _rotating_file(self._locate())
            self._file.handle(record)
        except OSError:
            # A log that cannot be written must not hide what it was to tell about: the
            # screen says that it could not be written.
            self.broken = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


def _rotating_file(path: Path) -> logging.Handler:
    import logging.handlers

    from wf_core.kitsu.redact import RedactSecrets

    class PrivateFile(logging.handlers.RotatingFileHandler):
        def _open(self) -> Any:
            def private(name: str, flags: int) -> int:
                return os.open(name, flags, 0o600)

            stream: IO[str] = open(  # noqa: SIM115  (the handler closes it)
                self.baseFilename, self.mode, encoding="utf-8", opener=private
            )
            return stream

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
            raise  # called while the error is handled

    for folder in (path.parent.parent, path.parent):  # WF_HOME itself, where it is not there yet
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = PrivateFile(path, maxBytes=_LARGEST, backupCount=_KEPT)
    handler.addFilter(RedactSecrets())
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    )
    return handler


@contextmanager
def attach_log(locate: Callable[[], Path]) -> Iterator[LogFile]:
    """Send the core's warnings and errors to the file ``locate`` names, and nowhere else.

    The file is readable by its owner only, rotates at one mebibyte, and no record in it
    holds a token or password.
    """
    logger = logging.getLogger("wf_core")
    handler = LogFile(locate)
    propagated = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)
        handler.close()
