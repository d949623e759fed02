"""What a command prints: one JSON document for scripts, or text and tables for people.

Standard output carries results only; questions, notes, progress and failures go to standard
error. Whatever a server sent is made harmless before it reaches a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from wf_core.errors import InputError

if TYPE_CHECKING:
    from wf_core.results import Presence

__all__ = ["Column", "Output", "OutputLost", "age", "moment", "printable", "size"]


class OutputLost(InputError):
    """The result could not be written: the disk behind standard output is full, say."""

    kind = "output_lost"


@dataclass(frozen=True)
class Column:
    """A column of a table. ``right``: align to the right; ``whole``: never fold or cut."""

    title: str
    right: bool = False
    whole: bool = False


class Output:
    """The two output streams of a command.

    Attributes:
        as_json: print JSON instead of text.
    """

    def __init__(self, stdout: TextIO | None, stderr: TextIO | None) -> None:
        # A process without a console has no streams at all.
        self.stdout = _tolerant(stdout)
        self.stderr = _tolerant(stderr)
        self.as_json = False

    @property
    def errors_are_terminal(self) -> bool:
        return self.stderr is not None and self.stderr.isatty()

    def result(self, document: Any, text: Callable[[], None]) -> None:
        """Print ``document`` as JSON, or call ``text`` to print it for people."""
        if self.as_json:
            # ASCII only, so that any name passes through any encoding unharmed.
            self._write(json.dumps(document) + "\n")
        else:
            text()

    def line(self, text: str = "") -> None:
        """One line on standard output."""
        self._write(printable(text) + "\n")

    def note(self, text: str) -> None:
        """One line on standard error, for people only."""
        self._write(printable(text) + "\n", to_errors=True)

    def presence(self, others: Iterable[Presence]) -> None:
        """Who has the scene open elsewhere, for people only."""
        for one in others:
            self.note(
                f"Open on {one.machine} since {moment(one.since)}: {one.user} ({one.application})."
            )

    def prompt(self, question: str) -> None:
        """A question on standard error, the answer typed behind it."""
        self._write(printable(question) + " ", to_errors=True)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Labelled values, one a line, aligned."""
        known = [(label, value) for label, value in pairs if value]
        width = max((len(label) for label, _ in known), default=0)
        for label, value in known:
            self.line(f"{label:<{width}}  {value}")

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """A table: drawn on a terminal, else plain columns, one row a line."""
        cells = [[printable(cell) for cell in row] for row in rows]
        if self.stdout is not None and self.stdout.isatty():
            self._drawn_table(columns, cells)
            return
        lines = [[column.title for column in columns], *cells]
        widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
        for line in lines:
            padded = [
                cell.rjust(width) if column.right else cell.ljust(width)
                for cell, width, column in zip(line, widths, columns, strict=True)
            ]
            self.line("  ".join(padded).rstrip())

    def _drawn_table(self, columns: Sequence[Column], cells: list[list[str]]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(
                column.title,
                justify="right" if column.right else "left",
                no_wrap=column.whole,
                overflow="fold",
            )
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        console = Console(file=self.stdout, highlight=False)
        with console.capture() as captured:
            console.print(table)
        self._write(captured.get())

    def failure(self, document: dict[str, Any]) -> None:
        """Say what went wrong: ``document`` on standard output with ``--json``, else a
        sentence, the hint and what the error lists on standard error."""
        if self.as_json:
            self._write(json.dumps(document) + "\n")
            return
        details = document["error"]
        self.note(f"wf: {details['message']}")
        for line in details.get("suggestions", ()):
            self.note(f"    {line}")
        for candidate in details.get("candidates", ()):
            self.note(f"    {candidate['id']}  {candidate['task']}")
        for line in details.get("problems", ()):
            self.note(f"    {line}")
        if details["hint"]:
            self.note(f"    {details['hint']}")

    def _write(self, text: str, *, to_errors: bool = False) -> None:
        stream = self.stderr if to_errors else self.stdout
        if stream is None:
            return
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            # The reader has seen enough; what the command did stays done.
            _redirect_to_nowhere(stream)
        except OSError as exc:
            _redirect_to_nowhere(stream)
            raise OutputLost(
                f"The result could not be written to the output: {exc.strerror}.",
                hint="What the command did is done; run it again to see its result.",
            ) from exc


def printable(text: str) -> str:
    """``text`` as one line without control characters, whoever wrote it."""
    return "".join(
        char if char.isprintable() else " " if char in "\n\r\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def size(count: int | None) -> str:
    """Bytes for people: ``"1.5 GiB"``; empty when not known."""
    if count is None:
        return ""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.95 or unit == "TiB":
            break
    return f"{value:.1f} {unit}"


def age(seconds: float | None) -> str:
    """A span of time for people, in its largest unit: ``"3 min"``; empty when not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    for length, unit in ((60, "min"), (3600, "h"), (86400, "d")):
        value = seconds / length
        if value < 90 or unit == "d":
            break
    return f"{round(value)} {unit}"


def moment(stamp: str | None) -> str:
    """The server's ISO 8601, in UTC, to the minute and in this machine's time zone."""
    if not stamp:
        return ""
    from datetime import datetime, timezone

    try:
        moment = datetime.fromisoformat(stamp.removesuffix("Z"))
    except ValueError:
        return stamp
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _tolerant(stream: TextIO | None) -> TextIO | None:
    """``stream``, writing characters its encoding lacks as escapes instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    return stream


def _redirect_to_nowhere(stream: TextIO) -> None:
    """Keep the interpreter's flush at its end from failing on a stream that is gone."""
    if stream not in (sys.stdout, sys.stderr):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
