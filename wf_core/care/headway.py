"""How far a verification came that was stopped, so that the next one goes on from there."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from wf_core.models import WorkingFile
from wf_core.results import Problem
from wf_core.saves.journal import Journal

__all__ = ["Headway"]

_KEPT_SECONDS = 24 * 3600.0
_WRITE_SECONDS = 5.0


class Headway:
    """What one way of verifying one task has looked at already.

    Args:
        journal: keeps it.
        key: says which task, of which server, verified how.
    """

    def __init__(self, journal: Journal, key: str) -> None:
        self._journal = journal
        self._key = f"verify {key}"
        self._begun = time.time()
        self._written = time.monotonic()
        self._seen: dict[str, Any] = {}
        stored = journal.recall(self._key)
        if stored is not None and 0 <= self._begun - stored[1] < _KEPT_SECONDS:
            self._begun = stored[1]
            self._seen = json.loads(stored[0])
        self.resumed = 0

    def found_before(self, record: WorkingFile) -> list[Problem] | None:
        """What was found when the record was looked at; None when it was not, or when it has
        changed since."""
        seen = self._seen.get(record.id)
        if seen is None or seen["as"] != _state(record):
            return None
        self.resumed += 1
        return [Problem(**values) for values in seen["problems"]]

    def note(self, record: WorkingFile, problems: list[Problem]) -> None:
        """The record has been looked at."""
        found = [asdict(problem) for problem in problems]
        self._seen[record.id] = {"as": _state(record), "problems": found}
        if time.monotonic() - self._written > _WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Keep it for the next verification."""
        self._journal.remember(self._key, json.dumps(self._seen), self._begun)
        self._written = time.monotonic()

    def finish(self) -> None:
        """Everything was looked at: the next verification starts over."""
        self._journal.forget_cached(self._key)


def _state(record: WorkingFile) -> list[Any]:
    return [record.updated_at, record.revision, record.path, record.comment, record.data]
