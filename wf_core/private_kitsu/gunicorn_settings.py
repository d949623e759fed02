"""How gunicorn serves Zou: its settings file, read inside Zou's own environment, never imported
by the core.

Each home has a copy, by whose path its web server is recognized; the number of workers comes in
gunicorn's own variable ``WEB_CONCURRENCY``.
"""

# Zou is not installed where mypy runs.
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import io
import os
from typing import Any

import gunicorn
from gunicorn.workers.gthread import ThreadWorker

_PIECE = 64 * 1024


class _Body(io.RawIOBase):
    """The body of a request, as a stream of the standard library."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._reader.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker of threads that receives in large pieces. gunicorn takes a body from the line by
    eight kilobytes, and hands it on by one: a third of all the time that the upload of a large
    scene takes. With greenlets every answer of the database would come through gevent's loop, and
    a save would cost a twelfth more processor time."""

    def handle_request(self, req: Any, conn: Any) -> Any:
        req.unreader.mxchunk = _PIECE
        req.body = io.BufferedReader(_Body(req.body.reader), _PIECE)
        return super().handle_request(req, conn)


def post_fork(server: Any, worker: Any) -> None:
    """Workers must not share what the import of Zou opened."""
    from zou.app import app, db

    with app.app_context():
        db.engine.dispose(close=False)


def worker_exit(server: Any, worker: Any) -> None:
    """End at once: everything is answered and written by then, and an interpreter takes seconds
    more to take apart what Zou has imported."""
    # A worker that was not asked to end has an exit code to give; and this is called in the
    # master as well.
    if worker.pid == os.getpid() and not worker.alive:
        os._exit(0)


def on_exit(server: Any) -> None:
    """The same for the master."""
    os._exit(0)


preload_app = True
worker_class = Worker
# A request that stands still keeps one; each may have a connection to the database, of which Zou
# allows itself ninety.
threads = 64
timeout = 600
graceful_timeout = 3
proc_name = "private-kitsu"
errorlog = "-"
if gunicorn.version_info >= (25, 1):
    # A socket in the user's folder, for a tool nobody has here; older ones refuse the setting.
    control_socket_disable = True
