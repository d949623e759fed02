"""The server under the torture: where it is, who may write to which task, restarts."""

from __future__ import annotations

import threading
import time
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from live_kitsu import CallFailed, LiveKitsu

from faults.plan import TASKS
from wf_core.errors import WorkfilesError
from wf_core.private_kitsu import KitsuInfo, PrivateKitsu

__all__ = ["Server", "Task"]

T = TypeVar("T")

_PATIENCE = 60.0  # seconds in which a restarted server has to answer again


@dataclass(frozen=True)
class Task:
    """A task the players compete for."""

    id: str
    reference: str


class Server:
    """A private Kitsu with the tasks of one run."""

    def __init__(self, kitsu: PrivateKitsu, info: KitsuInfo, people: tuple[str, ...]) -> None:
        self.live = LiveKitsu(info)
        self.people = people
        self._kitsu = kitsu
        self._changing = threading.Lock()  # one restart at a time
        self._address = _address(info)
        self.tasks = [self._make_task() for _ in range(TASKS)]

    def address(self) -> tuple[str, int]:
        """Host and port it listens on, or did before it was stopped."""
        return self._address

    def restart(self, part: str, *, kill: bool = False, down_for: float = 0.0) -> None:
        """Stop ``zou`` or ``postgres`` and start it again, on another port when need be."""
        with self._changing:
            self._kitsu.restart(part, kill=kill, down_for=down_for)
            self._find()

    def make_well(self) -> None:
        """Have it up and everybody assigned, whatever happened before."""
        with self._changing:
            if self._kitsu.status().state != "up":
                self._kitsu.up()
            self._find()
        for task in range(len(self.tasks)):
            for who in self.people:
                self.assign(task, who)

    def assign(self, task: int, who: str) -> None:
        person = self.live.person(who)["id"]
        route, body = f"actions/persons/{person}/assign", {"task_ids": [self.tasks[task].id]}
        patiently(lambda: self.live.call("PUT", route, body))

    def unassign(self, task: int, who: str) -> None:
        body = {"task_ids": [self.tasks[task].id], "person_id": self.live.person(who)["id"]}
        patiently(lambda: self.live.call("PUT", "actions/tasks/clear-assignation", body))

    def working_files(self, task: Task) -> list[dict[str, Any]]:
        """All records of a task, with everything in them."""
        return patiently(lambda: self.live.working_files(task.id))

    def stored_bytes(self, working_file_id: str) -> bytes:
        """Raises CallFailed when nothing is stored."""
        return patiently(lambda: self.live.stored_bytes(working_file_id))

    def _find(self) -> None:
        info = self._kitsu.info()
        if info is not None:
            self.live.info = info
            self._address = _address(info)

    def _make_task(self) -> Task:
        made = self.live.fresh_task(assign=self.people)
        return Task(made.id, made.reference)


def patiently(call: Callable[[], T]) -> T:
    """The call's answer, asked for again while the server is being restarted.

    Raises:
        CallFailed: the server refuses, or still fails after a minute.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return call()
        except CallFailed as exc:
            # While its database is away, Zou does not know anybody's token.
            passing = exc.status >= 500 or exc.status == 401
            if not passing or time.monotonic() > end:
                raise
        except (OSError, urllib.error.URLError, WorkfilesError):
            if time.monotonic() > end:
                raise
        time.sleep(0.3)


def _address(info: KitsuInfo) -> tuple[str, int]:
    parts = urlsplit(info.url)
    assert parts.hostname is not None and parts.port is not None
    return parts.hostname, parts.port
