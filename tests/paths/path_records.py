"""Records and trees for the tests of paths: one production, an asset and a shot."""

from __future__ import annotations

from typing import Any

from wf_core.models import (
    Department,
    Entity,
    EntityType,
    Production,
    Software,
    Task,
    TaskContext,
    TaskType,
)

BLENDER = Software(
    id="b1e4de00-0000-4000-8000-000000000001",
    name="Blender",
    short_name="blend",
    file_extension="blend",
)
PRODUCTION = Production(id="20000000-0000-4000-8000-000000000001", name="Démo Film")
MODELING = TaskType(
    id="30000000-0000-4000-8000-000000000001",
    name="Modeling",
    short_name="mdl",
    department_id="40000000-0000-4000-8000-000000000001",
)
DEPARTMENT = Department(id="40000000-0000-4000-8000-000000000001", name="Mödel Dept")
TASK = Task(id="50000000-0000-4000-8000-000000000001", name="Main Task")

# What Zou ships as its "default" tree, shortened to two kinds.
DEFAULT_TREE: dict[str, Any] = {
    "working": {
        "mountpoint": "/simple",
        "root": "productions",
        "folder_path": {
            "shot": "<Project>/shots/<Sequence>/<Shot>/<TaskType>",
            "asset": "<Project>/assets/<AssetType>/<Asset>/<TaskType>",
            "style": "lowercase",
        },
        "file_name": {
            "shot": "<Project>_<Shot>_<TaskType>",
            "asset": "<Project>_<AssetType>_<Asset>_<TaskType>",
            "style": "lowercase",
        },
    }
}


def entity(name: str, number: int = 1, parent: Entity | None = None) -> Entity:
    return Entity(
        id=f"10000000-0000-4000-8000-{number:012}",
        name=name,
        parent_id=parent.id if parent else None,
    )


def asset_task(name: str = "Lamp A", number: int = 1, **changes: Any) -> TaskContext:
    """A task on an asset; different numbers make different tasks and assets."""
    values: dict[str, Any] = {
        "production": PRODUCTION,
        "task": TASK.model_copy(update={"id": f"50000000-0000-4000-8000-{number:012}"}),
        "task_type": MODELING,
        "entity": entity(name, number),
        "entity_type": EntityType(id="t-props", name="Props & Sets", short_name="prp"),
        "department": DEPARTMENT,
    }
    return TaskContext(**{**values, **changes})


def task_on(kind: str, name: str, *, parents: tuple[str, ...] = ()) -> TaskContext:
    """A task on a shot, scene, sequence, episode or edit.

    ``parents`` are the names above it, the nearest first: sequence and episode for a shot
    or a scene, the episode for a sequence.
    """
    above: list[Entity] = []
    for number, parent in reversed(list(enumerate(parents, start=2))):
        above.insert(0, entity(parent, number, above[0] if above else None))
    sequence, episode = None, above[-1] if above else None
    if kind in ("Shot", "Scene"):
        sequence, episode = (*above, None, None)[:2]
    return asset_task(
        name,
        entity=entity(name, 1, above[0] if above else None),
        entity_type=EntityType(id=f"t-{kind}", name=kind),
        sequence=sequence,
        episode=episode,
    )


def tree_of(
    folder: str = "<Asset>", file_name: str = "<Asset>_<TaskType>", **changes: Any
) -> dict[str, Any]:
    """A tree with the same templates for every kind; ``style`` is that of both sections."""
    kinds = ("asset", "shot", "scene", "sequence", "episode")
    style = {"style": changes.pop("style")} if "style" in changes else {}
    part = {
        "mountpoint": "/m",
        "root": "",
        "folder_path": dict.fromkeys(kinds, folder) | style,
        "file_name": dict.fromkeys(kinds, file_name) | style,
    }
    return {"working": {**part, **changes}}
