"""What a save needs to know of the server, fresh when it answers, remembered when not.

Everything read is kept in the journal's cache. A save asks the server again when what
is kept is older than the settings allow, and falls back to it, however old, while the
server is gone: paths are rendered here, so only the number needs the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from wf_core.errors import (
    BadAnswer,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    ServerFault,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu import KitsuClient, find_task_id, is_named, told_task_id
from wf_core.models import Person, Software, TaskContext, WorkingFile
from wf_core.paths import PathIndex, kind_of
from wf_core.saves import marker
from wf_core.saves.budget import Budget
from wf_core.saves.circuit import Circuit
from wf_core.saves.journal import Journal
from wf_core.saves.lists import ProductionLists
from wf_core.saves.neighbours import entity_index, production_index
from wf_core.saves.shared import ask_together

__all__ = ["GONE", "Records"]

T = TypeVar("T")

GONE = (ServerUnavailable, ServerFault, BadAnswer, NotLoggedIn)
"""Failures after which what is remembered has to do."""

_TOGETHER_SECONDS = 2.0
"""For so long what another process of this user has just found out need not be asked again."""

_BEGUN = time.time()
"""When this process began, nearly."""

_CONTEXT = TypeAdapter(TaskContext)
_SOFTWARE = TypeAdapter(list[Software])
_NEWEST = TypeAdapter(dict[str, WorkingFile])
_TEXT = TypeAdapter(str)
_TEXTS = TypeAdapter(list[str])
_PERSONS = TypeAdapter(list[Person])


class Records:
    """The records of one server, as one journal remembers them.

    Args:
        client: the server; its requests should be as hurried as the caller is.
        lock_folder: where locks lie.
        max_age: seconds for which what is kept counts as fresh.
        task_age: the same of a task, by which its files are placed; ``max_age`` by default.
        for_run: a task counts as it was read, though an earlier process did; else a process asks
            itself, so that whoever has renamed something sees what the next command makes of it.
        budget: what is left for the caller to wait; with it nobody is asked while the server
            is known to be down, not even about what was never read.
    """

    def __init__(
        self,
        *,
        client: KitsuClient,
        journal: Journal,
        circuit: Circuit,
        lock_folder: Path,
        max_age: float,
        task_age: float | None = None,
        for_run: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self._client = client
        self._journal = journal
        self._circuit = circuit
        self._lock_folder = lock_folder
        self._max_age = max_age
        self._task_age = max_age if task_age is None else min(task_age, max_age)
        self._tasks_since = 0.0 if for_run else _BEGUN
        self._lists: dict[str, ProductionLists] = {}
        self._budget = budget
        self._held: dict[str, TaskContext] = {}
        self._anew: set[str] = set()  # not from other processes: what they know is as old
        self._server = client.session.server

    def task_id(self, reference: str) -> str:
        """The id of the task that ``reference`` names.

        Raises:
            NotFound, AmbiguousReference: none or several do.
            ServerError: the server is needed to tell, and does not answer.
        """
        return told_task_id(reference, self._server) or self._read(
            f"task-id:{reference}", lambda: find_task_id(self._client, reference), _TEXT
        )

    def context(self, reference: str) -> TaskContext:
        """Everything about the task that renders its paths. Raises as :meth:`task_id`."""
        told = told_task_id(reference, self._server)
        if told is not None:
            return self._of_task(told)
        remembered = self._kept(f"task-id:{reference}", _TEXT) is not None
        context = self._of_task(self.task_id(reference))
        if not remembered or is_named(context, reference) or self._is_away():
            return context
        # Somebody has renamed something since: the reference may be another task's by now.
        try:
            task_id = find_task_id(self._client, reference)
        except GONE:
            return context
        self._keep(f"task-id:{reference}", task_id, _TEXT)
        return self._of_task(task_id)

    def _of_task(self, task_id: str) -> TaskContext:
        if task_id in self._held:
            return self._held[task_id]
        context = self._read(
            f"context:{task_id}",
            lambda: self._client.task_context(task_id),
            _CONTEXT,
            together=lambda found: bool(found.production.file_tree),
            max_age=min(self._task_age, time.time() - self._tasks_since),
        )
        if not context.production.file_tree:
            self.forget(task_id)  # whoever sets a tree wants it to count at once
        return context

    def hold(self, context: TaskContext) -> None:
        """Take a context as known for the life of this object: of thousands of tasks they are
        read with a handful of requests."""
        self._held[context.task.id] = context

    def let_go(self, task_id: str) -> None:
        """Read the task's context again when it is next asked for."""
        self._held.pop(task_id, None)

    def age(self, task_id: str) -> float | None:
        """Seconds since the oldest of what renders the task's paths was read of the server, by
        this machine's clock, for people; None when some of it was never read."""
        ages = [
            None if stored is None else max(0.0, time.time() - stored[1])
            for stored in map(
                self._journal.recall, (self._key(f"context:{task_id}"), self._key("softwares"))
            )
        ]
        return None if None in ages else max(age for age in ages if age is not None)

    @property
    def has_login(self) -> bool:
        """Whether anybody is logged in here, whatever the server thinks of the token by now."""
        return self._client.session.has_token

    def forget(self, reference: str) -> None:
        """Ask the server next time, because what is kept turned out to be old."""
        self._held.pop(reference, None)
        for key in (f"task-id:{reference}", f"context:{reference}"):
            self._anew.add(key)
            self._journal.forget_cached(self._key(key))

    def newer(self, context: TaskContext) -> TaskContext | None:
        """What the server says of the task by now, where that is something else, remembered from
        then on; None where it is the same, or the server cannot be asked."""
        if self._is_away():
            return None
        try:
            now = self._client.task_context(context.task.id)
        except WorkfilesError:
            return None
        if now == context:
            return None
        self._held.pop(context.task.id, None)
        self._keep(f"context:{context.task.id}", now, _CONTEXT)
        return now

    def softwares(self) -> list[Software]:
        """Kitsu's software records."""
        return self._read("softwares", self._client.softwares, _SOFTWARE, together=bool)

    def software(self, name: str | None, extension: str) -> Software:
        """The software record of that name, or else the one that writes ``extension``.

        Raises:
            NotFound: the server has none; the message lists what it has.
        """
        records = self.softwares()
        found = _software_in(records, name, extension)
        if found is None and not self._is_away():
            with suppress(*GONE):  # whoever has just added one wants it to count at once
                records = self._client.softwares()
                self._keep("softwares", records, _SOFTWARE)
                found = _software_in(records, name, extension)
        if found is not None:
            return found
        wanted = f"named “{name}”" if name else f"for {extension or 'files without extension'}"
        known = ", ".join(sorted(r.name for r in records)) or "none"
        raise NotFound(
            f"Kitsu has no software record {wanted}; it has: {known}. Nothing was saved.",
            suggestions=[r.name for r in records],
            hint="Ask an administrator to add it, or save as one of those.",
        )

    def software_by_id(self, software_id: str) -> Software | None:
        """The software record of that id, None when the server has none."""
        return next((r for r in self.softwares() if r.id == software_id), None)

    def clash(
        self, context: TaskContext, name: str, software: Software, *, settled: Callable[[], bool]
    ) -> tuple[str, str] | None:
        """What is wrong and what to change when the file's path would be another task's.

        That nothing is, is remembered, that something is only for while the server is gone. Where
        it was never asked, the paths count as distinct then (the final path is reserved on the disk
        in any case).

        Args:
            settled: asked, where it is not remembered, whether nothing is wrong for sure.
        """

        def look() -> list[str]:
            return [] if settled() else self._looked_at_together(context, name, software)

        key = f"clash:{context.task.id}:{software.id}:{name}"
        try:
            found = self._read(key, look, _TEXTS)
        except GONE:
            return None
        if not found:
            return None
        # Whoever renames what is in the way wants it to count at once; without the server this
        # is what is known.
        self._keep(key, found, _TEXTS, read_at=0.0)
        self._lists.pop(context.production.id, None)
        return found[0], found[1]

    def _looked_at_together(self, context: TaskContext, name: str, software: Software) -> list[str]:
        """Compare the file's paths with those of its neighbours, once for all processes that
        want to at the same moment: sixteen workers that begin together read one production."""
        if self._has_index(context, software):
            return self._looked_at(context, name, software)
        return self._ask_together(
            ("paths", self._server, context.task.id, software.id, name),
            lambda: self._looked_at(context, name, software),
            _TEXTS,
            lambda found: not found and self._has_index(context, software),
            self._max_age,
        )

    def _looked_at(self, context: TaskContext, name: str, software: Software) -> list[str]:
        clashes = self._index(context, software).clashes(context, name=name)
        return [clashes[0].message, clashes[0].hint] if clashes else []

    def _index(self, context: TaskContext, software: Software) -> PathIndex:
        """The paths of the task's neighbours. That of a whole production takes a moment, and
        serves every task of the same kind that is saved by this process in the next while."""
        lists = self.lists(context.production.id)
        key = (software.id, kind_of(context))
        if key not in lists.indexes:
            try:
                lists.indexes[key] = production_index(self._client, context, software, lists)
            except PermissionDenied:
                return entity_index(self._client, context, software, lists)
        return lists.indexes[key]

    def _has_index(self, context: TaskContext, software: Software) -> bool:
        """Whether this process knows the paths of the whole production."""
        return (software.id, kind_of(context)) in self.lists(context.production.id).indexes

    def lists(self, project_id: str) -> ProductionLists:
        """What was read of a production by this process, for as long as it counts as fresh."""
        found = self._lists.get(project_id)
        if found is None or found.age > self._max_age:
            found = self._lists[project_id] = ProductionLists(project_id)
        return found

    def revisions(
        self, task_id: str, *, max_age: float = 0.0
    ) -> tuple[dict[str, WorkingFile], bool]:
        """The newest record of each of the task's names, and whether the server said so now,
        or at most ``max_age`` seconds ago."""
        key = f"newest:{task_id}"
        if max_age > 0 and not self._is_away():
            recent = self._kept(key, _NEWEST)
            if recent is not None and recent[1] <= max_age:
                return recent[0], True
        if not self._is_away():
            try:
                found = self._client.last_revisions(task_id)
            except GONE as exc:
                self._circuit.trip_if_unreachable(exc, waited=self._client.session.timeouts.total)
            else:
                self._keep(key, found, _NEWEST)
                self._circuit.reset()
                return found, True
        kept = self._kept(key, _NEWEST)
        return (kept[0] if kept else {}), False

    def know_revisions(self, task_id: str, records: list[WorkingFile]) -> None:
        """Take the task's working files, read just now, for what :meth:`revisions` asks for."""
        newest: dict[str, WorkingFile] = {}
        for record in sorted(records, key=lambda record: record.revision):
            newest[record.name] = record
        self._keep(f"newest:{task_id}", newest, _NEWEST)

    def has_abandoned(self, task_id: str, name: str) -> bool:
        """Whether this journal has a claim, or had one in mind, that no save uses."""
        return bool(self._journal.of_scope((self._server, task_id, name), "abandoned"))

    def highest_here(self, task_id: str, name: str) -> int:
        """The highest number this journal's own saves were given: what was last heard of the
        server may be older than they are."""
        return self._journal.highest((self._server, task_id, name))

    def software_of(self, record: WorkingFile) -> str | None:
        """The name of the software a revision was made with, None when not known."""
        software = self.software_by_id(record.software_id or "")
        return software.name if software else None

    def newest_committed(
        self, context: TaskContext, name: str, newest: WorkingFile
    ) -> WorkingFile | None:
        """The newest usable revision, given the newest record of any state."""
        if marker.state_of(newest) in ("committed", "foreign"):
            return newest
        records = self._client.entity_working_files(
            context.entity.id, task_id=context.task.id, name=name
        )
        usable = [r for r in records if marker.state_of(r) in ("committed", "foreign")]
        return max(usable, key=lambda record: record.revision, default=None)

    def author(self, record: WorkingFile) -> str:
        """Who made the record, as people call them; "somebody" when that cannot be told."""
        if record.person_id is None:
            return "somebody"
        return self.authors([record]).get(record.person_id, "somebody")

    def authors(self, records: list[WorkingFile]) -> dict[str, str]:
        """The names of the records' authors by person id, as far as they can be told."""
        ids = {record.person_id for record in records if record.person_id}
        try:
            everybody = self._read("persons", self._client.persons, _PERSONS)
        except (PermissionDenied, NotFound, *GONE):
            return {}
        return {person.id: person.display_name for person in everybody if person.id in ids}

    # the cache

    def _read(
        self,
        key: str,
        fetch: Callable[[], T],
        kind: TypeAdapter[T],
        *,
        together: Callable[[T], bool] | None = None,
        max_age: float | None = None,
    ) -> T:
        """What is kept, else what the server says.

        Args:
            together: processes of this user and account that ask at the same moment leave that to
                one of them; says whether what it found is for the others, too.
            max_age: seconds, where it is not the usual one.
        """
        max_age = self._max_age if max_age is None else max_age
        kept = self._kept(key, kind)
        if kept is not None and (kept[1] <= max_age or self._is_away()):
            return kept[0]
        if kept is None and self._budget is not None and self._is_away():
            raise ServerUnavailable(
                "The server did not answer a moment ago, and is not asked again just now.",
                in_doubt=False,
            )
        try:
            if together is not None:
                value = self._fetched(key, fetch, kind, together, max_age)
            else:
                value = fetch()
        except GONE as exc:
            self._circuit.trip_if_unreachable(exc, waited=self._client.session.timeouts.total)
            if kept is None:
                raise
            return kept[0]
        self._keep(key, value, kind)
        return value

    def _fetched(
        self,
        key: str,
        fetch: Callable[[], T],
        kind: TypeAdapter[T],
        for_all: Callable[[T], bool],
        max_age: float,
    ) -> T:
        account = self._client.session.account_id
        if account is None or key in self._anew:
            self._anew.discard(key)
            return fetch()
        return self._ask_together((key, self._server, account), fetch, kind, for_all, max_age)

    def _ask_together(
        self,
        about: tuple[str, ...],
        fetch: Callable[[], T],
        kind: TypeAdapter[T],
        for_all: Callable[[T], bool],
        max_age: float,
    ) -> T:
        """What ``fetch`` gives, or what another process of this user was given a moment ago, of
        what ``for_all`` lets others have."""

        def ask() -> tuple[str, bool]:
            found = fetch()
            return _as_text(kind, found), for_all(found)

        answer = ask_together(
            about,
            ask,
            self._lock_folder,
            wait=_TOGETHER_SECONDS if self._budget is None else self._budget.left() / 2,
            fresh=min(_TOGETHER_SECONDS, max_age),
        )
        try:
            return kind.validate_json(answer)
        except ValidationError:
            return fetch()  # the other process is of another release

    def _is_away(self) -> bool:
        """Whether asking is useless, or there is no time left for it."""
        spent = self._budget is not None and self._budget.left() <= 0
        return spent or self._circuit.is_open()

    def _kept(self, key: str, kind: TypeAdapter[T]) -> tuple[T, float] | None:
        """The kept value and its age in seconds; a clock set back makes it old, not new."""
        stored = self._journal.recall(self._key(key))
        if stored is None:
            return None
        try:
            value: T = _parsed(kind, stored[0])
        except ValidationError:
            return None  # written by another release
        age = time.time() - stored[1]
        return value, age if age >= 0 else float("inf")

    def _keep(
        self, key: str, value: T, kind: TypeAdapter[T], *, read_at: float | None = None
    ) -> None:
        at = time.time() if read_at is None else read_at
        self._journal.remember(self._key(key), _as_text(kind, value), at)

    def _key(self, key: str) -> str:
        return f"{self._server} {key}"


def _software_in(records: list[Software], name: str | None, extension: str) -> Software | None:
    """The record of that name, or else the one that writes ``extension``, best as its first."""
    if name:
        called = (
            record
            for record in records
            if name.casefold() in (record.name.casefold(), (record.short_name or "").casefold())
        )
        return next(called, None)
    written = extension.lower()
    mine = [record for record in records if written in (record.extensions or ("",))]
    return min(mine, key=lambda record: record.extension != written, default=None)


def _as_text(kind: TypeAdapter[T], value: T) -> str:
    return kind.dump_json(value).decode()


@lru_cache(maxsize=64)
def _parsed(kind: TypeAdapter[Any], text: str) -> Any:
    """What is kept is read anew each time, as other processes may have changed it; it is seldom
    another text, and then nobody changes what it was made into."""
    return kind.validate_json(text)
