"""``wf save``: a file becomes the next working revision of a task."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wf_core.cli.options import JsonOption, session_of
from wf_core.cli.output import size
from wf_core.cli.save_arguments import ARGUMENTS, SaveArguments

if TYPE_CHECKING:
    from wf_core.cli.context import Session
    from wf_core.results import SaveResult

__all__ = ["save"]

PENDING = 75


class IfBehind(str, Enum):
    """What to do when somebody committed a later revision than the base."""

    SAVE = "save"
    FAIL = "fail"


def _option(name: str, **more: Any) -> Any:
    argument = ARGUMENTS[name]
    return typer.Option(argument.flag, metavar=argument.metavar, help=argument.help, **more)


def save(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar=ARGUMENTS["file"].metavar, help=ARGUMENTS["file"].help)
    ],
    task: Annotated[str, _option("task")],
    name: Annotated[str, _option("name")] = ARGUMENTS["name"].default,
    comment: Annotated[str, _option("comment")] = ARGUMENTS["comment"].default,
    software: Annotated[str | None, _option("software")] = ARGUMENTS["software"].default,
    base_revision: Annotated[
        int | None,
        _option("base_revision", min=ARGUMENTS["base_revision"].minimum),
    ] = ARGUMENTS["base_revision"].default,
    if_behind: Annotated[IfBehind, _option("if_behind")] = IfBehind(ARGUMENTS["if_behind"].default),
    no_wait: Annotated[bool, _option("no_wait")] = ARGUMENTS["no_wait"].default,
    as_json: JsonOption = ARGUMENTS["json"].default,
) -> None:
    """Save a file as the next working revision of a task."""
    run(
        session_of(context),
        SaveArguments(
            file=file,
            task=task,
            name=name,
            comment=comment,
            software=software,
            base_revision=base_revision,
            if_behind=if_behind.value,
            no_wait=no_wait,
            json=as_json,
        ),
    )


def run(session: Session, arguments: SaveArguments) -> None:
    """Save, print the result, and set the exit code: 75 when the server has not got it yet
    although the caller waited for it."""
    from wf_core.filehost import FileHost

    if arguments.file is None:
        raise TypeError("wf save needs a file")
    host = FileHost(arguments.file, software=arguments.software or "")
    with session.workfiles() as workfiles, session.progress() as progress:
        result = workfiles.save(
            host,
            arguments.request(),
            wait=not arguments.no_wait,
            progress=progress,
            cancel=session.interrupts.cancel,
        )
    session.output.result(result.as_json(), lambda: _tell(session, result, arguments))
    if result.state == "pending" and not arguments.no_wait:
        session.exit_code = PENDING


def _tell(session: Session, result: SaveResult, arguments: SaveArguments) -> None:
    say = session.output.line
    which = f"{result.name} v{result.revision:03d}" if result.revision else result.name
    say(f"Saved {which} ({size(result.size)})")
    say(result.path)
    if result.state == "committed":
        return
    if result.provisional:
        say("The server gave no number yet, so the name is a provisional one.")
    if arguments.no_wait:
        say("It is safe on this machine and being sent; “wf status” shows how far it is.")
    else:
        say("It is safe on this machine, but not on the server yet; “wf sync” sends it.")
