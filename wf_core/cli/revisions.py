"""The commands about tasks and their revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wf_core.cli.options import (
    JsonOption,
    NameFilter,
    NameOption,
    RevisionArgument,
    RevisionOption,
    TaskArgument,
    ToOption,
    session_of,
)
from wf_core.cli.output import Column, moment, size

if TYPE_CHECKING:
    from wf_core.models import Task
    from wf_core.results import GetResult, Revision

__all__ = ["comment", "get", "list_revisions", "path", "publish", "tasks"]


def tasks(
    context: typer.Context,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="PRODUCTION", help="Only tasks of this production."),
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="Everybody's tasks, not only yours.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List your tasks."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        found = workfiles.tasks(production=project, everyone=everyone)
    documents = [_task_document(task) for task in found]

    def text() -> None:
        if not documents:
            session.output.note("No tasks.")
            return
        session.output.table(
            [Column("TASK"), Column("STATUS"), Column("DUE", whole=True), Column("ID", whole=True)],
            [
                (task["reference"], task["status"] or "", task["due_date"] or "", task["id"])
                for task in documents
            ],
        )

    session.output.result(documents, text)


def _task_document(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "reference": task.label,
        "project": task.project_name,
        "project_id": task.project_id,
        "episode": task.episode_name,
        "sequence": task.sequence_name,
        "entity": task.entity_name,
        "entity_id": task.entity_id,
        "entity_type": task.entity_type_name,
        "task_type": task.task_type_name,
        "status": task.task_status_name,
        "due_date": task.due_date,
    }


def list_revisions(
    context: typer.Context,
    task: TaskArgument,
    name: NameFilter = None,
    as_json: JsonOption = False,
) -> None:
    """List a task's revisions, newest first."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        revisions = workfiles.list_revisions(task, name=name)
        others = [] if session.output.as_json else workfiles.who_is_here(task, name=name or "main")

    def text() -> None:
        session.output.presence(others)
        if not revisions:
            session.output.note("No revisions yet.")
            return
        session.output.table(
            [
                Column("NAME"),
                Column("REVISION", right=True, whole=True),
                Column("STATE", whole=True),
                Column("SIZE", right=True, whole=True),
                Column("AUTHOR"),
                Column("DATE", whole=True),
                Column("COMMENT"),
            ],
            [
                (
                    revision.name,
                    f"v{revision.revision:03d}",
                    revision.state,
                    size(revision.size),
                    revision.author,
                    moment(revision.created_at),
                    revision.comment,
                )
                for revision in revisions
            ],
        )

    session.output.result([revision.as_json() for revision in revisions], text)


def get(
    context: typer.Context,
    task: TaskArgument,
    name: NameOption = "main",
    revision: RevisionOption = None,
    to: ToOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a revision to this machine: the newest complete one, or the one you name.

    A file that is there already is never replaced by another one.
    """
    session = session_of(context)
    with session.workfiles() as workfiles, session.long_operation() as (progress, cancel):
        got = workfiles.get(
            task,
            name=name,
            revision=revision,
            to=to,
            progress=progress,
            cancel=cancel,
        )

    def text() -> None:
        session.output.line(got.path)
        session.output.note(f"{name} v{got.revision:03d}: {_checked(got)}")

    session.output.result(got.as_json(), text)


def _checked(got: GetResult) -> str:
    if got.checked == "hash":
        return "the bytes are exactly those that were saved."
    return "the length is right; its hash is not known, so the bytes could not be compared."


def path(
    context: typer.Context,
    task: TaskArgument,
    name: NameOption = "main",
    revision: RevisionOption = None,
    software: Annotated[
        str | None,
        typer.Option("--software", metavar="SOFTWARE", help="Name of Kitsu's software."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a revision lies, or where the next one will. Nothing is created."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        found = workfiles.path(task, name=name, revision=revision, software=software)
    if not found.current:
        session.output.note("The server did not answer: this is by what is remembered of the task.")
    session.output.result(found.as_json(), lambda: session.output.line(found.path))


def comment(
    context: typer.Context,
    task: TaskArgument,
    revision: RevisionArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The new comment.")],
    name: NameOption = "main",
    as_json: JsonOption = False,
) -> None:
    """Change the comment of a revision."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        changed = workfiles.comment(task, revision, text, name=name)
    session.output.result(
        changed.as_json(), lambda: session.output.line(f"{_named(changed)}: {changed.comment}")
    )


def publish(
    context: typer.Context,
    task: TaskArgument,
    revision: RevisionArgument,
    output_type: Annotated[
        str, typer.Option("--type", metavar="OUTPUT_TYPE", help="Name of Kitsu's output type.")
    ],
    name: NameOption = "main",
    as_json: JsonOption = False,
) -> None:
    """Make a revision the source of the entity's next output file."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        made = workfiles.publish(task, revision, output_type, name=name)

    def text() -> None:
        session.output.line(
            f"Published {name} v{revision:03d} as {made.output_type} {made.name} "
            f"v{made.revision:03d}"
        )
        if made.path:
            session.output.line(made.path)

    session.output.result(made.as_json(), text)


def _named(revision: Revision) -> str:
    return f"{revision.name} v{revision.revision:03d}"
