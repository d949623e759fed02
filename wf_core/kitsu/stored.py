"""What a server has stored of a working file: how much, and whether it has arrived yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from wf_core.errors import BadAnswer, Cancelled, NotFound, ServerUnavailable
from wf_core.kitsu.routes import id_in_route
from wf_core.kitsu.session import Session

__all__ = [
    "WHOLE",
    "Cancel",
    "Progress",
    "await_stored_length",
    "content_length",
    "file_route",
    "stored_length",
]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in total."""

Cancel = Callable[[], bool]
"""Asked between pieces, and while nothing moves, whether to stop."""

WHOLE = {
    "Accept": "*/*",
    # Kitsu lets its answers be kept for a week, also by proxies on the way.
    "Cache-Control": "no-cache",
    # A length counts only where nothing is packed on the way.
    "Accept-Encoding": "identity",
}
"""Headers that ask for the stored bytes as they are now."""

_FIRST_LOOK = 0.5  # seconds to the second look; doubled for each further one
_LONGEST_LOOK = 5.0


def file_route(working_file_id: str) -> str:
    """The route of a working file's bytes."""
    return f"data/working-files/{id_in_route(working_file_id)}/file"


def stored_length(session: Session, working_file_id: str) -> int | None:
    """Bytes the server has stored, None when it has none (or does not know the record).

    Where Kitsu keeps its files in an object storage, looking makes it keep a local copy
    that no later upload refreshes: look after the last upload, not before.

    Raises:
        BadAnswer: the answer does not say how long the bytes are.
        AccessError, Refused, ServerError: see :mod:`wf_core.errors`.
    """
    route = file_route(working_file_id)
    try:
        with session.stream("HEAD", route, headers=WHOLE, ok=(200,)) as response:
            response.content  # noqa: B018  nothing, but only a read response leaves its line open
            return content_length(response.headers, session)
    except NotFound:
        return None


def await_stored_length(
    session: Session,
    working_file_id: str,
    expected: int,
    *,
    patience: float,
    cancel: Cancel | None = None,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int | None:
    """Look, after the answer to an upload was lost, until its bytes are all there.

    The server may go on with a request nobody listens to any more, and what it is copying
    shows as a shorter file.

    Args:
        session: a session with a token.
        working_file_id: the record.
        expected: bytes that were sent.
        patience: seconds after which to look for the last time.
        cancel: asked before each look.
        pause: waits; tests pass their own.
        clock: seconds; tests pass their own.

    Returns:
        ``expected`` when it is there, else what was there last (None for nothing).

    Raises:
        Cancelled: ``cancel`` said so.
        ServerUnavailable: the last look failed, so that nothing is known.
        AccessError, Refused, ServerError: see :mod:`wf_core.errors`.
    """
    end = clock() + patience
    wait = _FIRST_LOOK
    while True:
        if cancel is not None and cancel():
            raise Cancelled("Stopped before it was known whether the upload had arrived.")
        left = end - clock()
        try:
            length = stored_length(session, working_file_id)
            if length == expected or left <= 0:
                return length
        except ServerUnavailable as exc:
            if left <= 0:
                raise
            wait = max(wait, min(exc.retry_after or 0.0, left))
        pause(min(wait, max(0.0, end - clock())))
        wait = min(wait * 2, _LONGEST_LOOK)


def content_length(headers: Mapping[str, str], session: Session) -> int:
    """The Content-Length of an answer that carries stored bytes.

    Raises:
        BadAnswer: there is none, or the bytes were packed, so that it says nothing.
    """
    text = headers.get("Content-Length", "").strip()
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity") or not (text.isascii() and text.isdigit()):
        raise BadAnswer(
            f"{session.host} does not say how long the stored file is.",
            hint="A proxy in between may be packing or rewriting answers.",
        )
    return int(text[:20])
