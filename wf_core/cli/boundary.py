"""The one place where everything that ends a command becomes an exit code and a sentence."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wf_core.cli.context import Session
from wf_core.cli.logs import attach_log
from wf_core.cli.output import OutputLost
from wf_core.errors import Behind, Cancelled, UsageError, WorkfilesError
from wf_core.steps import as_commands

if TYPE_CHECKING:
    from wf_core.cli.save_arguments import SaveArguments

__all__ = ["error_document", "run"]

log = logging.getLogger("wf_core.cli")

SHELL_COMPLETION = "_WF_COMPLETE"
"""Set by the completion script that ``wf --install-completion`` installs."""


def run(arguments: Sequence[str], session: Session, *, inside: str = "") -> int:
    """Run one command line; never raises, except for what ends the interpreter anyway.

    Args:
        arguments: what follows ``wf`` on the command line.
        session: the streams, the settings and the facade to use.
        inside: how an application is started that has only the command ``save``, and no
            typer; empty for ``wf`` itself.
    """
    # A line that cannot be parsed never reaches the option itself: this guess holds until then.
    session.output.as_json = "--json" in _before_double_dash(arguments)
    with attach_log(lambda: session.log_file) as log_file:
        try:
            return (
                _save_inside(arguments, session, inside)
                if inside
                else _dispatch(arguments, session)
            )
        except OutputLost as lost:
            return _fail(session, lost)
        except WorkfilesError as error:
            log.debug("%s: %s", error.kind, error, exc_info=error)
            return _fail(session, error)
        except KeyboardInterrupt:
            return _fail(session, interrupted())
        except Exception:
            log.exception("wf %s failed unexpectedly", _command_word(arguments))
            return _fail(session, _bug(session.log_file, written=not log_file.broken))


def interrupted() -> Cancelled:
    return Cancelled(
        "Interrupted. Every save that was reported as saved is safe on this machine.",
        hint="“wf status” shows what is not on the server yet, “wf sync” sends it.",
    )


def error_document(error: WorkfilesError) -> dict[str, Any]:
    """What ``--json`` prints for ``error``: ``kind``, ``message`` and ``hint`` always, and
    what the error's class adds (``suggestions``, ``candidates``, ``problems``, ``factors``,
    ``behind``)."""
    details: dict[str, Any] = {
        "kind": error.kind,
        "message": as_commands(error.message),
        "hint": as_commands(error.hint),
    }
    for attribute, key in _DETAILS.items():
        value = getattr(error, attribute, None)
        if value:
            details[key] = list(value)
    if "candidates" in details:
        details["candidates"] = [
            {"task": label, "id": uuid} for label, uuid in details["candidates"]
        ]
    if isinstance(error, Behind):
        from wf_core.results import LaterRevision

        if isinstance(error.later, LaterRevision):
            details["behind"] = error.later.as_json()
    return {"error": details}


_DETAILS = {
    "suggestions": "suggestions",
    "candidates": "candidates",
    "problems": "problems",
    "kinds": "factors",
}


def _dispatch(arguments: Sequence[str], session: Session) -> int:
    if SHELL_COMPLETION not in os.environ and _is_plain_save(arguments):
        return _save(_parsed(arguments), session)
    try:
        import typer
    except ModuleNotFoundError as missing:
        raise UsageError(
            f"The wf command needs the package “{missing.name}”, which is not installed.",
            hint='Install it with: python -m pip install "kitsu-workfiles[cli]"',
        ) from missing
    from wf_core.cli.app import command_tree

    # Newer releases of typer bring a click of their own, older ones use the package: the
    # public names of typer lead to whichever it is.
    bad_usage: type[Exception] = typer.BadParameter.__bases__[0]
    command = command_tree()
    if SHELL_COMPLETION in os.environ:
        command.main(prog_name="wf", complete_var=SHELL_COMPLETION)
        return 0
    try:
        with command.make_context("wf", list(arguments), obj=session) as context:
            command.invoke(context)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except bad_usage as wrong:
        raise _usage_error(wrong) from wrong
    return session.exit_code


def _has_save(arguments: Sequence[str]) -> bool:
    rest = arguments[1:] if arguments[:1] == ["--json"] else arguments
    return rest[:1] == ["save"]


def _is_plain_save(arguments: Sequence[str]) -> bool:
    asks_for_help = {"-h", "--help"} & set(_before_double_dash(arguments))
    return _has_save(arguments) and not asks_for_help


def _save_inside(arguments: Sequence[str], session: Session, program: str) -> int:
    """``save`` where it is the only command there is."""
    if not _has_save(arguments):
        raise UsageError(
            f"“{program}” has one command: save.",
            hint=f"“{program} save --help” shows how it is used.",
        )
    try:
        with redirect_stdout(session.output.stdout):  # where --help is printed
            parsed = _parsed(arguments, program=f"{program} save")
    except SystemExit:  # after --help
        return 0
    return _save(parsed, session)


def _parsed(arguments: Sequence[str], *, program: str = "wf save") -> SaveArguments:
    """``wf save`` without typer, which would be a tenth of a small save's processor time.
    Both surfaces are made from one table and tested to be equal."""
    from wf_core.cli.save_arguments import parse

    at = arguments.index("save")
    parsed = parse(arguments[at + 1 :], program=program)
    return replace(parsed, json=parsed.json or at > 0)


def _save(arguments: SaveArguments, session: Session) -> int:
    from wf_core.cli import saving

    session.output.as_json = arguments.json
    saving.run(session, arguments)
    return session.exit_code


def _usage_error(wrong: Any) -> UsageError:
    where = wrong.ctx.command_path if wrong.ctx is not None else "wf"
    # Newer releases of typer check values with pydantic, and pass its wording on.
    message = str(wrong.format_message()).strip().replace("Value error, ", "")
    if message and message[-1] not in ".?!":
        message += "."
    return UsageError(message, hint=f"“{where} --help” shows how it is used.")


def _bug(where: Path, *, written: bool) -> WorkfilesError:
    told = f"{where} has the details" if written else f"{where} could not be written"
    return _Bug(
        f"Something went wrong inside wf, and it is not your fault; {told}.",
        hint="Saves already reported are safe. Please report this together with the log.",
    )


class _Bug(WorkfilesError):
    kind = "bug"


def _fail(session: Session, error: WorkfilesError) -> int:
    try:
        session.output.failure(error_document(error))
    except OutputLost:
        log.warning("the message of a failure could not be written: %s", error.message)
    return error.exit_code


def _before_double_dash(arguments: Sequence[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:end])


def _command_word(arguments: Sequence[str]) -> str:
    """The command's name alone: the log gets no argument, any could be private."""
    return next((word for word in arguments if not word.startswith("-")), "")
