"""What was read of one production, so that whoever looks at whole ones shares it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from wf_core.kitsu import KitsuClient
from wf_core.models import Department, Entity, EntityType, Task, TaskType
from wf_core.paths import PathIndex

__all__ = ["ProductionLists"]

T = TypeVar("T")


class ProductionLists:
    """The lists of one production; each is read when first asked for, and once.

    What asks passes the client that is to be used, as some are more hurried than others. All
    methods raise WorkfilesError where the server cannot be asked, and then know no more.

    Args:
        project_id: the production's.

    Attributes:
        indexes: the paths of its tasks that were made of these lists, by software and kind.
    """

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        self.indexes: dict[tuple[str, str], PathIndex] = {}
        self._begun = time.monotonic()
        self._lists: dict[str, list[Any]] = {}

    @property
    def age(self) -> float:
        """Seconds for which this is the production as it was: since before the first request."""
        return time.monotonic() - self._begun

    def tasks(self, client: KitsuClient) -> list[Task]:
        """All tasks, without names."""
        return self._once("tasks", partial(client.production_tasks, self.project_id))

    def entities(self, client: KitsuClient, kinds: Iterable[str]) -> dict[str, Entity]:
        """The entities of some kinds by id, see :meth:`KitsuClient.entities`."""
        found: dict[str, Entity] = {}
        for kind in kinds:
            read = partial(client.entities, self.project_id, (kind,))
            found.update((entity.id, entity) for entity in self._once(kind, read))
        return found

    def task_types(self, client: KitsuClient) -> dict[str, TaskType]:
        """The task types of the server by id."""
        return {each.id: each for each in self._once("task-types", client.task_types)}

    def entity_types(self, client: KitsuClient) -> dict[str, EntityType]:
        """The entity types of the server by id."""
        return {each.id: each for each in self._once("entity-types", client.entity_types)}

    def departments(self, client: KitsuClient) -> dict[str, Department]:
        """The departments of the server by id."""
        return {each.id: each for each in self._once("departments", client.departments)}

    def _once(self, name: str, read: Callable[[], list[T]]) -> list[T]:
        if name not in self._lists:
            self._lists[name] = read()
        return self._lists[name]
