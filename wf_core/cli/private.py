"""``wf kitsu``: a private Kitsu on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wf_core.cli.options import JsonOption, YesOption, session_of

if TYPE_CHECKING:
    from wf_core.cli.context import Session
    from wf_core.private_kitsu import KitsuInfo, PrivateKitsu

__all__ = ["GROUP"]

GROUP = typer.Typer(
    help="Run a private Kitsu on this machine.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="Where it lives; by default in WF_HOME."),
]


@GROUP.command()
def up(context: typer.Context, home: _HomeOption = None, as_json: JsonOption = False) -> None:
    """Start it (the first time it is installed first) and show how to log in."""
    session = session_of(context)
    info = _kitsu(home).up(session.output.note)
    _tell(session, info)


@GROUP.command()
def down(context: typer.Context, home: _HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop it. Its productions and files stay."""
    session = session_of(context)
    kitsu = _kitsu(home)
    stopped = kitsu.down(session.output.note)
    session.output.result(
        {"stopped": stopped, "home": str(kitsu.home)},
        lambda: session.output.line("Stopped." if stopped else "It was not running."),
    )


@GROUP.command()
def status(context: typer.Context, home: _HomeOption = None, as_json: JsonOption = False) -> None:
    """Show whether it runs, and where."""
    session = session_of(context)
    found = _kitsu(home).status().as_json()
    session.output.result(found, lambda: _pairs(session, found))


@GROUP.command()
def reset(
    context: typer.Context,
    home: _HomeOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Throw its productions and files away and start a fresh one."""
    session = session_of(context)
    kitsu = _kitsu(home)
    if not yes:
        session.confirm(f"Delete every production and file of the private Kitsu in {kitsu.home}?")
    _tell(session, kitsu.reset(session.output.note))


def _kitsu(home: Path | None) -> PrivateKitsu:
    from wf_core.private_kitsu import PrivateKitsu

    return PrivateKitsu(home)


def _tell(session: Session, info: KitsuInfo) -> None:
    document = info.as_json()
    session.output.result(document, lambda: _pairs(session, document))


def _pairs(session: Session, document: dict[str, Any]) -> None:
    session.output.pairs((key, _in_words(value)) for key, value in document.items())


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
