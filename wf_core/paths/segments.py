"""Paths with gaps: text in which some parts are still open, and how to read them back.

A template becomes a row of segments, text and :class:`Slot`. :func:`match` lists every
way to fill the slots so that a given text comes out: none, one, or several, which is what
ambiguity means here. All text is folded (:func:`wf_core.paths.slugs.fold`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from wf_core.errors import NoFileTree, PathError
from wf_core.paths.slugs import slug, transliterate

__all__ = ["Segments", "Slot", "fill", "match", "merge", "slugified"]

# Bounds the work a malicious tree or path can cause; real ones need some hundreds.
_MAX_STEPS = 20_000

_SLUG_RUN = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
_PLAIN = re.compile(r"[a-z0-9_]+")
_NUMBER = re.compile(r"[1-9][0-9]{3,}|[0-9]{3}")
# Zou writes e001 for the id of an episode that is not there, too.
_ID = re.compile(r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|e001")


@dataclass(frozen=True)
class Slot:
    """An open part. The same ``key`` twice stands for the same text.

    ``form`` is what may fill it: a slug, a revision as it is written (three digits, or more
    without leading zeros), or a UUID, of whose hyphens a slug makes underscores.
    """

    key: str
    form: Literal["slug", "number", "id"] = "slug"


Segments = tuple[str | Slot, ...]


def merge(parts: Iterable[str | Slot]) -> Segments:
    """``parts`` with neighbouring texts joined and empty ones dropped."""
    merged: list[str | Slot] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part:
            merged.append(part)
    return tuple(merged)


def fill(segments: Segments, values: dict[str, str]) -> str:
    """The text with every slot filled from ``values``."""
    return "".join(part if isinstance(part, str) else values[part.key] for part in segments)


def slugified(segments: Segments) -> Segments:
    """The segments of ``slug(text)``, for every filling of the slots with slugs.

    That is possible when the literal parts come out the same whatever their neighbours:
    the slug of a whole is then the slugs of its parts in a row. It is not where a comma
    between two numbers, or a character entity (``&#65;``), takes in what fills a slot.

    Raises:
        NoFileTree: a literal part depends on what stands beside it.
    """
    if not any(isinstance(part, Slot) for part in segments):
        return merge([slug("".join(part for part in segments if isinstance(part, str)))])
    plain = "".join(transliterate(p) if isinstance(p, str) else "\0" for p in segments)
    if re.search(r"&.*\0.*;", plain, re.DOTALL):
        raise _entangled()
    last = len(segments) - 1
    done: list[str | Slot] = []
    for index, part in enumerate(segments):
        if isinstance(part, Slot):
            done.append(part)
            continue
        if _PLAIN.fullmatch(part) and "__" not in part:
            bare = part.lstrip("_") if index == 0 else part
            done.append(bare.rstrip("_") if index == last else bare)
            continue
        outcomes = set()
        for guard in "x0":
            left, right = ("" if index == 0 else guard), ("" if index == last else guard)
            whole = slug(left + part + right)
            outcomes.add(whole[len(left) : len(whole) - len(right)])
        if len(outcomes) > 1:
            raise _entangled()
        done.append(outcomes.pop())
    return merge(done)


def match(
    segments: Segments, text: str, known: dict[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Every filling of the slots that makes ``segments`` into ``text``.

    >>> list(match((Slot("a"), "_", Slot("b")), "x_y_z"))
    [{'a': 'x', 'b': 'y_z'}, {'a': 'x_y', 'b': 'z'}]

    Args:
        segments: what to read ``text`` as.
        text: folded text.
        known: slots that are filled already.

    Raises:
        PathError: there are too many possibilities to look at.
    """
    steps = 0
    stack: list[tuple[int, int, dict[str, str]]] = [(0, 0, dict(known or {}))]
    while stack:
        index, start, values = stack.pop()
        if index == len(segments):
            if start == len(text):
                yield values
            continue
        part = segments[index]
        literal = part if isinstance(part, str) else values.get(part.key)
        if literal is not None:
            if isinstance(part, Slot) and part.form == "id":
                end = start + len(literal)
                fits = text[start:end].replace("-", "_") == literal.replace("-", "_")
            else:
                fits = text.startswith(literal, start)
            if fits:
                stack.append((index + 1, start + len(literal), values))
            continue
        assert isinstance(part, Slot)
        rest = segments[index + 1] if index + 1 < len(segments) else None
        for end in reversed(list(_ends(part, text, start))):
            if isinstance(rest, str) and not text.startswith(rest, end):
                continue
            steps += 1
            if steps > _MAX_STEPS:
                raise PathError(
                    "The file tree allows too many readings of this path to look at.",
                    hint="Ask a production manager for separators between its tokens.",
                )
            stack.append((index + 1, end, {**values, part.key: text[start:end]}))


def _ends(slot: Slot, text: str, start: int) -> Iterator[int]:
    """Where what fills ``slot`` may end, shortest first."""
    if slot.form == "id":
        found = _ID.match(text, start)
        if found:
            yield found.end()
        return
    if slot.form == "number":
        found = _NUMBER.match(text, start)
        if found:
            first = start + 3
            longest = found.end()
            yield from range(first, (longest if text[start] != "0" else first) + 1)
        return
    found = _SLUG_RUN.match(text, start)
    if found:
        for end in range(start + 1, found.end() + 1):
            if text[end - 1] != "_":
                yield end


def _entangled() -> NoFileTree:
    return NoFileTree(
        "The file name template has a comma or an “&…;” that changes with the name or the "
        "revision beside it, so two files could get one path.",
        hint="Ask a production manager to separate them by “_” in the production's file tree.",
    )
