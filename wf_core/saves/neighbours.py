"""The other tasks of a production, to find out who would share a path with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wf_core.kitsu import ENTITY_KINDS, KitsuClient
from wf_core.models import Entity, OutputType, Production, Software, Task, TaskContext, TaskType
from wf_core.paths import PathIndex, kind_of, kinds_apart
from wf_core.saves.lists import ProductionLists

__all__ = ["contexts_of", "entity_index", "production_index"]

_ABOVE = {
    "Shot": ("Sequence", "Episode"),
    "Scene": ("Sequence", "Episode"),
    "Sequence": ("Episode",),
}
"""What the paths of an entity name besides itself, by kind."""
_LIKE_ASSETS = ("Edit", "Concept")
"""Kinds whose tasks have the paths of assets: trees have no templates of their own for them."""


def production_index(
    client: KitsuClient, context: TaskContext, software: Software, lists: ProductionLists
) -> PathIndex:
    """The paths of all tasks of the task's production that might share one with it, or with
    another task of its kind.

    Raises:
        PermissionDenied: this account may not read them all.
        WorkfilesError: the server cannot be asked.
    """
    tasks = lists.tasks(client)
    kinds = _kinds_to_look_at(context, _kinds_of(tasks, lists.task_types(client)))
    return _index(client, context, software, lists, tasks, lists.entities(client, kinds))


def entity_index(
    client: KitsuClient, context: TaskContext, software: Software, lists: ProductionLists
) -> PathIndex:
    """The paths of the tasks of the task's entity. Raises WorkfilesError."""
    around = [context.entity, context.sequence, context.episode]
    tasks = client.entity_tasks(context.entity.id)
    entities = {entity.id: entity for entity in around if entity}
    return _index(client, context, software, lists, tasks, entities)


def _index(
    client: KitsuClient,
    context: TaskContext,
    software: Software,
    lists: ProductionLists,
    tasks: list[Task],
    entities: Mapping[str, Entity],
) -> PathIndex:
    index = PathIndex(context.production.file_tree, software=software)
    surroundings = _Surroundings(client, context.production, lists, entities, context.geometry)
    for task in tasks:
        neighbour = surroundings.of(task)
        if neighbour is not None:
            index.add(neighbour)
    return index


def _kinds_of(tasks: Iterable[Task], task_types: Mapping[str, TaskType]) -> set[str]:
    """The kinds of entities that the tasks are for by their types."""
    used = {task.task_type_id for task in tasks}
    named = {task_types[key].for_entity for key in used if key in task_types}
    if not all(named):
        return set(ENTITY_KINDS)  # one that may be for anything
    return {str(kind) for kind in named}


def _kinds_to_look_at(context: TaskContext, used: set[str]) -> dict[str, None]:
    """The kinds of entities, of those that have tasks, whose paths might meet the task's, and
    what is above them."""
    own = context.entity_type.name
    kinds = []
    for kind in used | {own if own in ENTITY_KINDS else "Asset"}:
        like = "asset" if kind in _LIKE_ASSETS else kind.lower()
        if not kinds_apart(context.production.file_tree, kind_of(context), like):
            kinds.append(kind)
    return _with_above(kinds)


def _with_above(kinds: Iterable[str]) -> dict[str, None]:
    """Kinds and what is above them; in order, each once."""
    found: dict[str, None] = {}
    for kind in sorted(kinds):
        found |= dict.fromkeys((kind, *_ABOVE.get(kind, ())))
    return found


def contexts_of(
    client: KitsuClient,
    production: Production,
    tasks: Sequence[Task],
    lists: ProductionLists,
    *,
    departments: bool = False,
) -> list[TaskContext]:
    """The contexts of some tasks of one production, with a handful of requests.

    Args:
        lists: what was read of the production; what is missing is added.
        departments: name them even where the production's tree does not ask for them.

    Raises:
        WorkfilesError: the server cannot be asked.
    """
    kinds = _with_above(_kinds_of(tasks, lists.task_types(client)))
    entities = lists.entities(client, kinds)
    if any(task.entity_id not in entities for task in tasks):
        # Nothing keeps a task from being of a type that is for another kind.
        entities = lists.entities(client, ENTITY_KINDS)
    surroundings = _Surroundings(client, production, lists, entities, departments=departments)
    found = (surroundings.of(task) for task in tasks)
    return [context for context in found if context is not None]


class _Surroundings:
    """Puts contexts together from lists, without a request per task."""

    def __init__(
        self,
        client: KitsuClient,
        production: Production,
        lists: ProductionLists,
        entities: Mapping[str, Entity],
        geometry: OutputType | None = None,
        *,
        departments: bool = False,
    ) -> None:
        self._geometry = geometry
        self._production = production
        self._entities = entities
        self._entity_types = lists.entity_types(client)
        self._task_types = lists.task_types(client)
        wanted = departments or production.asks_for("Department")
        self._departments = lists.departments(client) if wanted else {}

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
