"""What was found, as Markdown: it is read in a terminal as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.bench.measure import MIB, Sample, Spread

__all__ = ["Limit", "Section", "memory", "render", "seconds", "table", "timed"]

_Cells = Sequence[str]


@dataclass(frozen=True)
class Limit:
    """One comparison and what it should be.

    Attributes:
        what: "upload / curl -F", for example.
        found: a ratio, or an amount in ``unit``.
        target: the highest value that is good; None where none was set.
        unit: "" for ratios.
    """

    what: str
    found: Spread
    target: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.found.median <= self.target

    def cells(self) -> list[str]:
        digits = 1 if self.unit else 3
        target = "" if self.target is None else f"≤ {self.target:g}{self._unit}"
        return [
            self.what,
            f"{self.found.median:.{digits}f}{self._unit}",
            f"{self.found.low:.{digits}f} to {self.found.high:.{digits}f}",
            target,
            {None: "", True: "met", False: "missed"}[self.met],
        ]

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""


@dataclass(frozen=True)
class Section:
    """One scenario: what was measured, the comparisons, and what the words mean."""

    title: str
    measured: Sequence[_Cells]
    limits: Sequence[Limit]
    notes: Sequence[str]
    facts: Sequence[str] = field(default=())

    def render(self) -> str:
        parts = [f"## {self.title}", table(self.measured)]
        if self.limits:
            heading = ["ratio", "median", "range", "target", ""]
            if any(limit.unit for limit in self.limits):
                heading[0] = "comparison"
            parts.append(table([heading, *(limit.cells() for limit in self.limits)]))
        if self.facts:
            parts.append("\n".join(f"- {fact}" for fact in self.facts))
        parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts)


def timed(samples: Mapping[str, Sequence[Sample]], *, unit: str = "s") -> list[list[str]]:
    """A table of times: one line for each contestant."""
    rows = [["", "time, median", "range"]]
    for name, found in samples.items():
        rows.append([name, *seconds(Spread.of([s.seconds for s in found]), unit=unit)])
    return rows


def seconds(spread: Spread, *, unit: str = "s") -> tuple[str, str]:
    """Median and range of times, in seconds or milliseconds."""
    scale, digits = {"s": (1, 2), "ms": (1000, 1)}[unit]
    low, median, high = (v * scale for v in (spread.low, spread.median, spread.high))
    return f"{median:.{digits}f} {unit}", f"{low:.{digits}f} to {high:.{digits}f}"


def memory(values: Sequence[int | None]) -> str:
    """The median of amounts of memory, in MiB."""
    known = [value / MIB for value in values if value is not None]
    return f"{Spread.of(known).median:.1f} MiB" if known else ""


def table(rows: Sequence[_Cells]) -> str:
    """A Markdown table whose columns line up; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    aligned = [_line(row, widths) for row in rows]
    rule = [
        "-" * max(width, 3) if n == 0 else "-" * (max(width, 3) - 1) + ":"
        for n, width in enumerate(widths)
    ]
    return "\n".join([aligned[0], _line(rule, widths), *aligned[1:]])


def _line(cells: _Cells, widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(max(width, 3)) if n == 0 else cell.rjust(max(width, 3))
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def render(sections: Sequence[Section], *, facts: Sequence[str], how: str) -> str:
    """The whole document."""
    head = "# Benchmarks\n\n" + how
    where = "## Where this was measured\n\n" + "\n".join(f"- {fact}" for fact in facts)
    return "\n\n".join([head, where, *(section.render() for section in sections)]) + "\n"
