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

__all__ = ["MemoryTokenStore", "TokenStore", "Tokens", "expiry"]


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
    token does not say. Nothing is verified: that is the server's business."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    when = payload.get("exp") if isinstance(payload, dict) else None
    return float(when) if isinstance(when, (int, float)) else None


def seconds_left(token: str, *, now: float | None = None) -> float | None:
    """Seconds until ``token`` expires by this machine's clock, None when not known."""
    when = expiry(token)
    return None if when is None else when - (time.time() if now is None else now)
