"""Fetching the stored bytes of a working file, whole or not at all, through breaks.

A break is followed by a request for the rest (RFC 9110, 13.1.5 and 14), tied to the very
version that was being read; a server that cannot or will not do that starts over.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import requests

from wf_core.errors import BadAnswer, Cancelled, IntegrityError, ServerUnavailable
from wf_core.kitsu.answers import sensible
from wf_core.kitsu.hashing import ParallelHash
from wf_core.kitsu.line import watched
from wf_core.kitsu.session import Session
from wf_core.kitsu.stored import WHOLE, Cancel, Progress, content_length, file_route
from wf_core.steps import ANOTHER_REVISION

__all__ = ["Fetched", "Sink", "check_hash", "fetch", "fetch_hash"]

_SMALLEST_PIECE = 16 * 1024
_LARGEST_PIECE = 1024 * 1024
_PAGES = ("text/html", "application/xhtml+xml", "application/json")
"""What no working file is: Kitsu serves them all as ``application/octet-stream``."""
_HEADWAY = 1024 * 1024
"""Bytes between two breaks that make the second one a first one again."""
_FIRST_WAIT = 0.25  # seconds; doubled for each further try
_LONGEST_WAIT = 8.0
_LOOK = 0.2  # seconds between two questions whether to stop


@dataclass(frozen=True)
class Fetched:
    """The bytes that arrived: how many, and their SHA-256 in hex."""

    size: int
    sha256: str


class Sink(Protocol):
    """Where bytes go. What its methods raise is a WorkfilesError: an OSError would be taken
    for one of the network."""

    def restart(self, total: int) -> None:
        """Forget what was written; ``total`` bytes will come."""

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""


def fetch_hash(
    session: Session,
    working_file_id: str,
    *,
    size: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Fetched:
    """Hash what the server has stored, without keeping it.

    Args:
        session: a session with a token.
        working_file_id: the record.
        size: bytes to expect; another length is an error before anything is read.
        progress: called with bytes read and in total.
        cancel: asked between pieces and while nothing comes.

    Raises:
        NotFound: nothing is stored.
        IntegrityError: not ``size`` bytes are stored.
        Cancelled: ``cancel`` said so.
        AccessError, Refused, ServerError: see :mod:`wf_core.errors`.
    """
    return fetch(session, working_file_id, _Nowhere(), size=size, progress=progress, cancel=cancel)


def fetch(
    session: Session,
    working_file_id: str,
    sink: Sink,
    *,
    size: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Bring the stored bytes of a working file to ``sink``.

    Broken transfers are resumed, without headway ``session.retries`` times in a row and for
    ``timeouts.total`` seconds at most. There is no limit to the time as long as bytes keep coming.

    Raises:
        NotFound: nothing is stored.
        IntegrityError: not ``size`` bytes are stored.
        Cancelled: ``cancel`` said so.
        AccessError, Refused, ServerError: see :mod:`wf_core.errors`.
    """
    transfer = _Fetch(session, working_file_id, sink, size, progress, cancel, pause)
    with closing(transfer):
        return transfer.run()


def check_hash(found: Fetched, sha256: str | None) -> None:
    """Refuse bytes that are not the ones with this SHA-256; None accepts any.

    Raises:
        IntegrityError: they are not.
    """
    if sha256 is not None and found.sha256 != sha256.lower():
        raise IntegrityError(
            "The bytes the server has stored are not the ones that were saved there; they were "
            "not kept.",
            hint=ANOTHER_REVISION,
        )


class _Nowhere:
    def restart(self, total: int) -> None:
        pass

    def write(self, piece: bytes) -> None:
        pass


class _Fetch:
    def __init__(
        self,
        session: Session,
        working_file_id: str,
        sink: Sink,
        size: int | None,
        progress: Progress | None,
        cancel: Cancel | None,
        pause: Callable[[float], None],
    ) -> None:
        self._session = session
        self._route = file_route(working_file_id)
        self._sink = sink
        self._size = size
        self._progress = progress
        self._cancel = cancel
        self._pause = pause
        self._hash = ParallelHash()
        self._done = 0
        self._total = 0
        self._version: str | None = None
        """The strong ETag of what is being read; None where a break means starting over."""
        self._failure: Exception | None = None

    def run(self) -> Fetched:
        tries, mark, since = 0, 0, time.monotonic()
        while True:
            self._stop_if_cancelled()
            try:
                with watched(self._stop_if_cancelled, stall=self._session.timeouts.read):
                    self._attempt()
                return Fetched(self._done, self._hash.hexdigest())
            except ServerUnavailable as exc:
                if self._failure is not None:
                    # An OSError of the caller's function was taken for one of the network.
                    raise self._failure from exc
                now = time.monotonic()
                if self._done >= mark + _HEADWAY:
                    tries, mark, since = 0, self._done, now
                if tries >= self._session.retries or now - since >= self._session.timeouts.total:
                    raise
                self._wait(exc, tries)
                tries += 1

    def close(self) -> None:
        self._hash.close()

    def _attempt(self) -> None:
        headers = dict(WHOLE)
        if self._done and self._version is not None:
            headers["Range"] = f"bytes={self._done}-"
            headers["If-Range"] = self._version
        ok = (200, 206, 416) if "Range" in headers else (200,)
        with self._session.stream("GET", self._route, headers=headers, ok=ok) as response:
            if response.status_code == 206:
                self._check_range(response)
            elif response.status_code == 200:
                self._begin(response)
            else:
                self._version = None
                raise ServerUnavailable(
                    f"The file on {self._session.host} changed while it was being read.",
                    in_doubt=False,
                )
            self._read(response)

    def _begin(self, response: requests.Response) -> None:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in _PAGES:
            raise BadAnswer(
                f"{self._session.host} answered with a page where a stored file was expected.",
                hint="A proxy or a login page may be in the way.",
            )
        total = content_length(response.headers, self._session)
        if self._size is not None and total != self._size:
            raise IntegrityError(
                f"{self._session.host} has {total} bytes of this file, not the {self._size} that "
                "were saved.",
                hint=ANOTHER_REVISION,
            )
        etag = response.headers.get("ETag", "").strip()
        self._version = etag if etag.startswith('"') else None
        self.close()
        self._hash = ParallelHash()
        self._done, self._total = 0, total
        self._sink.restart(total)

    def _check_range(self, response: requests.Response) -> None:
        """The part that was sent is exactly the part that is missing."""
        given = response.headers.get("Content-Range", "").strip()
        parts = re.fullmatch(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20})", given, re.ASCII)
        wanted = (self._done, self._total - 1, self._total)
        length = content_length(response.headers, self._session)
        if (
            parts is None
            or tuple(map(int, parts.groups())) != wanted
            or length != self._total - self._done
        ):
            raise BadAnswer(f"{self._session.host} sent another part of the file than asked for.")

    def _read(self, response: requests.Response) -> None:
        count = _SMALLEST_PIECE * 4
        while self._done < self._total:
            self._stop_if_cancelled()
            started = time.monotonic()
            with sensible(self._session.host):
                piece = response.raw.read(
                    min(count, self._total - self._done), decode_content=False
                )
            if not piece:
                raise ServerUnavailable(
                    f"{self._session.host} broke off after {self._done} of {self._total} bytes.",
                    in_doubt=False,
                )
            self._sink.write(piece)
            self._hash.update(piece)
            self._done += len(piece)
            self._report()
            # Large pieces are fast; small ones keep progress and cancelling alive on slow
            # lines, and lose less when one breaks.
            seconds = time.monotonic() - started
            if seconds > 0.5:
                count = max(_SMALLEST_PIECE, count // 2)
            elif seconds < 0.05:
                count = min(_LARGEST_PIECE, count * 2)

    def _report(self) -> None:
        if self._progress is None:
            return
        try:
            self._progress(self._done, self._total)
        except Exception as exc:
            self._failure = exc
            raise

    def _wait(self, error: ServerUnavailable, tries: int) -> None:
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**tries) * random.uniform(0.5, 1.0)
        if error.retry_after is not None:
            if error.retry_after > self._session.timeouts.total:
                raise error
            wait += error.retry_after
        while wait > 0:
            self._stop_if_cancelled()
            self._pause(min(wait, _LOOK))
            wait -= _LOOK

    def _stop_if_cancelled(self) -> None:
        if self._cancel is not None and self._cancel():
            raise Cancelled("The download was stopped; nothing was changed on this machine.")
