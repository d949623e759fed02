"""The other tasks of a production, to find out who would share a path with whom."""

from __future__ import annotations

from collections.abc import Iterable

from wf_core.kitsu import ENTITY_KINDS, KitsuClient
from wf_core.models import Entity, OutputType, Production, Software, Task, TaskContext
from wf_core.paths import PathIndex, kind_of, kinds_apart

__all__ = ["contexts_of", "entity_index", "production_index"]

_ABOVE = {
    "Shot": ("Sequence", "Episode"),
    "Scene": ("Sequence", "Episode"),
    "Sequence": ("Episode",),
}
"""What the paths of an entity name besides itself, by kind."""
_LIKE_ASSETS = ("Edit", "Concept")
"""Kinds whose tasks have the paths of assets: trees have no templates of their own for them."""


def production_index(client: KitsuClient, context: TaskContext, software: Software) -> PathIndex:
    """The paths of all tasks of the task's production that might share one with it, or with
    another task of its kind.

    Raises:
        PermissionDenied: this account may not read them all.
        WorkfilesError: the server cannot be asked.
    """
    tasks = client.production_tasks(context.production.id)
    kinds = _kinds_to_look_at(client, context, tasks)
    return _index(client, context, software, tasks, client.entities(context.production.id, kinds))


def entity_index(client: KitsuClient, context: TaskContext, software: Software) -> PathIndex:
    """The paths of the tasks of the task's entity. Raises WorkfilesError."""
    around = [context.entity, context.sequence, context.episode]
    tasks = client.entity_tasks(context.entity.id)
    return _index(client, context, software, tasks, [entity for entity in around if entity])


def _index(
    client: KitsuClient,
    context: TaskContext,
    software: Software,
    tasks: list[Task],
    entities: list[Entity],
) -> PathIndex:
    index = PathIndex(context.production.file_tree, software=software)
    by_id = {entity.id: entity for entity in entities}
    surroundings = _Surroundings(client, context.production, by_id, context.geometry)
    for task in tasks:
        neighbour = surroundings.of(task)
        if neighbour is not None:
            index.add(neighbour)
    return index


def _kinds_to_look_at(
    client: KitsuClient, context: TaskContext, tasks: list[Task]
) -> dict[str, None]:
    """The kinds of entities that have tasks whose paths might meet the task's, and what is
    above them; in order, each once."""
    task_types = {record.id: record for record in client.task_types()}
    used = {task.task_type_id for task in tasks}
    named = {task_types[key].for_entity for key in used if key in task_types}
    if not all(named):
        named = set(ENTITY_KINDS)  # one that may be for anything
    own = context.entity_type.name
    named.add(own if own in ENTITY_KINDS else "Asset")
    kinds: dict[str, None] = {}
    for kind in sorted(str(kind) for kind in named):
        like = "asset" if kind in _LIKE_ASSETS else kind.lower()
        if not kinds_apart(context.production.file_tree, kind_of(context), like):
            kinds |= dict.fromkeys((kind, *_ABOVE.get(kind, ())))
    return kinds


def contexts_of(
    client: KitsuClient,
    production: Production,
    tasks: Iterable[Task],
    *,
    departments: bool = False,
) -> list[TaskContext]:
    """The contexts of some tasks of one production, with a handful of requests.

    Args:
        departments: name them even where the production's tree does not ask for them.

    Raises:
        WorkfilesError: the server cannot be asked.
    """
    entities = {entity.id: entity for entity in client.entities(production.id)}
    surroundings = _Surroundings(client, production, entities, departments=departments)
    found = (surroundings.of(task) for task in tasks)
    return [context for context in found if context is not None]


class _Surroundings:
    """Puts contexts together from lists, without a request per task."""

    def __init__(
        self,
        client: KitsuClient,
        production: Production,
        entities: dict[str, Entity],
        geometry: OutputType | None = None,
        *,
        departments: bool = False,
    ) -> None:
        self._geometry = geometry
        self._production = production
        self._entities = entities
        self._entity_types = {record.id: record for record in client.entity_types()}
        self._task_types = {record.id: record for record in client.task_types()}
        wanted = departments or production.asks_for("Department")
        self._departments = {each.id: each for each in client.departments()} if wanted else {}

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
            geometry=self._geometry,
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
