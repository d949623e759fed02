"""A real Kitsu as tests see it: who is there, and fresh records of a test's own.

Speaks HTTP through the standard library alone, so that what it finds does not depend on the
client under test.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from wf_core.private_kitsu import KitsuInfo, demo

Record = dict[str, Any]


class CallFailed(Exception):
    """The server answered with an error; ``status`` and ``body`` are its answer."""

    def __init__(self, status: int, body: str, route: str) -> None:
        super().__init__(f"{status} from {route}: {body[:300]}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class FreshTask:
    """A task nobody else knows. ``reference`` is what a person would type to name it."""

    id: str
    reference: str
    production: Record
    entity: Record
    task_type: Record


@dataclass
class LiveKitsu:
    """A running server. ``who`` is "admin", "artist" or "artist2" throughout."""

    info: KitsuInfo
    _tokens: dict[str, str] = field(default_factory=dict)
    _lists: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.info.url

    def credentials(self, who: str) -> tuple[str, str]:
        """E-mail and password."""
        return {
            "admin": (self.info.email, self.info.password),
            "artist": (self.info.artist_email, self.info.artist_password),
            "artist2": (self.info.artist2_email, self.info.artist2_password),
        }[who]

    def token(self, who: str = "artist") -> str:
        """An access token, one login per person and run."""
        if who not in self._tokens:
            email, password = self.credentials(who)
            answer = self._send("POST", "auth/login", {"email": email, "password": password}, "")
            self._tokens[who] = answer["access_token"]
        return self._tokens[who]

    def call(self, method: str, route: str, body: Any = None, *, who: str = "admin") -> Any:
        """One request with a JSON body; the answer's JSON.

        Raises:
            CallFailed: any status of 400 or more.
        """
        return self._send(method, route, body, self.token(who))

    def get(self, route: str, *, who: str = "admin") -> Any:
        return self.call("GET", route, who=who)

    def find(self, route: str, name: str, **others: Any) -> Record:
        """The record of a small, unchanging list (``task-types``, ``softwares``) by name."""
        if route not in self._lists:
            self._lists[route] = self.get(f"data/{route}")
        wanted = {"name": name, **others}
        return next(
            record
            for record in self._lists[route]
            if all(record.get(key) == value for key, value in wanted.items())
        )

    def person(self, who: str = "artist") -> Record:
        return self.find_person(self.credentials(who)[0])

    def find_person(self, email: str) -> Record:
        if "persons" not in self._lists:
            self._lists["persons"] = self.get("data/persons")
        return next(person for person in self._lists["persons"] if person["email"] == email)

    # -------------------------------------------------------------- fresh records

    def fresh_person(self, password: str) -> Record:
        """An account nobody else uses: what happens to it happens to no other test."""
        person: Record = self.call(
            "POST",
            "data/persons",
            {
                "first_name": "Alex",
                "last_name": "Fresh",
                "email": f"{uuid.uuid4().hex[:12]}@example.com",
                "role": "user",
            },
        )
        passwords = {"password": password, "password_2": password}
        self.call("POST", f"actions/persons/{person['id']}/change-password", passwords)
        return person

    def production(
        self,
        name: str | None = None,
        *,
        file_tree: Any = demo.FILE_TREE,
        production_type: str = "short",
        team: Iterable[str] = ("artist", "artist2"),
    ) -> Record:
        """A new production with the demo's task types; ``file_tree`` None leaves it bare."""
        name = name or unique("Production")
        production: Record = self.call(
            "POST",
            "data/projects",
            {"name": name, "production_type": production_type, "file_tree": file_tree},
        )
        route = f"data/projects/{production['id']}"
        for who in team:
            self.call("POST", f"{route}/team", {"person_id": self.person(who)["id"]})
        for task_types in demo.DEPARTMENTS.values():
            for task_type, kind in task_types:
                found = self.task_type(task_type, kind)
                self.call("POST", f"{route}/settings/task-types", {"task_type_id": found["id"]})
        for asset_type in demo.ASSET_TYPES:
            found = self.find("asset-types", asset_type)
            self.call("POST", f"{route}/settings/asset-types", {"asset_type_id": found["id"]})
        return production

    def demo_production(self, name: str = "Demo") -> Record:
        """One of the seeded productions."""
        return next(p for p in self.get("data/projects") if p["name"] == name)

    def task_type(self, name: str, kind: str | None = None) -> Record:
        return self.find("task-types", name, **({"for_entity": kind} if kind else {}))

    def fresh_type(self, kind: str) -> Record:
        """A new task type for a kind of entity."""
        body = {"name": unique("Type"), "for_entity": kind}
        made: Record = self.call("POST", "data/task-types", body)
        return made

    def asset(
        self, production: Record, name: str | None = None, *, asset_type: str = "Props"
    ) -> Record:
        return self._entity(
            production, name or unique("Asset"), self.find("asset-types", asset_type)
        )

    def episode(self, production: Record, name: str | None = None) -> Record:
        return self._entity(production, name or unique("E"), self.find("entity-types", "Episode"))

    def sequence(
        self, production: Record, name: str | None = None, *, episode: Record | None = None
    ) -> Record:
        kind = self.find("entity-types", "Sequence")
        return self._entity(production, name or unique("SQ"), kind, episode)

    def shot(self, production: Record, sequence: Record, name: str | None = None) -> Record:
        kind = self.find("entity-types", "Shot")
        return self._entity(production, name or unique("SH"), kind, sequence)

    def task(
        self,
        entity: Record,
        task_type: str | Record = "Modeling",
        *,
        name: str = "main",
        assign: Iterable[str] = ("artist",),
    ) -> Record:
        """A new task; ``name`` tells two of one type on one entity apart. A type that is not
        of the seeded ones is given as a record."""
        if isinstance(task_type, str):
            task_type = self.task_type(task_type)
        status = self.find("task-status", "Todo")
        task: Record = self.call(
            "POST",
            "data/tasks",
            {
                "name": name,
                "project_id": entity["project_id"],
                "entity_id": entity["id"],
                "task_type_id": task_type["id"],
                "task_status_id": status["id"],
            },
        )
        for who in assign:
            route = f"actions/persons/{self.person(who)['id']}/assign"
            self.call("PUT", route, {"task_ids": [task["id"]]})
        return task

    def fresh_task(
        self,
        *,
        production: str | Record = "Demo",
        asset: str | None = None,
        task_type: str = "Modeling",
        assign: Iterable[str] = ("artist",),
    ) -> FreshTask:
        """A task on a new asset of a seeded production (or of one given as a record)."""
        if isinstance(production, str):
            production = self.demo_production(production)
        entity = self.asset(production, asset)
        task = self.task(entity, task_type, assign=assign)
        return FreshTask(
            id=task["id"],
            reference=f"{production['name']}/Props/{entity['name']}/{task_type}",
            production=production,
            entity=entity,
            task_type=self.task_type(task_type),
        )

    def working_files(self, task_id: str) -> list[Record]:
        """What the server has recorded for a task, ascending by revision."""
        found: list[Record] = self.get(f"data/tasks/{task_id}/working-files")
        return sorted(found, key=lambda record: record["revision"])

    def stored_bytes(self, working_file_id: str) -> bytes:
        """The bytes stored under a working file now, past every cache.

        Raises:
            CallFailed: nothing was uploaded (404).
        """
        return self._raw("GET", f"data/working-files/{working_file_id}/file", None, "admin")

    def _entity(
        self, production: Record, name: str, kind: Record, parent: Record | None = None
    ) -> Record:
        entity: Record = self.call(
            "POST",
            "data/entities",
            {
                "name": name,
                "project_id": production["id"],
                "entity_type_id": kind["id"],
                "parent_id": None if parent is None else parent["id"],
            },
        )
        return entity

    def _raw(self, method: str, route: str, body: Any, who: str) -> bytes:
        return self._request(method, route, body, self.token(who))

    def _send(self, method: str, route: str, body: Any, token: str) -> Any:
        answer = self._request(method, route, body, token)
        return json.loads(answer) if answer else None

    def _request(self, method: str, route: str, body: Any, token: str) -> bytes:
        request = urllib.request.Request(
            f"{self.url}/{route}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache"},
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        # No proxy of the machine's: the server is on loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as exc:
            with exc:
                raise CallFailed(exc.code, exc.read().decode(errors="replace"), route) from None


def unique(prefix: str) -> str:
    """A name nobody else has."""
    return f"{prefix} {uuid.uuid4().hex[:8]}"
