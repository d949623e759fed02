"""Uploading the bytes of a working file: streamed, hashed on the way, never half stored.

Kitsu's route takes one multipart field, ``file``, and stores nothing when the body breaks
off (``zou/app/blueprints/files/resources.py``). Whatever is found wrong while sending is
therefore raised before the last bytes leave this machine.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import requests
from requests_toolbelt import MultipartEncoder  # type: ignore[import-untyped]

from wf_core.disk.files import in_words, open_regular
from wf_core.errors import (
    BadAnswer,
    Cancelled,
    FileUnreadable,
    IntegrityError,
    ServerUnavailable,
)
from wf_core.kitsu.answers import FOREIGN_ERRORS
from wf_core.kitsu.hashing import ParallelHash
from wf_core.kitsu.line import watched
from wf_core.kitsu.session import Session
from wf_core.kitsu.stored import Cancel, Progress, file_route
from wf_core.models import WorkingFile

__all__ = ["Readable", "Uploaded", "upload"]

_PIECE = 1024 * 1024
_SLOWEST_STORE = 10_000_000
"""Bytes per second with which the slowest storage copies a body before the server answers."""
_LARGEST_RECORD = 64 * 1024
_SMALL = 64 * 1024
"""Bytes that go out in one packet with what frames them; more are not copied for that."""


class Readable(Protocol):
    """What is asked of a binary file that is opened for reading."""

    def read(self, count: int, /) -> bytes: ...
    def seek(self, position: int, /) -> int: ...
    def tell(self) -> int: ...
    def fileno(self) -> int: ...


@dataclass(frozen=True)
class Uploaded:
    """What was sent.

    Attributes:
        size: bytes.
        sha256: of the bytes as they were sent.
        record: the record as the server answered it; None when its answer was lost or
            garbled after the status that says the bytes are stored.
    """

    size: int
    sha256: str
    record: WorkingFile | None


def upload(
    session: Session,
    working_file_id: str,
    path_or_file: Path | Readable,
    *,
    size: int,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    before_last_bytes: Callable[[], None] | None = None,
    file_name: str | None = None,
) -> Uploaded:
    """Send the bytes of a working file. The server replaces what it has without asking:
    that the record is the caller's, and that no other upload to it is under way, is for the
    caller to make sure.

    Args:
        session: a session with a token.
        working_file_id: the record.
        path_or_file: a file, or one opened for reading, sent from where it stands.
        size: bytes it has; more or fewer are an error.
        progress: called with the bytes sent and ``size``; starts over when the request is
            repeated with a fresh token.
        cancel: asked between pieces of at most 1.5 MiB and while the line stands still.
        before_last_bytes: called when all but the last piece was sent; what it raises
            leaves the server without a complete body.
        file_name: name to send along; the file's own, else ``file``.

    Raises:
        FileUnreadable: missing, empty, a folder, no permission.
        IntegrityError: the file has not ``size`` bytes, or was written to meanwhile.
            Nothing was stored.
        Cancelled: ``cancel`` said so. Nothing was stored.
        ServerUnavailable: with ``in_doubt`` the last bytes had left, so that the file may
            be stored or may be yet; without, nothing was stored.
        AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`.
    """
    with _opened(path_or_file) as (file, name):
        if size <= 0:
            raise FileUnreadable(f"{name} is empty, so there is nothing to upload.")
        body = _Body(
            file,
            size=size,
            name=name,
            file_name=file_name or name,
            progress=progress,
            cancel=cancel,
            before_last_bytes=before_last_bytes,
        )
        body.check_unchanged()
        patience = session.timeouts.total + size / _SLOWEST_STORE
        patient = session.limited(read=max(session.timeouts.read, patience), total=patience)
        try:
            with (
                watched(body.stop_if_cancelled, stall=session.timeouts.read),
                patient.stream(
                    "POST",
                    file_route(working_file_id),
                    body=lambda: body,
                    headers={"Content-Type": body.content_type},
                    ok=(201,),
                ) as response,
            ):
                if not body.handed_over:
                    raise BadAnswer(f"{session.host} said to have the file before it was sent.")
                return Uploaded(size, body.sha256, _record(response, working_file_id))
        except Exception as exc:
            if body.failure is not None and body.failure is not exc:
                # An OSError of a caller's function was taken for one of the network.
                raise body.failure from exc
            if isinstance(exc, ServerUnavailable):
                exc.in_doubt = exc.in_doubt and body.handed_over
            raise
        finally:
            body.close()


class _Body:
    """The multipart body; iterating it starts over, so that it can be sent again.

    It has a length and pieces but no ``read``: from anything readable http.client sends
    16 KiB at a time.
    """

    def __init__(
        self,
        file: Readable,
        *,
        size: int,
        name: str,
        file_name: str,
        progress: Progress | None,
        cancel: Cancel | None,
        before_last_bytes: Callable[[], None] | None,
    ) -> None:
        self._file = file
        self._start = file.tell()
        self._status = _status(file)
        self._size = size
        self._name = name
        self._progress = progress
        self._cancel = cancel
        self._before_last_bytes = before_last_bytes
        field = (file_name, b"", "application/octet-stream")
        # Of seventy characters, the most there may be (RFC 2046), and few different ones: the
        # server searches every byte for it, and a search leaps by its length.
        boundary = f"{uuid.uuid4().hex:->70}"
        encoder = MultipartEncoder({"file": field}, boundary=boundary)
        self.content_type: str = encoder.content_type
        # The encoder frames; the file's own bytes go between, uncopied.
        head, end_of_head, self._tail = encoder.to_string().partition(b"\r\n\r\n")
        self._head = head + end_of_head
        self._hash = ParallelHash()
        self._done = 0
        self.handed_over = False
        """Whether the last piece went to the network, so that the server may have it all."""
        self.failure: Exception | None = None
        """What went wrong on this side of the network."""

    @property
    def sha256(self) -> str:
        """Of the file's bytes as far as they were read."""
        return self._hash.hexdigest()

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        self.handed_over, self.failure = False, None
        try:
            yield from self._pieces()
        except Exception as exc:
            self.failure = exc
            raise

    def _pieces(self) -> Iterator[bytes]:
        with in_words(Path(self._name), writing=False):
            self._file.seek(self._start)
        self.close()
        self._hash, self._done = ParallelHash(), 0
        head, tail = self._head, b""
        while self._done < self._size:
            self.stop_if_cancelled()
            left = self._size - self._done
            # The last piece is never a few bytes: what the server has before it must not
            # pass for a whole file, whoever reads it.
            piece = self._read(_PIECE if left > _PIECE * 3 // 2 else left)
            self._hash.update(piece)
            self._done += len(piece)
            if self._done == self._size:
                self.check_unchanged()
                if self._before_last_bytes is not None:
                    self._before_last_bytes()
                self.handed_over = True
                tail = self._tail
            if len(piece) <= _SMALL:
                yield head + piece + tail
            else:
                yield from filter(None, (head, piece, tail))
            head = b""
            if self._progress is not None:
                self._progress(self._done, self._size)

    def _read(self, count: int) -> bytes:
        with in_words(Path(self._name), writing=False):
            piece = self._file.read(count)
        while len(piece) < count:
            with in_words(Path(self._name), writing=False):
                more = self._file.read(count - len(piece))
            if not more:
                raise _changed(self._name)
            piece += more
        return piece

    def close(self) -> None:
        self._hash.close()

    def stop_if_cancelled(self) -> None:
        # Once everything has left, stopping would only leave the answer unheard.
        if not self.handed_over and self._cancel is not None and self._cancel():
            raise Cancelled(f"The upload of {self._name} was stopped; nothing was stored.")

    def check_unchanged(self) -> None:
        """Refuse a file that has another size than promised, or was written to.

        Its link count and the time that changes with it say nothing about the bytes.
        """
        now = _status(self._file)
        if now is None or self._status is None:
            extra = self._done == self._size and self._file.read(1)
            changed = bool(extra)
        else:
            changed = (
                now.st_size - self._start != self._size
                or now.st_mtime_ns != self._status.st_mtime_ns
            )
        if changed:
            raise _changed(self._name)


@contextmanager
def _opened(path_or_file: Path | Readable) -> Iterator[tuple[Readable, str]]:
    if not isinstance(path_or_file, Path):
        named = getattr(path_or_file, "name", "")
        yield path_or_file, Path(named).name if isinstance(named, str) and named else "file"
        return
    path = path_or_file
    handle, _ = open_regular(path)
    with os.fdopen(handle, "rb", buffering=0) as file:
        yield file, path.name


def _status(file: Readable) -> os.stat_result | None:
    """None for what is no file of the system (``io.BytesIO``)."""
    try:
        return os.fstat(file.fileno())
    except OSError:
        return None


def _changed(name: str) -> IntegrityError:
    return IntegrityError(
        f"{name} changed while it was being uploaded; nothing was stored.",
        hint="Save again when no other program is writing the file.",
    )


def _record(response: requests.Response, working_file_id: str) -> WorkingFile | None:
    """The record in the answer. The status has said that the bytes are stored, so that an
    answer which cannot be read is no failure."""
    try:
        # Read to its end, so that the line stays open for the next request.
        text = b"".join(islice(response.iter_content(_LARGEST_RECORD), 2))
        record = WorkingFile.model_validate_json(text)
    except (*FOREIGN_ERRORS, ValueError):  # not JSON, no record, or not even HTTP
        return None
    return record if record.id == working_file_id else None
