"""The commands that look after things: ``wf verify``, ``wf doctor`` and ``wf tree``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wf_core.cli.options import JsonOption, NameFilter, TaskArgument, YesOption, session_of
from wf_core.cli.output import Column
from wf_core.errors import InputError
from wf_core.steps import as_commands

if TYPE_CHECKING:
    from wf_core.cli.context import Session

__all__ = ["doctor", "tree", "verify"]

PROBLEMS = 5

_TREES = Path(__file__).with_name("trees")


def verify(
    context: typer.Context,
    task: TaskArgument,
    name: NameFilter = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Download every revision and compare its hash.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a task's revisions: records, stored lengths and local files."""
    session = session_of(context)
    with session.workfiles() as workfiles, session.long_operation() as (progress, cancel):
        result = workfiles.verify(task, name=name, deep=deep, progress=progress, cancel=cancel)

    def text() -> None:
        if result.problems:
            session.output.table(
                [
                    Column("NAME"),
                    Column("REVISION", right=True, whole=True),
                    Column("PROBLEM", whole=True),
                    Column("WHAT IT MEANS"),
                ],
                [
                    (problem.name, f"v{problem.revision:03d}", problem.kind, problem.message)
                    for problem in result.problems
                ],
            )
        how = "hashes compared" if deep else "lengths compared"
        session.output.line(
            f"{result.checked} revisions checked ({how}); problems: {len(result.problems)}"
        )
        if result.resumed:
            session.output.line(f"{result.resumed} of them before the last one was stopped.")

    session.output.result(result.as_json(), text)
    if result.problems:
        session.exit_code = PROBLEMS


def doctor(context: typer.Context, as_json: JsonOption = False) -> None:
    """Check the whole set-up of this machine, and say what to do about what is wrong."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        checks = [
            replace(check, message=as_commands(check.message), hint=as_commands(check.hint))
            for check in workfiles.doctor()
        ]

    def text() -> None:
        session.output.table(
            [Column("", whole=True), Column("CHECK"), Column("FOUND")],
            [("ok" if check.ok else "WRONG", check.name, check.message) for check in checks],
        )
        for check in checks:
            if not check.ok and check.hint:
                session.output.line(f"{check.name}: {check.hint}")

    session.output.result([check.as_json() for check in checks], text)
    if not all(check.ok for check in checks):
        session.exit_code = PROBLEMS


def tree(
    context: typer.Context,
    production: Annotated[
        str, typer.Argument(metavar="PRODUCTION", help="Name or id of the production.")
    ],
    wanted: Annotated[
        str | None,
        typer.Option(
            "--set",
            metavar="FILE|default|default-episodes",
            help="Give it the tree in this JSON file, or one that comes with wf.",
        ),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the file tree of a production, or (as a manager) set it."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        current = workfiles.file_tree(production)
        if wanted is not None:
            new = _read_tree(wanted)
            if current and current != new and not yes:
                session.confirm(
                    f"{production} has another file tree, and files may lie where it says. "
                    "Replace it?"
                )
            workfiles.set_file_tree(production, new)
            current = new
    document = {"production": production, "file_tree": current}
    session.output.result(document, lambda: _tell_tree(session, production, current, wanted))


def _read_tree(wanted: str) -> dict[str, Any]:
    built_in = {path.stem: path for path in _TREES.glob("*.json")}
    path = built_in.get(wanted, Path(wanted))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InputError(
            f"The file tree {path} cannot be read: {exc.strerror}. Nothing was changed.",
            hint=f"Give a JSON file, or one of the built-in trees: {', '.join(sorted(built_in))}.",
        ) from exc
    except ValueError as exc:
        raise InputError(f"{path} is not JSON: {exc}. Nothing was changed.") from exc
    if not isinstance(found, dict):
        raise InputError(f"{path} is not a file tree (a JSON object). Nothing was changed.")
    return found


def _tell_tree(
    session: Session, production: str, tree: dict[str, Any] | None, wanted: str | None
) -> None:
    if wanted is not None:
        session.output.line(f"{production} has the file tree “{wanted}” now.")
    elif tree is None:
        session.output.line(f"{production} has no file tree, so nothing can be saved in it.")
        session.output.line("A manager gives it one with: wf tree PRODUCTION --set default")
    else:
        for line in json.dumps(tree, indent=2, ensure_ascii=False).splitlines():
            session.output.line(line)
