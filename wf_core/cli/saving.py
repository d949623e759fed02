"""The work of ``wf save``, however its arguments were parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wf_core.cli.output import size
from wf_core.cli.save_arguments import SaveArguments

if TYPE_CHECKING:
    from wf_core.cli.context import Session
    from wf_core.results import SaveResult

__all__ = ["run"]

PENDING = 75


def run(session: Session, arguments: SaveArguments) -> None:
    """Save, print the result, and set the exit code: 75 when the server has not got it yet
    although the caller waited for it."""
    host = session.host(arguments)
    with session.workfiles() as workfiles, session.long_operation() as (progress, cancel):
        result = workfiles.save(
            host,
            arguments.request(),
            wait=not arguments.no_wait,
            progress=progress,
            cancel=cancel,
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
