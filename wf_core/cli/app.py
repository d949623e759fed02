"""The tree of commands, each loaded only when it is the one that was asked for."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from wf_core.cli.options import JsonOption, session_of
from wf_core.errors import UsageError

__all__ = ["COMMANDS", "command_tree"]

COMMANDS: dict[str, tuple[str, str]] = {
    "login": ("account", "login"),
    "logout": ("account", "logout"),
    "whoami": ("account", "whoami"),
    "tasks": ("revisions", "tasks"),
    "save": ("save", "save"),
    "list": ("revisions", "list_revisions"),
    "get": ("revisions", "get"),
    "path": ("revisions", "path"),
    "comment": ("revisions", "comment"),
    "publish": ("revisions", "publish"),
    "status": ("queue", "status"),
    "sync": ("queue", "sync"),
    "retry": ("queue", "retry"),
    "discard": ("queue", "discard"),
    "verify": ("care", "verify"),
    "doctor": ("care", "doctor"),
    "tree": ("care", "tree"),
    "browse": ("browse", "browse"),
    "config": ("config", "config"),
    "batch": ("batch", "GROUP"),
    "kitsu": ("private", "GROUP"),
}
"""Each command's module below ``wf_core.cli`` and its function (or typer group) there, in
the order in which the help shows them."""

_NO_DECORATION: dict[str, Any] = {
    # Rich costs more time to load than a command takes; errors are shown by the boundary.
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}
_HELP = {"help_option_names": ["-h", "--help"]}


class _Commands(TyperGroup):
    """A group that knows its commands' names and imports a command when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        known = self.commands.get(cmd_name)
        if known is None:
            known = self.commands[cmd_name] = _load(cmd_name)
        return known


def _load(name: str) -> Any:
    module, attribute = COMMANDS[name]
    loaded = getattr(importlib.import_module(f"wf_core.cli.{module}"), attribute)
    if isinstance(loaded, typer.Typer):
        group = typer.main.get_command(loaded)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False, **_NO_DECORATION)
    alone.command(name, context_settings=_HELP)(loaded)
    return typer.main.get_command(alone)


def command_tree() -> Any:
    """The ``wf`` command as a click command, ready to parse a command line."""
    application = typer.Typer(
        name="wf",
        cls=_Commands,
        help="Save scenes as working revisions of Kitsu tasks, list them and get them back.",
        epilog="TASK is a UUID, Production/AssetType/Asset/TaskType, "
        "Production/[Episode/]Sequence/Shot/TaskType, or the address of the task's page.",
        invoke_without_command=True,
        context_settings=_HELP,
        **_NO_DECORATION,
    )
    application.callback()(_root)
    return typer.main.get_command(application)


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    as_json: JsonOption = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    output = session_of(context).output
    if version:
        from wf_core import __version__

        output.result({"version": __version__}, lambda: output.line(f"wf {__version__}"))
        return
    if not output.as_json:
        for line in context.get_help().splitlines():
            output.note(line)
    raise UsageError("No command was given.", hint="“wf --help” lists them.")
