"""The tasks of thousands of rows, read production by production instead of one by one."""

from __future__ import annotations

from wf_core.errors import PermissionDenied
from wf_core.kitsu import KitsuClient, find_task_id, told_task_id
from wf_core.models import TaskContext
from wf_core.saves.neighbours import contexts_of
from wf_core.saves.records import Records

__all__ = ["TaskBook"]

_ALL = ""
"""In place of a kind of entity: every one."""


class TaskBook:
    """Finds tasks by reference; what one reference made it read serves all others.

    Args:
        client: the server.
        records: of the saves that follow, whose lists of a production are read here already.
    """

    def __init__(self, client: KitsuClient, records: Records) -> None:
        self._client = client
        self._records = records
        self._by_id: dict[str, TaskContext] = {}
        self._by_label: dict[str, list[TaskContext]] = {}
        self._read: set[tuple[str, str]] = set()

    def context(self, reference: str) -> TaskContext:
        """The task that ``reference`` names, with everything around it.

        Raises:
            NotFound, AmbiguousReference, UsageError: see :func:`wf_core.kitsu.find_task`.
            PermissionDenied: it is not this account's to see.
            ServerError: the server does not answer.
        """
        told = told_task_id(reference, self._client.session.server)
        if told is not None:
            return self._of(told)
        written = reference.strip().strip("/")
        named = self._by_label.get(written, [])
        if len(named) == 1:
            return named[0]
        return self._of(find_task_id(self._client, reference), by_label=True)

    def _of(self, task_id: str, *, by_label: bool = False) -> TaskContext:
        context = self._by_id.get(task_id) or self._client.task_context(task_id)
        self._by_id[task_id] = context
        # A label can mean a shot as well as an asset, an id only what it is of.
        self._read_around(context, _ALL if by_label else context.task_type.for_entity or _ALL)
        return context

    def _read_around(self, context: TaskContext, kind: str) -> None:
        """The tasks of the production whose types are for that kind of entity."""
        production = context.production
        if not self._read.isdisjoint(((production.id, kind), (production.id, _ALL))):
            return
        self._read.add((production.id, kind))
        lists = self._records.lists(production.id)
        try:
            kinds = {each.id: each.for_entity for each in lists.task_types(self._client).values()}
            tasks = [
                task
                for task in lists.tasks(self._client)
                if kind in (_ALL, kinds.get(task.task_type_id))
            ]
            found = contexts_of(self._client, production, tasks, lists)
        except PermissionDenied:
            return  # then each is read by itself
        for each in found:
            # What the tree may ask for beside the task is the same for all of a production.
            whole = each.model_copy(update={"geometry": context.geometry})
            self._by_id.setdefault(each.task.id, whole)
            if kind == _ALL:
                self._by_label.setdefault(whole.label, []).append(whole)
