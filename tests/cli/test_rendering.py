"""What people read: tables, sizes, ages, and what to do next."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Here, Terminal
from wf_core.cli.output import Column, Output, OutputLost, age, printable, size
from wf_core.models import Task
from wf_core.results import (
    CheckResult,
    GetResult,
    LaterRevision,
    PendingSave,
    Presence,
    Problem,
    Revision,
    SaveResult,
    SpoolResult,
    SyncResult,
    VerifyResult,
)


def words(line: str) -> str:
    return " ".join(line.split())


SIZES = {
    "unknown": (None, ""),
    "nothing": (0, "0 B"),
    "bytes": (1023, "1023 B"),
    "one kibibyte": (1024, "1.0 KiB"),
    "just below a mebibyte": (1024**2 - 1, "1.0 MiB"),
    "gibibytes": (2_684_354_560, "2.5 GiB"),
    "beyond": (5 * 1024**5, "5120.0 TiB"),
}


@pytest.mark.parametrize(("count", "text"), SIZES.values(), ids=SIZES)
def test_when_bytes_are_shown_then_in_a_unit_people_read(count: int | None, text: str) -> None:
    assert size(count) == text


AGES = {
    "unknown": (None, ""),
    "a clock that was set back": (-3.0, "0 s"),
    "seconds": (89.4, "89 s"),
    "minutes": (91.0, "2 min"),
    "an hour": (3600.0, "60 min"),
    "hours": (7200.0, "2 h"),
    "days": (40 * 86400.0, "40 d"),
    "many days": (400 * 86400.0, "400 d"),
}


@pytest.mark.parametrize(("seconds", "text"), AGES.values(), ids=AGES)
def test_when_a_time_span_is_shown_then_in_its_largest_unit(
    seconds: float | None, text: str
) -> None:
    assert age(seconds) == text


HOSTILE = {
    "an escape sequence": ("\x1b[31mred", "\ufffd[31mred"),
    "two lines": ("one\ntwo\tthree", "one two three"),
    "text from right to left": ("a\u202eb", "a\ufffdb"),
    "a lone surrogate of a file name": ("a\udcffb", "a\ufffdb"),
    "what is fine": ("Lampe – Größe №1", "Lampe – Größe №1"),
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_when_a_foreign_text_is_shown_then_it_cannot_do_anything(text: str, shown: str) -> None:
    assert printable(text) == shown


COLUMNS = [Column("NAME"), Column("SIZE", right=True)]
ROWS = [("main", "1 B"), ("cache", "1023 B")]


def test_when_not_on_a_terminal_then_a_table_is_plain_columns() -> None:
    stdout = io.StringIO()

    Output(stdout, None).table(COLUMNS, ROWS)

    assert stdout.getvalue() == "NAME     SIZE\nmain      1 B\ncache  1023 B\n"


def test_when_on_a_terminal_then_a_table_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stdout = Terminal()

    Output(stdout, None).table(COLUMNS, [("[bold]main[/]", "1 B")])

    assert "─" in stdout.getvalue()
    assert "[bold]main[/]" in stdout.getvalue()


def test_when_no_color_is_set_then_a_drawn_table_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stdout = Terminal()

    Output(stdout, None).table(COLUMNS, ROWS)

    assert "\x1b[3" not in stdout.getvalue()
    assert "\x1b[9" not in stdout.getvalue()


def test_when_there_is_no_console_at_all_then_nothing_fails() -> None:
    output = Output(None, None)

    output.line("text")
    output.note("text")
    output.table(COLUMNS, ROWS)


def test_when_a_name_does_not_fit_the_encoding_then_it_is_escaped() -> None:
    raw = io.BytesIO()

    stdout = io.TextIOWrapper(raw, encoding="ascii")
    Output(stdout, None).line("Größe")

    assert raw.getvalue() == b"Gr\\xf6\\xdfe\n"


def test_when_the_disk_behind_the_output_is_full_then_it_is_said() -> None:
    with (
        open("/dev/full", "w", encoding="utf-8") as full,  # noqa: PTH123
        pytest.raises(OutputLost, match="No space left"),
    ):
        try:
            Output(full, None).line("text")
        finally:
            # Closing flushes once more, and the device stays full.
            os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


SAVE = SaveResult(
    save_id="1f0e8dbb-7d1c-4c1e-9d5e-0f4a52b3c111",
    working_file_id="wf1",
    task_id="t1",
    name="main",
    revision=7,
    path="/show/lamp_v007.blend",
    sha256="ab" * 32,
    size=1024,
    state="committed",
    provisional=False,
)
LATER = LaterRevision(6, "Kim Artist", None, "colours")
QUEUED = {**SAVE.as_json(), "state": "pending", "sha256": None}
OFFLINE = {**QUEUED, "working_file_id": None, "revision": None, "provisional": True}

OUTCOMES: dict[str, tuple[dict[str, Any], list[str], int, str]] = {
    "committed": (SAVE.as_json(), [], 0, "Saved main v007 (1.0 KiB)\n/show/lamp_v007.blend\n"),
    "pending": (
        QUEUED,
        [],
        75,
        "Saved main v007 (1.0 KiB)\n/show/lamp_v007.blend\n"
        "It is safe on this machine, but not on the server yet; “wf sync” sends it.\n",
    ),
    "pending, not waited for": (
        QUEUED,
        ["--no-wait"],
        0,
        "Saved main v007 (1.0 KiB)\n/show/lamp_v007.blend\n"
        "It is safe on this machine and being sent; “wf status” shows how far it is.\n",
    ),
    "provisional": (
        OFFLINE,
        [],
        75,
        "Saved main (1.0 KiB)\n/show/lamp_v007.blend\n"
        "The server gave no number yet, so the name is a provisional one.\n"
        "It is safe on this machine, but not on the server yet; “wf sync” sends it.\n",
    ),
    "by what was remembered": (
        {**OFFLINE, "known_for": 7200.0},
        [],
        75,
        "Saved main (1.0 KiB)\n/show/lamp_v007.blend\n"
        "The server gave no number yet, so the name is a provisional one.\n"
        "The place is by what was known of the task 2 h ago.\n"
        "It is safe on this machine, but not on the server yet; “wf sync” sends it.\n",
    ),
    "unfiled": (
        {**OFFLINE, "task_id": None},
        [],
        75,
        "Saved main (1.0 KiB)\n/show/lamp_v007.blend\n"
        "The server gave no number yet, so the name is a provisional one.\n"
        "Nothing is known of the task here: the save is filed when the server answers.\n"
        "It is safe on this machine, but not on the server yet; “wf sync” sends it.\n",
    ),
    "behind": (
        {**SAVE.as_json(), "behind": LATER.as_json()},
        [],
        0,
        "Saved main v007 (1.0 KiB)\n/show/lamp_v007.blend\n"
        "Meanwhile Kim Artist saved v006: “colours”.\n",
    ),
}


@pytest.mark.parametrize(("values", "more", "code", "text"), OUTCOMES.values(), ids=OUTCOMES)
def test_when_a_save_ends_then_code_text_and_document_say_how(
    values: dict[str, Any], more: list[str], code: int, text: str, here: Here, tmp_path: Path
) -> None:
    scene = tmp_path / "lamp.blend"
    scene.write_bytes(b"scene")
    line = ["save", str(scene), "--task", "T", *more]
    later = LaterRevision(**values["behind"]) if values["behind"] else None
    answers = {"save": SaveResult(**{**values, "behind": later}), "who_is_here": []}

    ran = here(*line, answers=answers)
    as_json = here(*line, "--json", answers=answers)

    assert (ran.code, ran.out, ran.err) == (code, text, "")
    assert (as_json.code, as_json.document) == (code, values)


def pending(path: Path, **changes: Any) -> PendingSave:
    values: dict[str, Any] = {
        "save_id": "1f0e8dbb-7d1c-4c1e-9d5e-0f4a52b3c111",
        "task": "Demo/Props/Lamp/Modeling",
        "name": "main",
        "revision": 7,
        "state": "saved",
        "path": str(path),
        "size": 2048,
        "attempts": 3,
        "error": "The server answered 503.",
        "next_try": 42.0,
        "age": 300.0,
        "hint": "It is tried again by itself.",
    }
    return PendingSave(**{**values, **changes})


def test_when_saves_wait_then_status_shows_everything_about_them(
    here: Here, tmp_path: Path
) -> None:
    parked = pending(
        tmp_path / "lamp_v008.blend",
        save_id="2b7c0000-0000-4000-8000-000000000000",
        state="parked",
        revision=None,
        error="Uploaded, not recorded: ask to be assigned to the task.",
        next_try=None,
        age=None,
        hint="Ask to be assigned to the task, then “Retry”.",
    )
    waiting = [pending(tmp_path / "lamp_v007.blend"), parked]

    ran = here("status", answers={"status": waiting, "spool": SpoolResult(4096, 200 * 1024**3)})

    assert ran.code == 0
    header, first, second, *advice = ran.out.splitlines()
    assert words(header) == ("SAVE TASK NAME REVISION STATE AGE SIZE TRIES NEXT TRY LAST ERROR")
    assert words(first) == (
        "1f0e8dbb Demo/Props/Lamp/Modeling main v007 saved 5 min 2.0 KiB 3 "
        "42 s The server answered 503."
    )
    assert words(second) == (
        "2b7c0000 Demo/Props/Lamp/Modeling main parked 2.0 KiB 3 "
        "Uploaded, not recorded: ask to be assigned to the task."
    )
    assert advice == [
        "1f0e8dbb: It is tried again by itself.",
        "2b7c0000: Ask to be assigned to the task, then “wf retry 2b7c0000”.",
        "“wf sync” tries all of them at once.",
        "4.0 KiB of at most 200.0 GiB are kept here for them.",
    ]


def test_when_nothing_waits_then_status_says_so(here: Here) -> None:
    assert here("status", answers={"status": []}).out == (
        "Everything that was saved here is on the server.\n"
    )
    assert here("status", "--json", answers={"status": []}).document == []


def test_when_saves_wait_then_the_status_document_has_the_promised_fields(
    here: Here, tmp_path: Path
) -> None:
    ran = here("status", "--json", answers={"status": [pending(tmp_path / "x.blend")]})

    assert [
        (row["save_id"][:8], row["state"], row["next_try"], row["attempts"], row["age"])
        for row in ran.document
    ] == [("1f0e8dbb", "saved", 42.0, 3, 300.0)]
    assert ran.document[0]["hint"] == "It is tried again by itself."


RETRIES = {
    "it arrived": ("committed", 0),
    "it waits": ("saved", 75),
    "it is parked": ("parked", 5),
}


@pytest.mark.parametrize(("state", "code"), RETRIES.values(), ids=RETRIES)
def test_when_a_save_was_tried_again_then_the_code_says_whether_it_arrived(
    state: str, code: int, here: Here, tmp_path: Path
) -> None:
    ran = here("retry", "1f0e", "--json", answers={"retry": pending(tmp_path / "x", state=state)})

    assert (ran.code, ran.document["state"]) == (code, state)


def test_when_a_save_is_given_up_then_no_button_is_named(here: Here, tmp_path: Path) -> None:
    given_up = pending(tmp_path / "x", state="abandoned", error="Look at it, then “Retry”.")

    ran = here("discard", "1f0e", "--yes", "--json", answers={"discard": given_up})

    assert ran.document["error"] == "Look at it, then “wf retry 1f0e8dbb”."


SYNCS = {
    "everything arrived": (SyncResult(3, 0, 0), 0),
    "some wait": (SyncResult(1, 2, 0), 75),
    "some are parked": (SyncResult(1, 2, 1), 5),
}


@pytest.mark.parametrize(("result", "code"), SYNCS.values(), ids=SYNCS)
def test_when_sync_ends_then_the_code_says_what_is_left(
    result: SyncResult, code: int, here: Here
) -> None:
    ran = here("sync", "--json", answers={"sync": result})

    assert (ran.code, ran.document) == (code, result.as_json())


def test_when_sync_watches_then_it_prints_a_line_for_each_change(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter([SyncResult(0, 1, 0), SyncResult(0, 1, 0), SyncResult(1, 0, 0)])
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", pause)
    waiting = [pending(Path("x"), next_try=4.5)]

    ran = here(
        "sync",
        "--watch",
        "--json",
        answers={"sync": lambda **_: next(rounds), "status": lambda: waiting},
    )

    assert ran.code == 130
    assert pauses == [4.5, 4.5, 4.5]
    assert [json.loads(line) for line in ran.out.splitlines()][:2] == [
        {"committed": 0, "pending": 1, "parked": 0},
        {"committed": 1, "pending": 0, "parked": 0},
    ]


def test_when_verify_finds_something_then_the_code_is_5(here: Here) -> None:
    problem = Problem("truncated", "main", 3, "wf3", "The server has 10 of 20 bytes.")
    found = {"verify": VerifyResult(checked=7, problems=[problem], resumed=2)}

    ran, as_json = (here("verify", "T", *more, answers=found) for more in ([], ["--json"]))

    assert ran.code == as_json.code == 5
    assert ran.out.splitlines()[1:] == [
        "main      v003  truncated  The server has 10 of 20 bytes.",
        "7 revisions checked (lengths compared); problems: 1",
        "2 of them before the last one was stopped.",
    ]
    assert as_json.document == {
        "checked": 7,
        "problems": [
            {
                "kind": "truncated",
                "name": "main",
                "revision": 3,
                "working_file_id": "wf3",
                "message": "The server has 10 of 20 bytes.",
            }
        ],
        "resumed": 2,
    }


def test_when_the_doctor_finds_something_then_the_code_is_5_and_the_hint_is_shown(
    here: Here,
) -> None:
    checks = [
        CheckResult("server", True, "Zou 1.0.97"),
        CheckResult("file tree", False, "Demo Bare has none.", "Set one: wf tree."),
    ]

    ran = here("doctor", answers={"doctor": checks})

    assert ran.code == 5
    assert ran.out.splitlines()[1:] == [
        "ok     server     Zou 1.0.97",
        "WRONG  file tree  Demo Bare has none.",
        "file tree: Set one: wf tree.",
    ]
    assert here("doctor", answers={"doctor": checks[:1]}).code == 0


REVISION = Revision(
    working_file_id="wf1",
    task_id="t1",
    name="main",
    revision=1000,
    comment="lights\nagain",
    author="Robin Artist",
    created_at="2026-03-01T12:30:00",
    state="committed",
    sha256="ab" * 32,
    size=1536,
    path="/show/lamp_v1000.blend",
    base_revision=999,
)
COLLEAGUE = Presence("kim", "ws-07", "Maya", "2026-03-01T12:30:00+00:00", seen=3.0)


def test_when_revisions_are_listed_then_the_table_and_the_document_agree(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    answers = {"list_revisions": [REVISION], "who_is_here": [COLLEAGUE]}

    ran, as_json = (here("list", "T", *more, answers=answers) for more in ([], ["--json"]))

    assert words(ran.out.splitlines()[1]) == (
        "main v1000 committed 1.5 KiB Robin Artist 2026-03-01 14:30 lights again"
    )
    assert ran.err == "Open on ws-07 since 2026-03-01 14:30: kim (Maya).\n"
    assert as_json.document == [REVISION.as_json()]
    monkeypatch.delenv("TZ")
    time.tzset()


TASKS: dict[str, tuple[dict[str, str], str]] = {
    "an asset": (
        {"entity_type_name": "Props", "entity_name": "Lamp"},
        "Demo/Props/Lamp/Modeling",
    ),
    "a shot": (
        {"entity_type_name": "Shot", "entity_name": "SH010", "sequence_name": "SQ01"},
        "Demo/SQ01/SH010/Modeling",
    ),
    "a shot of an episode": (
        {
            "entity_type_name": "Shot",
            "entity_name": "SH010",
            "sequence_name": "SQ01",
            "episode_name": "E01",
        },
        "Demo/E01/SQ01/SH010/Modeling",
    ),
}


@pytest.mark.parametrize(("names", "reference"), TASKS.values(), ids=TASKS)
def test_when_tasks_are_listed_then_each_shows_what_commands_take_back(
    names: dict[str, str], reference: str, here: Here
) -> None:
    task = Task(id="t1", project_name="Demo", task_type_name="Modeling", **names)  # type: ignore[arg-type]

    ran, as_json = (here("tasks", *more, answers={"tasks": [task]}) for more in ([], ["--json"]))

    assert ran.out.splitlines()[1].split() == [reference, "t1"]
    assert as_json.document[0]["reference"] == reference
    assert as_json.document[0]["id"] == "t1"


def test_when_a_revision_was_fetched_then_only_its_path_is_on_standard_output(here: Here) -> None:
    got = GetResult("/show/lamp_v007.blend", 7, "ab" * 32, "length")

    ran = here("get", "T", answers={"get": got})

    assert ran.out == "/show/lamp_v007.blend\n"
    assert "could not be compared" in ran.err
