"""``wf save`` as typer shows it in the help and to shells that complete.

The command itself is parsed without typer (see ``boundary``): farms start it by the
thousand, and typer costs it a tenth of its processor time.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from wf_core.cli.options import JsonOption, session_of
from wf_core.cli.save_arguments import ARGUMENTS, SaveArguments
from wf_core.cli.saving import run

__all__ = ["save"]


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
