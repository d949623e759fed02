"""Names of entities as people write them: ``Props/Lamp``, ``E01/SEQ01/SH010``."""

from __future__ import annotations

from collections.abc import Iterable

from wf_core.models import Entity, EntityType, Production, Task

__all__ = ["ProductionNames"]

_TEMPORAL = ("shot", "scene", "sequence", "episode")


class ProductionNames:
    """Knows where each entity of a production stands, and what it is called there.

    Args:
        production: the production.
        entities: all its entities.
        types: all entity types.
    """

    def __init__(
        self, production: Production, entities: Iterable[Entity], types: Iterable[EntityType]
    ) -> None:
        self.production = production
        self.entities = {entity.id: entity for entity in entities}
        self._types = {record.id: record.name for record in types}

    def type_of(self, entity: Entity) -> str:
        """The name of the entity's type: "Props", "Shot", ...; "Asset" when not known."""
        return self._types.get(entity.entity_type_id, "") or "Asset"

    def path_of(self, entity: Entity) -> tuple[str, ...]:
        """Type and name of an asset; episode (where there is one), sequence and name of
        others. The production is not part of it."""
        if self.type_of(entity).lower() not in _TEMPORAL:
            return (self.type_of(entity), entity.name)
        above = [parent.name for parent in self._parents(entity)]
        return (*reversed(above), entity.name)

    def short_path_of(self, entity: Entity) -> tuple[str, ...]:
        """The same without the episode, as people leave it out where that is clear."""
        path = self.path_of(entity)
        kind = self.type_of(entity).lower()
        if kind in _TEMPORAL and kind != "episode":
            parents = self._parents(entity)
            if parents and self.type_of(parents[-1]).lower() == "episode":
                return path[1:]
        return path

    def label_of(self, entity: Entity, *task: str) -> str:
        """The whole reference, from the production on."""
        return "/".join((self.production.name, *self.path_of(entity), *task))

    def of_task(self, task: Task) -> dict[str, str | None]:
        """The name fields of a task's record."""
        entity = self.entities.get(task.entity_id)
        if entity is None:
            return {"project_name": self.production.name}
        lineage = [entity, *self._parents(entity)]
        by_kind = {self.type_of(each).lower(): each.name for each in lineage}
        temporal = self.type_of(entity).lower() in _TEMPORAL
        return {
            "project_name": self.production.name,
            "entity_name": entity.name,
            "entity_type_name": self.type_of(entity),
            "sequence_name": by_kind.get("sequence") if temporal else None,
            "episode_name": by_kind.get("episode") if temporal else None,
        }

    def _parents(self, entity: Entity) -> list[Entity]:
        """The nearest first. Ends at loops, which a damaged database may have."""
        found: list[Entity] = []
        seen = {entity.id}
        parent = self.entities.get(entity.parent_id or "")
        while parent is not None and parent.id not in seen:
            found.append(parent)
            seen.add(parent.id)
            parent = self.entities.get(parent.parent_id or "")
        return found
