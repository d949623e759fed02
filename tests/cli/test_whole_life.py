"""The life of a task's files through the real command, on a real Kitsu."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from live_kitsu import FreshTask, LiveKitsu

from tests.cli.relay import Relay
from tests.cli.running import Ran
from tests.cli.warm import Warm
from wf_core.private_kitsu import demo

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*")

Check = Callable[[Any], bool]


def is_uuid(value: Any) -> bool:
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_sha256(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


def is_moment(value: Any) -> bool:
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_number_or_none(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


def one_of(*values: Any) -> Check:
    return lambda value: value in values


def maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


SAVE: dict[str, Check] = {
    "save_id": is_uuid,
    "working_file_id": maybe(is_uuid),
    "task_id": is_uuid,
    "name": is_text,
    "revision": maybe(is_count),
    "path": is_text,
    "sha256": maybe(is_sha256),
    "size": is_count,
    "state": one_of("committed", "pending"),
    "provisional": one_of(True, False),
    "behind": maybe(lambda value: sorted(value) == ["author", "comment", "created_at", "revision"]),
    "known_for": is_number_or_none,
}
REVISION: dict[str, Check] = {
    "working_file_id": is_uuid,
    "task_id": is_uuid,
    "name": is_text,
    "revision": is_count,
    "comment": is_text,
    "author": is_text,
    "created_at": is_moment,
    "state": one_of("committed", "incomplete", "void", "foreign"),
    "sha256": maybe(is_sha256),
    "size": maybe(is_count),
    "path": maybe(is_text),
    "base_revision": maybe(is_count),
}
STATUS: dict[str, Check] = {
    "save_id": is_uuid,
    "task": is_text,
    "name": is_text,
    "revision": maybe(is_count),
    "state": one_of("planned", "claimed", "saved", "uploaded", "parked"),
    "path": is_text,
    "size": maybe(is_count),
    "attempts": is_count,
    "error": maybe(is_text),
    "next_try": is_number_or_none,
    "age": is_number_or_none,
    "hint": is_text,
}
GET: dict[str, Check] = {
    "path": is_text,
    "revision": is_count,
    "sha256": is_sha256,
    "checked": one_of("hash", "length"),
}
PATH: dict[str, Check] = {
    "path": is_text,
    "server_path": is_text,
    "revision": is_count,
    "current": one_of(True, False),
}
PUBLISH: dict[str, Check] = {
    "output_file_id": is_uuid,
    "working_file_id": is_uuid,
    "output_type": is_text,
    "name": is_text,
    "revision": is_count,
    "path": maybe(is_text),
}
SYNC: dict[str, Check] = {"committed": is_count, "pending": is_count, "parked": is_count}
VERIFY: dict[str, Check] = {
    "checked": is_count,
    "problems": lambda value: isinstance(value, list),
    "resumed": is_count,
}
CHECK: dict[str, Check] = {
    "name": is_text,
    "ok": one_of(True, False),
    "message": is_text,
    "hint": is_text,
}
ACCOUNT: dict[str, Check] = {
    "id": is_uuid,
    "name": is_text,
    "email": is_text,
    "role": is_text,
    "is_bot": one_of(True, False),
    "server": is_text,
}


def fits(document: Any, shape: dict[str, Check]) -> dict[str, Any]:
    """``document``, after a look at every field: all promised ones, each of its kind. More
    may come with later releases."""
    assert isinstance(document, dict)
    missing = sorted(set(shape) - set(document))
    assert missing == []
    wrong = {name: document[name] for name, check in shape.items() if not check(document[name])}
    assert wrong == {}
    return document


def answer(ran: Ran, shape: dict[str, Check], *, code: int = 0) -> dict[str, Any]:
    """The one document of a command that ended as expected, with nothing on stderr."""
    assert (ran.code, ran.err) == (code, ""), ran
    return fits(ran.document, shape)


def answers(ran: Ran, shape: dict[str, Check], *, code: int = 0) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (code, ""), ran
    assert isinstance(ran.document, list)
    return [fits(document, shape) for document in ran.document]


def log_in(warm: Warm, kitsu: LiveKitsu, who: str = "artist", *, server: str | None = None) -> None:
    email, password = kitsu.credentials(who)
    address = server or kitsu.url
    ran = warm(*("login", address, "--email", email, "--password-stdin", "--json"), stdin=password)
    account = answer(ran, ACCOUNT)
    assert (account["email"], account["server"]) == (email, address)


@pytest.fixture
def artist(warm: Warm, kitsu: LiveKitsu) -> Warm:
    log_in(warm, kitsu)
    return warm


@pytest.fixture
def task(kitsu: LiveKitsu) -> FreshTask:
    return kitsu.fresh_task()


def scene(tmp_path: Path, content: bytes, name: str = "scene.blend") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_when_a_task_is_worked_on_then_every_command_does_its_part(
    artist: Warm, kitsu: LiveKitsu, task: FreshTask, tmp_path: Path
) -> None:
    contents = [b"first scene", b"second scene, longer", b"third"]
    hashes = [hashlib.sha256(content).hexdigest() for content in contents]

    mine = artist("tasks", "--project", "Demo", "--json")
    assert mine.code == 0
    assert task.id in {found["id"] for found in mine.document}
    assert task.reference in {found["reference"] for found in mine.document}

    coming = answer(artist("path", task.reference, "--software", "Blender", "--json"), PATH)
    assert coming["revision"] == 1

    saves = []
    for number, content in enumerate(contents, start=1):
        line = ["save", str(scene(tmp_path, content)), "--task", task.reference]
        line += ["--comment", f"comment {number}", "--json"]
        if number > 1:
            line += ["--base-revision", str(number - 1)]
        saves.append(answer(artist(*line), SAVE))
    assert [(s["revision"], s["state"], s["provisional"]) for s in saves] == [
        (1, "committed", False),
        (2, "committed", False),
        (3, "committed", False),
    ]
    assert [s["sha256"] for s in saves] == hashes
    assert [s["size"] for s in saves] == [11, 20, 5]
    assert [Path(s["path"]).read_bytes() for s in saves] == contents
    assert saves[0]["path"] == coming["path"]

    listed = answers(artist("list", task.reference, "--json"), REVISION)
    assert [
        (r["revision"], r["comment"], r["author"], r["state"], r["size"], r["base_revision"])
        for r in listed
    ] == [
        (3, "comment 3", "Robin Artist", "committed", 5, 2),
        (2, "comment 2", "Robin Artist", "committed", 20, 1),
        (1, "comment 1", "Robin Artist", "committed", 11, None),
    ]
    assert [r["sha256"] for r in listed] == hashes[::-1]
    assert [kitsu.stored_bytes(r["working_file_id"]) for r in listed] == contents[::-1]

    away = tmp_path / "away"
    away.mkdir()
    got = answer(artist("get", task.id, "--revision", "1", "--to", str(away), "--json"), GET)
    assert (got["revision"], got["sha256"], got["checked"]) == (1, hashes[0], "hash")
    assert Path(got["path"]).parent == away
    assert Path(got["path"]).read_bytes() == contents[0]

    newest = answer(artist("get", task.reference, "--json"), GET)
    assert (newest["revision"], newest["path"]) == (3, saves[2]["path"])

    changed = answer(artist("comment", task.reference, "2", "a better one", "--json"), REVISION)
    assert (changed["revision"], changed["comment"]) == (2, "a better one")

    published = answer(
        artist("publish", task.reference, "3", "--type", "Geometry", "--json"), PUBLISH
    )
    assert (published["working_file_id"], published["output_type"]) == (
        saves[2]["working_file_id"],
        "Geometry",
    )

    assert answers(artist("status", "--json"), STATUS) == []
    assert answer(artist("sync", "--json"), SYNC) == {"committed": 0, "pending": 0, "parked": 0}
    for more in ([], ["--deep"]):
        verified = answer(artist("verify", task.reference, "--json", *more), VERIFY)
        assert (verified["checked"], verified["problems"]) == (3, [])


def test_when_the_doctor_is_asked_then_a_production_without_a_tree_is_named(
    artist: Warm,
) -> None:
    checks = answers(artist("doctor", "--json"), CHECK, code=5)

    assert ["Demo Bare" in check["name"] for check in checks if not check["ok"]] == [True]


def test_when_logged_out_then_nothing_is_allowed_any_more(artist: Warm, task: FreshTask) -> None:
    assert answer(artist("whoami", "--json"), ACCOUNT)["email"] == "artist@example.com"
    assert artist("logout", "--json").document["logged_in"] is False

    ran = artist("list", task.reference, "--json")

    assert (ran.code, ran.error["kind"]) == (3, "not_logged_in")


def test_when_the_password_is_wrong_then_the_code_is_3(warm: Warm, kitsu: LiveKitsu) -> None:
    ran = warm(
        *("login", kitsu.url, "--email", "artist@example.com", "--password-stdin", "--json"),
        stdin="not the password",
    )

    assert (ran.code, ran.error["kind"]) == (3, "login_failed")


def test_when_a_file_has_another_name_then_it_counts_for_itself(
    artist: Warm, task: FreshTask, tmp_path: Path
) -> None:
    line = ["save", str(scene(tmp_path, b"bytes")), "--task", task.reference, "--json"]
    main = answer(artist(*line), SAVE)
    cache = answer(artist(*line, "--name", "cache"), SAVE)

    assert (main["revision"], cache["revision"]) == (1, 1)
    assert main["path"] != cache["path"]
    only = answers(artist("list", task.reference, "--name", "cache", "--json"), REVISION)
    assert [(r["name"], r["revision"]) for r in only] == [("cache", 1)]


def test_when_somebody_saved_since_then_the_save_can_stop(
    artist: Warm, kitsu: LiveKitsu, task: FreshTask, tmp_path: Path
) -> None:
    line = ["save", str(scene(tmp_path, b"bytes")), "--task", task.reference, "--json"]
    assert answer(artist(*line), SAVE)["revision"] == 1
    assert answer(artist(*line), SAVE)["revision"] == 2

    stopped = artist(*line, "--base-revision", "1", "--if-behind", "fail")

    assert (stopped.code, stopped.error["kind"]) == (5, "behind")
    assert [record["revision"] for record in kitsu.working_files(task.id)] == [1, 2]
    assert answer(artist(*line, "--base-revision", "1"), SAVE)["revision"] == 3


def test_when_the_server_is_gone_then_a_save_is_safe_and_sync_sends_it(
    warm: Warm, kitsu: LiveKitsu, task: FreshTask, tmp_path: Path
) -> None:
    where = urlsplit(kitsu.url)
    line = ["save", str(scene(tmp_path, b"bytes")), "--task", task.reference, "--json"]
    with Relay((where.hostname or "", where.port or 0)) as relay:
        log_in(warm, kitsu, server=relay.url)
        assert answer(warm(*line), SAVE)["revision"] == 1

        with relay.closed():
            pending = answer(warm(*line), SAVE, code=75)
            waiting = answers(warm("status", "--json"), STATUS)
            unsent = answer(warm("sync", "--json"), SYNC, code=75)
        synced = answer(warm("sync", "--json"), SYNC)
        left = answers(warm("status", "--json"), STATUS)

    assert (pending["state"], pending["provisional"], pending["revision"]) == (
        "pending",
        True,
        None,
    )
    assert [(row["save_id"], row["name"], row["size"]) for row in waiting] == [
        (pending["save_id"], "main", 5)
    ]
    assert Path(pending["path"]).read_bytes() == b"bytes"
    assert unsent == {"committed": 0, "pending": 1, "parked": 0}
    assert (synced["pending"], synced["parked"], left) == (0, 0, [])
    records = kitsu.working_files(task.id)
    assert [record["revision"] for record in records] == [1, 2]
    assert kitsu.stored_bytes(records[1]["id"]) == b"bytes"


def test_when_a_waiting_save_is_given_up_then_it_never_reaches_the_server(
    warm: Warm, kitsu: LiveKitsu, task: FreshTask, tmp_path: Path
) -> None:
    where = urlsplit(kitsu.url)
    line = ["save", str(scene(tmp_path, b"bytes")), "--task", task.reference, "--json"]
    with Relay((where.hostname or "", where.port or 0)) as relay:
        log_in(warm, kitsu, server=relay.url)
        assert answer(warm(*line), SAVE)["revision"] == 1
        with relay.closed():
            pending = answer(warm(*line), SAVE, code=75)
            retried = answer(warm("retry", pending["save_id"], "--json"), STATUS, code=75)
            given_up = warm("discard", pending["save_id"], "--yes", "--json")
            again = warm("discard", pending["save_id"], "--yes", "--json")
        answer(warm("sync", "--json"), SYNC)

    assert retried["save_id"] == pending["save_id"]
    assert (given_up.code, given_up.document["save_id"]) == (0, pending["save_id"])
    assert (given_up.document["state"], given_up.document["hint"]) == ("discarded", "")
    assert (again.code, again.error["kind"]) == (4, "not_found")
    assert Path(pending["path"]).read_bytes() == b"bytes"
    assert [record["revision"] for record in kitsu.working_files(task.id)] == [1]


def test_when_a_manager_sets_a_file_tree_then_the_production_can_be_saved_in(
    warm: Warm, kitsu: LiveKitsu, tmp_path: Path
) -> None:
    bare = kitsu.production(file_tree=None)
    task = kitsu.fresh_task(production=bare)
    line = ["save", str(scene(tmp_path, b"bytes")), "--task", task.reference, "--json"]
    name = bare["name"]
    log_in(warm, kitsu)
    before = warm(*line)
    not_mine = warm("tree", name, "--set", "default", "--json")
    log_in(warm, kitsu, "admin")
    shown = warm("tree", name, "--json")
    set_now = warm("tree", name, "--set", "default", "--json")
    other = tmp_path / "other.json"
    other.write_text(json.dumps(demo.FILE_TREE), encoding="utf-8")
    unconfirmed = warm("tree", name, "--set", str(other), "--json")
    log_in(warm, kitsu)

    assert (before.code, before.error["kind"]) == (5, "no_file_tree")
    assert "wf tree" in before.error["hint"]
    assert (not_mine.code, not_mine.error["kind"]) == (3, "permission_denied")
    assert shown.document == {"production": name, "file_tree": None}
    assert (set_now.code, list(set_now.document["file_tree"])) == (0, ["working", "output"])
    assert (unconfirmed.code, unconfirmed.error["kind"]) == (2, "usage")
    saved = answer(warm(*line), SAVE)
    assert saved["revision"] == 1
    assert saved["path"].endswith("_modeling_main_v001.blend")


BUILT_IN_TREES = ["default", "default-episodes"]


@pytest.mark.parametrize("built_in", BUILT_IN_TREES)
def test_when_a_built_in_tree_is_set_then_shots_and_named_files_have_their_own_paths(
    built_in: str, warm: Warm, kitsu: LiveKitsu
) -> None:
    episodic = built_in == "default-episodes"
    production = kitsu.production(file_tree=None, production_type="tvshow" if episodic else "short")
    episodes = [kitsu.episode(production, "E01"), kitsu.episode(production, "E02")]
    shots = [
        kitsu.shot(production, kitsu.sequence(production, "SQ01", episode=episode), "SH010")
        for episode in (episodes if episodic else [None])
    ]
    tasks = [kitsu.task(shot, "Animation") for shot in shots]
    log_in(warm, kitsu, "admin")
    assert warm("tree", production["name"], "--set", built_in).code == 0

    paths = [
        answer(warm("path", task["id"], "--name", name, "--software", "Blender", "--json"), PATH)[
            "server_path"
        ]
        for task in tasks
        for name in ("main", "cache")
    ]

    assert len(set(paths)) == len(paths) == (4 if episodic else 2)
    assert paths[0].endswith("_sq01_sh010_animation_main_v001.blend")


def test_when_the_private_kitsu_runs_then_up_and_status_only_say_so(
    warm: Warm, kitsu: LiveKitsu
) -> None:
    where = ("--home", kitsu.info.home, "--json")
    status = warm("kitsu", "status", *where)
    up = warm("kitsu", "up", *where)
    unconfirmed = warm("kitsu", "reset", *where)

    assert (status.code, status.document["state"], status.document["url"]) == (0, "up", kitsu.url)
    assert (up.code, up.document["url"], up.document["email"]) == (0, kitsu.url, kitsu.info.email)
    assert up.document["password"] == kitsu.info.password
    assert (unconfirmed.code, unconfirmed.error["kind"]) == (2, "usage")
    assert warm("kitsu", "status", *where).document == status.document
