"""The routes of productions, entities and tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from wf_core.errors import BadAnswer, NotFound
from wf_core.kitsu.labels import ProductionNames
from wf_core.kitsu.routes import Routes, id_in_route
from wf_core.models import (
    Department,
    Entity,
    EntityType,
    OutputType,
    Production,
    Record,
    Task,
    TaskContext,
    TaskType,
)

__all__ = ["ENTITY_KINDS", "ProductionRoutes"]

AnyRecord = TypeVar("AnyRecord", bound=Record)

_LISTS = {
    "Asset": "data/assets",
    "Shot": "data/shots",
    "Sequence": "data/sequences",
    "Scene": "data/scenes/all",
    "Episode": "data/episodes",
    "Edit": "data/edits",
    "Concept": "data/concepts",
}
ENTITY_KINDS = tuple(_LISTS)
"""The kinds of entities that a task type can be for."""


class ProductionRoutes(Routes):
    """Productions and what is in them."""

    def productions(self) -> list[Production]:
        """The open productions this account may see."""
        return self._records(Production, self.session.get("data/projects/open"))

    def production(self, project_id: str) -> Production:
        """One production, open or not."""
        route = f"data/projects/{id_in_route(project_id)}"
        return self._record(Production, self.session.get(route))

    def set_file_tree(self, project_id: str, tree: Mapping[str, Any]) -> Production:
        """Give a production a file tree, in place of the one it has.

        Raises:
            PermissionDenied: only managers of the production and administrators may.
        """
        route = f"data/projects/{id_in_route(project_id)}"
        return self._record(Production, self.session.put(route, {"file_tree": dict(tree)}))

    def output_types(self) -> list[OutputType]:
        """What output files can be; kept for a while."""
        return self._cached(
            "output-types",
            lambda: self._records(OutputType, self.session.get("data/output-types")),
        )

    def entities(self, project_id: str, kinds: Iterable[str] = ENTITY_KINDS) -> list[Entity]:
        """The entities of a production.

        Args:
            kinds: which, as :attr:`TaskType.for_entity` names them; unknown ones have none.
        """
        # Not data/entities: Zou 1.0.97 takes 4 ms for each entity in it, and 0.3 ms here.
        params = {"project_id": project_id}
        return [
            entity
            for kind in kinds
            if kind in _LISTS
            for entity in self._records(Entity, self.session.get(_LISTS[kind], params=params))
        ]

    def entities_named(self, project_id: str, name: str) -> list[Entity]:
        """The entities of a production that have exactly this name, of all kinds."""
        params = {"project_id": project_id, "name": name}
        return self._records(Entity, self.session.get("data/entities", params=params))

    def entity(self, entity_id: str) -> Entity:
        """One entity."""
        route = f"data/entities/{id_in_route(entity_id)}"
        return self._record(Entity, self.session.get(route))

    def entity_tasks(self, entity_id: str) -> list[Task]:
        """The tasks of an entity, without assignees and names."""
        answer = self.session.get("data/tasks", params={"entity_id": entity_id})
        return self._records(Task, answer)

    def task(self, task_id: str) -> Task:
        """One task."""
        return self._record(Task, self.session.get(f"data/tasks/{id_in_route(task_id)}"))

    def production_tasks(self, project_id: str) -> list[Task]:
        """All tasks of a production, without names."""
        route = f"data/projects/{id_in_route(project_id)}/tasks"
        return self._records(Task, self.session.get(route))

    def named_production_tasks(self, project_id: str) -> list[Task]:
        """All tasks of a production, with the names of what they belong to."""
        tasks = self.production_tasks(project_id)
        names = ProductionNames(
            self.production(project_id), self.entities(project_id), self.entity_types()
        )
        task_types = {record.id: record.name for record in self.task_types()}
        statuses = self._task_status_names()
        return [
            task.model_copy(
                update={
                    **names.of_task(task),
                    "task_type_name": task_types.get(task.task_type_id),
                    "task_status_name": statuses.get(task.task_status_id or ""),
                }
            )
            for task in tasks
        ]

    def task_context(self, task_id: str) -> TaskContext:
        """Everything around a task, in one request where the server has it together.

        Raises:
            NotFound: no such task.
            PermissionDenied: not on the production's team.
        """
        try:
            full = self.session.get(f"data/tasks/{id_in_route(task_id)}/full")
        except NotFound as exc:
            raise NotFound(f"There is no task with the id {task_id}.") from exc
        task = self._record(Task, full)
        if not isinstance(full, dict):
            raise self._odd(Task)
        production = self._part(Production, full.get("project"), "projects", task.project_id)
        entity = self._part(Entity, full.get("entity"), "entities", task.entity_id)
        entity_type = self._part(
            EntityType, full.get("entity_type"), "entity-types", entity.entity_type_id
        )
        task_type = self._part(TaskType, full.get("task_type"), "task-types", task.task_type_id)
        sequence, episode = self._ancestors(entity, entity_type, full)
        department = None
        if task_type.department_id and production.asks_for("Department"):
            departments = {record.id: record for record in self.departments()}
            department = departments.get(task_type.department_id)
        geometry = None
        # Only for the tree of working files does Zou take the type "Geometry"
        # (``file_tree_service.get_folder_from_output_type`` and its kin).
        if production.asks_for("OutputType", part="working"):
            geometry = next((kind for kind in self.output_types() if kind.name == "Geometry"), None)
        return TaskContext(
            production=production,
            task=task,
            task_type=task_type,
            entity=entity,
            entity_type=entity_type,
            sequence=sequence,
            episode=episode,
            department=department,
            geometry=geometry,
        )

    def _ancestors(
        self, entity: Entity, entity_type: EntityType, full: Mapping[str, Any]
    ) -> tuple[Entity | None, Entity | None]:
        """The sequence and the episode above an entity, or the entity where it is one."""
        kind = entity_type.name.lower()
        if kind == "episode":
            return None, entity
        if kind == "sequence":
            sequence: Entity | None = entity
        elif kind in ("shot", "scene") and entity.parent_id:
            sequence = self._part(Entity, full.get("sequence"), "entities", entity.parent_id)
        else:
            return None, None
        if sequence is None or not sequence.parent_id:
            return sequence, None
        episode = self._part(Entity, full.get("episode"), "entities", sequence.parent_id)
        return sequence, episode

    def _part(
        self, model: type[AnyRecord], value: Any, collection: str, record_id: str
    ) -> AnyRecord:
        """A record that came with another, or asked for where the server left it out."""
        if isinstance(value, dict) and value.get("id") == record_id:
            return self._record(model, value)
        if not record_id:
            raise BadAnswer(f"{self.session.host} left out the {model.__name__} of a task.")
        route = f"data/{collection}/{id_in_route(record_id)}"
        return self._record(model, self.session.get(route))

    def task_types(self) -> list[TaskType]:
        """The task types; kept for a while."""
        return self._cached(
            "task-types", lambda: self._records(TaskType, self.session.get("data/task-types"))
        )

    def entity_types(self) -> list[EntityType]:
        """Asset types and the types of shots, sequences and so on; kept for a while."""
        return self._cached(
            "entity-types",
            lambda: self._records(EntityType, self.session.get("data/entity-types")),
        )

    def departments(self) -> list[Department]:
        """The departments; kept for a while."""
        return self._cached(
            "departments", lambda: self._records(Department, self.session.get("data/departments"))
        )

    def _task_status_names(self) -> dict[str, str]:
        def fetch() -> dict[str, str]:
            answer = self.session.get("data/task-status")
            entries = answer if isinstance(answer, list) else []
            return {
                str(entry["id"]): str(entry.get("name") or "")
                for entry in entries
                if isinstance(entry, dict) and "id" in entry
            }

        return self._cached("task-status", fetch)
