"""What became of the rows of a run: a folder of files, each written by one worker alone.

A line is one outcome of one row. Nothing is ever changed or taken back, so that a folder on any
share will do: whoever wants to know reads all files, and of a row its committed outcome, else
the one of its latest attempt. Losing a line loses nothing: what is committed is found again on
the server.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from wf_core.disk.files import in_words

__all__ = ["Ledger", "Outcome", "Outcomes", "Status", "Tally", "tally_of"]

Status = Literal["committed", "unsent", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How one attempt at one row ended.

    Attributes:
        row: number of the row.
        attempt: number of the attempt at the row, from 1.
        status: ``committed``; ``unsent``: to be tried again, its scene is safe where it is;
            ``failed``: a person has to look.
        seconds: how long the attempt took.
        size: bytes.
        finished_at: the worker's clock, ISO 8601 in UTC; for people, it orders nothing.
        kind, error, hint: what went wrong, empty where nothing did.
    """

    row: int
    attempt: int
    status: Status
    save_id: str
    working_file_id: str | None = None
    revision: int | None = None
    path: str | None = None
    sha256: str | None = None
    size: int | None = None
    seconds: float = 0.0
    machine: str = ""
    finished_at: str = ""
    kind: str = ""
    error: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Tally:
    """How many rows of a run stand how; ``waiting`` are those nothing is known of yet."""

    rows: int
    committed: int
    unsent: int
    failed: int
    waiting: int

    @property
    def exit_code(self) -> int:
        """0 when every row is committed, 5 when some failed, else 75."""
        if self.failed:
            return 5
        return 75 if self.unsent or self.waiting else 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def tally_of(outcomes: Collection[Outcome], *, rows: int) -> Tally:
    """Count outcomes, one of a row at most, of so many rows."""
    by_status = Counter(outcome.status for outcome in outcomes)
    return Tally(
        rows=rows,
        committed=by_status["committed"],
        unsent=by_status["unsent"],
        failed=by_status["failed"],
        waiting=rows - len(outcomes),
    )


class Ledger:
    """All outcomes of a run, as far as they were read.

    Args:
        folder: the run's ``results``.
        count: how many rows the run has.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._count = count
        self._read: dict[str, int] = {}
        self._latest: dict[int, Outcome] = {}
        self._attempts: Counter[int] = Counter()

    def refresh(self) -> list[Outcome]:
        """Read what was written since; gives it, in no order that means anything."""
        fresh: list[Outcome] = []
        with in_words(self._folder, writing=False):
            names = sorted(
                entry.name for entry in os.scandir(self._folder) if entry.name.endswith(".jsonl")
            )
            for name in names:
                fresh += self._fresh_of(name)
        for outcome in fresh:
            self._take(outcome)
        return fresh

    def _fresh_of(self, name: str) -> Iterator[Outcome]:
        with (self._folder / name).open("rb") as stream:
            stream.seek(self._read.get(name, 0))
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]  # the rest is being written
        self._read[name] = self._read.get(name, 0) + len(whole)
        for line in whole.splitlines():
            outcome = _outcome(line)
            if outcome is not None and 1 <= outcome.row <= self._count:
                yield outcome

    def _take(self, outcome: Outcome) -> None:
        self._attempts[outcome.row] = max(self._attempts[outcome.row], outcome.attempt)
        known = self._latest.get(outcome.row)
        if known is None or (
            known.status != "committed"
            and (outcome.status == "committed" or outcome.attempt >= known.attempt)
        ):
            self._latest[outcome.row] = outcome

    def of(self, row: int) -> Outcome | None:
        """How the row stands; None when nothing is known of it."""
        return self._latest.get(row)

    def attempts(self, row: int) -> int:
        """The number of the latest attempt at the row that ended, 0 when there was none."""
        return self._attempts[row]

    def is_committed(self, row: int) -> bool:
        known = self._latest.get(row)
        return known is not None and known.status == "committed"

    def open_rows(self) -> list[int]:
        """The rows that are not committed, in order."""
        return [row for row in range(1, self._count + 1) if not self.is_committed(row)]

    def not_committed(self) -> list[Outcome]:
        """The latest outcomes of rows that were tried and are not committed, by row."""
        return [o for _, o in sorted(self._latest.items()) if o.status != "committed"]

    def tally(self) -> Tally:
        return tally_of(self._latest.values(), rows=self._count)


class Outcomes:
    """The file one worker writes its outcomes to.

    Args:
        folder: the run's ``results``.
        rows: the rows it does, for people who look into the folder.

    Raises:
        WorkfilesError: the folder cannot be written.
    """

    def __init__(self, folder: Path, rows: Iterable[int]) -> None:
        numbers = list(rows)
        self._path = folder / f"rows-{numbers[0]}-{numbers[-1]}.{uuid.uuid4().hex[:12]}.jsonl"
        with in_words(self._path, writing=True):
            self._stream = self._path.open("xb", buffering=0)

    def write(self, outcome: Outcome) -> None:
        """Add one outcome; the whole line at once."""
        with in_words(self._path, writing=True):
            self._stream.write(json.dumps(outcome.as_json()).encode() + b"\n")

    def close(self) -> None:
        self._stream.close()


_KNOWN = {field.name for field in fields(Outcome)}


def _outcome(line: bytes) -> Outcome | None:
    """One line; None for what a full disk or a killed machine has left of one."""
    try:
        values = json.loads(line)
        return Outcome(**{key: value for key, value in values.items() if key in _KNOWN})
    except (ValueError, TypeError, AttributeError):
        return None
