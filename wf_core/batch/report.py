"""The report of a run: one page that needs nothing but itself, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from wf_core.batch.facts import Facts, Span
from wf_core.disk.files import in_words
from wf_core.errors import UsageError

__all__ = ["Report", "has_page", "write_report"]

_COLUMNS = (
    "row",
    "line",
    "status",
    "label",
    "name",
    "scene",
    "revision",
    "path",
    "sha256",
    "size",
    "seconds",
    "attempt",
    "machine",
    "finished_at",
    "kind",
    "error",
    "hint",
    "save_id",
    "working_file_id",
    "task",
    "comment",
)
_WIDTH, _HEIGHT = 720, 160  # of the chart, in its own units


@dataclass(frozen=True)
class Report:
    """Where a report lies; ``html`` is None where pages cannot be made."""

    json: Path
    csv: Path
    html: Path | None


def has_page() -> bool:
    """Whether Jinja2 is installed, which makes the page."""
    try:
        import jinja2  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def write_report(facts: Facts, folder: Path, *, page: bool) -> Report:
    """Write the report into ``folder``, over an earlier one.

    Args:
        facts: what it says.
        folder: made when needed.
        page: with the HTML page.

    Raises:
        UsageError: a page is wanted, and Jinja2 is not installed.
        WorkfilesError: the folder cannot be written.
    """
    made = Report(folder / "report.json", folder / "report.csv", None)
    with in_words(folder, writing=True):
        folder.mkdir(parents=True, exist_ok=True)
        _write(made.json, json.dumps(facts.as_json(), indent=1) + "\n")
        _write(made.csv, _csv(facts))
        if not page:
            return made
        html = folder / "report.html"
        _write(html, page_of(facts))
    return Report(made.json, made.csv, html)


def page_of(facts: Facts) -> str:
    """The page: it loads nothing, and shows the same without a network.

    Raises:
        UsageError: Jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as missing:
        raise UsageError(
            "The page of a report needs the package “jinja2”, which is not installed.",
            hint='Install it with: python -m pip install "kitsu-workfiles[batch]"',
        ) from missing
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wf_core.batch", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        facts=facts, chart=_Chart.of(facts.throughput), width=_WIDTH, height=_HEIGHT
    )


@dataclass(frozen=True)
class _Bar:
    x: float
    y: float
    width: float
    height: float
    span: Span


@dataclass(frozen=True)
class _Chart:
    """Bars of committed rows a minute."""

    bars: list[_Bar]
    highest: float

    @classmethod
    def of(cls, spans: list[Span]) -> _Chart:
        highest = max((per_minute(span) for span in spans), default=0.0)
        step = _WIDTH / max(1, len(spans))
        bars = []
        for number, span in enumerate(spans):
            height = _HEIGHT * per_minute(span) / highest if highest else 0.0
            bars.append(
                _Bar(
                    x=round(number * step, 2),
                    y=round(_HEIGHT - height, 2),
                    width=round(max(1.0, step - 1.0), 2),
                    height=round(height, 2),
                    span=span,
                )
            )
        return cls(bars, round(highest, 1))


def per_minute(span: Span) -> float:
    """Committed rows a minute."""
    return 60.0 * span.committed / span.seconds


def _csv(facts: Facts) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", restval="")
    writer.writeheader()
    for row in facts.rows:
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    return text.getvalue()


def _harmless(value: object) -> object:
    """Spreadsheets run what begins like a formula, whoever wrote it."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _write(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.part")
    half.write_text(text, encoding="utf-8", newline="")
    half.replace(path)
