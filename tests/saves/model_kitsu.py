"""A model of the server for tests of the protocol: a table in memory with Zou's rules.

Only what saves ask for is there; anything else is an error of the test. The rules are those
measured on Zou 1.0.97: the unique key of numbers and what is said of a taken one, an upload that
replaces without asking and checks nothing, a record that only the task's assignees may write,
``data`` that is replaced as a whole.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wf_core.private_kitsu import demo

__all__ = ["ADDRESS", "TASK", "Answer", "Call", "ModelKitsu", "is_change", "step_of"]

ADDRESS = "http://127.0.0.1:9/api"
TASK = "7a5c0000-0000-4000-8000-000000000001"

_PRODUCTION, _ENTITY = "prod", "lamp"
_CONTEXT = {
    "id": TASK,
    "project_id": _PRODUCTION,
    "entity_id": _ENTITY,
    "task_type_id": "modeling",
    "project": {"id": _PRODUCTION, "name": "Demo", "file_tree": demo.FILE_TREE},
    "entity": {
        "id": _ENTITY,
        "name": "Lamp",
        "project_id": _PRODUCTION,
        "entity_type_id": "props",
    },
    "entity_type": {"id": "props", "name": "Props"},
    "task_type": {"id": "modeling", "name": "Modeling", "for_entity": "Asset"},
}
_LISTS = {
    "data/softwares": [{"id": "blender", **demo.SOFTWARE[0]}],
    f"data/projects/{_PRODUCTION}/tasks": [_CONTEXT],
    "data/entities": [_CONTEXT["entity"]],
    "data/assets": [_CONTEXT["entity"]],
    "data/output-types": [],
    "data/entity-types": [_CONTEXT["entity_type"]],
    "data/task-types": [_CONTEXT["task_type"]],
    "data/departments": [],
    "data/persons": [{"id": "artist", "full_name": "Robin"}],
}


@dataclass(frozen=True)
class Call:
    """One request, whole."""

    method: str
    url: str
    body: bytes = b""

    @property
    def route(self) -> str:
        return urlsplit(self.url).path.removeprefix("/api").strip("/")

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


@dataclass(frozen=True)
class Answer:
    """The answer to a request; of one to a HEAD only the length of the body counts."""

    status: int
    body: bytes = b""


def step_of(call: Call) -> str:
    """The step of the life of a save that a request belongs to."""
    if call.route.endswith("/working-files/new"):
        return "claim"
    if call.route.endswith("/file"):
        return "upload" if call.method == "POST" else "look"
    return "commit" if call.method == "PUT" else "read"


def is_change(call: Call) -> bool:
    """Whether it matters if the server carries this out later."""
    return step_of(call) in ("claim", "upload", "commit")


@dataclass
class ModelKitsu:
    """The server.

    Attributes:
        records: the working files, as the server gives them out.
        stored: their bytes.
        assigned: whether the artist is; a claim assigns.
        needless: ids of records that were sent the very bytes they had.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    assigned: bool = True
    needless: list[str] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        """Carry a request out."""
        handler = {
            "claim": self._claim,
            "upload": self._upload,
            "look": self._look,
            "commit": self._commit,
            "read": self._read,
        }[step_of(call)]
        return handler(call)

    def create(self, *, name: str, revision: int, comment: str) -> dict[str, Any] | None:
        """A new record, None where the number is taken."""
        taken = {(record["name"], record["revision"]) for record in self.records}
        if (name, revision) in taken:
            return None
        record = {
            "id": str(uuid.uuid4()),
            "name": name,
            "revision": revision,
            "comment": comment,
            "task_id": TASK,
            "entity_id": _ENTITY,
            "person_id": "artist",
            "software_id": "blender",
            "data": None,
            "path": None,
        }
        self.records.append(record)
        return record

    def highest(self, name: str) -> int:
        return max((r["revision"] for r in self.records if r["name"] == name), default=0)

    def _claim(self, call: Call) -> Answer:
        asked = json.loads(call.body)
        self.assigned = True  # Zou assigns before it looks at the number
        if asked["revision"] == 0:
            raise AssertionError("a client asked for the server's own numbering")
        record = self.create(
            name=asked["name"], revision=asked["revision"], comment=asked["comment"]
        )
        if record is None:
            return _refusal(400, "The given working file already exists.")
        return _json(record, 201)

    def _upload(self, call: Call) -> Answer:
        record = self._record(call.route.split("/")[2])
        if record is None:
            return _refusal(404, "no such working file")
        head, _, rest = call.body.partition(b"\r\n\r\n")
        boundary = head.partition(b"\r\n")[0]
        content = rest[: rest.rindex(b"\r\n" + boundary)]
        if self.stored.get(record["id"]) == content:
            self.needless.append(record["id"])
        self.stored[record["id"]] = content
        return _json(record, 201)

    def _look(self, call: Call) -> Answer:
        content = self.stored.get(call.route.split("/")[2])
        if content is None:
            return _refusal(404, "no bytes")
        return Answer(200, content)

    def _commit(self, call: Call) -> Answer:
        record = self._record(call.route.rsplit("/", 1)[1])
        if record is None:
            return _refusal(404, "no such working file")
        if not self.assigned:
            return _refusal(403, "not assigned")
        record.update(json.loads(call.body))
        return _json(record)

    def _read(self, call: Call) -> Answer:
        route = call.route
        if call.method != "GET":
            raise AssertionError(f"the model does not know {call.method} {route}")
        if route in _LISTS:
            return _json(_LISTS[route])
        if route == "":
            return _json({"api": "Zou", "version": "1.0.97"})
        if route == "status":
            return _json({"name": "Zou", "database-up": True})
        if route == f"data/tasks/{TASK}/full":
            return _json(_CONTEXT)
        if route == f"data/tasks/{TASK}/working-files/last-revisions":
            newest: dict[str, dict[str, Any]] = {}
            for record in sorted(self.records, key=lambda record: record["revision"]):
                newest[record["name"]] = record
            return _json(newest)
        if route == f"data/entities/{_ENTITY}/working-files":
            wanted: Mapping[str, str] = call.query
            return _json([r for r in self.records if r["name"] == wanted.get("name", r["name"])])
        if route.startswith("data/working-files/"):
            found = self._record(route.rsplit("/", 1)[1])
            return _refusal(404, "no such working file") if found is None else _json(found)
        raise AssertionError(f"the model does not know {route}")

    def _record(self, record_id: str) -> dict[str, Any] | None:
        return next((record for record in self.records if record["id"] == record_id), None)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _refusal(status: int, words: str) -> Answer:
    return _json({"error": words, "message": words}, status)
