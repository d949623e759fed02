"""The arguments of a save are the same with typer and without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from wf_core.cli.app import command_tree
from wf_core.cli.context import Session
from wf_core.cli.save_arguments import ARGUMENTS, SaveArguments, parse
from wf_core.errors import UsageError


def surface_of_typer() -> dict[str, tuple[Any, ...]]:
    command = command_tree().get_command(None, "save")
    found = {}
    for parameter in command.params:
        is_option = parameter.param_type_name == "option"
        flags = tuple(parameter.opts) if is_option else ()
        name = "json" if parameter.name == "as_json" else parameter.name
        if name == "help":
            continue
        default = getattr(parameter.default, "value", parameter.default)
        found[name] = (flags, parameter.help, parameter.metavar, bool(parameter.required), default)
    return found


def surface_of_the_table() -> dict[str, tuple[Any, ...]]:
    return {
        name: (
            (argument.flag,) if argument.flag else (),
            argument.help,
            argument.metavar,
            argument.required,
            argument.default,
        )
        for name, argument in ARGUMENTS.items()
    }


def test_when_typer_and_the_table_are_compared_then_they_offer_the_same() -> None:
    assert surface_of_typer() == surface_of_the_table()


LINES = {
    "the least": (
        ["scene.blend", "--task", "Demo/Props/Lamp/Modeling"],
        {"task": "Demo/Props/Lamp/Modeling"},
    ),
    "everything": (
        ["scene.blend", "--task=T", "--name", "cache", "--comment", "new lamp", "--software",
         "Maya", "--base-revision", "7", "--if-behind", "fail", "--no-wait", "--json"],
        {"task": "T", "name": "cache", "comment": "new lamp", "software": "Maya",
         "base_revision": 7, "if_behind": "fail", "no_wait": True, "json": True},
    ),
    "options first": (["--task", "T", "--no-wait", "scene.blend"], {"task": "T", "no_wait": True}),
    "a comment that starts with a dash": (
        ["scene.blend", "--task", "T", "--comment", "-draft"], {"task": "T", "comment": "-draft"},
    ),
    "an option as a comment": (
        ["scene.blend", "--task", "T", "--comment", "--no-wait"],
        {"task": "T", "comment": "--no-wait"},
    ),
    "a file that starts with a dash": (
        ["--task", "T", "--", "-scene.blend"], {"task": "T", "file": Path("-scene.blend")},
    ),
    "an empty comment": (["scene.blend", "--task", "T", "--comment", ""], {"task": "T"}),
    "a comment like an option": (
        ["scene.blend", "--task", "T", "--comment=--json"], {"task": "T", "comment": "--json"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), LINES.values(), ids=LINES)
def test_when_a_line_fits_then_both_surfaces_read_the_same(
    line: list[str], expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[SaveArguments] = []
    monkeypatch.setattr("wf_core.cli.save.run", lambda _, arguments: received.append(arguments))
    command = command_tree().get_command(None, "save")
    with command.make_context("save", list(line), obj=Session(environ={})) as context:
        command.invoke(context)
    wanted = SaveArguments(**{"file": Path("scene.blend"), **expected})
    assert received == [wanted]
    assert parse(line) == wanted


BAD_LINES = {
    "no task": ["scene.blend"],
    "no file": ["--task", "T"],
    "an unknown option": ["scene.blend", "--task", "T", "--bogus"],
    "a shortened option": ["scene.blend", "--task", "T", "--comm", "x"],
    "a base that is no number": ["scene.blend", "--task", "T", "--base-revision", "v3"],
    "a base of nought": ["scene.blend", "--task", "T", "--base-revision", "0"],
    "a choice there is not": ["scene.blend", "--task", "T", "--if-behind", "maybe"],
    "two files": ["a.blend", "b.blend", "--task", "T"],
    "an option without its value": ["scene.blend", "--task"],
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_when_a_line_does_not_fit_then_both_surfaces_refuse_it(line: list[str], here: Any) -> None:
    with pytest.raises(UsageError):
        parse(line)
    command = command_tree().get_command(None, "save")
    with pytest.raises(typer.BadParameter.__bases__[0]):
        command.make_context("save", list(line), obj=Session(environ={}))
    assert here("save", *line).code == 2


def test_when_inside_an_application_then_the_scene_takes_the_place_of_the_file() -> None:
    assert parse(["--task", "T"], with_file=False) == SaveArguments(task="T")
    with pytest.raises(UsageError):
        parse(["scene.blend", "--task", "T"], with_file=False)


def test_when_typer_is_not_installed_then_a_save_can_still_be_parsed() -> None:
    script = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("typer", "click", "rich", "pydantic", "requests"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
from wf_core.cli.save_arguments import parse
print(parse(["scene.blend", "--task", "T"]).task)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("T\n", "", 0)
