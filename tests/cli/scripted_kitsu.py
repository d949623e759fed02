"""Just enough of a well-behaved Kitsu on the scripted server to save one task's file, so that
a test can spoil any single step.

What the routes answer was written down from Zou 1.0.97. It is no stand-in for a Kitsu: the
tests that need one use the real one.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from tests.scripted_server import Answer, Request, ScriptedServer, json_answer, stored_file
from wf_core.private_kitsu.demo import FILE_TREE

__all__ = ["TASK", "ScriptedKitsu"]


def _id(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


PRODUCTION, ENTITY, ASSET_TYPE, TASK, TASK_TYPE, SOFTWARE, PERSON, OUTPUT_TYPE = map(
    _id, range(1, 9)
)
PROJECT_RECORD = {
    "id": PRODUCTION,
    "name": "Demo",
    "production_type": "short",
    "file_tree": FILE_TREE,
}
ENTITY_RECORD = {
    "id": ENTITY,
    "name": "Lamp",
    "project_id": PRODUCTION,
    "entity_type_id": ASSET_TYPE,
    "parent_id": None,
}
ASSET_TYPE_RECORD = {"id": ASSET_TYPE, "name": "Props"}
TASK_TYPE_RECORD = {"id": TASK_TYPE, "name": "Modeling", "for_entity": "Asset"}
TASK_RECORD = {
    "id": TASK,
    "name": "main",
    "project_id": PRODUCTION,
    "entity_id": ENTITY,
    "task_type_id": TASK_TYPE,
    "assignees": [PERSON],
}
PERSON_RECORD = {"id": PERSON, "full_name": "Robin Artist", "email": "artist@example.com"}
FULL_TASK = {
    **TASK_RECORD,
    "project": PROJECT_RECORD,
    "entity": ENTITY_RECORD,
    "entity_type": ASSET_TYPE_RECORD,
    "task_type": TASK_TYPE_RECORD,
}

READ: dict[str, Any] = {
    "/": {"api": "Zou", "version": "1.0.97"},
    "/auth/authenticated": {"authenticated": True, "user": PERSON_RECORD},
    f"/data/tasks/{TASK}/full": FULL_TASK,
    f"/data/tasks/{TASK}": TASK_RECORD,
    f"/data/projects/{PRODUCTION}": PROJECT_RECORD,
    f"/data/projects/{PRODUCTION}/tasks": [TASK_RECORD],
    f"/data/projects/{PRODUCTION}/team": [PERSON_RECORD],
    "/data/projects/open": [PROJECT_RECORD],
    "/data/user/tasks": [
        {
            **TASK_RECORD,
            "project_name": "Demo",
            "entity_type_name": "Props",
            "entity_name": "Lamp",
            "task_type_name": "Modeling",
        }
    ],
    "/data/entities": [ENTITY_RECORD],
    "/data/assets": [ENTITY_RECORD],
    "/data/tasks": [TASK_RECORD],
    "/data/entity-types": [ASSET_TYPE_RECORD],
    "/data/task-types": [TASK_TYPE_RECORD],
    "/data/task-status": [],
    "/data/departments": [],
    "/data/persons": [PERSON_RECORD],
    "/data/softwares": [{"id": SOFTWARE, "name": "Blender", "file_extension": "blend"}],
    "/data/output-types": [{"id": OUTPUT_TYPE, "name": "Cache"}],
}


class ScriptedKitsu:
    """The good answers, on ``server``; later rules of the test spoil what they name."""

    def __init__(self, server: ScriptedServer) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self._server = server
        self._ids = map(_id, itertools.count(101))
        self._stored: dict[str, tuple[int, str]] = {}
        self._content = b""
        self.behave()

    def behave(self) -> None:
        """Give good answers, whatever was spoilt before."""
        server = self._server
        for route, document in READ.items():
            server.on("GET", route, json_answer(document))
        server.on("GET", f"/data/tasks/{TASK}/working-files", self._list)
        server.on("GET", f"/data/tasks/{TASK}/working-files/last-revisions", self._newest)
        server.on("GET", f"/data/entities/{ENTITY}/working-files", self._list)
        server.on("POST", f"/data/tasks/{TASK}/working-files/new", self._new)
        server.on("GET", "/data/working-files/*", self._get)
        server.on("PUT", "/data/working-files/*", self._put)
        server.on("PUT", "/actions/working-files/*/comment", self._put_comment)
        server.on("POST", "/data/working-files/*/file", self._upload)
        server.on("HEAD", "/data/working-files/*/file", self._file)
        server.on("GET", "/data/working-files/*/file", self._file)

    def add(self, revision: int, content: bytes | None = None, **fields: Any) -> str:
        """A revision made by somebody's other tool; returns its id."""
        working_file_id = next(self._ids)
        self.records[working_file_id] = {
            "id": working_file_id,
            "name": "main",
            "revision": revision,
            "comment": "",
            "path": None,
            "task_id": TASK,
            "entity_id": ENTITY,
            "person_id": PERSON,
            "software_id": SOFTWARE,
            "size": None,
            "data": None,
            "created_at": "2026-03-01T12:30:00",
            "updated_at": "2026-03-01T12:30:00",
            **fields,
        }
        if content is not None:
            self._stored[working_file_id] = (len(content), hashlib.sha256(content).hexdigest())
            self._content = content
        return working_file_id

    def stored_sha256(self, working_file_id: str) -> str | None:
        """The hash of what was uploaded, None before."""
        stored = self._stored.get(working_file_id)
        return None if stored is None else stored[1]

    def _list(self, request: Request) -> Answer:
        return json_answer(list(self.records.values()))

    def _newest(self, request: Request) -> Answer:
        newest: dict[str, Any] = {}
        for record in sorted(self.records.values(), key=lambda each: each["revision"]):
            newest[record["name"]] = record
        return json_answer(newest)

    def _new(self, request: Request) -> Answer:
        asked = request.json()
        taken = {(r["name"], r["revision"]) for r in self.records.values()}
        if (asked["name"], asked["revision"]) in taken:
            return json_answer({"error": "The given working file already exists."}, 400)
        made = self.add(asked["revision"], name=asked["name"], comment=asked.get("comment", ""))
        return json_answer(self.records[made], 201)

    def _record(self, request: Request) -> dict[str, Any] | None:
        return self.records.get(request.route.split("/")[3])

    def _get(self, request: Request) -> Answer:
        record = self._record(request)
        return json_answer(record) if record else json_answer({"message": "none"}, 404)

    def _put(self, request: Request) -> Answer:
        record = self._record(request)
        if record is None:
            return json_answer({"message": "none"}, 404)
        record.update(request.json())
        return json_answer(record)

    _put_comment = _put

    def _upload(self, request: Request) -> Answer:
        record = self._record(request)
        if record is None or request.file_sha256 is None or request.file_length is None:
            return json_answer({"message": "no file"}, 400)
        self._stored[record["id"]] = (request.file_length, request.file_sha256)
        return json_answer(record, 201)

    def _file(self, request: Request) -> Answer:
        record = self._record(request)
        stored = self._stored.get(record["id"]) if record else None
        if stored is None:
            return json_answer({"message": "none"}, 404)
        if request.method == "HEAD":
            return Answer(200, declared_length=stored[0])
        served = stored_file(self._content)(request)
        return served if isinstance(served, Answer) else json_answer({}, 500)
