"""What all groups of routes share: reading records, and keeping lists that seldom change."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from wf_core.errors import BadAnswer, UsageError
from wf_core.kitsu.session import Session
from wf_core.models import Record

__all__ = ["Routes", "id_in_route"]

AnyRecord = TypeVar("AnyRecord", bound=Record)
Value = TypeVar("Value")


def id_in_route(value: str) -> str:
    """``value`` as one part of a route.

    Raises:
        UsageError: it is no id, and would lead to another route.
    """
    if value.strip(". \t\r\n") == "":
        raise UsageError(f"“{value}” is not an id.")
    return quote(value, safe="")


class Routes:
    """The base of the client.

    Args:
        session: the connection.
        keep: seconds for which lists that seldom change (software, task types, people) are
            not asked for again.
    """

    def __init__(self, session: Session, *, keep: float = 300.0) -> None:
        self.session = session
        self._keep = keep
        self._kept: dict[str, tuple[float, Any]] = {}

    def clear_cache(self) -> None:
        """Ask the server again for everything."""
        self._kept.clear()

    def _cached(self, key: str, fetch: Callable[[], Value]) -> Value:
        found = self._kept.get(key)
        if found is not None and time.monotonic() - found[0] < self._keep:
            value: Value = found[1]
            return value
        value = fetch()
        self._kept[key] = (time.monotonic(), value)
        return value

    def _record(self, model: type[AnyRecord], value: Any) -> AnyRecord:
        """One record of an answer. A field that is null counts as missing, as it is on
        servers that do not have it.

        Raises:
            BadAnswer: it is not one.
        """
        if isinstance(value, dict):
            known = {key: entry for key, entry in value.items() if entry is not None}
            try:
                return model.model_validate(known)
            except ValidationError as exc:
                raise self._odd(model) from exc
        raise self._odd(model)

    def _records(self, model: type[AnyRecord], value: Any) -> list[AnyRecord]:
        """A list of records.

        Raises:
            BadAnswer: it is not one.
        """
        if not isinstance(value, list):
            raise self._odd(model)
        return [self._record(model, entry) for entry in value]

    def _odd(self, model: type[Record]) -> BadAnswer:
        return BadAnswer(
            f"{self.session.host} gave something that is no {model.__name__} record.",
            hint="Its release may be too old or too new for this client.",
        )
