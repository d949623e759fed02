"""The line of a long transfer: patient when it is slow, quick when somebody wants to stop.

Left to themselves the libraries below send with the time-out meant for connecting, and
give each piece that time as a whole, so that a slow line looks like a dead one; a request
refused half-way (too large, not allowed) ends as a broken pipe instead of with the answer
that says why; and nobody is asked whether to stop while the line stands still.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from urllib3.util import wait_for_read, wait_for_write

__all__ = ["PatientSender", "receive", "watched"]

_SLICE = 256 * 1024  # bytes; what a line at a standstill may leave half sent
_GO_ON = b"HTTP/1.1 100"  # says nothing yet; some servers send it unasked
_LOOK = 0.2  # seconds between two questions whether to stop


@dataclass(frozen=True)
class _Watch:
    ask: Callable[[], None]
    stall: float


_watch: ContextVar[_Watch | None] = ContextVar("wf_core_kitsu_line", default=None)


@contextmanager
def watched(ask: Callable[[], None], *, stall: float) -> Iterator[None]:
    """Transfers inside call ``ask`` while their line stands still; what it raises ends them.

    Args:
        ask: called several times a second.
        stall: seconds after which a line that takes no bytes counts as dead.
    """
    token = _watch.set(_Watch(ask, stall))
    try:
        yield
    finally:
        _watch.reset(token)


def receive(sock: Any, buffer: Any, seconds: float) -> int:
    """Read from ``sock`` into ``buffer``; the number of bytes, 0 at the end.

    Raises:
        TimeoutError: nothing came in ``seconds``.
        OSError: the connection is broken.
    """
    watch = _watch.get()
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        # Whether a socket is readable says little under TLS: a try tells.
        sock.settimeout(max(0.001, left if watch is None else min(_LOOK, left)))
        try:
            count: int = sock.recv_into(buffer)
        except TimeoutError:
            if watch is None or time.monotonic() >= end:
                raise
            watch.ask()
        else:
            return count


class PatientSender:
    """Mixed into a connection class of urllib3; acts only inside :func:`watched`."""

    sock: Any
    _cut_short = False

    def send(self, data: Any) -> None:
        watch = _watch.get()
        # The first bytes, the headers, open the connection and are few.
        if watch is None or self.sock is None or not isinstance(data, (bytes, memoryview)):
            super().send(data)  # type: ignore[misc]
            return
        view = memoryview(data)
        for start in range(0, len(view), _SLICE):
            self._wait_for_room(watch)
            self.sock.settimeout(watch.stall)
            try:
                if self._is_answered():
                    raise ConnectionAbortedError("answered before the end of the request")
                self.sock.sendall(view[start : start + _SLICE])
            except ConnectionError as exc:
                # The one error after which urllib3 goes on to read the answer.
                self._cut_short = True
                raise BrokenPipeError("the server takes no more of the request") from exc

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        response = super().getresponse(*args, **kwargs)  # type: ignore[misc]
        if self._cut_short and self.sock is not None:
            # The rest of the body was never sent: what comes next on this connection would
            # be taken for it. The response keeps the socket open until it is read.
            self._cut_short = False
            used, self.sock = self.sock, None
            used.close()
        return response

    def _wait_for_room(self, watch: _Watch) -> None:
        end = time.monotonic() + watch.stall
        while not wait_for_write(self.sock, max(0.0, min(_LOOK, end - time.monotonic()))):
            watch.ask()
            if time.monotonic() >= end:
                raise TimeoutError("the server takes no more bytes")

    def _is_answered(self) -> bool:
        """Whether the server has answered, or hung up, with the request still under way."""
        # Under TLS a readable socket may hold nothing but a session ticket.
        if isinstance(self.sock, ssl.SSLSocket) or not wait_for_read(self.sock, 0):
            return False
        start: bytes = self.sock.recv(len(_GO_ON), socket.MSG_PEEK)
        return not _GO_ON.startswith(start) or not start
