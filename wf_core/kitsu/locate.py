"""Finding the API of the server that a person means, and connecting to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wf_core.errors import BadAnswer, Refused, ServerFault, UsageError
from wf_core.kitsu.address import api_candidates, is_among
from wf_core.kitsu.answers import SentAway
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
        UsageError, ServerUnavailable: see :func:`locate_server`.
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
        UsageError: not an address, credentials in it, plain http without leave, or no Kitsu.
        ServerUnavailable, ServerFault: nobody answers there, or only with failures.
    """
    allow = bool(options.get("allow_plain_http", False))
    host = ""
    fault: ServerFault | None = None
    for candidate in api_candidates(address, allow_plain_http=allow):
        session = Session(candidate, **options)
        host = session.host
        try:
            # Without a token: this may be anybody's server.
            status, answer = session.send_with(
                "GET", "", None, repeat=True, accept=(400, 401, 403, 404, 405, 422)
            )
        except SentAway:
            raise
        except ServerFault as exc:
            fault = exc
            continue
        except (BadAnswer, Refused):
            continue
        finally:
            session.close()
        if status == 200 and isinstance(answer, dict) and answer.get("api") == "Zou":
            return session.server
    if fault is not None:
        raise fault  # broken just now: what it is cannot be told
    raise UsageError(
        f"{host} is not a Kitsu server, or its API is not where Kitsu has it.",
        hint="Give the address Kitsu has in the browser, like https://kitsu.example.com.",
    )


def server_version(session: Session) -> str:
    """The version of Zou, e.g. "1.0.97"; "" when the server does not tell.

    Raises:
        ServerError: see :mod:`wf_core.errors`.
    """
    answer = session.get("")
    version = answer.get("version") if isinstance(answer, dict) else None
    return version if isinstance(version, str) else ""
