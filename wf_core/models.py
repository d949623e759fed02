"""Kitsu's records, as far as working files need them.

Unknown fields are ignored and every field that some release lacks has a default, so
that records of older and newer servers load alike. Field names and meanings are Zou's
(``zou/app/models``). All ids are UUID strings; all dates are the server's, in UTC.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Department",
    "Entity",
    "EntityType",
    "OutputFile",
    "OutputType",
    "Person",
    "Production",
    "Record",
    "Software",
    "Task",
    "TaskContext",
    "TaskType",
    "WorkingFile",
]


class Record(BaseModel):
    """A record of the server: immutable, tolerant of unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    id: str


class Person(Record):
    first_name: str = ""
    last_name: str = ""
    full_name: str = ""
    email: str | None = None
    role: str = "user"
    is_bot: bool = False

    @property
    def display_name(self) -> str:
        """The name to show: full name, else first and last, else e-mail, else the id."""
        joined = f"{self.first_name} {self.last_name}".strip()
        return self.full_name or joined or self.email or self.id


class Production(Record):
    """A production (Zou's ``project``); ``file_tree`` is None until somebody sets one."""

    name: str = ""
    code: str | None = None
    production_type: str | None = None
    file_tree: dict[str, Any] | None = None

    def asks_for(self, kind: str, *, part: str | None = None) -> bool:
        """Whether the file tree, or that part of it, has a token such as ``<Department>``."""
        tree = self.file_tree or {}
        return f"<{kind}".lower() in json.dumps(tree if part is None else tree.get(part)).lower()


class Department(Record):
    name: str = ""


class EntityType(Record):
    """Kind of entity: Zou's "Shot", "Sequence", "Episode", "Scene", else an asset type."""

    name: str = ""
    short_name: str | None = None


class Entity(Record):
    """An asset, shot, sequence, scene or episode. ``parent_id`` leads upwards."""

    name: str = ""
    code: str | None = None
    project_id: str = ""
    entity_type_id: str = ""
    parent_id: str | None = None
    canceled: bool = False


class TaskType(Record):
    name: str = ""
    short_name: str | None = None
    department_id: str | None = None
    for_entity: str | None = None


class Task(Record):
    """A task. The ``*_name`` fields are filled by the routes that list a user's tasks."""

    name: str = "main"
    project_id: str = ""
    entity_id: str = ""
    task_type_id: str = ""
    task_status_id: str | None = None
    assignees: list[str] = []
    project_name: str | None = None
    entity_name: str | None = None
    entity_type_name: str | None = None
    task_type_name: str | None = None
    sequence_name: str | None = None
    episode_name: str | None = None
    task_status_name: str | None = None
    due_date: str | None = None

    @property
    def place(self) -> str:
        """Where it stands in its production, from the names: ``Props/Lamp``, ``SQ01/SH010``."""
        between = (
            (self.episode_name, self.sequence_name)
            if self.entity_type_name in ("Shot", "Sequence", "Scene", "Episode")
            else (self.entity_type_name,)
        )
        return "/".join(part for part in (*between, self.entity_name) if part)

    @property
    def label(self) -> str:
        """The task as people write it: ``Production/Props/Lamp/Modeling``; of a task whose
        ``*_name`` fields are not filled, as much as is known."""
        parts = (self.project_name, self.place, self.task_type_name)
        return "/".join(part for part in parts if part)


class Software(Record):
    """A software record. ``file_extension`` comes with or without its dot."""

    name: str = ""
    short_name: str | None = None
    file_extension: str | None = None
    secondary_extensions: list[str] | None = None

    @property
    def extension(self) -> str:
        """The extension with its dot, lower case, or "" when the record has none."""
        return _dotted(self.file_extension or "")

    @property
    def extensions(self) -> tuple[str, ...]:
        """That extension and the others it writes; servers of before 2025 know one only."""
        found = (self.extension, *map(_dotted, self.secondary_extensions or ()))
        return tuple(filter(None, found))


def _dotted(extension: str) -> str:
    bare = extension.strip().lstrip(".").lower()
    return f".{bare}" if bare else ""


class OutputType(Record):
    name: str = ""
    short_name: str | None = None


class WorkingFile(Record):
    """A revision. ``path`` is what the server rendered: no extension, often no revision."""

    name: str = "main"
    revision: int = 0
    comment: str | None = None
    path: str | None = None
    task_id: str | None = None
    entity_id: str | None = None
    person_id: str | None = None
    software_id: str | None = None
    size: int | None = None
    data: dict[str, Any] | None = None
    created_at: str | None = None
    updated_at: str | None = None


class OutputFile(Record):
    name: str = "main"
    revision: int = 0
    comment: str | None = None
    path: str | None = None
    entity_id: str | None = None
    output_type_id: str | None = None
    task_type_id: str | None = None
    source_file_id: str | None = None
    created_at: str | None = None


class TaskContext(BaseModel):
    """Everything about a task that renders its paths and its label, fetched once.

    ``sequence`` and ``episode`` are the entity's ancestors (or the entity itself where it
    is one). The context is plain data: it can be stored and used without the server.
    """

    model_config = ConfigDict(frozen=True)

    production: Production
    task: Task
    task_type: TaskType
    entity: Entity
    entity_type: EntityType
    sequence: Entity | None = None
    episode: Entity | None = None
    department: Department | None = None
    """The task type's, read only where the production's tree asks for one: few do."""
    geometry: OutputType | None = None
    """The server's output type "Geometry", which Zou puts where the tree of a working file
    asks for an output type; None when there is none. Hardly any tree needs it."""

    @property
    def kind(self) -> str:
        """What the file tree calls it: "shot", "sequence", "scene", "episode" or "asset"."""
        name = self.entity_type.name.lower()
        return name if name in ("shot", "sequence", "scene", "episode") else "asset"

    @property
    def label(self) -> str:
        """The task as people write it: ``Production/Props/Lamp/Modeling``."""
        parts = [self.production.name]
        if self.kind == "asset":
            parts.append(self.entity_type.name)
        else:
            parts.extend(
                e.name for e in (self.episode, self.sequence) if e and e.id != self.entity.id
            )
        parts += [self.entity.name, self.task_type.name]
        return "/".join(parts)
