"""Finding one's way through tasks: search, and production, type, entity, task step by step.

Pure, over tasks that were fetched once: typing into a search field asks no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wf_core.models import Task
from wf_core.results import Revision

__all__ = ["TaskFilter", "matches", "narrowed", "revisions_matching", "values_of"]


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
    hay = "\n".join(part for part in among if part).casefold()
    return all(word in hay for word in text.casefold().split())


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
    return [
        revision
        for revision in revisions
        if matches(
            text,
            f"v{revision.revision:03d} {revision.revision}",
            revision.name,
            revision.comment,
            revision.author,
            revision.state,
        )
    ]
