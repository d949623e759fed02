"""What a report of a run says, as plain values: the same for the page, for JSON and for CSV."""

from __future__ import annotations

import base64
import datetime
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wf_core.batch.ledger import Ledger, Tally
from wf_core.batch.pictures import kind_of_picture
from wf_core.batch.run import Run

__all__ = ["Facts", "Span", "facts_of"]

_MOST_SPANS = 60
_LONGEST_LOG = 8_000
"""Characters of a row's log that go into a report: its end."""
_LONGEST_CHARACTER = 4  # bytes
_MOST_LOGS = 500


@dataclass(frozen=True)
class Span:
    """How many rows were committed in a span of time; ``start`` is seconds from the first."""

    start: float
    seconds: float
    committed: int


@dataclass(frozen=True)
class Facts:
    """A report.

    Attributes:
        rows: each row of the run: what was asked, and how it stands (``status`` is
            ``waiting`` where nothing is known yet).
        began, ended: of the committed rows, by the workers' clocks; ISO 8601 in UTC.
        seconds: between the two.
        size: bytes of all committed rows.
        throughput: committed rows over time.
        pictures: data addresses by the number of the row.
    """

    run: str
    server: str
    tally: Tally
    began: str | None
    ended: str | None
    seconds: float
    size: int
    throughput: list[Span]
    rows: list[dict[str, Any]]
    pictures: dict[int, str]

    def as_json(self) -> dict[str, Any]:
        """Everything but the pictures, which are files of the run."""
        return {key: value for key, value in asdict(self).items() if key != "pictures"}


def facts_of(run: Run) -> Facts:
    """What is known of the run now.

    Raises:
        WorkfilesError: its folder cannot be read.
    """
    ledger = Ledger(run.results, run.count)
    ledger.refresh()
    rows: list[dict[str, Any]] = []
    moments: list[tuple[float, float]] = []
    size, logs = 0, 0
    for row in run.rows():
        outcome = ledger.of(row.row)
        said = asdict(row)
        if outcome is None:
            rows.append({**said, "status": "waiting"})
            continue
        said |= outcome.as_json()
        if outcome.status == "committed":
            size += outcome.size or 0
            moment = _seconds(outcome.finished_at)
            if moment is not None:
                moments.append((moment, outcome.seconds))
        elif logs < _MOST_LOGS:
            logs += 1
            said["log"] = _end_of_log(run, row.row)
        rows.append(said)
    moments.sort()
    began = min((at - took for at, took in moments), default=None)
    ended = moments[-1][0] if moments else None
    return Facts(
        run=str(run.folder),
        server=run.server,
        tally=ledger.tally(),
        began=_written(began),
        ended=_written(ended),
        seconds=round(ended - began, 3) if began is not None and ended is not None else 0.0,
        size=size,
        throughput=_throughput([at for at, _ in moments], began, ended),
        rows=rows,
        pictures=_pictures_of(run),
    )


def _throughput(moments: Sequence[float], began: float | None, ended: float | None) -> list[Span]:
    if began is None or ended is None:
        return []
    length = max((ended - began) / _MOST_SPANS, 1.0)
    count = int((ended - began) // length) + 1
    committed = [0] * count
    for at in moments:
        committed[min(count - 1, int((at - began) // length))] += 1
    return [
        Span(round(n * length, 3), round(length, 3), found) for n, found in enumerate(committed)
    ]


def _end_of_log(run: Run, row: int) -> str:
    try:
        with run.log_of(row).open("rb") as stream:  # an application may have said gigabytes
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _LONGEST_CHARACTER * (_LONGEST_LOG + 1)))
            text = stream.read().decode(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    text = text.replace("\r\n", "\n")
    return text if len(text) <= _LONGEST_LOG else f"…{text[-_LONGEST_LOG:]}"


def _pictures_of(run: Run) -> dict[int, str]:
    found: dict[int, str] = {}
    for row in range(1, run.count + 1):
        path = run.picture_of(row)
        try:
            data = path.read_bytes() if path is not None else b""
        except FileNotFoundError:
            continue
        kind = kind_of_picture(data)
        if kind is not None:
            found[row] = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return found


def _seconds(stamp: str) -> float | None:
    try:
        return datetime.datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def _written(moment: float | None) -> str | None:
    if moment is None:
        return None
    found = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    return found.isoformat(timespec="seconds")
