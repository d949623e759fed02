"""Options and arguments that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wf_core.cli.context import Session

__all__ = [
    "JsonOption",
    "NameFilter",
    "NameOption",
    "RevisionArgument",
    "RevisionOption",
    "SaveIdArgument",
    "TaskArgument",
    "ToOption",
    "YesOption",
    "session_of",
]


def session_of(context: typer.Context) -> Session:
    """The session that this command line runs in."""
    session: Session = context.obj
    return session


def _json_wanted(context: typer.Context, value: bool) -> bool:
    # Given before or after the command's name, it counts for all of the line.
    session = session_of(context)
    if context.parent is None:
        session.json_before_command = value
    else:
        session.output.as_json = value or session.json_before_command
    return value


JsonOption = Annotated[
    bool,
    typer.Option("--json", callback=_json_wanted, help="Print one JSON document, nothing else."),
]
TaskArgument = Annotated[
    str, typer.Argument(metavar="TASK", help="UUID, path-like reference or page address.")
]
NameOption = Annotated[
    str, typer.Option("--name", metavar="NAME", help="Which of the task's files.")
]
NameFilter = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Only the files of this name."),
]
RevisionArgument = Annotated[
    int, typer.Argument(metavar="REVISION", min=1, help="Number of the revision.")
]
RevisionOption = Annotated[
    int | None,
    typer.Option("--revision", metavar="NUMBER", min=1, help="Number of the revision."),
]
ToOption = Annotated[
    Path | None,
    typer.Option("--to", metavar="PATH", help="A file, or an existing folder, to put it at."),
]
SaveIdArgument = Annotated[
    str, typer.Argument(metavar="SAVE_ID", help="Id of the save, or the beginning of it.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
