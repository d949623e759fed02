"""What a scripted server is told to answer, and what it tells of the requests it got."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

__all__ = [
    "FOREVER",
    "KEPT_BODY",
    "PIECE",
    "Answer",
    "AnswerOrFunction",
    "Request",
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

KEPT_BODY = 64 * 1024  # bytes; of a longer body only length and hash are kept
PIECE = 256 * 1024  # bytes read or sent at once
FOREVER = float("inf")


@dataclass(frozen=True)
class Request:
    """One request as it arrived. Of long bodies only length and hash are kept.

    Attributes:
        path: with the query, ``route`` is without.
        headers: names in lower case.
        length, sha256: of the body as received, framing removed.
        body: the body when it has at most 64 KiB, else empty.
        complete: False when the client went away, or was sent away, within the body.
        file_length, file_sha256: of the content of a multipart body's only part.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    length: int = 0
    sha256: str = hashlib.sha256().hexdigest()
    body: bytes = b""
    complete: bool = True
    file_length: int | None = None
    file_sha256: str | None = None

    @property
    def route(self) -> str:
        return self.path.partition("?")[0]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to do with one request.

    Attributes:
        declared_length: Content-Length to claim, the true one when None.
        no_length: send no Content-Length; the body ends with the connection.
        repeat: how often the body is sent, one after the other (the cap of endless ones).
        stop_after: bytes of the body after which to stop.
        read: bytes of the request's body to read before answering; all when None.
        delay: seconds before the answer, ``FOREVER`` for none (ends when the client leaves).
        pace: seconds between single bytes of the body, 0 for full speed.
        silent: no answer at all.
        go_on: say "100 Continue" before the request's body is read, asked for or not.
        then: keep the connection, close it in order, or reset it. ``linger`` goes on
            reading what the client still sends and throws it away, as nginx does.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    declared_length: int | None = None
    no_length: bool = False
    repeat: int = 1
    stop_after: int | None = None
    read: int | None = None
    delay: float = 0.0
    pace: float = 0.0
    silent: bool = False
    go_on: bool = False
    then: Literal["keep", "close", "reset", "linger"] = "keep"


AnswerOrFunction = Answer | Callable[[Request], Answer]


def json_answer(data: Any, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(data).encode()
    return Answer(status, {"Content-Type": "application/json", **headers}, body)


def broken_json(status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, b'{"id": "b35b7fb5", "na')


def html_error(status: int = 500) -> Answer:
    page = f"<!doctype html><html><title>{status}</title><h1>Something broke</h1></html>"
    return Answer(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


def redirect(location: str, status: int = 301) -> Answer:
    return Answer(status, {"Location": location})


def too_many_requests(retry_after: str = "1") -> Answer:
    answer = json_answer({"message": "slow down"}, 429)
    return replace(answer, headers={**answer.headers, "Retry-After": retry_after})


def truncated(answer: Answer, stop_after: int) -> Answer:
    """``answer`` with its true length declared, cut off after ``stop_after`` bytes."""
    return replace(answer, stop_after=stop_after, then="close")


def wrong_length(answer: Answer, declared: int) -> Answer:
    return replace(answer, declared_length=declared, then="close")


def endless(piece: bytes = b" " * PIECE, *, status: int = 200, cap: int = 4096) -> Answer:
    """A body without a length that goes on for ``cap`` pieces, or until the client leaves."""
    headers = {"Content-Type": "application/json"}
    return Answer(status, headers, piece, no_length=True, repeat=cap, then="close")


def slow(answer: Answer, interval: float) -> Answer:
    """``answer`` with one byte of its body per ``interval`` seconds."""
    return replace(answer, pace=interval)


def hang(*, read: int | None = None) -> Answer:
    """Never answer. ``read`` bounds what is read of the request's body first."""
    return Answer(delay=FOREVER, read=read, silent=True, then="close")


def reset(*, read: int | None = None) -> Answer:
    """Reset the connection after ``read`` bytes of the body (all when None)."""
    return Answer(silent=True, read=read, then="reset")


def early(
    answer: Answer, *, read: int = 0, then: Literal["close", "reset", "linger"] = "linger"
) -> Answer:
    """``answer``, sent when only ``read`` bytes of the request's body have been read."""
    return replace(answer, read=read, then=then)


def stored_file(
    content: bytes,
    *,
    etag: str | None = '"v1"',
    ranges: bool = True,
    stop_after: int | None = None,
) -> Callable[[Request], Answer]:
    """A file as Kitsu serves one; ``stop_after`` cuts every answer's body there."""

    def serve(request: Request) -> Answer:
        headers = {"Content-Type": "application/octet-stream"}
        if etag is not None:
            headers["ETag"] = etag
        if ranges:
            headers["Accept-Ranges"] = "bytes"
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        status, body = 200, content
        if ranges and wanted and request.headers.get("if-range", etag) == etag:
            start = int(wanted[1])
            if start >= len(content):
                return Answer(416, {"Content-Range": f"bytes */{len(content)}"})
            status, body = 206, content[start:]
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        answer = Answer(status, headers, body)
        cut = stop_after is not None and stop_after < len(body)
        return truncated(answer, stop_after or 0) if cut else answer

    return serve


def closed_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
