"""The newest revisions of many tasks, read several at a time while others are looked at."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from wf_core.models import WorkingFile

__all__ = ["Ahead"]


class Registry(Protocol):
    """The part of the client that is needed."""

    def last_revisions(self, task_id: str) -> dict[str, WorkingFile]: ...


class Ahead:
    """Reads ahead of who asks. A context manager: at its end nothing is under way any more.

    Args:
        registry: the server; its requests may be made from several threads.
        tasks: ids, in the order in which they will be asked for.
        at_once: most requests at a time.
    """

    def __init__(self, registry: Registry, tasks: Iterable[str], *, at_once: int) -> None:
        self._readers = ThreadPoolExecutor(at_once, thread_name_prefix="wf-ahead")
        self._found: dict[str, Future[dict[str, WorkingFile]]] = {
            task: self._readers.submit(registry.last_revisions, task)
            for task in dict.fromkeys(tasks)
        }

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._readers.shutdown(cancel_futures=True)

    def take(self, task: str) -> list[WorkingFile] | None:
        """The newest record of each name of the task; None where it was taken before.

        Raises:
            WorkfilesError: what came of the request, for each row of the task.
        """
        found = self._found.get(task)
        if found is None:
            return None
        newest = list(found.result().values())
        del self._found[task]  # of ten thousand tasks nobody keeps all answers
        return newest
