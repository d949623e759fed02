"""Logging in through the browser, with single sign-on and every second factor for free.

The flow of Zou 1.0.97: a page of Kitsu's web interface asks the user, then sends the browser
to a port of this machine with a code that lives for 60 seconds, which is traded for tokens by
whoever knows the secret behind the challenge that was sent first (PKCE, RFC 7636, S256).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from wf_core.errors import Cancelled, LoginFailed
from wf_core.kitsu.account import keep_login
from wf_core.kitsu.session import Session
from wf_core.models import Person
from wf_core.steps import LOG_IN_BY_EMAIL

__all__ = ["BrowserLoginUnavailable", "login_with_browser", "offers_browser_login"]

_TURN = 0.2  # seconds between two looks at the clock and at `cancel`
_LONGEST_REQUEST = 2.0  # seconds for one visitor to say what it wants


class BrowserLoginUnavailable(LoginFailed):
    """This server, or this machine, cannot do it: use e-mail and password."""

    kind = "browser_login_unavailable"


@dataclass(frozen=True)
class _Reply:
    """What the browser brought back: a code, or why there is none."""

    code: str | None
    error: str | None


def offers_browser_login(session: Session) -> bool:
    """Whether the server knows the login through the browser; older ones do not.

    Raises:
        ServerError: see :mod:`wf_core.errors`.
    """
    # An empty body: a server that has the route refuses it (400), an older one has no route.
    status, _ = session.send_with(
        "POST", "auth/app-login/token", None, body={}, repeat=True, accept=(400, 404, 405, 422)
    )
    return status not in (404, 405)


def login_with_browser(
    session: Session,
    *,
    open_browser: Callable[[str], object] = webbrowser.open,
    app_name: str = "Workfiles for Kitsu",
    timeout: float = 300.0,
    cancel: Callable[[], bool] | None = None,
) -> Person:
    """Open Kitsu's page in the browser, wait for the user's consent, and keep the tokens.

    Args:
        session: a session on a located server, see :func:`wf_core.kitsu.connect`.
        open_browser: gets the address of the page; False or an exception of the webbrowser
            module means that there is no browser.
        app_name: who asks, as the page shows it.
        timeout: seconds the user has.
        cancel: asked several times a second; True ends the wait.

    Raises:
        BrowserLoginUnavailable: an older server, or no browser here.
        LoginFailed: the user said no, or did not answer in time.
        Cancelled: ``cancel`` said so.
        ServerError: see :mod:`wf_core.errors`.
    """
    if not offers_browser_login(session):
        raise BrowserLoginUnavailable(
            f"{session.host} is too old for logging in through the browser.",
            hint=f"Log in with {LOG_IN_BY_EMAIL}.",
        )
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with _Listener(state) as listener:
        page = _page_address(
            session.server,
            port=listener.server_port,
            challenge=_challenge(verifier),
            state=state,
            app_name=app_name,
        )
        _open(open_browser, page)
        reply = listener.wait(timeout=timeout, cancel=cancel)
    if reply.code is None:
        if reply.error == "access_denied":
            raise LoginFailed("The login was refused in the browser.")
        raise LoginFailed("Kitsu's page reported a failure instead of a login.", hint="Try again.")
    status, answer = session.send_with(
        "POST",
        "auth/app-login/token",
        None,
        body={"code": reply.code, "code_verifier": verifier},
        accept=(400,),
    )
    if status == 400:
        raise LoginFailed(
            f"{session.host} does not take the code of the browser (any more).",
            hint="It lives for a minute and for one use: start the login again.",
        )
    return keep_login(session, answer)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _page_address(server: str, *, port: int, challenge: str, state: str, app_name: str) -> str:
    """The address of Kitsu's page. Its web interface is where the API is, without /api."""
    query = urlencode(
        {"port": port, "code_challenge": challenge, "state": state, "app_name": app_name}
    )
    return f"{server.removesuffix('/api')}/app-login?{query}"


def _open(open_browser: Callable[[str], object], page: str) -> None:
    try:
        opened = open_browser(page)
    except (webbrowser.Error, OSError) as exc:
        raise _no_browser() from exc
    if opened is False:
        raise _no_browser()


def _no_browser() -> BrowserLoginUnavailable:
    return BrowserLoginUnavailable(
        "No browser could be opened on this machine.",
        hint=f"Log in with {LOG_IN_BY_EMAIL}.",
    )


class _Listener(HTTPServer):
    """Waits on a free port of 127.0.0.1, for this machine's browser only."""

    allow_reuse_address = False

    def __init__(self, state: str) -> None:
        self.state = state
        self.reply: _Reply | None = None
        super().__init__(("127.0.0.1", 0), _Visitor)
        self.timeout = _TURN

    def server_bind(self) -> None:
        # The base class asks a name server for this machine's name; nobody needs it.
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        connection.settimeout(_LONGEST_REQUEST)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor that leaves early, or says nothing, is no failure of the login."""

    def wait(self, *, timeout: float, cancel: Callable[[], bool] | None) -> _Reply:
        end = time.monotonic() + timeout
        while self.reply is None:
            if cancel is not None and cancel():
                raise Cancelled("The login was cancelled.")
            if time.monotonic() >= end:
                raise LoginFailed(
                    "Nobody answered in the browser in time.", hint="Start the login again."
                )
            self.handle_request()
        return self.reply


class _Visitor(BaseHTTPRequestHandler):
    """One request. Only one with our state counts; the answer is a page for people."""

    server: _Listener
    server_version = "workfiles"
    sys_version = ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)

        def only(name: str) -> str:
            values = query.get(name, [])
            return values[0] if len(values) == 1 else ""

        # Another page of the user's browser may call this port too; it cannot know the state.
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        known = hmac.compare_digest(only("state").encode(), self.server.state.encode())
        if parts.path != "/" or not known or host not in ("127.0.0.1", "localhost"):
            self._answer(404, "Nothing here", "This page is not part of the login.")
            return
        if self.server.reply is not None:
            self._answer(409, "Already done", "This login has been answered. Close this tab.")
            return
        code, error = only("code"), only("error")
        if code and len(code) <= 128:
            self.server.reply = _Reply(code, None)
            self._answer(
                200, "You are logged in", "Close this tab and go back to your application."
            )
        else:
            self.server.reply = _Reply(None, error or "no code")
            self._answer(200, "Not logged in", "Nothing was changed. You can close this tab.")

    def _answer(self, status: int, title: str, text: str) -> None:
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>{escape(title)}</title><style>body{{font:16px system-ui;margin:15vh auto;"
            "max-width:30em;text-align:center}</style>"
            f"<h1>{escape(title)}</h1><p>{escape(text)}</p></html>"
        ).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the request line carries the code."""
