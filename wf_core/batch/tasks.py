"""The tasks of thousands of rows, read production by production instead of one by one."""

from __future__ import annotations

from wf_core.errors import PermissionDenied
from wf_core.kitsu import KitsuClient, find_task_id, told_task_id
from wf_core.models import TaskContext
from wf_core.saves.neighbours import contexts_of

__all__ = ["TaskBook"]


class TaskBook:
    """Finds tasks by reference; what one reference made it read serves all others.

    Args:
        client: the server.
    """

    def __init__(self, client: KitsuClient) -> None:
        self._client = client
        self._by_id: dict[str, TaskContext] = {}
        self._by_label: dict[str, list[TaskContext]] = {}
        self._read: set[str] = set()

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
        return self._of(find_task_id(self._client, reference))

    def _of(self, task_id: str) -> TaskContext:
        if task_id not in self._by_id:
            context = self._client.task_context(task_id)
            self._by_id[task_id] = context
            self._read_production(context)
        return self._by_id[task_id]

    def _read_production(self, context: TaskContext) -> None:
        production = context.production
        if production.id in self._read:
            return
        self._read.add(production.id)
        try:
            tasks = self._client.production_tasks(production.id)
            found = contexts_of(self._client, production, tasks)
        except PermissionDenied:
            return  # then each is read by itself
        for each in found:
            # What the tree may ask for beside the task is the same for all of a production.
            whole = each.model_copy(update={"geometry": context.geometry})
            self._by_id.setdefault(each.task.id, whole)
            self._by_label.setdefault(whole.label, []).append(whole)
