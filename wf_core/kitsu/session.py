"""One connection to one server: authentication, time-outs, retries, errors.

Everything that speaks HTTP goes through :class:`Session`. It knows no route; the routes are
in the client and in the transfers.
"""

from __future__ import annotations

import copy
import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.auth

from wf_core import __version__
from wf_core.errors import (
    BadAnswer,
    NotFound,
    NotLoggedIn,
    Refused,
    ServerError,
    ServerUnavailable,
    UsageError,
    WorkfilesError,
)
from wf_core.kitsu import answers
from wf_core.kitsu.address import normalise_server
from wf_core.kitsu.deadline import Limits, Timeouts
from wf_core.kitsu.tokens import MemoryTokenStore, Tokens, TokenStore, account_of
from wf_core.kitsu.wire import Wire

__all__ = ["Session"]

log = logging.getLogger(__name__)

LARGEST_JSON = 256 * 1024 * 1024
"""Bytes; the longest list of a large production is a tenth of it."""
_LARGEST_ERROR = 64 * 1024
_STATUS_SECONDS = 5.0
_SHORTEST = 0.05  # seconds; a time-out of none at all means something else to sockets
_FIRST_WAIT = 0.25  # seconds; doubled for each further try
_LONGEST_WAIT = 8.0


class Session:
    """One logged-in (or not yet) connection to one server. May be used by several threads.

    Args:
        server: address of the API, or of a page in Kitsu's web interface.
        tokens: where the login is kept; in memory when not given.
        bot_token: a bot's token; used instead of a login and never refreshed.
        timeouts: see :class:`Timeouts`.
        allow_plain_http: send tokens unencrypted to a server that is not this machine.
        adapter: the transport; tests pass a small function's.
        user_agent: how this client names itself.
        retries: how often what is safe to repeat is repeated, within the total time-out.
        sleep: waits that many seconds between two tries.
        offline: why nothing may be sent; every request then fails with it at once.

    Raises:
        UsageError: the address is not one, carries credentials, or is plain http to another
            machine without leave.
    """

    def __init__(
        self,
        server: str,
        *,
        tokens: TokenStore | None = None,
        bot_token: str | None = None,
        timeouts: Timeouts = Timeouts(connect=5.0, read=30.0, total=60.0),
        allow_plain_http: bool = False,
        adapter: requests.adapters.BaseAdapter | None = None,
        user_agent: str = f"kitsu-workfiles/{__version__}",
        retries: int = 3,
        sleep: Callable[[float], object] = time.sleep,
        offline: str = "",
    ) -> None:
        self.server = normalise_server(server, allow_plain_http=allow_plain_http)
        self.host = urlsplit(self.server).netloc
        self.tokens = MemoryTokenStore() if tokens is None else tokens
        self.timeouts = timeouts
        self.retries = 0 if offline else retries
        self._sleep = sleep
        self._left: Callable[[], float] | None = None
        self._bot_token = bot_token.strip() if bot_token else None
        self._refreshing = RLock()
        self._wire = Wire(self.host, adapter=adapter, user_agent=user_agent, offline=offline)

    def __repr__(self) -> str:
        return f"<Session {self.server}>"

    def close(self) -> None:
        """Close the connections; the session can be used again."""
        self._wire.close()

    def let_go(self) -> None:
        """Close the idle connections, between two pieces of work."""
        self._wire.let_go()

    def limited(
        self,
        *,
        connect: float | None = None,
        read: float | None = None,
        total: float | None = None,
        retries: int | None = None,
        left: Callable[[], float] | None = None,
    ) -> Session:
        """The same connection and login with other time-outs (seconds) or retries.

        Args:
            left: asked before each request for the seconds that are left for it, where several
                share a budget.
        """
        other = copy.copy(self)
        other.timeouts = Timeouts(
            connect=self.timeouts.connect if connect is None else connect,
            read=self.timeouts.read if read is None else read,
            total=self.timeouts.total if total is None else total,
        )
        other.retries = self.retries if retries is None else retries
        other._left = left or self._left
        return other

    @property
    def has_token(self) -> bool:
        """Whether there is a token to send; not whether the server still takes it."""
        return self._access_token() is not None

    @property
    def is_bot(self) -> bool:
        """Whether this session uses a bot's token instead of a login."""
        return self._bot_token is not None

    @property
    def bot_token(self) -> str | None:
        """The bot's token, None where a login is used. For looking at its expiry only."""
        return self._bot_token

    @property
    def account_id(self) -> str | None:
        """The id of the account in whose name requests are sent, as far as its token says."""
        token = self._access_token()
        return None if token is None else account_of(token)

    # Requests

    def get(self, route: str, *, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON value at ``route``. Repeated when the server is not available.

        Raises:
            AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`.
        """
        return self._call("GET", route, params=params, repeat=True)[1]

    def put(self, route: str, body: Any) -> Any:
        """Change what is at ``route``. Repeated like a get: twice the same is the same.

        Raises:
            AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`.
        """
        return self._call("PUT", route, body=body, repeat=True)[1]

    def post(self, route: str, body: Any, *, repeat: bool = False) -> Any:
        """Send ``body`` to ``route``; repeated only where the caller says that it is safe.

        Raises:
            AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`. With
                ``in_doubt`` the server may have done it, or may do it yet.
        """
        return self._call("POST", route, body=body, repeat=repeat)[1]

    def delete(self, route: str) -> Any:
        """Delete what is at ``route``; never repeated, so that "not found" means what it says.

        Raises:
            AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`.
        """
        return self._call("DELETE", route, repeat=False)[1]

    def send_with(
        self,
        method: str,
        route: str,
        token: str | None,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        repeat: bool = False,
        accept: Collection[int] = (),
    ) -> tuple[int, Any]:
        """A request with a given token, or with none: what logging in and out is made of.

        Returns:
            The status and the JSON value; also of the failures named in ``accept``, whose
            value is None where it is not JSON.

        Raises:
            AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`.
        """
        return self._call(
            method,
            route,
            body=body,
            params=params,
            repeat=repeat,
            token=token,
            own_token=False,
            accept=accept,
        )

    @contextmanager
    def stream(
        self,
        method: str,
        route: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        ok: Collection[int] = (200, 201, 206),
    ) -> Iterator[requests.Response]:
        """A transfer: the open response of one request, closed at the end of the block.

        Nothing is repeated, except once after a token was refreshed, or after a redirect that
        keeps the method, and then only if the body can be had again.

        Args:
            method: the HTTP method.
            route: the route below the server's address.
            body: bytes, an iterable or a file-like encoder, or a function that returns a fresh
                one each time it is called.
            headers: further headers; an ``Authorization`` among them is refused.
            ok: the statuses that are answers; any other becomes an error.

        Raises:
            AccessError, NotFound, Refused, ServerError: see :mod:`wf_core.errors`; failures
                while the caller reads the response inside the block are translated as well.
            UsageError: ``headers`` carries a token.
        """
        if any(name.lower() == "authorization" for name in headers or {}):
            raise UsageError("The session sets the token itself.")
        replayable = body is None or callable(body) or isinstance(body, bytes)
        used = self._access_token()
        refreshed = False
        while True:
            limits = Limits(self.timeouts, stream=True)
            response = self._wire.send(
                method,
                self._url(route),
                data=body() if callable(body) else body,
                headers=headers,
                token=used,
                limits=limits,
                replay=(lambda: body() if callable(body) else body) if replayable else None,
            )
            try:
                if response.status_code in ok:
                    # A full disk of the caller's is no failure of the server's.
                    with self._wire.translated(method, answers.HTTP_ERRORS):
                        yield response
                    return
                # From here on the answer is a short document, with a deadline as any other.
                limits.stream = False
                text = self._wire.read(response, limits, method, _LARGEST_ERROR, cut=True)
            finally:
                response.close()
            trouble = answers.is_token_trouble(response.status_code, text)
            if trouble and replayable and not refreshed and self._refresh(used):
                used, refreshed = self._access_token(), True
                continue
            raise self._error(response, method, text)

    # The parts

    def _call(
        self,
        method: str,
        route: str,
        *,
        repeat: bool,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        token: str | None = None,
        own_token: bool = True,
        accept: Collection[int] = (),
    ) -> tuple[int, Any]:
        limits = Limits(self._timeouts_now())
        used = self._access_token() if own_token else token
        refreshed = moved = asked_twice = False
        tries = 0
        while True:
            try:
                response = self._wire.send(
                    method, self._url(route), json=body, params=params, token=used, limits=limits
                )
                try:
                    success = 200 <= response.status_code < 300
                    largest = LARGEST_JSON if success else _LARGEST_ERROR
                    text = self._wire.read(response, limits, method, largest, cut=not success)
                finally:
                    response.close()
                status = response.status_code
                if own_token and not moved and answers.is_web_page(status, response.headers, text):
                    moved = True
                    if self._api_is_below(limits):
                        used = self._access_token()
                        continue
                if success:
                    value = answers.json_of(text, host=self.host, headers=response.headers)
                    return status, value
                if status in accept:
                    return status, answers.json_or_none(text)
                trouble = answers.is_token_trouble(status, text)
                if own_token and trouble and not refreshed and self._refresh(used):
                    used, refreshed = self._access_token(), True
                    continue
                doubtful = own_token and answers.may_lack_database(status, text)
                if doubtful and repeat and not asked_twice and self._trouble() is None:
                    asked_twice = True  # it may have come back between the two answers
                    continue
                raise self._error(response, method, text, own_token=own_token)
            except ServerUnavailable as error:
                wait = self._wait(error, tries)
                if not repeat or tries >= self.retries or wait >= limits.remaining():
                    raise
                log.debug("%s %s: again in %.2f s: %s", method, route, wait, error.message)
                self._sleep(wait)
                tries += 1

    def _api_is_below(self, limits: Limits) -> bool:
        """Whether this is the address of Kitsu's web interface, with the API below it.

        Settings made by hand often have it: its pages answer every route with a web page. The
        request had no effect then, and is sent again to the right place.
        """
        if self.server.endswith("/api"):
            return False
        below = self.limited(total=max(0.1, limits.remaining()))
        below.server = f"{self.server}/api"
        try:
            found = below._is_at_api()
        except (ServerError, Refused, NotFound):
            return False
        if found:
            self.server = below.server
        return found

    def _is_at_api(self) -> bool:
        """Whether the API is at this session's address; asked without a token. Raises where that
        cannot be told just now, see :meth:`get`."""
        status, answer = self.send_with("GET", "", None, accept=range(400, 500))
        return answers.is_zou(status, answer)

    def _timeouts_now(self) -> Timeouts:
        if self._left is None:
            return self.timeouts
        left = max(_SHORTEST, self._left())
        return Timeouts(
            connect=min(self.timeouts.connect, left),
            read=min(self.timeouts.read, left),
            total=min(self.timeouts.total, left),
        )

    def _url(self, route: str) -> str:
        return f"{self.server}/{route.lstrip('/')}"

    def _error(
        self, response: requests.Response, method: str, text: bytes, *, own_token: bool = True
    ) -> WorkfilesError:
        status = response.status_code
        if own_token and answers.may_lack_database(status, text):
            trouble = self._trouble()
            if trouble is not None:
                return trouble
        return answers.error_of_status(
            status, method=method, host=self.host, headers=response.headers, body=text
        )

    def _trouble(self) -> WorkfilesError | None:
        """What makes all that the server said count for nothing: it says itself that its database
        is away, fails to say anything, or has its API elsewhere by now."""
        asking = self.limited(total=min(_STATUS_SECONDS, self.timeouts.total), retries=0)
        try:
            status, answer = asking.send_with("GET", "status", None, accept=range(400, 600))
            if status == 404 and not asking._is_at_api():
                return answers.moved_away(self.server)
        except WorkfilesError:
            return answers.database_away(self.host)
        said = isinstance(answer, dict) and answer.get("database-up") is False
        lacking = status >= 500 or (status == 200 and said)
        return answers.database_away(self.host) if lacking else None

    @staticmethod
    def _wait(error: ServerUnavailable, tries: int) -> float:
        """Seconds to wait: what the server asked for, else doubling, with jitter on top."""
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**tries)
        jitter: float = random.uniform(0.5, 1.0) * wait
        return jitter if error.retry_after is None else error.retry_after + jitter * 0.1

    # Tokens

    def _access_token(self) -> str | None:
        if self._bot_token:
            return self._bot_token
        kept = self.tokens.load(self.server)
        return kept.access if kept else None

    def _refresh(self, used: str | None) -> bool:
        """Get a token other than ``used``; False when that needs a new login."""
        if self._bot_token or used is None:
            return False
        with self._refreshing, self.tokens.refreshing():
            kept = self.tokens.load(self.server)
            if kept is None:
                return False
            if kept.access != used:
                return True  # somebody else has refreshed meanwhile
            if not kept.refresh:
                return False
            try:
                _, answer = self.send_with("GET", "auth/refresh-token", kept.refresh, repeat=True)
            except NotLoggedIn:
                return False
            access = answer.get("access_token") if isinstance(answer, dict) else None
            if not isinstance(access, str) or not access:
                raise BadAnswer(f"{self.host} gave no new token.", hint=answers.LOGIN_HINT)
            self.tokens.save(self.server, Tokens(access=access, refresh=kept.refresh))
            return True
