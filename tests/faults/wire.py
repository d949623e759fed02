"""HTTP/1.1 as far as a proxy has to understand it: where a message ends."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Broken", "Head", "answer", "drop", "read_exactly", "read_head", "read_to_end"]

_LARGEST_HEAD = 64 * 1024
_PIECE = 64 * 1024


class Broken(Exception):
    """The other side went away in the middle of a message."""


@dataclass(frozen=True)
class Head:
    """The first line and the headers of a request or an answer, and what came behind them.

    Attributes:
        rest: bytes of the body that arrived together with the head.
    """

    first: str
    headers: tuple[tuple[str, str], ...]
    rest: bytes

    @property
    def length(self) -> int | None:
        """The Content-Length; None where there is none."""
        value = self.header("content-length")
        return int(value) if value is not None else None

    @property
    def method(self) -> str:
        return self.first.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.first.split(" ")[1]

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None

    def bytes_with(self, *, connection: str) -> bytes:
        """The head as bytes, with this ``Connection`` header instead of its own."""
        lines = [self.first]
        lines += [f"{key}: {value}" for key, value in self.headers if key.lower() != "connection"]
        return "\r\n".join([*lines, f"Connection: {connection}", "", ""]).encode("latin-1")


def read_head(source: socket.socket) -> Head | None:
    """The next message's head; None when the other side closed instead of sending one.

    Raises:
        Broken: it closed in the middle.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            piece = source.recv(_PIECE)
        except OSError as exc:
            raise Broken from exc
        if not piece:
            if data:
                raise Broken
            return None
        data += piece
        if len(data) > _LARGEST_HEAD + _PIECE:
            raise Broken
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return Head(first, tuple((key, value.strip()) for key, _, value in pairs), rest)


def read_exactly(source: socket.socket, count: int) -> bytes:
    """``count`` bytes. Raises Broken when the other side closes before."""
    parts = []
    while count > 0:
        try:
            piece = source.recv(min(_PIECE, count))
        except OSError as exc:
            raise Broken from exc
        if not piece:
            raise Broken
        parts.append(piece)
        count -= len(piece)
    return b"".join(parts)


def read_to_end(source: socket.socket) -> bytes:
    """Everything until the other side closes. Raises Broken when the connection breaks."""
    parts: list[bytes] = []
    while True:
        try:
            piece = source.recv(_PIECE)
        except OSError as exc:
            raise Broken from exc
        if not piece:
            return b"".join(parts)
        parts.append(piece)


def answer(status: str, *, retry_after: int | None = None) -> bytes:
    """An answer as web servers in front of others give it."""
    body = f"<html><body><h1>{status}</h1></body></html>".encode()
    again = f"Retry-After: {retry_after}\r\n" if retry_after is not None else ""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{again}Connection: close\r\n\r\n".encode() + body


def drop(connection: socket.socket) -> None:
    """Reset the connection: the other side sees it break, not end."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
