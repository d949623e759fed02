"""The commands about saves that are not on the server yet."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from wf_core.cli.options import JsonOption, SaveIdArgument, YesOption, session_of
from wf_core.cli.output import Column, age, size
from wf_core.steps import as_commands

if TYPE_CHECKING:
    from wf_core.cli.context import Session
    from wf_core.results import PendingSave, SpoolResult, SyncResult
    from wf_core.workfiles import Workfiles

__all__ = ["discard", "retry", "status", "sync"]

PENDING, PROBLEMS = 75, 5

_ROUND = 15.0
"""Seconds between two rounds of ``sync --watch`` while nothing is due earlier."""


def status(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show every save that is not on the server yet, and what to do about it."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        waiting = [_for_terminals(save) for save in workfiles.status()]
        spool = workfiles.spool() if waiting and not session.output.as_json else None

    def text() -> None:
        if not waiting:
            session.output.line("Everything that was saved here is on the server.")
            return
        session.output.table(
            [
                Column("SAVE", whole=True),
                Column("TASK"),
                Column("NAME"),
                Column("REVISION", right=True, whole=True),
                Column("STATE", whole=True),
                Column("AGE", right=True, whole=True),
                Column("SIZE", right=True, whole=True),
                Column("TRIES", right=True, whole=True),
                Column("NEXT TRY", right=True, whole=True),
                Column("LAST ERROR"),
            ],
            [_status_row(save) for save in waiting],
        )
        for save in waiting:
            session.output.line(f"{save.save_id[:8]}: {save.hint}")
        session.output.line("“wf sync” tries all of them at once.")
        if spool is not None:
            session.output.line(_kept(spool))

    session.output.result([save.as_json() for save in waiting], text)


def _for_terminals(save: PendingSave) -> PendingSave:
    error = as_commands(save.error, save_id=save.save_id) if save.error else save.error
    return replace(save, error=error, hint=as_commands(save.hint, save_id=save.save_id))


def _status_row(save: PendingSave) -> tuple[str, ...]:
    return (
        save.save_id[:8],
        save.task,
        save.name,
        f"v{save.revision:03d}" if save.revision else "",
        save.state,
        age(save.age),
        size(save.size),
        str(save.attempts),
        "" if save.state == "parked" else "now" if not save.next_try else age(save.next_try),
        save.error or "",
    )


def _kept(spool: SpoolResult) -> str:
    return f"{size(spool.size)} of at most {size(spool.limit)} are kept here for them."


def sync(
    context: typer.Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until interrupted; JSON comes as lines.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Send what is not on the server yet."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        result = _one_round(session, workfiles)
        _show(session, result)
        shown = result
        while watch:
            time.sleep(_pause(workfiles))
            result = _one_round(session, workfiles)
            if result != shown:
                _show(session, result)
                shown = result
    session.exit_code = PROBLEMS if result.parked else PENDING if result.pending else 0


def _one_round(session: Session, workfiles: Workfiles) -> SyncResult:
    with session.long_operation() as (progress, cancel):
        return workfiles.sync(progress=progress, cancel=cancel)


def _pause(workfiles: Workfiles) -> float:
    due = [save.next_try for save in workfiles.status() if save.next_try is not None]
    return max(1.0, min([_ROUND, *due]))


def _show(session: Session, result: SyncResult) -> None:
    def text() -> None:
        session.output.line(
            f"{result.committed} committed, {result.pending} pending, {result.parked} parked"
        )
        if result.parked or result.pending:
            session.output.note("Nothing is lost; “wf status” says what is in the way.")

    session.output.result(result.as_json(), text)


def retry(
    context: typer.Context,
    save_id: SaveIdArgument,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="TASK", help="The right task, where the save named a wrong one."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Try one save again now, whatever it was parked for."""
    from wf_core.saves.row import OPEN_STATES

    session = session_of(context)
    with session.workfiles() as workfiles:
        save = _for_terminals(workfiles.retry(save_id, task=task))

    def text() -> None:
        outcome = f"{save.state}: {save.error}" if save.error else save.state
        session.output.line(f"{save.task} {save.name}: {outcome}")

    session.output.result(save.as_json(), text)
    if save.state == "parked":
        session.exit_code = PROBLEMS
    elif save.state in OPEN_STATES:
        session.exit_code = PENDING


def discard(
    context: typer.Context,
    save_id: SaveIdArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give up a save that is not on the server. The scene's file stays where it is."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        if not yes:
            session.confirm(f"Give up save {save_id}, so that it never reaches the server?")
        save = _for_terminals(workfiles.discard(save_id))
    session.output.result(
        save.as_json(),
        lambda: session.output.line(
            f"Gave up {save.name} of {save.task}. Its file is still at {save.path}"
        ),
    )
