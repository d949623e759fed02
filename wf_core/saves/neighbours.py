"""The other tasks of a production, to find out who would share a path with whom."""

from __future__ import annotations

from collections.abc import Iterable

from wf_core.errors import PermissionDenied
from wf_core.kitsu import KitsuClient
from wf_core.models import Entity, Production, Software, Task, TaskContext
from wf_core.paths import PathIndex

__all__ = ["contexts_of", "path_index"]


def path_index(client: KitsuClient, context: TaskContext, software: Software) -> PathIndex:
    """The paths of all tasks of the task's production, or where this account may not read
    them all, of the tasks of its entity.

    Raises:
        WorkfilesError: the server cannot be asked.
    """
    index = PathIndex(context.production.file_tree, software=software)
    try:
        tasks = client.production_tasks(context.production.id)
        entities = {entity.id: entity for entity in client.entities(context.production.id)}
    except PermissionDenied:
        tasks = client.entity_tasks(context.entity.id)
        entities = {
            entity.id: entity
            for entity in (context.entity, context.sequence, context.episode)
            if entity is not None
        }
    surroundings = _Surroundings(client, context.production, entities)
    for task in tasks:
        neighbour = surroundings.of(task)
        if neighbour is not None:
            index.add(neighbour)
    return index


def contexts_of(
    client: KitsuClient, production: Production, tasks: Iterable[Task]
) -> list[TaskContext]:
    """The contexts of some tasks of one production, with a handful of requests.

    Raises:
        WorkfilesError: the server cannot be asked.
    """
    entities = {entity.id: entity for entity in client.entities(production.id)}
    surroundings = _Surroundings(client, production, entities)
    found = (surroundings.of(task) for task in tasks)
    return [context for context in found if context is not None]


class _Surroundings:
    """Puts contexts together from lists, without a request per task."""

    def __init__(
        self, client: KitsuClient, production: Production, entities: dict[str, Entity]
    ) -> None:
        self._production = production
        self._entities = entities
        self._entity_types = {record.id: record for record in client.entity_types()}
        self._task_types = {record.id: record for record in client.task_types()}
        self._departments = {record.id: record for record in client.departments()}

    def of(self, task: Task) -> TaskContext | None:
        """The task's context; None for tasks of entities that are not in the lists."""
        entity = self._entities.get(task.entity_id)
        task_type = self._task_types.get(task.task_type_id)
        entity_type = self._entity_types.get(entity.entity_type_id) if entity else None
        if entity is None or task_type is None or entity_type is None:
            return None
        sequence, episode = self._ancestors(entity, entity_type.name.lower())
        # Everything was validated when it was read; validating it again for ten thousand
        # tasks takes longer than the whole look.
        return TaskContext.model_construct(
            production=self._production,
            task=task,
            task_type=task_type,
            entity=entity,
            entity_type=entity_type,
            sequence=sequence,
            episode=episode,
            department=self._departments.get(task_type.department_id or ""),
        )

    def _ancestors(self, entity: Entity, kind: str) -> tuple[Entity | None, Entity | None]:
        if kind == "episode":
            return None, entity
        if kind == "sequence":
            sequence: Entity | None = entity
        elif kind in ("shot", "scene"):
            sequence = self._entities.get(entity.parent_id or "")
        else:
            return None, None
        return sequence, self._entities.get(sequence.parent_id or "") if sequence else None
