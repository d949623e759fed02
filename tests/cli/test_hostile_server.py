"""Every command against a server on its worst days: it ends in time, with the code of its
class and a sentence; no traceback, no token in any file, nothing overwritten."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Process, Ran, end_uploaders
from tests.cli.scripted_kitsu import TASK, ScriptedKitsu
from tests.cli.warm import Warm
from tests.scripted_server import (
    Answer,
    ScriptedServer,
    broken_json,
    closed_port,
    endless,
    hang,
    html_error,
    json_answer,
    redirect,
    reset,
    slow,
    too_many_requests,
)

pytestmark = pytest.mark.slow

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIGJvdCJ9.dGhlIHNpZ25hdHVyZQ"
TIMEOUT = 1.5
"""Seconds one request may take altogether (WF_TIMEOUT)."""
BUDGET = 2.0
"""Seconds a save may wait for the server altogether."""
PATIENCE = 60.0
"""Seconds a whole command may take here, its start on a busy machine included."""
WORK = b"the only copy of the work"

DEEP = b"[" * 10_000 + b"]" * 10_000
"""More brackets in each other than Python reads."""
ELSEWHERE = closed_port()
ANSWERS: dict[str, tuple[Answer, int, str]] = {
    "301 to another host": (redirect(f"http://localhost:{ELSEWHERE}/"), 6, "bad_answer"),
    "400": (json_answer({"error": "bad"}, 400), 5, "refused"),
    "401": (json_answer({"msg": "Missing Authorization Header"}, 401), 3, "not_logged_in"),
    "403": (json_answer({"message": "no"}, 403), 3, "permission_denied"),
    "404": (json_answer({"message": "no"}, 404), 4, "not_found"),
    "409": (json_answer({"message": "no"}, 409), 5, "refused"),
    "413": (html_error(413), 5, "refused"),
    "422": (json_answer({"msg": "Not enough segments"}, 422), 3, "not_logged_in"),
    "429": (too_many_requests("1"), 6, "server_unavailable"),
    "500 as a page": (html_error(500), 6, "server_fault"),
    "502": (html_error(502), 6, "server_unavailable"),
    "503": (html_error(503), 6, "server_unavailable"),
    "504": (html_error(504), 6, "server_unavailable"),
    "broken JSON": (broken_json(), 6, "bad_answer"),
    "JSON without end": (Answer(400, {"Content-Type": "application/json"}, DEEP), 5, "refused"),
    "the same as 422": (Answer(422, {"Content-Type": "application/json"}, DEEP), 5, "refused"),
    "less than nothing": (
        Answer(200, {"Transfer-Encoding": "chunked"}, b"-5\r\n{}\r\n0\r\n\r\n", no_length=True),
        6,
        "bad_answer",
    ),
    "two lengths": (
        Answer(200, {"Content-Length": "7"}, b"{}", declared_length=2),
        6,
        "bad_answer",
    ),
    "JSON of another shape": (json_answer([1, None, "x"]), 6, "bad_answer"),
    "an endless body": (endless(), 6, "bad_answer"),
    "one byte a minute": (slow(json_answer({"id": TASK}), 60.0), 6, "server_unavailable"),
    "nothing at all": (hang(), 6, "server_unavailable"),
    "a reset": (reset(), 6, "server_unavailable"),
}

ONE_OF_A_KIND = (
    "301 to another host",
    "403",
    "413",
    "422",
    "429",
    "500 as a page",
    "broken JSON",
    "JSON of another shape",
    "one byte a minute",
    "a reset",
)
"""For tests of several steps, which take longer: one of each way to be treated."""

COMMANDS = {
    "whoami": ["whoami"],
    "tasks": ["tasks"],
    "tasks of a production": ["tasks", "--project", "Demo", "--all"],
    "list": ["list", TASK],
    "list by reference": ["list", "Demo/Props/Lamp/Modeling"],
    "get": ["get", TASK],
    "path": ["path", TASK],
    "comment": ["comment", TASK, "1", "better"],
    "publish": ["publish", TASK, "1", "--type", "Cache"],
    "verify": ["verify", TASK, "--deep"],
    "tree": ["tree", "Demo"],
    "setting a tree": ["tree", "Demo", "--set", "default", "--yes"],
    "save": ["save", "SCENE", "--task", TASK],
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(WORK)
    return path


@pytest.fixture
def warm(process: Process, tmp_path: Path) -> Warm:
    """The command in a studio whose artists do not like to wait."""
    settings = tmp_path / "studio.json"
    profile = {"offline_budget": BUDGET}
    settings.write_text(json.dumps({"profiles": {"default": profile}}), encoding="utf-8")
    return Warm({**process.environ, "WF_STUDIO_SETTINGS": str(settings)})


@pytest.fixture
def wf(warm: Warm, server: ScriptedServer, scene: Path) -> Callable[..., Ran]:
    """Runs one command against the server, with JSON, in time."""

    def run(*line: str, **more: Any) -> Ran:
        started = time.monotonic()
        ran = warm(
            *(str(scene) if word == "SCENE" else word for word in line),
            "--json",
            seconds=PATIENCE,
            **{
                "WF_SERVER": server.url,
                "WF_TOKEN": TOKEN,
                "WF_TIMEOUT": str(TIMEOUT),
                **more,
            },
        )
        assert time.monotonic() - started < PATIENCE
        assert ran.err == ""
        assert "Traceback" not in ran.out
        assert TOKEN not in ran.out
        return ran

    return run


def outcome(ran: Ran) -> tuple[int, str]:
    """Code and kind of a failure that says what happened; a save's state."""
    if ran.code == 75:
        return ran.code, ran.document["state"]
    assert "." in ran.error["message"]
    return ran.code, ran.error["kind"]


PASSING = ("server_unavailable", "server_fault", "bad_answer", "not_logged_in")
"""What may pass: a save is kept until then, with all its bytes, though its task is not known."""


def leaked(folder: Path) -> list[Path]:
    """Files below ``folder`` that hold the token, or its secret part."""
    secrets = [part.encode() for part in (TOKEN, TOKEN.rpartition(".")[2])]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(s in path.read_bytes() for s in secrets)]


def assert_untouched(server: ScriptedServer, scene: Path, folder: Path) -> None:
    """The token is in no file, the work as it was, and nothing was asked to change."""
    assert leaked(folder) == []
    assert scene.read_bytes() == WORK
    assert [r.path for r in server.requests if r.method not in ("GET", "HEAD")] == []


@pytest.mark.parametrize(("answer", "code", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_when_the_server_misbehaves_then_every_command_ends_with_the_code_of_its_class(
    answer: Answer,
    code: int,
    kind: str,
    wf: Callable[..., Ran],
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    home: Path,
) -> None:
    server.everything(answer)
    server.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))
    expected = dict.fromkeys(COMMANDS, (code, kind))
    if kind in PASSING:
        expected["save"] = (75, "pending")

    with ThreadPoolExecutor(4) as pool:
        runs = pool.map(lambda line: outcome(wf(*line)), COMMANDS.values())
        outcomes = dict(zip(COMMANDS, runs, strict=True))
    end_uploaders(home)

    if answer == ANSWERS["an endless body"][0]:
        # Too long or too late, whichever shows first on this machine.
        outcomes = {
            name: (code, kind if code == 6 else told) for name, (code, told) in outcomes.items()
        }
    assert outcomes == expected
    assert_untouched(server, scene, tmp_path)


# What only the root tells: it is asked without a token, and Kitsu's is not an odd document.
AT_THE_ROOT = {
    "401": (3, "permission_denied"),
    "422": (5, "refused"),
    "JSON of another shape": (2, "usage"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_when_even_the_root_misbehaves_then_commands_end_with_the_code_of_its_class(
    name: str,
    wf: Callable[..., Ran],
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    home: Path,
) -> None:
    answer, *usual = ANSWERS[name]
    server.everything(answer)
    code, kind = AT_THE_ROOT.get(name, tuple(usual))

    found = {command: outcome(wf(*COMMANDS[command])) for command in ("whoami", "save")}
    end_uploaders(home)

    if name == "an endless body":  # too long or too late
        assert found["whoami"][0] == code
    else:
        assert found["whoami"] == (code, kind)
    assert found["save"] == ((75, "pending") if code == 6 else (code, kind))
    assert_untouched(server, scene, tmp_path)


STEPS = {
    "the claim": ("POST", "/data/tasks/*/working-files/new"),
    "the upload": ("POST", "/data/working-files/*/file"),
    "the look at what is stored": ("HEAD", "/data/working-files/*/file"),
    "the record": ("PUT", "/data/working-files/*"),
}
# What a server says once it says for good; of a claim, because then nothing was saved.
REFUSED_CLAIM = {"400": 5, "403": 3, "404": 4, "409": 5, "413": 5}


@pytest.mark.parametrize("answer", ONE_OF_A_KIND)
@pytest.mark.parametrize("step", STEPS)
def test_when_one_step_of_a_save_fails_then_the_work_is_safe_and_sync_sends_it_once(
    step: str,
    answer: str,
    wf: Callable[..., Ran],
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    home: Path,
) -> None:
    kitsu = ScriptedKitsu(server)
    theirs = kitsu.add(1, b"somebody's work")
    server.on(*STEPS[step], ANSWERS[answer][0])
    refused = REFUSED_CLAIM.get(answer) if step == "the claim" else None

    saved = wf("save", "SCENE", "--task", TASK)
    end_uploaders(home)
    kitsu.behave()
    synced = wf("sync")

    assert saved.code == (refused or 75)
    assert synced.document == {"committed": 0 if refused else 1, "pending": 0, "parked": 0}
    assert scene.read_bytes() == WORK
    assert kitsu.stored_sha256(theirs) == hashlib.sha256(b"somebody's work").hexdigest()
    mine = [record for record in kitsu.records.values() if record["id"] != theirs]
    assert [(r["revision"], r["comment"], kitsu.stored_sha256(r["id"])) for r in mine] == (
        [] if refused else [(2, "", hashlib.sha256(WORK).hexdigest())]
    )
    if not refused:
        assert Path(saved.document["path"]).read_bytes() == WORK
    assert leaked(tmp_path) == []


DOWNLOADS = {
    **{f"{answer}, nothing there": (answer, None) for answer in ANSWERS},
    "a reset, another file there": ("a reset", b"another file"),
    "500 as a page, another file there": ("500 as a page", b"another file"),
}


@pytest.mark.parametrize(("answer", "before"), DOWNLOADS.values(), ids=DOWNLOADS)
def test_when_a_download_fails_then_the_target_is_as_it_was(
    answer: str,
    before: bytes | None,
    wf: Callable[..., Ran],
    server: ScriptedServer,
    tmp_path: Path,
) -> None:
    kitsu = ScriptedKitsu(server)
    known = {"sha256": hashlib.sha256(b"scene").hexdigest(), "size": 5}
    kitsu.add(1, b"scene", data={"workfiles": known})
    spoilt, code, _ = ANSWERS[answer]
    server.on("GET", "/data/working-files/*/file", spoilt)
    folder = tmp_path / "target"
    folder.mkdir()
    if before is not None:
        (folder / "scene.blend").write_bytes(before)

    ran = wf("get", TASK, "--to", str(folder / "scene.blend"))

    assert ran.code == (code if before is None else 5)
    left = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".blend"}
    assert left == ({} if before is None else {"scene.blend": before})


@pytest.mark.parametrize("answer", ONE_OF_A_KIND)
def test_when_a_save_waits_then_the_commands_about_it_end_in_time_and_lose_nothing(
    answer: str, wf: Callable[..., Ran], server: ScriptedServer, home: Path, scene: Path
) -> None:
    kitsu = ScriptedKitsu(server)
    server.on(*STEPS["the upload"], html_error(503))
    save_id = wf("save", "SCENE", "--task", TASK).document["save_id"]
    end_uploaders(home)
    server.everything(ANSWERS[answer][0])
    server.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))

    codes = {
        "status": wf("status").code,
        "sync": wf("sync").code,
        "retry": wf("retry", save_id).code,
        "doctor": wf("doctor").code,
    }
    discarded = wf("discard", save_id, "--yes")
    waiting = [row["save_id"] for row in wf("status").document]

    assert codes["status"] == 0
    assert codes["sync"] in (5, 75)
    assert codes["retry"] in (0, 5, 75)
    assert codes["doctor"] == 5
    # Given up only once the server has heard of it; else it waits on.
    assert waiting == ([] if discarded.code == 0 else [save_id])
    assert kitsu.records


LOGIN_LINES = {
    "with a password": ["login", "URL", "--email", "artist@example.com", "--password-stdin"],
    "through the browser": ["login", "URL"],
}


@pytest.mark.parametrize("answer", ONE_OF_A_KIND)
@pytest.mark.parametrize("line", LOGIN_LINES.values(), ids=LOGIN_LINES)
def test_when_a_login_meets_it_then_nobody_is_logged_in_and_no_password_is_kept(
    line: list[str],
    answer: str,
    warm: Warm,
    server: ScriptedServer,
    tmp_path: Path,
) -> None:
    spoilt, code, _ = ANSWERS[answer]
    server.everything(spoilt)

    ran = warm(
        *(server.url if word == "URL" else word for word in line),
        "--json",
        stdin="a secret password",
        WF_TIMEOUT=str(TIMEOUT),
    )

    assert ran.code == AT_THE_ROOT.get(answer, (code,))[0]
    assert ran.error["message"]
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept if b"a secret password" in path.read_bytes()] == []
    assert [path.name for path in kept if "token" in path.name.lower()] == []
