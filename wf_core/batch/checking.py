"""Looking at a whole list before anything of it starts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from wf_core.batch.ahead import Ahead
from wf_core.batch.children import application_for
from wf_core.batch.jobs import Job, said
from wf_core.batch.run import Row
from wf_core.batch.scene import RowScene
from wf_core.batch.tasks import TaskBook
from wf_core.disk.files import in_words
from wf_core.errors import (
    Cancelled,
    InputError,
    NotLoggedIn,
    ServerError,
    WorkfilesError,
)
from wf_core.models import TaskContext
from wf_core.saves.checks import Checks, Plan
from wf_core.saves.desk import Desk
from wf_core.saves.placing import Place
from wf_core.saves.request import SaveRequest

__all__ = ["Checked", "check_jobs"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Checked:
    """A list that was looked at.

    Attributes:
        rows: what would be done, in the list's order; those with problems are left out.
        plans: for each row the revision and the path it would get now.
        size: bytes of all scenes.
        problems: what is in the way, each beginning with its line.
    """

    rows: list[Row]
    plans: list[tuple[int, str]]
    size: int
    problems: list[str]


def check_jobs(
    jobs: Sequence[Job],
    desk: Desk,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Checked:
    """Look at every scene, task, name, path and permission; nothing is created.

    Args:
        jobs: the list.
        desk: its records are what is asked.
        progress: called with what is going on, jobs looked at, and in total.
        cancel: asked between jobs whether to stop.

    Raises:
        NotLoggedIn, ServerError: the server cannot be asked, so that nothing can be told.
        Cancelled: ``cancel`` said so.
    """
    # A list is looked at as it was when that began: nothing is asked for twice.
    engine = desk.engine_within(desk.settings.profile.timeout, known=math.inf)
    records = engine.checks.records
    rows: list[Row] = []
    plans: list[tuple[int, str]] = []
    roots: dict[Path, int] = defaultdict(int)
    problems: list[tuple[int, str]] = []  # the line, to sort them by
    targets: dict[tuple[str, str], list[Job]] = defaultdict(list)

    def each(what: str, of: Sequence[_T]) -> Iterator[_T]:
        for done, one in enumerate(of):
            if cancel is not None and cancel():
                raise Cancelled("Stopped while the list was looked at; nothing was started.")
            if progress is not None:
                progress(what, done, len(of))
            yield one

    @contextmanager
    def told(job: Job) -> Iterator[None]:
        try:
            yield
        except (NotLoggedIn, ServerError):
            raise
        except WorkfilesError as exc:
            problems.append((job.line, f"{job.origin}: {said(exc)}"))

    found: list[tuple[Job, TaskContext]] = []
    tasks = TaskBook(desk.client, records)
    for job in each("Finding tasks", jobs):
        with told(job):
            found.append((job, tasks.context(job.task)))
    with Ahead(
        desk.client,
        (context.task.id for _, context in found),
        at_once=desk.settings.profile.upload_connections,
    ) as ahead:
        for job, context in each("Checking", found):
            targets[context.task.id, job.name].append(job)
            with told(job):
                newest = ahead.take(context.task.id)
                if newest is not None:
                    records.know_revisions(context.task.id, newest)
                records.hold(context)
                number, place, size = _looked_at(job, context, engine.checks)
                roots[place.root] += size
                rows.append(_row(len(rows) + 1, job, context))
                plans.append((number, str(place.local)))
    for same in targets.values():
        for job in same[1:]:
            twice = f"{same[0].origin} saves “{job.name}” of the same task already"
            problems.append((job.line, f"{job.origin}: {twice}"))
    problems += [(0, text) for text in _no_room(engine.checks.check_room, roots)]
    return Checked(
        rows=rows,
        plans=plans,
        size=sum(roots.values()),
        problems=[text for _, text in sorted(problems)],
    )


def _looked_at(job: Job, context: TaskContext, checks: Checks) -> tuple[int, Place, int]:
    """The revision a job would get now, its place, and the bytes of its scene."""
    scene = RowScene(job.scene, software=job.software)
    request = SaveRequest(
        task=context.task.id,
        name=job.name,
        comment=job.comment,
        software=job.software or None,
    )
    if job.script is not None:
        _check_script(job.scene, job.script)
    plan = checks.plan(scene, request)
    if not isinstance(plan, Plan):
        raise plan.cause
    with in_words(job.scene, writing=False):
        size = job.scene.stat().st_size
    return plan.highest + 1, plan.place(plan.highest + 1), size


def _row(number: int, job: Job, context: TaskContext) -> Row:
    return Row(
        row=number,
        line=job.line,
        scene=str(job.scene),
        task=context.task.id,
        label=context.label,
        name=job.name,
        comment=job.comment,
        software=job.software,
        script=str(job.script or ""),
        arguments=job.arguments,
    )


def _check_script(scene: Path, script: Path) -> None:
    application_for(scene)
    with in_words(script, writing=False), script.open("rb") as stream:
        try:
            compile(stream.read(), script.name, "exec")
        except (SyntaxError, ValueError) as exc:
            raise InputError(f"{script} is no Python script: {exc}.") from exc


def _no_room(check: Callable[[Path, int], None], roots: dict[Path, int]) -> list[str]:
    found: list[str] = []
    for root, size in roots.items():
        try:
            check(root, size)
        except WorkfilesError as exc:
            found.append(str(exc))
    return found
