"""Whatever ends a command becomes an exit code, and a sentence or one JSON document."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Here
from wf_core import errors
from wf_core.errors import WorkfilesError
from wf_core.results import LaterRevision, SyncResult
from wf_core.steps import ANOTHER_PLACE, ANOTHER_REVISION, GIVE_THE_CODE

FAILURES: dict[str, tuple[WorkfilesError, int, dict[str, Any]]] = {
    "usage": (errors.UsageError("No."), 2, {"kind": "usage"}),
    "not logged in": (errors.NotLoggedIn("No."), 3, {"kind": "not_logged_in"}),
    "login failed": (errors.LoginFailed("No."), 3, {"kind": "login_failed"}),
    "second factor": (
        errors.SecondFactorNeeded("No.", kinds=("totp", "fido")),
        3,
        {"kind": "second_factor_needed", "factors": ["totp", "fido"]},
    ),
    "not allowed": (errors.PermissionDenied("No."), 3, {"kind": "permission_denied"}),
    "nothing there": (
        errors.NotFound("No.", suggestions=("Demo/Props/Lamp/Modeling",)),
        4,
        {"kind": "not_found", "suggestions": ["Demo/Props/Lamp/Modeling"]},
    ),
    "ambiguous": (
        errors.AmbiguousReference("No.", candidates=(("Demo/Props/Lamp/Modeling", "1f0e"),)),
        5,
        {"kind": "ambiguous", "candidates": [{"task": "Demo/Props/Lamp/Modeling", "id": "1f0e"}]},
    ),
    "no tree": (errors.NoFileTree("No."), 5, {"kind": "no_file_tree"}),
    "path": (errors.PathError("No."), 5, {"kind": "path"}),
    "path taken": (errors.PathTaken("No."), 5, {"kind": "path_taken"}),
    "unreadable": (errors.FileUnreadable("No."), 5, {"kind": "file_unreadable"}),
    "disk full": (errors.DiskFull("No."), 5, {"kind": "disk_full"}),
    "behind": (errors.Behind("No."), 5, {"kind": "behind"}),
    "behind somebody": (
        errors.Behind("No.", later=LaterRevision(7, "Kim Artist", None, "colours")),
        5,
        {
            "kind": "behind",
            "behind": {
                "revision": 7,
                "author": "Kim Artist",
                "created_at": None,
                "comment": "colours",
            },
        },
    ),
    "refused": (errors.Refused("No.", status=413), 5, {"kind": "refused"}),
    "problems": (
        errors.ProblemsFound("No.", problems=("v003 is cut short",)),
        5,
        {"kind": "problems", "problems": ["v003 is cut short"]},
    ),
    "unavailable": (errors.ServerUnavailable("No."), 6, {"kind": "server_unavailable"}),
    "server broke": (errors.ServerFault("No."), 6, {"kind": "server_fault"}),
    "bad answer": (errors.BadAnswer("No."), 6, {"kind": "bad_answer"}),
    "integrity": (errors.IntegrityError("No."), 6, {"kind": "integrity"}),
    "cancelled": (errors.Cancelled("No."), 130, {"kind": "cancelled"}),
}


@pytest.mark.parametrize(("error", "code", "expected"), FAILURES.values(), ids=FAILURES)
def test_when_the_facade_fails_then_code_and_document_are_those_of_its_class(
    error: WorkfilesError, code: int, expected: dict[str, Any], here: Here
) -> None:
    error.hint = "Do this."

    ran = here("whoami", "--json", answers={"whoami": error})

    assert ran.code == code
    assert ran.error == {"message": "No.", "hint": "Do this.", **expected}
    assert ran.err == ""


@pytest.mark.parametrize(("error", "code", "expected"), FAILURES.values(), ids=FAILURES)
def test_when_the_facade_fails_then_people_read_the_sentence_and_what_to_do(
    error: WorkfilesError, code: int, expected: dict[str, Any], here: Here
) -> None:
    error.hint = "Do this."

    ran = here("whoami", answers={"whoami": error})

    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("wf: No.\n")
    assert ran.err.endswith("    Do this.\n")


def test_when_a_hint_names_a_button_then_the_command_is_named_instead(here: Here) -> None:
    missing = errors.NotLoggedIn("No.", hint="Use “Log In”.")

    read, parsed = (
        here("whoami", *flag, answers={"whoami": missing}) for flag in ((), ("--json",))
    )

    assert read.err == "wf: No.\n    Use “wf login”.\n"
    assert parsed.error["hint"] == "Use “wf login”."


STEPS = {
    "a code": (GIVE_THE_CODE, "--otp"),
    "a place": (f"Choose {ANOTHER_PLACE}.", "Choose another place with --to."),
    "a revision": (ANOTHER_REVISION, "wf verify"),
}


@pytest.mark.parametrize(("hint", "words"), STEPS.values(), ids=STEPS)
def test_when_a_step_has_a_command_then_only_a_terminal_reads_it(
    hint: str, words: str, here: Here
) -> None:
    ran = here("whoami", answers={"whoami": errors.NotFound("No.", hint=hint)})

    assert words not in hint
    assert words in ran.err


def test_when_there_are_suggestions_then_people_read_them(here: Here) -> None:
    error = errors.NotFound("No task like that.", suggestions=("Demo/Props/Lamp/Modeling",))

    ran = here("list", "Demo/Props/Lmp/Modeling", answers={"list_revisions": error})

    assert ran.err == "wf: No task like that.\n    Demo/Props/Lamp/Modeling\n"


def test_when_a_reference_is_ambiguous_then_people_read_what_to_type_instead(here: Here) -> None:
    error = errors.AmbiguousReference(
        "Two tasks are called so.", candidates=(("Lamp (asset)", "1f0e"), ("Lamp (shot)", "2b7c"))
    )

    ran = here("list", "Demo/Lamp", answers={"list_revisions": error})

    assert ran.err.splitlines()[1:] == ["    1f0e  Lamp (asset)", "    2b7c  Lamp (shot)"]


def test_when_a_server_sends_control_characters_then_the_terminal_gets_none(here: Here) -> None:
    error = errors.NotFound("No \x1b[2J\u202esuch\ntask \u009b.")

    ran = here("whoami", answers={"whoami": error})

    assert ran.err == "wf: No \ufffd[2J\ufffdsuch task \ufffd.\n"


def test_when_a_task_has_control_characters_then_its_progress_gives_the_terminal_none(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wf_core.cli.progress._PATIENCE", 0.0)

    def sync(progress: Callable[[str, int, int], None], cancel: object) -> SyncResult:
        for done in range(3):
            progress("Uploading \x1b]0;mine\x07Lamp", done, 3)
        return SyncResult(1, 0, 0)

    ran = here("sync", answers={"sync": sync}, terminal=True)

    assert "mine" in ran.err
    assert "\x1b]" not in ran.err
    assert "\x07" not in ran.err


def test_when_a_bug_strikes_then_the_traceback_goes_to_a_private_log(
    here: Here, home: Path
) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhcnRpc3QifQ.c2lnbmF0dXJl"

    ran = here("whoami", answers={"whoami": RuntimeError(f"unforeseen, Bearer {token}")})

    log = home / "logs" / "wf.log"
    assert (ran.code, ran.out) == (1, "")
    assert str(log) in ran.err
    assert "Traceback" not in ran.err
    assert "unforeseen" not in ran.err
    assert "RuntimeError: unforeseen" in log.read_text(encoding="utf-8")
    assert token not in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_when_a_bug_strikes_with_json_then_one_document_names_the_log(here: Here) -> None:
    ran = here("whoami", "--json", answers={"whoami": RuntimeError("unforeseen")})

    assert ran.code == 1
    assert ran.error["kind"] == "bug"
    assert "wf.log" in ran.error["message"]


def test_when_the_log_cannot_be_written_then_the_screen_says_so(here: Here, home: Path) -> None:
    home.mkdir()
    (home / "logs").write_text("a file where the folder should be", encoding="utf-8")

    ran = here("whoami", answers={"whoami": RuntimeError("unforeseen")})

    assert ran.code == 1
    assert "could not be written" in ran.err


def test_when_interrupted_then_the_message_says_that_everything_is_safe(here: Here) -> None:
    ran = here("whoami", answers={"whoami": KeyboardInterrupt()})

    assert ran.code == 130
    assert "safe" in ran.err
    assert "wf sync" in ran.err


def test_when_a_command_ends_then_the_facade_is_closed(here: Here) -> None:
    here("whoami", answers={"whoami": errors.NotLoggedIn("No.")})

    assert here.facade is not None
    assert here.facade.closed


def test_when_the_settings_are_broken_then_it_is_a_usage_error(here: Here, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "settings.json").write_text("{broken", encoding="utf-8")

    ran = here("whoami", "--json")

    assert ran.code == 2
    assert "settings.json" in ran.error["message"]


def test_when_a_bug_strikes_while_the_settings_are_broken_then_there_is_a_log_all_the_same(
    here: Here, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir(parents=True)
    (home / "settings.json").write_text("{broken", encoding="utf-8")
    monkeypatch.setattr("wf_core.cli.boundary._dispatch", lambda *_: 1 / 0)

    ran = here("whoami")

    assert ran.code == 1
    assert "ZeroDivisionError" in (home / "logs" / "wf.log").read_text(encoding="utf-8")
