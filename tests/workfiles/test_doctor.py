"""What is found by looking at the whole set-up."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.scripted_kitsu import ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, json_answer
from wf_core.care import examine
from wf_core.kitsu import FileTokenStore, Tokens
from wf_core.results import CheckResult


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        ScriptedKitsu(scripted)
        yield scripted


def ending_in(seconds: float) -> str:
    """A token that says when it ends."""
    parts = ({"alg": "HS256"}, {"exp": int(time.time() + seconds)}, {})
    coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join(coded).decode("ascii")


def checked(name: str, server: ScriptedServer, tmp_path: Path, token: str) -> CheckResult:
    FileTokenStore(tmp_path / "home").save(server.url, Tokens(token))
    settings = settings_of_bot(server.url, tmp_path).model_copy(update={"token": None})
    return next(check for check in examine(settings) if check.name == name)


ENDS: dict[str, tuple[float, CheckResult]] = {
    "soon": (
        3 * 3600 + 60,
        CheckResult(
            "login", False, "Robin Artist (user); it ends in 3 hours.", "Use “Log In” again."
        ),
    ),
    "later": (
        5 * 86400 + 60,
        CheckResult("login", True, "Robin Artist (user), for 5 more days."),
    ),
}


@pytest.mark.parametrize(("seconds", "expected"), ENDS.values(), ids=ENDS)
def test_when_a_login_ends_then_it_is_told_beforehand(
    seconds: float, expected: CheckResult, server: ScriptedServer, tmp_path: Path
) -> None:
    assert checked("login", server, tmp_path, ending_in(seconds)) == expected


def test_when_an_application_writes_two_kinds_of_files_then_both_are_known(
    server: ScriptedServer, tmp_path: Path
) -> None:
    maya = {"id": "m", "name": "Maya", "file_extension": "ma", "secondary_extensions": ["mb"]}
    server.on("GET", "/data/softwares", json_answer([maya]))

    found = checked("software", server, tmp_path, "token")

    assert (found.ok, found.message) == (True, "Kitsu knows .ma, .mb.")
