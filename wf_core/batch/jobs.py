"""The list of what is to be saved: CSV or JSON Lines, one scene a line.

Columns (CSV) and keys (JSON Lines) have the same names. ``scene`` and ``task`` are required,
``name``, ``comment``, ``software``, ``script`` and ``arguments`` are not. A relative scene or
script lies beside the list. Arguments are words as a shell would read them; in JSON Lines they may
be a list of words, too.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from wf_core.disk.files import in_words
from wf_core.errors import (
    AmbiguousReference,
    InputError,
    NotFound,
    ProblemsFound,
    WorkfilesError,
)

__all__ = ["Job", "read_jobs", "said", "words_of"]

_REQUIRED = ("scene", "task")


@dataclass(frozen=True)
class Job:
    """One line of the list, as it was written.

    Attributes:
        line: where it stands in the list, for people.
        scene: the file to save.
        task: UUID, path-like reference or page address of the task.
        name, comment, software: as those of ``wf save``; software may be empty.
        script: Python file that the scene's application runs in it before it is saved, None
            where the file is saved as it is.
        arguments: what the script finds in ``sys.argv``.
        origin: where a person finds it: "line 12", or its path in the folder.
    """

    line: int
    scene: Path
    task: str
    name: str = "main"
    comment: str = ""
    software: str = ""
    script: Path | None = None
    arguments: tuple[str, ...] = ()
    origin: str = ""


_KEYS = tuple(field.name for field in fields(Job) if field.name not in ("line", "origin"))
_MOST_NAMED = 3


def read_jobs(path: Path) -> list[Job]:
    """Every job of the list, in its order.

    Args:
        path: the list; ``.csv`` is CSV, ``.jsonl`` and ``.ndjson`` are JSON Lines.

    Raises:
        ProblemsFound: some lines cannot be used; each problem names its line.
        InputError: nothing in the file can, or there is nothing in it.
        FileUnreadable: it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".jsonl", ".ndjson"):
        raise InputError(
            f"{path.name} is neither CSV (.csv) nor JSON Lines (.jsonl).",
            hint="Name the list by what it is.",
        )
    problems: list[str] = []
    jobs: list[Job] = []
    read = _csv if suffix == ".csv" else _json_lines
    with in_words(path, writing=False):
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as exc:
            raise InputError(f"{path.name} is not UTF-8 text.", hint="Save it as UTF-8.") from exc
    for line, found in read(text):
        problem = found if isinstance(found, str) else _problem_of(found)
        if problem:
            problems.append(f"line {line}: {problem}")
        elif not isinstance(found, str):
            jobs.append(_job(line, found, path.absolute().parent))
    if problems:
        raise ProblemsFound(
            f"{len(problems)} lines of {path.name} cannot be used; nothing was started.",
            problems=problems,
        )
    if not jobs:
        raise InputError(f"{path.name} names no scene.")
    return jobs


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    # Not splitlines: it takes characters of a comment for the ends of lines, such as U+2028.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                wrong = _problem_of_keys(header)
                if wrong:
                    raise InputError(f"The first line of the list is no header: {wrong}")
            elif len(cells) != len(header):
                yield line, f"{len(cells)} values for {len(header)} columns"
            else:
                # What a CSV leaves empty was not given.
                yield line, {k: v for k, v in zip(header, cells, strict=True) if v.strip()}
    except csv.Error as exc:
        raise InputError(f"Line {reader.line_num} of the list is not CSV: {exc}.") from exc


def _json_lines(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for line, content in enumerate(io.StringIO(text, newline=None), 1):
        if not content.strip():
            continue
        try:
            found = json.loads(content)
        except ValueError as exc:
            yield line, f"not JSON: {exc}"
            continue
        if isinstance(found, dict):
            yield line, {key: value for key, value in found.items() if value is not None}
        else:
            yield line, "not a JSON object"


def _problem_of_keys(keys: list[str]) -> str:
    for key in keys:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            meant = f"; did you mean “{near[0]}”?" if near else f"; there are: {', '.join(_KEYS)}"
            return f"“{key}” means nothing here{meant}"
    if len(set(keys)) != len(keys):
        return "a column is there twice"
    missing = [key for key in _REQUIRED if key not in keys]
    return f"it lacks “{missing[0]}”" if missing else ""


def _problem_of(values: dict[str, Any]) -> str:
    wrong = _problem_of_keys(list(values))
    if wrong:
        return wrong
    for key, value in values.items():
        words = value if key == "arguments" and isinstance(value, list) else [value]
        if not all(isinstance(word, str) for word in words):
            return f"“{key}” is not text"
    if values.get("arguments") and not values.get("script"):
        return "“arguments” without a “script”"
    try:
        words_of(values.get("arguments", ""))
    except ValueError as exc:
        return f"“arguments” cannot be read: {exc}"
    empty = [key for key in _REQUIRED if not values[key].strip()]
    return f"“{empty[0]}” is empty" if empty else ""


def words_of(value: str | list[str]) -> tuple[str, ...]:
    """The arguments of a script.

    Raises:
        ValueError: a quotation is not closed.
    """
    return tuple(shlex.split(value) if isinstance(value, str) else value)


def _job(line: int, values: dict[str, Any], folder: Path) -> Job:
    script = values.get("script", "").strip()
    return Job(
        **{
            **values,
            "line": line,
            "origin": f"line {line}",
            "scene": folder / values["scene"].strip(),
            "script": folder / script if script else None,
            "arguments": words_of(values.get("arguments", "")),
        }
    )


def said(exc: WorkfilesError) -> str:
    """What is wrong with a job, in a line that also names what may have been meant."""
    if isinstance(exc, NotFound) and exc.suggestions:
        return f"{exc.message} Did you mean {' or '.join(exc.suggestions[:_MOST_NAMED])}?"
    if isinstance(exc, AmbiguousReference) and exc.candidates:
        named = ", ".join(f"{label} {uuid}" for label, uuid in exc.candidates[:_MOST_NAMED])
        return f"{exc.message} {named}"
    return str(exc)
