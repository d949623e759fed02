"""One request over the wire: time limits, redirects, a bound on bodies, our errors.

What the libraries below do and raise ends here; :class:`~wf_core.kitsu.Session` adds tokens
and repetition.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import requests.adapters

from wf_core.errors import BadAnswer, ServerUnavailable, UsageError
from wf_core.kitsu import answers
from wf_core.kitsu.address import origin, same_origin
from wf_core.kitsu.deadline import DeadlineAdapter, Limits, limits_of_this_request
from wf_core.steps import LOG_IN

__all__ = ["Wire"]

log = logging.getLogger(__name__)

_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PLAIN = re.compile(r"https?://[A-Za-z0-9._:/\[\]-]+", re.ASCII)
"""Addresses that need no quoting: nearly all, as routes are made of ids."""
_NO_PROXY: dict[str, Any] = {"http": None, "https": None, "all": None}


class Wire:
    """The connections to one host. May be used by several threads.

    Args:
        host: the host as messages name it.
        adapter: the transport, :class:`DeadlineAdapter` when None.
        user_agent: how this client names itself.
        offline: why nothing may be sent; empty when the network may be used.
    """

    def __init__(
        self,
        host: str,
        *,
        adapter: requests.adapters.BaseAdapter | None,
        user_agent: str,
        offline: str = "",
    ) -> None:
        self.host = host
        self._offline = offline
        self._http = requests.Session()
        self._http.headers["User-Agent"] = user_agent
        self._http.headers["Accept"] = "application/json"
        self._surroundings: dict[str, dict[str, Any]] = {}
        self._transport = adapter or DeadlineAdapter()

    def close(self) -> None:
        """Close everything; what is sent later opens it again."""
        self._transport.close()

    def let_go(self) -> None:
        """Close the idle connections, between two pieces of work."""
        if isinstance(self._transport, DeadlineAdapter):
            self._transport.let_go()

    def send(
        self,
        method: str,
        url: str,
        *,
        token: str | None,
        limits: Limits,
        data: Any = None,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        replay: Callable[[], Any] | None = None,
    ) -> requests.Response:
        """One request and the redirects it is allowed to follow; the body is not read yet.

        Args:
            method: the HTTP method.
            url: the address, on the host of this wire.
            token: what to authenticate with; nothing when None.
            limits: the time there is; its reader stays with the answer.
            data: a body as it is, or
            json: a value to send as JSON.
            params: the query.
            headers: further headers.
            replay: gives the body once more, for redirects that keep the method.

        Raises:
            ServerError, UsageError: see :mod:`wf_core.errors`.
        """
        if self._offline:
            raise ServerUnavailable(self._offline, in_doubt=False)
        timeouts = limits.timeouts
        path = urlsplit(url).path
        for _ in range(_MOST_REDIRECTS):
            started = time.monotonic()
            with self.translated(method), limits_of_this_request(limits):
                left = max(0.001, limits.remaining())
                prepared = self._prepared(method, url, token, data, json, params, headers)
                # Not through the session's own send: it reads whole bodies of redirects.
                response = self._transport.send(
                    prepared,
                    timeout=(
                        min(timeouts.connect, left),
                        timeouts.read if limits.stream else min(timeouts.read, left),
                    ),
                    **self._surroundings_of(str(prepared.url)),
                )
            log.debug(
                "%s %s: %d in %.3f s",
                method,
                path,
                response.status_code,
                time.monotonic() - started,
            )
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            response.close()
            url = self._redirected(method, url, location, response.status_code)
            params = None  # the new address carries them
            if data is not None:
                if replay is None:
                    raise BadAnswer(
                        f"{self.host} sends this request on to {urlsplit(url).netloc}.",
                        hint="Use that address.",
                    )
                data = replay()
        raise BadAnswer(
            f"{self.host} sends every request on to another address, without end.",
            hint="Check the address of the server.",
        )

    def _prepared(
        self,
        method: str,
        url: str,
        token: str | None,
        data: Any,
        json: Any,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> requests.PreparedRequest:
        """The request as it is sent. The session's own ``prepare_request`` would add what is not
        wanted, a password of ~/.netrc and cookies (a token travels in its header only), and takes
        longer about it than all the rest."""
        prepared = requests.PreparedRequest()
        prepared.prepare_method(method)
        if params or not _PLAIN.fullmatch(url):
            prepared.prepare_url(url, dict(params or {}))
        else:
            prepared.url = url
        prepared.prepare_headers({**self._http.headers, **(headers or {})})
        if token:
            prepared.headers["Authorization"] = f"Bearer {token}"
        if json is not None:
            prepared.headers["Content-Type"] = "application/json"
            data = dumps(json, allow_nan=False).encode()
        if data is None:
            prepared.prepare_content_length(None)
        elif hasattr(data, "__len__"):
            prepared.headers["Content-Length"] = str(len(data))
            prepared.body = data
        else:
            prepared.prepare_body(data, None)
        return prepared

    def _surroundings_of(self, address: str) -> dict[str, Any]:
        """Proxy and certificates for an address by the environment, which is read once for
        each host: to read it takes longer than to send a request."""
        host = "//".join(urlsplit(address)[:2])
        if host not in self._surroundings:
            # A proxy reads what is not encrypted: plain http goes straight or not at all.
            proxies = dict(_NO_PROXY) if urlsplit(address).scheme == "http" else {}
            merged: Any = self._http.merge_environment_settings(address, proxies, True, None, None)
            self._surroundings[host] = dict(merged)
        return self._surroundings[host]

    def _redirected(self, method: str, url: str, location: str, status: int) -> str:
        """The address a redirect leads to, if it may be followed with the token."""
        try:
            target = urljoin(url, location)
            old, new = origin(url), origin(target)
        except ValueError as exc:
            raise BadAnswer(f"{self.host} sends its visitors to no address at all.") from exc
        upgrade = (
            (old[0], new[0]) == ("http", "https")
            and old[1] == new[1]
            and (new[2] == old[2] or (old[2], new[2]) == (80, 443))
        )
        if new[0] not in ("http", "https") or not new[1]:
            raise BadAnswer(f"{self.host} sends its visitors to no address at all.")
        if not (same_origin(url, target) or upgrade):
            netloc = urlsplit(target).netloc.rpartition("@")[2]
            raise answers.SentAway(
                f"{self.host} sends its visitors on to {netloc}; nothing was sent there.",
                hint=f"If that is your Kitsu, use {LOG_IN} with {new[0]}://{netloc}.",
            )
        if method not in ("GET", "HEAD") and status not in (307, 308):
            raise answers.SentAway(
                f"{self.host} has moved to another address ({status}); nothing was changed.",
                hint=f"Use the new address: {new[0]}://{urlsplit(target).netloc}",
            )
        return target

    def read(
        self, response: requests.Response, limits: Limits, method: str, largest: int, *, cut: bool
    ) -> bytes:
        """The whole body, at most ``largest`` bytes of it; more is an error unless ``cut``.

        Raises:
            BadAnswer: too long, or packed in a way that cannot be unpacked.
            ServerUnavailable: it broke off, or took too long.
        """
        parts: list[bytes] = []
        size = 0
        with self.translated(method), answers.sensible(self.host):
            for part in response.iter_content(65536):
                parts.append(part)
                size += len(part)
                if size > largest:
                    if cut:
                        break
                    raise BadAnswer(
                        f"{self.host} sent an answer without end (over {largest >> 20} MiB).",
                        hint="Check the address of the server; tell whoever runs it.",
                    )
                if limits.remaining() <= 0:
                    raise TimeoutError("the answer was not complete in time")
        return b"".join(parts)[:largest]

    @contextmanager
    def translated(
        self, method: str, kinds: tuple[type[Exception], ...] = answers.FOREIGN_ERRORS
    ) -> Iterator[None]:
        """The boundary: what the libraries below raise leaves as one of ours."""
        try:
            yield
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader) as exc:
            if exc.request is not None:  # it was sent: what is wrong came back
                raise BadAnswer(f"{self.host} sent an answer that is not HTTP.") from exc
            raise UsageError("That request cannot be written as HTTP.") from exc
        except requests.exceptions.ContentDecodingError as exc:
            raise BadAnswer(f"{self.host} sent an answer that cannot be unpacked.") from exc
        except kinds as exc:
            raise answers.error_of_exception(exc, host=self.host, method=method) from exc
