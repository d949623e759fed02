"""Where the tokens of a login are kept: never a password, never readable by others."""

from __future__ import annotations

import base64
import binascii
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

__all__ = ["MemoryTokenStore", "TokenStore", "Tokens", "account_of", "expiry"]


@dataclass(frozen=True)
class Tokens:
    """The tokens of one login. They do not show in a repr."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)


class TokenStore(ABC):
    """Keeps the tokens of each server, by the server's API address."""

    @abstractmethod
    def load(self, server: str) -> Tokens | None:
        """The tokens as they are now (another process may have changed them), or None."""

    @abstractmethod
    def save(self, server: str, tokens: Tokens) -> None:
        """Keep ``tokens`` for ``server``, replacing earlier ones."""

    @abstractmethod
    def forget(self, server: str) -> None:
        """Drop the tokens of ``server``, if there are any."""

    @abstractmethod
    def servers(self) -> tuple[str, ...]:
        """The servers with tokens, sorted."""

    @abstractmethod
    @contextmanager
    def refreshing(self) -> Iterator[None]:
        """Held while tokens are refreshed, so that one thread or process does it for all."""
        yield


class MemoryTokenStore(TokenStore):
    """Tokens that end with the process."""

    def __init__(self) -> None:
        self._tokens: dict[str, Tokens] = {}
        self._lock = RLock()

    def load(self, server: str) -> Tokens | None:
        return self._tokens.get(server)

    def save(self, server: str, tokens: Tokens) -> None:
        self._tokens[server] = tokens

    def forget(self, server: str) -> None:
        self._tokens.pop(server, None)

    def servers(self) -> tuple[str, ...]:
        return tuple(sorted(self._tokens))

    @contextmanager
    def refreshing(self) -> Iterator[None]:
        with self._lock:
            yield


def expiry(token: str) -> float | None:
    """When ``token`` expires, in seconds since the epoch by the server's clock; None when the
    token does not say."""
    when = _claims(token).get("exp")
    return float(when) if isinstance(when, (int, float)) else None


def account_of(token: str) -> str | None:
    """The id of the account that ``token`` is of, None when the token does not say."""
    who = _claims(token).get("sub")
    return who if isinstance(who, str) and who else None


def _claims(token: str) -> dict[str, Any]:
    """What a JSON Web Token says (RFC 7519). Nothing is verified: that is the server's business."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}


def seconds_left(token: str, *, now: float | None = None) -> float | None:
    """Seconds until ``token`` expires by this machine's clock, None when not known."""
    when = expiry(token)
    return None if when is None else when - (time.time() if now is None else now)
