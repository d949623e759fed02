"""The arguments of a save, defined once, on the standard library.

``wf save`` and the entry points inside applications, where typer is not installed, take the
same arguments: both are made from :data:`ARGUMENTS`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast

from wf_core.errors import UsageError

if TYPE_CHECKING:
    from wf_core.workfiles import SaveRequest

__all__ = ["ARGUMENTS", "Argument", "SaveArguments", "parse"]


@dataclass(frozen=True)
class Argument:
    """One argument.

    Attributes:
        flag: its name on the command line; None for what is not an option.
        help: one line for people.
        metavar: placeholder in the help; None for a switch.
        kind: what the text is turned into; ``bool`` for a switch.
        default: what it is when not given.
        required: must be given.
        choices: the values it can have; any when empty.
        minimum: smallest number it can be.
    """

    flag: str | None
    help: str
    metavar: str | None = None
    kind: type = str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None


ARGUMENTS: dict[str, Argument] = {
    "file": Argument(None, "The file to save.", "FILE", kind=Path, required=True),
    "task": Argument(
        "--task", "UUID, path-like reference or page address of the task.", "TASK", required=True
    ),
    "name": Argument("--name", "Which of the task's files.", "NAME", default="main"),
    "comment": Argument("--comment", "What changed.", "TEXT", default=""),
    "software": Argument(
        "--software", "Name of Kitsu's software; by default it follows from the file.", "SOFTWARE"
    ),
    "base_revision": Argument(
        "--base-revision",
        "The revision this one was made from.",
        "NUMBER",
        kind=int,
        minimum=1,
    ),
    "if_behind": Argument(
        "--if-behind",
        "What to do when there is a later revision than the base.",
        "save|fail",
        default="save",
        choices=("save", "fail"),
    ),
    "no_wait": Argument(
        "--no-wait",
        "Return once the file is safe here; it is sent in the background.",
        kind=bool,
        default=False,
    ),
    "json": Argument("--json", "Print one JSON document, nothing else.", kind=bool, default=False),
}
"""Every argument of a save by the name of its value. ``file`` is the only one that is not
an option; inside an application the open scene takes its place."""


@dataclass(frozen=True)
class SaveArguments:
    """The values of one command line; see :data:`ARGUMENTS`."""

    task: str
    file: Path | None = None
    name: str = "main"
    comment: str = ""
    software: str | None = None
    base_revision: int | None = None
    if_behind: str = "save"
    no_wait: bool = False
    json: bool = field(default=False)

    def request(self) -> SaveRequest:
        """The same as the facade wants it."""
        from wf_core.workfiles import SaveRequest

        return SaveRequest(
            task=self.task,
            name=self.name,
            comment=self.comment,
            software=self.software,
            base_revision=self.base_revision,
            if_behind=cast(Literal["save", "fail"], self.if_behind),
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        raise UsageError(f"{sentence}.", hint=f"“{self.prog} --help” shows how it is used.")


def parse(
    arguments: Sequence[str], *, program: str = "wf save", with_file: bool = True
) -> SaveArguments:
    """Parse a command line without typer.

    Args:
        arguments: what follows the program's name.
        program: how the usage line calls it.
        with_file: False inside an application, where the open scene is what is saved.

    Raises:
        UsageError: it does not fit :data:`ARGUMENTS`.
        SystemExit: after ``--help`` was printed.
    """
    parser = _Parser(
        prog=program,
        description="Save a scene as the next working revision of a Kitsu task.",
        allow_abbrev=False,
    )
    for name, argument in ARGUMENTS.items():
        if argument.flag is not None or with_file:
            _add(parser, name, argument)
    return SaveArguments(**vars(parser.parse_args(_with_values_attached(arguments))))


def _with_values_attached(arguments: Sequence[str]) -> list[str]:
    """``--comment TEXT`` as ``--comment=TEXT``: argparse would take a text that starts with
    a dash for an option, and comments do."""
    takes_value = {a.flag for a in ARGUMENTS.values() if a.flag and a.kind is not bool}
    attached: list[str] = []
    rest = iter(arguments)
    for word in rest:
        value = next(rest, None) if word in takes_value else None
        attached.append(word if value is None else f"{word}={value}")
        if word == "--":
            attached.extend(rest)
    return attached


def _add(parser: argparse.ArgumentParser, name: str, argument: Argument) -> None:
    if argument.flag is None:
        parser.add_argument(name, metavar=argument.metavar, type=argument.kind, help=argument.help)
    elif argument.kind is bool:
        parser.add_argument(argument.flag, dest=name, action="store_true", help=argument.help)
    else:
        parser.add_argument(
            argument.flag,
            dest=name,
            metavar=argument.metavar,
            type=_converter(argument),
            default=argument.default,
            required=argument.required,
            choices=argument.choices or None,
            help=argument.help,
        )


def _converter(argument: Argument) -> Any:
    if argument.minimum is None:
        return argument.kind

    def convert(text: str) -> Any:
        value = argument.kind(text)
        if value < argument.minimum:
            raise argparse.ArgumentTypeError(f"{value} is less than {argument.minimum}")
        return value

    convert.__name__ = argument.kind.__name__  # argparse's message names the type by it
    return convert
