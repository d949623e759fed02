"""From what people write to a task: a reference, an id, or the address of a page."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from slugify import slugify

from wf_core.errors import AmbiguousReference, NotFound, UsageError
from wf_core.kitsu.address import host_of
from wf_core.kitsu.client import KitsuClient
from wf_core.kitsu.labels import ProductionNames
from wf_core.models import Entity, Production, Task, TaskContext
from wf_core.steps import LOG_IN

__all__ = ["find_production", "find_task", "find_task_id", "is_named", "told_task_id"]

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_IS_UUID = re.compile(_UUID)
# productions/ID/[episodes/ID/][assets|shots|...]/tasks/ID[/previews/ID] in its src/router.
_TASK_PAGE = re.compile(rf"/tasks/({_UUID})(?:/|$)")
_SHAPE = (
    "Write Production/AssetType/Asset/TaskType or Production/[Episode/]Sequence/Shot/TaskType, "
    "or paste the address of the task's page."
)
_MOST_SUGGESTIONS = 5


def find_task(client: KitsuClient, reference: str) -> TaskContext:
    """The task that ``reference`` names, with everything around it.

    Args:
        client: the client.
        reference: ``Production/AssetType/Asset/TaskType``,
            ``Production/[Episode/]Sequence/Shot/TaskType``, a task's id, or the address of its
            page in Kitsu. Capitals and accents need not match where only one task can be meant.

    Raises:
        NotFound: none; ``suggestions`` are the nearest references.
        AmbiguousReference: several; ``candidates`` are (reference, id) pairs.
        UsageError: a page that is not a task's, or of another server.
    """
    return client.task_context(find_task_id(client, reference))


def find_task_id(client: KitsuClient, reference: str) -> str:
    """The id of the task that ``reference`` names; see :func:`find_task`.

    An id is taken as it is: whether there is such a task shows when it is used.

    Raises:
        NotFound, AmbiguousReference, UsageError: see :func:`find_task`.
    """
    return told_task_id(reference, client.session.server) or (
        _Search(client, reference.strip().strip("/")).task_id()
    )


def is_named(context: TaskContext, reference: str) -> bool:
    """Whether a reference that has led to the task once is one of its names still. Asks nobody,
    and so cannot tell whether it names another task as well."""
    short = context.model_copy(update={"episode": None})
    return _key(reference.strip().strip("/")) in {_key(context.label), _key(short.label)}


def told_task_id(reference: str, server: str) -> str | None:
    """The task's id where the reference itself tells it, None where ``server`` has to be asked.

    Raises:
        UsageError: see :func:`find_task`.
    """
    text = reference.strip()
    if _IS_UUID.fullmatch(text):
        return text.lower()
    if "://" in text or (
        # A production may be called like the server: only a page makes an address of it.
        "/productions/" in text and host_of(text) == host_of(server)
    ):
        return _task_of_page(text, server)
    if not text.strip("/"):
        raise UsageError("No task was named.", hint=_SHAPE)
    return None


def find_production(client: KitsuClient, reference: str) -> Production:
    """The production of a name, a code or an id.

    Raises:
        NotFound: none; ``suggestions`` are the nearest names.
        AmbiguousReference: several; ``candidates`` are (name, id) pairs.
    """
    text = reference.strip()
    if _IS_UUID.fullmatch(text):
        return client.production(text.lower())
    records = client.productions()
    found = [
        (_likeness(name, text), record)
        for record in records
        for name in (record.name, record.code)
        if name and _key(name) == _key(text)
    ]
    best = min((likeness for likeness, _ in found), default=None)
    unique = {record.id: record for likeness, record in found if likeness == best}
    if not unique:
        raise NotFound(
            f"There is no open production “{text}” that you may see.",
            suggestions=_nearest(text, [record.name for record in records]),
        )
    if len(unique) > 1:
        raise AmbiguousReference(
            f"“{text}” names {len(unique)} productions.",
            candidates=[(record.name, record.id) for record in unique.values()],
            hint="Give the id of the one you mean.",
        )
    return next(iter(unique.values()))


def _task_of_page(address: str, server: str) -> str:
    host = host_of(address)
    if host != host_of(server):
        raise UsageError(
            f"That page is on {host}, but this is a session with {host_of(server)}.",
            hint=f"Use {LOG_IN} with its address first.",
        )
    page = urlsplit(address if "://" in address else f"//{address}")
    match = _TASK_PAGE.search(page.path)
    if match is None:
        raise UsageError(
            "That is the address of a page, but not of a task's.",
            hint="Open the task in Kitsu and copy the address of its page.",
        )
    return match.group(1).lower()


@dataclass(frozen=True)
class _Found:
    """A task that answers to the reference."""

    label: str
    likeness: int  # see _likeness; 0 is the reference itself
    names: ProductionNames
    entity: Entity
    task: Task

    @property
    def candidate(self) -> tuple[str, str]:
        kind = self.names.type_of(self.entity).lower()
        is_asset = self.names.path_of(self.entity)[0] == self.names.type_of(self.entity)
        notes = ["asset" if is_asset else kind]
        if self.task.name != "main":
            notes.append(f"task “{self.task.name}”")
        return f"{self.label} ({', '.join(notes)})", self.task.id


class _Search:
    """One search for a reference."""

    def __init__(self, client: KitsuClient, reference: str) -> None:
        self.client = client
        self.reference = reference
        self.key = _key(reference)
        self.task_types = {record.id: record.name for record in client.task_types()}

    def task_id(self) -> str:
        productions = self.client.productions()
        # A production's own name may contain a slash, so that several can be meant.
        meant = [each for each in productions if _begins(self.key, _key(each.name))]
        for production in meant:
            found = [f for f in self._in(self._just_so(production)) if f.likeness == 0]
            if found:
                return self._only(found)
        indexes = [self._all_of(production) for production in meant]
        found = [match for names in indexes for match in self._in(names)]
        if found:
            return self._only(found)
        raise self._nothing(productions, indexes)

    def _only(self, found: list[_Found]) -> str:
        best = min(match.likeness for match in found)
        tasks = {match.task.id: match for match in found if match.likeness == best}
        if len(tasks) == 1:
            return next(iter(tasks))
        raise AmbiguousReference(
            f"“{self.reference}” can mean {len(tasks)} tasks.",
            candidates=sorted(match.candidate for match in tasks.values()),
            hint="Give the id of the one you mean.",
        )

    def _all_of(self, production: Production) -> ProductionNames:
        entities = self.client.entities(production.id)
        return ProductionNames(production, entities, self.client.entity_types())

    def _just_so(self, production: Production) -> ProductionNames:
        """The entities whose name is the reference's last but one part, and their parents:
        a few small requests instead of the list of everything, for the usual case."""
        parts = self.reference.split("/")
        named = self.client.entities_named(production.id, parts[-2]) if len(parts) > 2 else []
        known = {entity.id: entity for entity in named}
        todo = [entity.parent_id for entity in named]
        while todo:
            parent_id = todo.pop()
            if parent_id and parent_id not in known:
                known[parent_id] = self.client.entity(parent_id)
                todo.append(known[parent_id].parent_id)
        return ProductionNames(production, known.values(), self.client.entity_types())

    def _in(self, names: ProductionNames) -> Iterator[_Found]:
        for entity, written in self._entities(names):
            for task in self.client.entity_tasks(entity.id):
                label = f"{written}/{self._type(task)}"
                if _key(label) == self.key:
                    full = names.label_of(entity, self._type(task))
                    yield _Found(full, _likeness(label, self.reference), names, entity, task)

    def _entities(self, names: ProductionNames) -> Iterator[tuple[Entity, str]]:
        """The entities that the reference passes through, and how it may be written."""
        for entity in names.entities.values():
            for path in {names.path_of(entity), names.short_path_of(entity)}:
                written = "/".join((names.production.name, *path))
                key = _key(written)
                if len(key) < len(self.key) and _begins(self.key, key):
                    yield entity, written

    def _type(self, task: Task) -> str:
        return self.task_types.get(task.task_type_id, "")

    # Nothing found

    def _nothing(self, productions: list[Production], indexes: list[ProductionNames]) -> NotFound:
        if not indexes:
            name = self.reference.split("/")[0]
            by_name = {each.name: each for each in productions}
            near = _nearest(name, by_name)
            if not near:
                return NotFound(
                    f"There is no open production “{name}” that you may see.",
                    suggestions=sorted(by_name)[:_MOST_SUGGESTIONS],
                    hint=_SHAPE,
                )
            indexes = [self._all_of(by_name[near[0]])]
        suggestions = _nearest(
            self.reference, (label for names in indexes for label in self._labels_near(names))
        )
        return NotFound(
            f"No task answers to “{self.reference}”.", suggestions=suggestions, hint=_SHAPE
        )

    def _labels_near(self, names: ProductionNames) -> Iterator[str]:
        """References of the tasks of those entities whose names are nearest."""
        entities = {names.label_of(entity): entity for entity in names.entities.values()}
        # The reference should end in a task type, but people forget it.
        without_type = self.reference.rpartition("/")[0] or self.reference
        near = [*_nearest(without_type, entities), *_nearest(self.reference, entities)]
        for label in dict.fromkeys(near):
            for task in self.client.entity_tasks(entities[label].id):
                yield f"{label}/{self._type(task)}"


def _key(text: str) -> tuple[str, ...]:
    """What two ways of writing the same thing have in common, part by part."""
    return tuple(
        slugify(part, separator="_") or part.strip().casefold() for part in text.split("/")
    )


def _begins(key: tuple[str, ...], beginning: tuple[str, ...]) -> bool:
    return key[: len(beginning)] == beginning


def _likeness(name: str, written: str) -> int:
    """How far apart two ways of writing the same key are: for each part 0 when it is written
    just so, 1 when capitals differ, 2 when accents or signs do."""
    pairs = zip(name.split("/"), written.split("/"), strict=True)
    return sum((one != other) + (one.casefold() != other.casefold()) for one, other in pairs)


def _nearest(text: str, names: Iterable[str]) -> list[str]:
    """The names most like ``text``, best first; capitals do not count."""
    by_folded: dict[str, str] = {}
    for name in names:
        by_folded.setdefault(name.casefold(), name)
    near = difflib.get_close_matches(text.casefold(), by_folded, n=_MOST_SUGGESTIONS, cutoff=0.5)
    return [by_folded[name] for name in near]
