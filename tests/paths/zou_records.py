"""A production full of awkward records on a real server, and the contexts of its tasks."""

from __future__ import annotations

import json
import uuid
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

from wf_core.models import (
    Department,
    Entity,
    EntityType,
    OutputType,
    Production,
    Software,
    Task,
    TaskContext,
    TaskType,
)


class Zou:
    """The few calls these tests need, on the standard library."""

    def __init__(self, url: str, email: str, password: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        self._connection = HTTPConnection(address.hostname, address.port, timeout=60)
        self._base = address.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        status, answer = self.call("POST", "auth/login", {"email": email, "password": password})
        assert status == 200, answer
        self._headers["Authorization"] = f"Bearer {answer['access_token']}"

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, route: str, body: Any = None) -> tuple[int, Any]:
        """Status and decoded answer (text where it is not JSON)."""
        encoded = None if body is None else json.dumps(body).encode()
        address = f"{self._base}/{route}"
        try:
            self._connection.request(method, address, encoded, self._headers)
            answer = self._connection.getresponse()
        except (RemoteDisconnected, ConnectionResetError):  # the server tired of the connection
            self._connection.close()
            self._connection.request(method, address, encoded, self._headers)
            answer = self._connection.getresponse()
        text = answer.read().decode(errors="replace")
        try:
            return answer.status, json.loads(text)
        except json.JSONDecodeError:
            return answer.status, text

    def make(self, route: str, **values: Any) -> dict[str, Any]:
        status, answer = self.call("POST", f"data/{route}", values)
        assert status == 201, (route, values, answer)
        return dict(answer)

    def all(self, route: str) -> list[dict[str, Any]]:
        status, answer = self.call("GET", f"data/{route}")
        assert status == 200, answer
        return list(answer)

    def by_name(self, route: str, name: str, **values: Any) -> dict[str, Any]:
        """The record of that name, made if there is none (names are unique there)."""
        known = next((r for r in self.all(route) if r["name"] == name), None)
        return known or self.make(route, name=name, **values)


ENTITY_TYPES = [  # name, short name
    ("Props & Sets", "prp"),
    ("Décor – intérieur", None),
    ("小道具", "小"),
    ("🔥", ""),
]
ASSETS = [
    *("Lamp A", "lamp_a", "Élan vital", "O'Brien’s 1,000"),
    *("🔥", "../../etc", "a&amp;b", "木の椅子"),
]
SEQUENCES = ["Seq12", "Seq_01", "mySeq3", "SQ 010", "Se", "Séq1"]
SHOTS = ["SH 010", "sh_010", "Ä&#65;", "10,5"]
TASK_TYPES = [  # name, short name, in the department
    ("Modéling ++", "mdl", True),
    ("No Department", "N D", False),
    ("ショット", None, True),
]
TASK_NAMES = ["main", "Zweite Aufgabe", "ﬁnal’s"]


class AwkwardProduction:
    """One production with entities of every kind; ``contexts`` has a task of each."""

    def __init__(self, zou: Zou) -> None:
        self.zou = zou
        mark = uuid.uuid4().hex[:6]
        self.record = zou.make("projects", name=f"Björn’s  Ünique_{mark} (2)")
        department = zou.by_name("departments", "Mödel & Rig", color="#000000")
        self.departments = {d["id"]: Department(**d) for d in [department]}
        self._status_id = zou.all("task-status")[0]["id"]
        self._known_task_types = zou.all("task-types")
        self.softwares = [
            Software(**zou.by_name("softwares", name, short_name=short, file_extension=ext))
            for name, short, ext in [
                ("3ds Max", "max", ".max"),
                ("Blender", "blender", ".blend"),
                ("Höudini FX", "hou’s", "hip"),
            ]
        ]
        geometry = [r for r in zou.all("output-types") if r["name"] == "Geometry"]
        self.geometry = OutputType(**geometry[0]) if geometry else None
        self._kinds = {r["name"]: EntityType(**r) for r in zou.all("entity-types")}
        self.contexts: list[TaskContext] = []
        self._make_entities()

    def set_tree(self, tree: Any) -> None:
        status, answer = self.zou.call(
            "PUT", f"data/projects/{self.record['id']}", {"file_tree": tree}
        )
        assert status == 200, answer

    def working_file_path(self, context: TaskContext, **arguments: Any) -> tuple[int, Any]:
        return self.zou.call("POST", f"data/tasks/{context.task.id}/working-file-path", arguments)

    def remove(self) -> None:
        self.zou.call("DELETE", f"data/projects/{self.record['id']}?force=true")
        self.zou.close()

    def _make_entities(self) -> None:
        episode = self._entity("Ép. 1", "Episode")
        for index, name in enumerate(ASSETS):
            kind, short = ENTITY_TYPES[index % len(ENTITY_TYPES)]
            if kind not in self._kinds:
                made = self.zou.make("entity-types", name=kind, short_name=short)
                self._kinds[kind] = EntityType(**made)
            self._task(self._entity(name, kind))
        self._task(episode)
        for index, name in enumerate(SEQUENCES):
            parent = episode if index % 2 else None
            sequence = self._entity(name, "Sequence", parent)
            self._task(sequence, episode=parent)
            shot = self._entity(SHOTS[index % len(SHOTS)], "Shot", sequence)
            self._task(shot, sequence=sequence, episode=parent)
            scene = self._entity(f"Scène {index}", "Scene", sequence)
            self._task(scene, sequence=sequence, episode=parent)
        self._task(self._entity("Orphan", "Shot"))
        self._task(self._entity("Bare scene", "Scene"))
        self._task(self._entity("Édit", "Edit", episode))
        self._task(self._entity("Concept 1", "Concept"))

    def _entity(self, name: str, kind: str, parent: Entity | None = None) -> Entity:
        record = self.zou.make(
            "entities",
            name=name,
            project_id=self.record["id"],
            entity_type_id=self._kinds[kind].id,
            parent_id=parent.id if parent else None,
        )
        return Entity(**record)

    def _task(
        self, entity: Entity, *, sequence: Entity | None = None, episode: Entity | None = None
    ) -> None:
        index = len(self.contexts)
        kind = next(k for k in self._kinds.values() if k.id == entity.entity_type_id)
        task_type = self._task_type(index, kind.name)
        record = self.zou.make(
            "tasks",
            name=TASK_NAMES[index % len(TASK_NAMES)],
            project_id=self.record["id"],
            entity_id=entity.id,
            task_type_id=task_type.id,
            task_status_id=self._status_id,
        )
        self.contexts.append(
            TaskContext(
                production=Production(**self.record),
                task=Task(**{k: v for k, v in record.items() if v is not None}),
                task_type=task_type,
                entity=entity,
                entity_type=kind,
                sequence=sequence,
                episode=episode,
                department=self.departments.get(task_type.department_id or ""),
                geometry=self.geometry,
            )
        )

    def _task_type(self, index: int, kind: str) -> TaskType:
        name, short_name, in_department = TASK_TYPES[index % len(TASK_TYPES)]
        kind = "Asset" if kind in {name for name, _ in ENTITY_TYPES} else kind
        name = f"{name} {kind}"
        for record in self._known_task_types:
            if record["name"] == name and record["for_entity"] == kind:
                return TaskType(**record)
        made = self.zou.make(
            "task-types",
            name=name,
            short_name=short_name,
            color="#000000",
            for_entity=kind,
            department_id=next(iter(self.departments)) if in_department else None,
        )
        self._known_task_types.append(made)
        return TaskType(**made)
