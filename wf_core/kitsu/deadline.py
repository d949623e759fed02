"""Time-outs that hold: a deadline for a whole answer, however slowly it arrives.

The time-outs of requests count from one received byte to the next, so that a server which sends
a byte now and then keeps its client for ever, in the headers as well as in the body. Here the
socket is read through a reader which knows when the answer must be complete.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests.adapters
import urllib3

from wf_core.kitsu.line import PatientSender, receive

__all__ = ["DeadlineAdapter", "Limits", "Timeouts", "limits_of_this_request"]

SLOWEST_STREAM = 4096
"""Bytes a transfer must bring in ``total`` seconds of waiting; less counts as standing still."""


@dataclass(frozen=True)
class Timeouts:
    """Time-outs in seconds.

    Attributes:
        connect: to open a connection, for each address of the server.
        read: between two signs of life of the server.
        total: for one call as a whole: its answer, and its repetitions with the waits between.
            Of a transfer it bounds the answer's headers only; its bytes may take as long as
            they keep coming.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


@dataclass
class Limits:
    """What is left of the time of one request; the reader of its answer looks here."""

    timeouts: Timeouts
    stream: bool = False
    deadline: float = field(init=False)  # time.monotonic()
    _waited: float = 0.0
    _received: int = 0
    _headers_done: bool = False

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.timeouts.total

    def remaining(self) -> float:
        """Seconds until the deadline; zero or less when it has passed."""
        return self.deadline - time.monotonic()

    def headers_begin(self) -> None:
        """A transfer's body may take its time; from its end on, the answer may not."""
        if self.stream and not self._headers_done:
            self.deadline = time.monotonic() + self.timeouts.total

    def headers_end(self) -> None:
        self._headers_done = True

    def wait_at_most(self) -> float:
        """Seconds the next read of the socket may take.

        Raises:
            TimeoutError: the time is used up.
        """
        if self.stream and self._headers_done:
            if self._waited >= self.timeouts.total:
                if self._received < SLOWEST_STREAM:
                    raise TimeoutError("the transfer stands still")
                self._waited, self._received = 0.0, 0
            return self.timeouts.read
        remaining = self.remaining()
        if remaining <= 0:
            raise TimeoutError("the answer was not complete in time")
        return min(self.timeouts.read, remaining)

    def received(self, count: int, seconds: float) -> None:
        self._received += count
        self._waited += seconds


_current: ContextVar[Limits | None] = ContextVar("wf_core_kitsu_limits", default=None)


@contextmanager
def limits_of_this_request(limits: Limits) -> Iterator[None]:
    """Requests sent through a :class:`DeadlineAdapter` inside obey ``limits``."""
    token = _current.set(limits)
    try:
        yield
    finally:
        _current.reset(token)


class _Reader(io.RawIOBase):
    """The receiving side of a socket, with the socket's time-out set before every read."""

    def __init__(self, sock: socket.socket, raw: Any, limits: Limits) -> None:
        self._sock = sock
        self._raw = raw
        self._limits = limits

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        seconds = self._limits.wait_at_most()
        started = time.monotonic()
        count = receive(self._sock, buffer, seconds)
        self._limits.received(count, time.monotonic() - started)
        return count

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._wf_limits = _current.get()
        if self._wf_limits is not None:
            self._wf_limits.headers_begin()
            # The buffer of the base class has read nothing yet, its raw side can move.
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_Reader(sock, raw, self._wf_limits), 65536)

    def begin(self) -> None:
        super().begin()
        if self._wf_limits is not None:
            self._wf_limits.headers_end()


class _SendTimeout(PatientSender):
    """While sending, the read time-out holds, not the (short) one for connecting."""

    def send(self, data: Any) -> None:
        limits = _current.get()
        if limits is not None and self.sock is not None:
            self.sock.settimeout(limits.timeouts.read)
        super().send(data)


class _HTTPConnection(_SendTimeout, urllib3.connection.HTTPConnection):
    response_class = _Response


class _HTTPSConnection(_SendTimeout, urllib3.connection.HTTPSConnection):
    response_class = _Response


class _Pool:
    """Mixed into the pools of urllib3."""

    pool: Any

    def urlopen(self, *args: Any, **kwargs: Any) -> Any:
        # A body that ends before its Content-Length is a failure, in urllib3 1.26 as well.
        kwargs.setdefault("enforce_content_length", True)
        return super().urlopen(*args, **kwargs)  # type: ignore[misc]

    def let_go(self) -> None:
        """Close the connections that nobody uses now. The pool stays, they open again."""
        idle = []
        with suppress(queue.Empty):
            while True:
                idle.append(self.pool.get(block=False))
        for connection in idle:
            if connection is not None:
                connection.close()
            with suppress(queue.Full):  # others have put back theirs meanwhile
                self.pool.put(connection, block=False)


class _HTTPPool(_Pool, urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(_Pool, urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class DeadlineAdapter(requests.adapters.HTTPAdapter):
    """The transport of a session: requests' own, with answers read against a deadline."""

    def __init__(self) -> None:
        super().__init__()
        self._pools: dict[tuple[object, ...], Any] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool of the request's host. A session has one host, or two after a redirect, and
        each time to work out which pool that is takes longer than to use it."""
        key = (*urlsplit(request.url)[:2], verify, cert, repr(proxies))
        if key not in self._pools:
            self._pools[key] = super().get_connection_with_tls_context(
                request, verify, proxies=proxies, cert=cert
            )
        return self._pools[key]

    def let_go(self) -> None:
        """Close the connections that nobody uses now; what they were made by stays."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118  (it cannot be iterated)
                pool = manager.pools.get(key)
                if pool is not None:
                    pool.let_go()

    def close(self) -> None:
        self.let_go()  # urllib3 leaves it to the collector of garbage
        self._pools.clear()
        super().close()
