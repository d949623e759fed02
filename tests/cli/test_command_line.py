"""How lines are read: commands, ``--json`` in either place, and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.running import Here
from wf_core import __version__
from wf_core.cli.app import COMMANDS
from wf_core.models import Person

PERSON = Person(id="p1", full_name="Robin Artist", email="artist@example.com")
ACCOUNT = {
    "id": "p1",
    "name": "Robin Artist",
    "email": "artist@example.com",
    "role": "user",
    "is_bot": False,
    "server": "http://127.0.0.1:1",
}
SERVER = {"WF_SERVER": "http://127.0.0.1:1"}

WITH_JSON = {"after": ["whoami", "--json"], "before": ["--json", "whoami"]}


@pytest.mark.parametrize("line", WITH_JSON.values(), ids=WITH_JSON)
def test_when_json_is_asked_for_then_one_document_comes(line: list[str], here: Here) -> None:
    ran = here(*line, answers={"whoami": PERSON}, environ=SERVER)

    assert (ran.code, ran.err) == (0, "")
    assert ran.document == ACCOUNT


def test_when_json_is_not_asked_for_then_text_comes(here: Here) -> None:
    ran = here("whoami", answers={"whoami": PERSON}, environ=SERVER)

    assert ran.out.splitlines() == [
        "Name    Robin Artist",
        "E-mail  artist@example.com",
        "Role    user",
        "Server  http://127.0.0.1:1",
    ]


def test_when_json_is_the_value_of_an_option_then_it_asks_for_nothing(here: Here) -> None:
    answers = {"list_revisions": [], "who_is_here": []}
    ran = here("list", "T", "--name", "--json", answers=answers)

    assert (ran.out, ran.err) == ("", "No revisions yet.\n")


BAD_LINES = {
    "nothing": [],
    "an unknown command": ["lst"],
    "an unknown option": ["whoami", "--bogus"],
    "an unknown option before the command": ["--bogus", "whoami"],
    "a missing argument": ["list"],
    "one argument too many": ["whoami", "me"],
    "a revision that is none": ["get", "T", "--revision", "latest"],
    "revision nought": ["comment", "T", "0", "text"],
    "a private kitsu without a verb": ["kitsu"],
    "a publish without a type": ["publish", "T", "3"],
    "a code without an e-mail address": ["login", "http://127.0.0.1:1", "--otp", "123456"],
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_when_a_line_does_not_fit_then_the_code_is_2_and_help_is_named(
    line: list[str], here: Here
) -> None:
    ran = here(*line)

    assert (ran.code, ran.out) == (2, "")
    assert "wf: " in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
@pytest.mark.parametrize("place", ["before", "after"])
def test_when_a_line_does_not_fit_then_json_is_honoured(
    line: list[str], place: str, here: Here
) -> None:
    ran = here(*(["--json", *line] if place == "before" else [*line, "--json"]))

    assert (ran.code, ran.err) == (2, "")
    assert ran.error["kind"] == "usage"
    assert ran.error["message"]


def test_when_the_version_is_asked_for_then_it_is_the_package_s(here: Here) -> None:
    assert here("--version").out == f"wf {__version__}\n"
    assert here("--version", "--json").document == {"version": __version__}


def test_when_help_is_asked_for_then_every_command_is_there(
    here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here("--help").code == 0
    text = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " not in text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_when_a_command_s_help_is_asked_for_then_it_shows_its_usage(
    name: str, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here(name, "--help").code == 0
    assert capsys.readouterr().out.startswith(f"Usage: wf {name} ")


CALLS: dict[str, tuple[list[str], str, dict[str, Any]]] = {
    "tasks": (["tasks"], "tasks", {"production": None, "everyone": False}),
    "tasks of a production": (
        ["tasks", "--project", "Demo", "--all"],
        "tasks",
        {"production": "Demo", "everyone": True},
    ),
    "list": (["list", "T", "--name", "cache"], "list_revisions", {"task": "T", "name": "cache"}),
    "path": (
        ["path", "T", "--revision", "3", "--software", "Maya"],
        "path",
        {"task": "T", "name": "main", "revision": 3, "software": "Maya"},
    ),
    "comment": (
        ["comment", "T", "3", "better", "--name", "cache"],
        "comment",
        {"task": "T", "revision": 3, "text": "better", "name": "cache"},
    ),
    "publish": (
        ["publish", "T", "3", "--type", "Cache"],
        "publish",
        {"task": "T", "revision": 3, "output_type": "Cache", "name": "main"},
    ),
    "retry": (["retry", "1f0e"], "retry", {"save_id": "1f0e", "task": None}),
    "retry with a task": (
        ["retry", "1f0e", "--task", "T"],
        "retry",
        {"save_id": "1f0e", "task": "T"},
    ),
    "discard": (["discard", "1f0e", "--yes"], "discard", {"save_id": "1f0e"}),
}


@pytest.mark.parametrize(("line", "operation", "values"), CALLS.values(), ids=CALLS)
def test_when_a_command_runs_then_the_facade_gets_its_arguments(
    line: list[str], operation: str, values: dict[str, Any], here: Here
) -> None:
    here(*line, answers={operation: KeyboardInterrupt()})

    assert here.calls == [(operation, values)]


def test_when_a_bot_s_token_is_set_then_there_is_no_login_to_forget(here: Here) -> None:
    ran = here("logout", "--json", environ={"WF_TOKEN": "bot.token.secret"})

    assert (ran.code, ran.error["kind"]) == (2, "usage")
    assert here.calls == []
