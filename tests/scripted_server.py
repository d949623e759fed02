"""A loopback HTTP server whose answers, good and bad, a test writes down beforehand.

::

    with ScriptedServer() as server:
        server.on("GET", "/data/tasks/*", html_error(502), json_answer({"id": "t1"}))
        server.everything(hang())
        ...  # talk to server.url
        assert [r.route for r in server.requests] == ["/data/tasks/t1", ...]

Answers to one (method, pattern) are given in order; the last one repeats. A pattern is a
shell-style one, matched against the path without its query; rules made later are asked
first. An answer is an :class:`Answer`, or a function from :class:`Request` to one. What no
rule matches is answered with 501, so that a request nobody thought of is seen.

It is not a stand-in for Kitsu: it knows no routes. It exists for what a real server does
only on its worst days.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import re
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType

from scripted_answers import (
    FOREVER,
    KEPT_BODY,
    PIECE,
    Answer,
    AnswerOrFunction,
    Request,
    broken_json,
    closed_port,
    early,
    endless,
    hang,
    html_error,
    json_answer,
    redirect,
    reset,
    slow,
    stored_file,
    too_many_requests,
    truncated,
    wrong_length,
)

__all__ = [
    "Answer",
    "AnswerOrFunction",
    "Request",
    "ScriptedServer",
    "broken_json",
    "closed_port",
    "early",
    "endless",
    "hang",
    "html_error",
    "json_answer",
    "redirect",
    "reset",
    "slow",
    "stored_file",
    "too_many_requests",
    "truncated",
    "wrong_length",
]


class _ClientGoneError(Exception):
    """The client closed, or the server is being shut down."""


# Below the ports that the system gives out and those of a private Kitsu, some for each of up to
# eleven workers. They begin anywhere: the run before may have ended a moment ago.
_PORTS_PER_WORKER = 1000
_FIRST_PORT = 10000 + _PORTS_PER_WORKER * (
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 11
)
_ports = itertools.count(random.randrange(_PORTS_PER_WORKER))


def _listener() -> socket.socket:
    """On a port that no other server had a moment ago.

    For some seconds savers tell each other what numbers a server gave, whichever WF_HOME they
    have, and know a server by its address; the system would soon give out that of another test.
    """
    for _ in range(_PORTS_PER_WORKER):
        port = _FIRST_PORT + next(_ports) % _PORTS_PER_WORKER
        with suppress(OSError):  # somebody else has it
            return socket.create_server(("127.0.0.1", port), backlog=64)
    raise OSError(f"no port from {_FIRST_PORT} on is free")


class ScriptedServer:
    """The server; a context manager. ``requests`` holds what arrived, in order of arrival
    of each request's end. Safe to script and to read from any thread.

    Args:
        certificate: a PEM file with a certificate and its key: speak TLS.
    """

    def __init__(self, *, certificate: Path | None = None) -> None:
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._listener = _listener()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._rules: list[tuple[str, str, list[AnswerOrFunction]]] = []
        self._requests: list[Request] = []
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="scripted-server")
        self._acceptor.start()

    # -- what tests use ------------------------------------------------------------------

    def on(self, method: str, pattern: str, *answers: AnswerOrFunction) -> None:
        """Answer ``method`` ("*" for any) on ``pattern`` with ``answers``, in order."""
        with self._lock:
            self._rules.insert(0, (method, pattern, list(answers)))

    def everything(self, *answers: AnswerOrFunction) -> None:
        """Answer whatever comes, in order; forgets all earlier rules."""
        with self._lock:
            self._rules = [("*", "*", list(answers))]

    @property
    def requests(self) -> list[Request]:
        with self._lock:
            return list(self._requests)

    def wait_for_requests(self, count: int, seconds: float = 10.0) -> list[Request]:
        """The requests so far, once there are ``count``: an aborted one is recorded only
        when the server has noticed.

        Raises:
            AssertionError: fewer arrived in time.
        """
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self._requests) >= count, seconds)
            assert arrived, f"{len(self._requests)} of {count} requests arrived"
            return list(self._requests)

    def wait_for_no_connection(self, seconds: float = 10.0) -> bool:
        """Whether no client keeps a connection open, at the latest after ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self._lock:
                if not self._open:
                    return True
            time.sleep(0.01)
        return False

    def close(self) -> None:
        """End every connection and every thread."""
        self._stopping.set()
        # Closing a listening socket does not wake accept() everywhere; a connection does.
        with socket.socket() as waker:
            waker.connect_ex(("127.0.0.1", self.port))
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _shut(connection)
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- connections ---------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            # The head and the body of an answer are sent apart: without this, every one that a
            # kept connection brings waits 40 ms for the client's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,))
            with self._lock:
                self._open.add(connection)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection = self._encrypted(connection)
            buffered = bytearray()
            while self._exchange(connection, buffered):
                pass
        except (_ClientGoneError, OSError):
            pass  # what was received is recorded; the end of a connection is no event
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _encrypted(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        encrypted = self._tls.wrap_socket(connection, server_side=True)  # detaches the other
        with self._lock:
            self._open.discard(connection)
            self._open.add(encrypted)
        if self._stopping.is_set():
            raise _ClientGoneError
        return encrypted

    def _exchange(self, connection: socket.socket, buffered: bytearray) -> bool:
        """Read one request, answer it; False when the connection is to be closed."""
        request = _read_head(connection, buffered)
        script = self._next_answer(request)
        limit = script.read if isinstance(script, Answer) else None
        if isinstance(script, Answer) and script.go_on:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = _Body(request.headers)
        try:
            body.read(connection, buffered, limit)
        finally:
            request = body.describe(request)
            with self._changed:
                self._requests.append(request)
                self._changed.notify_all()
        answer = script if isinstance(script, Answer) else script(request)
        self._wait(connection, answer.delay, unread=not request.complete)
        if not answer.silent:
            self._send(connection, request, answer)
        if answer.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.then == "linger":
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(PIECE):
                pass
        return answer.then == "keep" and request.complete and not answer.no_length

    def _next_answer(self, request: Request) -> AnswerOrFunction:
        with self._lock:
            for method, pattern, answers in self._rules:
                if method in ("*", request.method) and fnmatchcase(request.route, pattern):
                    return answers.pop(0) if len(answers) > 1 else answers[0]
        return json_answer({"message": f"not scripted: {request.method} {request.path}"}, 501)

    def _wait(self, connection: socket.socket, seconds: float, *, unread: bool) -> None:
        if not seconds:
            return
        timeout = None if seconds == FOREVER else seconds
        if unread:
            self._stopping.wait(timeout)
        else:
            # Readable means: closed by the client (it has nothing to say before our
            # answer), or shut down by close().
            select.select([connection], [], [], timeout)
        if seconds == FOREVER or self._stopping.is_set():
            raise _ClientGoneError

    def _send(self, connection: socket.socket, request: Request, answer: Answer) -> None:
        total = len(answer.body) * answer.repeat
        lines = [f"HTTP/1.1 {answer.status} Scripted"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if not answer.no_length and answer.status not in (204, 304):
            declared = total if answer.declared_length is None else answer.declared_length
            lines.append(f"Content-Length: {declared}")
        if answer.then != "keep" or answer.no_length:
            lines.append("Connection: close")
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if request.method == "HEAD" or answer.status in (204, 304):
            return
        left = total if answer.stop_after is None else answer.stop_after
        while left > 0:
            piece = memoryview(answer.body)[:left]
            if answer.pace:
                for byte in piece:
                    connection.sendall(bytes([byte]))
                    self._wait(connection, answer.pace, unread=not request.complete)
            else:
                connection.sendall(piece)
            left -= len(piece)


class _Body:
    """Reads a request's body, counting and hashing, never keeping a long one."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._expected = int(headers.get("content-length", "0"))
        self._length = 0
        self._hash = hashlib.sha256()
        self._kept = bytearray()
        self._complete = False
        boundary = re.search(r'boundary="?([^";]+)', headers.get("content-type", ""))
        self._part = _Part(boundary[1].encode()) if boundary else None

    def read(self, connection: socket.socket, buffered: bytearray, limit: int | None) -> None:
        if self._chunked:
            self._read_chunks(connection, buffered, limit)
            return
        end = self._expected if limit is None else min(limit, self._expected)
        while self._length < end:
            self._take(_receive(connection, buffered, end - self._length))
        self._complete = self._length == self._expected

    def _read_chunks(
        self, connection: socket.socket, buffered: bytearray, limit: int | None
    ) -> None:
        while limit is None or self._length < limit:
            size = int(_read_line(connection, buffered), 16)
            for_chunk = size
            while for_chunk:
                piece = _receive(connection, buffered, for_chunk)
                self._take(piece)
                for_chunk -= len(piece)
            _read_line(connection, buffered)
            if size == 0:
                self._complete = True
                return

    def _take(self, piece: bytes) -> None:
        self._length += len(piece)
        self._hash.update(piece)
        if self._length <= KEPT_BODY:
            self._kept += piece
        else:
            self._kept.clear()
        if self._part is not None:
            self._part.take(piece)

    def describe(self, request: Request) -> Request:
        part = self._part.finish() if self._part is not None and self._complete else None
        return replace(
            request,
            length=self._length,
            sha256=self._hash.hexdigest(),
            body=bytes(self._kept),
            complete=self._complete,
            file_length=part[0] if part else None,
            file_sha256=part[1] if part else None,
        )


class _Part:
    """Counts and hashes the content of the only part of a multipart body."""

    def __init__(self, boundary: bytes) -> None:
        self._end = b"\r\n--" + boundary + b"--\r\n"
        self._pending = bytearray()
        self._in_content = False
        self._length = 0
        self._hash = hashlib.sha256()

    def take(self, piece: bytes) -> None:
        self._pending += piece
        if not self._in_content:
            head, found, rest = bytes(self._pending).partition(b"\r\n\r\n")
            if not found or not head.startswith(self._end[2:-4]):
                return
            self._in_content, self._pending = True, bytearray(rest)
        ready = len(self._pending) - len(self._end)
        if ready > 0:
            self._length += ready
            self._hash.update(bytes(self._pending[:ready]))
            del self._pending[:ready]

    def finish(self) -> tuple[int, str] | None:
        if not self._in_content or bytes(self._pending) != self._end:
            return None
        return self._length, self._hash.hexdigest()


def _read_head(connection: socket.socket, buffered: bytearray) -> Request:
    method, path, _ = _read_line(connection, buffered).split(" ")
    headers: dict[str, str] = {}
    while line := _read_line(connection, buffered):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(method, path, headers)


def _read_line(connection: socket.socket, buffered: bytearray) -> str:
    while (end := buffered.find(b"\r\n")) < 0:
        piece = connection.recv(PIECE)
        if not piece:
            raise _ClientGoneError
        buffered += piece
    line = buffered[:end].decode("latin-1")
    del buffered[: end + 2]
    return line


def _receive(connection: socket.socket, buffered: bytearray, limit: int) -> bytes:
    """At least one and at most ``limit`` bytes."""
    if buffered:
        piece = bytes(buffered[:limit])
        del buffered[:limit]
        return piece
    piece = connection.recv(min(limit, PIECE))
    if not piece:
        raise _ClientGoneError
    return piece


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster
