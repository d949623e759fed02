"""What the server's answers and the network's failures mean: the one place that translates.

Statuses are those that Zou gives (``zou/app/__init__.py`` and its blueprints) and those of
the web servers in front of it.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3.exceptions

from wf_core.errors import (
    BadAnswer,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    Refused,
    ServerFault,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu.redact import plain_words
from wf_core.steps import LOG_IN

__all__ = [
    "SentAway",
    "WebPage",
    "database_away",
    "error_of_exception",
    "error_of_status",
    "is_zou",
    "json_of",
    "json_or_none",
    "may_lack_database",
    "moved_away",
    "sensible",
    "server_words",
]


class SentAway(BadAnswer):
    """The server redirects to another place, which may not have the token."""


class WebPage(BadAnswer):
    """The server answers with a page for people, as any web site does."""


LOGIN_HINT = f"Use {LOG_IN}."
RETRY_LATER = "Try again in a moment; if it stays so, tell whoever runs the server."
HTTP_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError)
"""What the libraries below raise; everything of it goes through :func:`error_of_exception`."""
FOREIGN_ERRORS = (*HTTP_ERRORS, OSError)
"""The same with what they let through, where no code of a caller runs in between."""


_WITHOUT_DATABASE = {
    400: (b"has an invalid format", b"OperationalError"),
    401: (b"could not verify that you are authorized",),
    404: (b"requested URL was not found on the server",),
}


def server_words(body: bytes, content_type: str = "") -> str:
    """What the server said, in one safe line; empty when it said nothing for people."""
    text = body[:65536].decode("utf-8", errors="replace")
    try:
        return plain_words("; ".join(_words(json.loads(text))))
    except (ValueError, RecursionError):
        # The pages of web servers ("502 Bad Gateway nginx") say nothing the status does not, and
        # half a document is not for people.
        if "html" in content_type.lower() or text.lstrip()[:1] in ("<", "{", "["):
            return ""
        return plain_words(text)


def _words(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts of an error document: ``message``, ``error``, ``msg``, field errors."""
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, list) and depth < 4:
        for item in value[:5]:
            yield from _words(item, depth + 1)
    elif isinstance(value, Mapping) and depth < 4:
        field = value.get("loc") or value.get("field")
        if isinstance(field, list):
            field = ".".join(str(part) for part in field)
        for key in ("message", "msg", "error", "errors", "description"):
            for words in _words(value.get(key), depth + 1):
                yield f"{field}: {words}" if isinstance(field, str) and field else words


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the Retry-After header (RFC 9110, 10.2.3), None when absent or odd."""
    value = (headers.get("Retry-After") or "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def is_token_trouble(status: int, body: bytes) -> bool:
    """Whether an answer means that the token is missing, expired, revoked or broken.

    422 is the token library's answer to a broken token; Zou has no other use for it where a
    token was sent, except for answers that name fields.
    """
    if status == 401:
        return True
    if status != 422:
        return False
    document = json_or_none(body)
    return isinstance(document, dict) and "msg" in document


def may_lack_database(status: int, body: bytes) -> bool:
    """Whether an answer may mean nothing but that the server cannot ask its database.

    Zou 1.0.97 takes a failed query for one that found nothing (404), was given a wrong value
    (400), or knows no such user (401), and says so in the words it has for those:
    ``services/base_service.py``, ``blueprints/crud/base.py``. Its ``status`` route tells.
    """
    return any(words in body for words in _WITHOUT_DATABASE.get(status, ()))


def database_away(host: str) -> ServerUnavailable:
    """The error for a server whose database is away: it has done nothing."""
    return ServerUnavailable(
        f"The Kitsu at {host} has no connection to its database at the moment.",
        in_doubt=False,
        hint=RETRY_LATER,
    )


def moved_away(server: str) -> NotLoggedIn:
    """The error for an address that has no API any more: its host answers, but not as Zou does."""
    return NotLoggedIn(f"There is no Kitsu at {server} (any more).", hint=LOGIN_HINT)


def error_of_status(
    status: int,
    *,
    method: str,
    host: str,
    headers: Mapping[str, str],
    body: bytes,
) -> WorkfilesError:
    """The error of an answer whose status is not one of success."""
    words = server_words(body, headers.get("Content-Type") or "")
    said = f" It says: {words}" if words else ""
    changes = method not in ("GET", "HEAD")
    if is_token_trouble(status, body):
        return NotLoggedIn(f"You are not logged in to {host} (any more).", hint=LOGIN_HINT)
    if status == 403:
        return PermissionDenied(
            f"{host} does not allow this with your account.{said}",
            hint="Ask a manager of the production to add you to its team or to the task.",
        )
    if status == 404:
        return NotFound(f"{host} does not have what was asked for.{said}")
    if status in (429, 503):
        reason = "asks to slow down" if status == 429 else "is not available at the moment"
        return ServerUnavailable(
            f"{host} {reason} ({status}).",
            in_doubt=False,
            retry_after=retry_after_of(headers),
            hint=RETRY_LATER,
        )
    if status in (502, 504):
        return ServerUnavailable(
            f"The Kitsu behind {host} does not answer ({status}).",
            in_doubt=changes,
            retry_after=retry_after_of(headers),
            hint=RETRY_LATER,
        )
    if 400 <= status < 500:
        return Refused(f"{host} refuses this ({status}).{said}", status=status)
    if status >= 500:
        return ServerFault(
            f"{host} failed over this request ({status}).{said}",
            hint="The server's log says why; tell whoever runs the server.",
        )
    return BadAnswer(f"{host} gave an unexpected answer ({status}).{said}")


@contextmanager
def sensible(host: str) -> Iterator[None]:
    """Around reading a body: lengths that make no sense (a chunk of less than nothing), which the
    libraries below let through as a ValueError, leave as :class:`BadAnswer`."""
    try:
        yield
    except ValueError as exc:
        raise BadAnswer(f"{host} sent an answer that is not HTTP.") from exc


def json_of(body: bytes, *, host: str, headers: Mapping[str, str]) -> Any:
    """The value of a JSON answer; None for an empty one.

    Raises:
        BadAnswer: it is not JSON, or holds halves of characters that nothing can store.
    """
    if not body:
        return None
    try:
        value = json.loads(body)
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(value, ensure_ascii=False).encode()  # a UnicodeError is a ValueError
        return value
    except (ValueError, RecursionError) as exc:
        html = "html" in (headers.get("Content-Type") or "").lower()
        page = html or body.lstrip()[:1] == b"<"
        what = "a web page" if page else "something else"
        raise (WebPage if page else BadAnswer)(
            f"{host} answered with {what} where Kitsu's data was expected.",
            hint="Check the address of the server; a proxy or a login page may be in the way.",
        ) from exc


def is_zou(status: int, answer: Any) -> bool:
    """Whether this is what Zou answers where its API is, to whoever asks."""
    return status == 200 and isinstance(answer, dict) and answer.get("api") == "Zou"


def is_web_page(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer is what the pages of a web interface give for a route of the API."""
    html = "html" in (headers.get("Content-Type") or "").lower()
    return status in (200, 404, 405) and html and body.lstrip()[:1] == b"<"


def json_or_none(body: bytes) -> Any:
    """The value of a JSON answer, None when it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def error_of_exception(exc: BaseException, *, host: str, method: str) -> ServerUnavailable:
    """The error of a failure on the way to or from the server."""
    causes = tuple(_causes(exc))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    changes = method not in ("GET", "HEAD")
    # urllib3 1.26 has a class of its own for a certificate of another name.
    if has(ssl.SSLCertVerificationError) or any(
        type(cause).__name__ == "CertificateError" for cause in causes
    ):
        return ServerUnavailable(
            f"{host} could not prove who it is: its certificate is not valid here.",
            in_doubt=False,
            hint="Check the address and this machine's clock; a studio's own authority is named "
            "in REQUESTS_CA_BUNDLE.",
        )
    if any(getattr(cause, "reason", None) == "WRONG_VERSION_NUMBER" for cause in causes):
        return ServerUnavailable(
            f"{host} does not speak https there.",
            in_doubt=False,
            hint="Check the port in the address of the server.",
        )
    if has(socket.gaierror):
        return ServerUnavailable(
            f"The name {host} is not known on this network.",
            in_doubt=False,
            hint="Check the address and the network connection.",
        )
    if has(
        requests.ConnectTimeout,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ProxyError,
    ):
        late = has(urllib3.exceptions.ConnectTimeoutError, requests.ConnectTimeout)
        late = late and not has(urllib3.exceptions.NewConnectionError)
        return ServerUnavailable(
            f"{host} cannot be reached" + (": no answer in time." if late else "."),
            in_doubt=False,
            hint="Check the network connection, and whether the server is running.",
        )
    if has(TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError):
        return ServerUnavailable(
            f"{host} did not answer in time.", in_doubt=changes, hint=RETRY_LATER
        )
    return ServerUnavailable(
        f"The connection to {host} broke off.", in_doubt=changes, hint=RETRY_LATER
    )


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """``exc`` and everything it wraps: libraries nest causes in args, reason and chains."""
    todo: list[object] = [exc]
    seen: set[int] = set()
    while todo and len(seen) < 50:
        item = todo.pop()
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        todo += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
