"""The reference (docs/cli.md) and the command agree about what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from wf_core import errors
from wf_core.cli.app import COMMANDS, command_tree
from wf_core.settings import Profile

REFERENCE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
EVERYWHERE = {"--help", "-h", "--json"}


def section(command: str) -> str:
    """The reference of one command: its headings, and what is below them."""
    parts = re.split(r"^### ", REFERENCE, flags=re.M)
    return "".join(part.split("\n## ")[0] for part in parts if part.startswith(f"`wf {command}"))


def options_of(command: Any) -> set[str]:
    inner = getattr(command, "commands", {}).values()
    found = {option for parameter in command.params for option in parameter.opts}
    found |= {option for each in inner for option in options_of(each)}
    return {option for option in found if option.startswith("-")} - EVERYWHERE


@pytest.mark.parametrize("name", COMMANDS)
def test_when_a_command_has_options_then_its_reference_names_the_same(name: str) -> None:
    command = command_tree().get_command(None, name)

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", section(name))) - EVERYWHERE == options_of(
        command
    )


def classes(base: type[errors.WorkfilesError]) -> set[type[errors.WorkfilesError]]:
    return {base} | {found for each in base.__subclasses__() for found in classes(each)}


def test_when_an_error_can_be_met_then_its_kind_stands_beside_its_code() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| [^|]* \| ([^|]+) \|$", REFERENCE, flags=re.M))
    documented = {
        (int(code), kind) for code, kinds in rows.items() for kind in re.findall(r"`(\w+)`", kinds)
    }
    exported = {getattr(errors, name) for name in errors.__all__}
    concrete = {each for each in exported if isinstance(each, type)}
    bases = {errors.WorkfilesError, errors.AccessError, errors.ServerError}
    known = {(each.exit_code, each.kind) for each in concrete - bases}

    assert known - documented == set()


def test_when_a_setting_can_be_changed_then_the_reference_names_it() -> None:
    assert [name for name in Profile.model_fields if f"`{name}`" not in section("config")] == []
