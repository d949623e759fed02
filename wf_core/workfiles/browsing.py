"""Finding one's way through tasks: search, and production, type, entity, task step by step.

Pure, over tasks that were fetched once: typing into a search field asks no server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wf_core.models import Task
from wf_core.results import Revision

__all__ = [
    "Searchable",
    "TaskFilter",
    "matches",
    "narrowed",
    "revisions_matching",
    "searchable_revisions",
    "searchable_tasks",
    "values_of",
]

T = TypeVar("T")


@dataclass(frozen=True)
class TaskFilter:
    """What tasks are narrowed to; an empty field narrows nothing.

    Attributes:
        text: words that all occur in the task's label or status, case ignored.
        entity_type: such as "Props" or "Shot".
        entity: its place, such as "Props/Lamp".
        task_type: such as "Modeling".
        status: such as "Work In Progress".
    """

    text: str = ""
    entity_type: str = ""
    entity: str = ""
    task_type: str = ""
    status: str = ""


def matches(text: str, *among: str | None) -> bool:
    """Whether every word of ``text`` occurs in one of the others, case ignored."""
    return _has(_hay(*among), text)


def _hay(*among: str | None) -> str:
    return "\n".join(part for part in among if part).casefold()


def _has(hay: str, text: str) -> bool:
    return all(word in hay for word in text.casefold().split())


class Searchable(Generic[T]):
    """Things to be searched again and again, as somebody types: what is compared is made once,
    on the thread that made this. Ten thousand are searched in some milliseconds.

    Args:
        items: in the order in which they are shown.
        texts: what is searched of one.
    """

    def __init__(self, items: Iterable[T], texts: Callable[[T], Iterable[str | None]]) -> None:
        self.items = list(items)
        self._hays = [_hay(*texts(item)) for item in self.items]

    def find(self, text: str) -> list[T]:
        """Those that hold every word of ``text``, case ignored; all of them for none."""
        if not text.strip():
            return self.items
        return [item for item, hay in zip(self.items, self._hays, strict=True) if _has(hay, text)]


def searchable_tasks(tasks: Iterable[Task]) -> Searchable[Task]:
    """Tasks by their labels, found by label and status."""
    ordered = sorted(tasks, key=lambda task: task.label.casefold())
    return Searchable(ordered, lambda task: (task.label, task.task_status_name))


def searchable_revisions(revisions: Iterable[Revision]) -> Searchable[Revision]:
    """Revisions in their own order, found as by :func:`revisions_matching`."""
    return Searchable(revisions, _texts_of)


def narrowed(tasks: Iterable[Task], by: TaskFilter) -> list[Task]:
    """The tasks that pass, by their labels."""
    found = [
        task
        for task in tasks
        if (not by.entity_type or task.entity_type_name == by.entity_type)
        and (not by.entity or task.place == by.entity)
        and (not by.task_type or task.task_type_name == by.task_type)
        and (not by.status or task.task_status_name == by.status)
        and matches(by.text, task.label, task.task_status_name)
    ]
    return sorted(found, key=lambda task: task.label.casefold())


def values_of(tasks: Iterable[Task], field: str, *, entity_type: str = "") -> list[str]:
    """What there is to choose from, sorted.

    Args:
        tasks: of one production, or all of one's own.
        field: a field of :class:`TaskFilter` other than ``text``.
        entity_type: entities of this type only.
    """
    attribute = {
        "entity_type": "entity_type_name",
        "entity": "place",
        "task_type": "task_type_name",
        "status": "task_status_name",
    }[field]
    found = {
        getattr(task, attribute) or ""
        for task in tasks
        if not entity_type or task.entity_type_name == entity_type
    }
    return sorted(found - {""}, key=str.casefold)


def revisions_matching(revisions: Iterable[Revision], text: str) -> Sequence[Revision]:
    """The revisions whose number, name, comment, author or state hold every word of ``text``."""
    return [revision for revision in revisions if matches(text, *_texts_of(revision))]


def _texts_of(revision: Revision) -> tuple[str, ...]:
    return (
        f"v{revision.revision:03d} {revision.revision}",
        revision.name,
        revision.comment,
        revision.author,
        revision.state,
    )
