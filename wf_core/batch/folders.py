"""A folder of scenes in place of a list, with a rule that reads their tasks off their paths."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from wf_core.batch.jobs import Job, said
from wf_core.batch.rule import Rule
from wf_core.disk.files import in_words
from wf_core.errors import (
    Cancelled,
    InputError,
    NotLoggedIn,
    ProblemsFound,
    ServerError,
    WorkfilesError,
)
from wf_core.kitsu import find_production
from wf_core.paths import split_file_name
from wf_core.saves.desk import Desk
from wf_core.saves.lists import ProductionLists
from wf_core.saves.neighbours import contexts_of

__all__ = ["Found", "read_folder"]


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes:
        jobs: one for each task and name, by their paths.
        older: scenes passed over because another one is a later revision of the same.
        others: how many files are no scenes of the rule: pictures, backups, saves of artists
            that have no number yet.
    """

    jobs: list[Job]
    older: list[str] = field(default_factory=list)
    others: int = 0


def read_folder(
    folder: Path,
    *,
    rule: str,
    production: str,
    desk: Desk,
    each: Job,
    cancel: Callable[[], bool] | None = None,
) -> Found:
    """The jobs of a folder and all below it; what is hidden is not looked at.

    Args:
        folder: the folder.
        rule: see :mod:`wf_core.batch.rule`.
        production: name, code or id.
        desk: its server is asked.
        each: what every job has beside scene, task and name.
        cancel: asked between files whether to stop.

    Raises:
        ProblemsFound: scenes do not fit the rule, or name no task; each is named.
        InputError: there is none.
        UsageError: that is no rule.
        NotFound, AmbiguousReference: no production is called so, or several.
        WorkfilesError: the folder cannot be read, or the server not asked.
    """
    folder = folder.absolute()
    found = find_production(desk.client, production)
    lists = ProductionLists(found.id)
    tasks = lists.tasks(desk.client)
    departments = "<department" in rule.lower()
    reader = Rule(
        rule,
        contexts=contexts_of(desk.client, found, tasks, lists, departments=departments),
        tree=found.file_tree,
        to_server=desk.placing.mounts.to_server,
        folder=folder,
    )
    wanted = {reader.extension} if reader.extension else _scenes_of(desk)
    newest: dict[tuple[str, str], tuple[int, Job]] = {}
    problems: list[str] = []
    older: list[str] = []
    others = 0
    for path in _files(folder):
        if cancel is not None and cancel():
            raise Cancelled("Stopped while the folder was looked at; nothing was started.")
        if not path.name.lower().endswith(tuple(wanted)) or split_file_name(path.name)[1]:
            others += 1
            continue
        origin = path.relative_to(folder).as_posix()
        try:
            named = reader.read(path)
        except (NotLoggedIn, ServerError):
            raise
        except WorkfilesError as exc:
            problems.append(f"{origin}: {said(exc)}")
            continue
        job = replace(each, scene=path, task=named.context.task.id, name=named.name, origin=origin)
        key = (named.context.task.id, named.name)
        known = newest.get(key)
        if known is not None and known[0] != named.revision:
            low, high = sorted((known, (named.revision, job)), key=lambda pair: pair[0])
            older.append(low[1].origin)
            newest[key] = high
        elif known is not None:
            problems.append(f"{origin}: it names the same task and name as {known[1].origin}")
        else:
            newest[key] = (named.revision, job)
    if problems:
        raise ProblemsFound(
            f"{len(problems)} scenes in {folder} cannot be used; nothing was started.",
            problems=problems,
        )
    if not newest:
        raise InputError(f"There is no scene in {folder} ({', '.join(sorted(wanted))}).")
    jobs = sorted((job for _, job in newest.values()), key=lambda job: job.origin)
    numbered = [replace(job, line=number) for number, job in enumerate(jobs, 1)]
    return Found(numbered, sorted(older), others)


def _scenes_of(desk: Desk) -> set[str]:
    """The extensions of the applications that Kitsu knows."""
    return {extension for each in desk.records.softwares() for extension in each.extensions}


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []

    def give_up(exc: OSError) -> None:
        raise exc

    with in_words(folder, writing=False):
        for base, folders, names in os.walk(folder, onerror=give_up):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found += [Path(base, name) for name in sorted(names) if not name.startswith(".")]
    return found
