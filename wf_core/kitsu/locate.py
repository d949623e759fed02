"""Finding the API of the server that a person means, and connecting to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wf_core.errors import (
    BadAnswer,
    NotFound,
    PermissionDenied,
    Refused,
    ServerFault,
    UsageError,
    WorkfilesError,
)
from wf_core.kitsu.address import api_candidates, is_among
from wf_core.kitsu.answers import SentAway, WebPage, is_zou
from wf_core.kitsu.session import Session
from wf_core.kitsu.tokens import TokenStore

__all__ = ["connect", "locate_server", "server_version"]


def connect(
    server: str,
    *,
    tokens: TokenStore | None = None,
    bot_token: str | None = None,
    plain_http_hosts: Collection[str] = (),
    **options: Any,
) -> Session:
    """A session with the Kitsu at ``server``, which is asked where its API is.

    Args:
        server: what a person pasted, see :func:`locate_server`.
        tokens: where the login is kept; in memory when not given.
        bot_token: a bot's token, instead of a login.
        plain_http_hosts: hosts that may be spoken to without TLS; this machine always may.
        options: further arguments of :class:`Session`.

    Raises:
        WorkfilesError: see :func:`locate_server`.
    """
    allow = is_among(server, plain_http_hosts)
    located = locate_server(server, allow_plain_http=allow, **options)
    return Session(located, tokens=tokens, bot_token=bot_token, allow_plain_http=allow, **options)


def locate_server(address: str, **options: Any) -> str:
    """Ask where the API of the Kitsu at ``address`` is, and return that address.

    Works for Kitsu installations (``.../api``), for a bare Zou, and for the address of any
    page of Kitsu's web interface.

    Args:
        address: what a person pasted.
        options: further arguments of :class:`Session`, ``timeouts`` or ``adapter`` for one.

    Raises:
        UsageError: not an address, credentials in it, plain http without leave, or a web site
            that is no Kitsu.
        PermissionDenied: whatever is there lets nobody in, so that what it is cannot be told.
        NotFound: there is nothing. Refused: it takes no request.
        BadAnswer: it answers with what is no answer. ServerFault: with nothing but failures.
        ServerUnavailable: nobody answers.
    """
    allow = bool(options.get("allow_plain_http", False))
    host = ""
    fault: ServerFault | None = None
    nonsense: BadAnswer | None = None
    statuses: list[int] = []
    for candidate in api_candidates(address, allow_plain_http=allow):
        session = Session(candidate, **options)
        host = session.host
        try:
            # Without a token: this may be anybody's server.
            status, answer = session.send_with("GET", "", None, repeat=True, accept=_SAYS_NO)
        except SentAway:
            raise
        except ServerFault as exc:
            fault = exc
            continue
        except WebPage:
            status, answer = 200, None
        except BadAnswer as exc:
            nonsense = exc
            continue
        finally:
            session.close()
        if is_zou(status, answer):
            return session.server
        statuses.append(status)
    raise fault or _no_kitsu(host, statuses, nonsense)


_SAYS_NO = frozenset(range(400, 500)) - {429}  # too many requests: what it is comes later


def _no_kitsu(host: str, statuses: list[int], nonsense: BadAnswer | None) -> WorkfilesError:
    """The error for a server that nowhere answered as Kitsu does, of the class that the same
    answer has everywhere else."""
    hint = "Give the address Kitsu has in the browser, like https://kitsu.example.com."
    for status in statuses:
        if status in (401, 403):
            return PermissionDenied(
                f"{host} lets nobody in without another login than Kitsu's ({status}).",
                hint="A gateway may be in the way, or the address may not be Kitsu's: ask whoever "
                "runs it.",
            )
    if nonsense is not None:
        return nonsense
    if all(status in (404, 410) for status in statuses):
        return NotFound(f"There is no Kitsu at {host}.", hint=hint)
    if min(statuses) >= 400:
        return Refused(
            f"{host} refuses to say whether it is a Kitsu ({statuses[0]}).",
            status=statuses[0],
            hint=hint,
        )
    return UsageError(
        f"{host} is not a Kitsu server, or its API is not where Kitsu has it.", hint=hint
    )


def server_version(session: Session) -> str:
    """The version of Zou, e.g. "1.0.97"; "" when the server does not tell.

    Raises:
        ServerError: see :mod:`wf_core.errors`.
    """
    answer = session.get("")
    version = answer.get("version") if isinstance(answer, dict) else None
    return version if isinstance(version, str) else ""
