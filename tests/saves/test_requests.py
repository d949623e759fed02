"""How often a save asks the server, and for what."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import (
    FULL_TASK,
    PERSON_RECORD,
    PRODUCTION,
    PROJECT_RECORD,
    SOFTWARE,
    TASK,
    TASK_RECORD,
    ScriptedKitsu,
)

from tests.saves.bot import settings_of_bot
from tests.scripted_server import Answer, Request, ScriptedServer, html_error, json_answer
from wf_core.errors import NotFound, PathError, WorkfilesError
from wf_core.filehost import FileHost
from wf_core.kitsu import FileTokenStore, Tokens
from wf_core.results import SaveResult
from wf_core.saves import desk, records
from wf_core.saves.desk import Desk
from wf_core.settings import Settings, load
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.usefixtures("no_uploader")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path


@pytest.fixture
def kitsu(server: ScriptedServer) -> ScriptedKitsu:
    """A Kitsu in which everybody may log in."""
    found = ScriptedKitsu(server)
    login = {"access_token": "t.o.ken", "refresh_token": "r.e.fresh", "user": PERSON_RECORD}
    server.on("POST", "/auth/login", json_answer(login))
    return found


def settings_at(address: str, tmp_path: Path) -> Settings:
    """Settings without a bot's token: whoever is logged in counts."""
    return settings_of_bot(address, tmp_path).model_copy(update={"token": None})


def routes(server: ScriptedServer, since: int = 0) -> list[str]:
    return [f"{request.method} {request.route}" for request in server.requests[since:]]


def test_when_a_home_is_logged_in_then_its_first_save_asks_for_this_and_no_more(
    server: ScriptedServer, kitsu: ScriptedKitsu, scene: Path, tmp_path: Path
) -> None:
    environ = {"WF_HOME": str(tmp_path / "home"), "WF_WORKSPACE": str(tmp_path / "workspace")}
    with Workfiles(load(environ)) as workfiles:
        workfiles.login(server.url, email="artist@example.com", password="secret")
    before = len(server.requests)

    with Workfiles(load(environ)) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    (record,) = kitsu.records
    assert routes(server, before) == [
        f"GET /data/tasks/{TASK}/full",
        "GET /data/softwares",
        f"GET /data/tasks/{TASK}/working-files/last-revisions",
        f"GET /data/projects/{PRODUCTION}/tasks",
        "GET /data/task-types",
        "GET /data/assets",
        "GET /data/entity-types",
        f"POST /data/tasks/{TASK}/working-files/new",
        f"POST /data/working-files/{record}/file",
        f"HEAD /data/working-files/{record}/file",
        f"PUT /data/working-files/{record}",
    ]


ASKED = ["GET /api/", "GET /"]


@pytest.mark.parametrize(
    ("address", "logins", "found", "asked"),
    [
        pytest.param("", ("",), "", [], id="the login's"),
        pytest.param("/api", ("/api",), "/api", [], id="the login's, below"),
        pytest.param("", (), "", ASKED, id="nobody logged in"),
        pytest.param("/productions/p1", ("",), "", ASKED, id="a page"),
        pytest.param("/api", ("",), "", ASKED, id="another than the login's"),
        pytest.param("/api", ("/api", ""), "", ASKED, id="one from which it has moved"),
    ],
)
def test_when_a_login_is_kept_under_the_address_then_nobody_is_asked_where_the_api_is(
    address: str,
    logins: tuple[str, ...],
    found: str,
    asked: list[str],
    server: ScriptedServer,
    kitsu: ScriptedKitsu,
    tmp_path: Path,
) -> None:
    settings = settings_at(server.url + address, tmp_path)
    for place in logins:
        FileTokenStore(settings.home).save(server.url + place, Tokens("t.o.ken"))

    desk = Desk(settings, server.url + address)
    desk.close()

    assert desk.client.session.server == server.url + found
    assert routes(server) == asked


def test_when_the_logins_cannot_be_read_then_the_server_is_asked_where_its_api_is(
    server: ScriptedServer, kitsu: ScriptedKitsu, tmp_path: Path
) -> None:
    settings = settings_at(server.url, tmp_path)
    settings.home.mkdir()
    (settings.home / "credentials.json").symlink_to(tmp_path / "elsewhere")

    Desk(settings, server.url).close()

    assert routes(server) == ASKED


def test_when_the_api_has_moved_since_the_login_then_a_save_waits_for_the_next_one(
    server: ScriptedServer, kitsu: ScriptedKitsu, scene: Path, tmp_path: Path
) -> None:
    words = "404 Not Found: The requested URL was not found on the server."
    server.on("*", "/api/*", json_answer({"error": True, "message": words}, 404))
    settings = settings_at(f"{server.url}/api", tmp_path)
    FileTokenStore(settings.home).save(f"{server.url}/api", Tokens("t.o.ken"))
    with Workfiles(settings) as workfiles:
        meanwhile = workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        workfiles.login(server.url, email="artist@example.com", password="secret")

    with Workfiles(settings) as workfiles:
        workfiles.sync()
        after = workfiles.outcome(meanwhile.save_id)

    assert (meanwhile.provisional, meanwhile.revision) == (True, None)
    assert (after.state, after.revision) == ("committed", 1)


@pytest.mark.parametrize(("fresh", "times"), [(300.0, 1), (0.0, 2)], ids=["fresh", "old"])
def test_when_another_name_is_saved_then_the_production_is_read_again_once_it_is_old(
    fresh: float, times: int, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    with Workfiles(settings_of_bot(server.url, tmp_path, cache_seconds=fresh)) as workfiles:
        for name in ("main", "cloth"):
            workfiles.save(FileHost(scene), SaveRequest(task=TASK, name=name))

    asked = [request.route for request in server.requests]
    assert asked.count(f"/data/projects/{PRODUCTION}/tasks") == times
    assert asked.count("/data/assets") == times


FULL = f"/data/tasks/{TASK}/full"
LISTS = [
    f"GET /data/projects/{PRODUCTION}/tasks",
    "GET /data/task-types",
    "GET /data/assets",
    "GET /data/entity-types",
]


def lists_read(server: ScriptedServer, since: int = 0) -> list[str]:
    return [route for route in routes(server, since) if route in LISTS]


def test_when_the_file_has_a_revision_in_its_place_then_its_neighbours_are_not_asked_for(
    server: ScriptedServer, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_TOGETHER_SECONDS", 0.0)  # it is a while later
    ScriptedKitsu(server)
    with Workfiles(settings_of_bot(server.url, tmp_path / "first")) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    before = len(server.requests)

    with Workfiles(settings_of_bot(server.url, tmp_path / "second")) as workfiles:
        again = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (again.state, again.revision) == ("committed", 2)
    assert lists_read(server) == LISTS
    assert lists_read(server, before) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/mnt/kitsu/projects/demo/assets/props/lamp/old/demo_props_lamp_v001.blend"},
        {"data": None},
        {"data": {"workfiles": {"schema": 1, "void": True}}},
        {"software_id": PERSON_RECORD["id"]},
        {"path": None},
        {"path": "\0"},
    ],
    ids=["elsewhere", "foreign", "void", "of-another-software", "nowhere", "odd"],
)
def test_when_the_newest_revision_proves_nothing_then_the_neighbours_are_asked_for(
    changes: dict[str, Any],
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_TOGETHER_SECONDS", 0.0)  # it is a while later
    kitsu = ScriptedKitsu(server)
    with Workfiles(settings_of_bot(server.url, tmp_path / "first")) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    (record,) = kitsu.records.values()
    record.update(changes)
    before = len(server.requests)

    with Workfiles(settings_of_bot(server.url, tmp_path / "second")) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert lists_read(server, before) == LISTS


@pytest.fixture
def long_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, what begins behind one barrier begins at the same moment."""
    monkeypatch.setattr(records, "_TOGETHER_SECONDS", 60.0)


@pytest.mark.usefixtures("long_moment")
def test_when_several_homes_save_at_the_same_moment_then_one_reads_the_production(
    server: ScriptedServer, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    tasks = replace(json_answer([TASK_RECORD]), delay=0.3)
    server.on("GET", f"/data/projects/{PRODUCTION}/tasks", tasks)
    begin = threading.Barrier(4)

    def save(home: Path) -> SaveResult:
        home.mkdir()
        path = home / "scene.blend"
        path.write_bytes(home.name.encode())
        settings = settings_of_bot(server.url, home)
        shared = settings.model_copy(update={"workspace": tmp_path / "workspace"})
        with Workfiles(shared) as workfiles:
            begin.wait(10.0)
            return workfiles.save(FileHost(path), SaveRequest(task=TASK))

    with ThreadPoolExecutor(max_workers=4) as beside:
        saved = list(beside.map(save, [tmp_path / f"home{n}" for n in range(4)]))

    assert sorted(result.revision or 0 for result in saved) == [1, 2, 3, 4]
    assert lists_read(server) == LISTS


def token_of(account: str) -> str:
    """A token that says whose it is."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": account}).encode()).decode().rstrip("=")
    return f"head.{claims}.signature"


def homes_of(address: str, tmp_path: Path, *accounts: str) -> list[Settings]:
    """A home for each account, all in one workspace."""
    return [
        settings_of_bot(address, tmp_path / f"home{number}").model_copy(
            update={"token": token_of(account), "workspace": tmp_path / "workspace"}
        )
        for number, account in enumerate(accounts)
    ]


@pytest.mark.usefixtures("long_moment")
@pytest.mark.parametrize(("accounts", "times"), [("aaaa", 1), ("aabb", 2)], ids=["one", "two"])
def test_when_several_homes_begin_at_the_same_moment_then_one_of_each_account_reads_the_task(
    server: ScriptedServer, scene: Path, tmp_path: Path, accounts: str, times: int
) -> None:
    ScriptedKitsu(server)
    begin = threading.Barrier(4)

    def save(settings: Settings) -> SaveResult:
        with Workfiles(settings) as workfiles:
            begin.wait(10.0)
            return workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    with ThreadPoolExecutor(max_workers=4) as beside:
        saved = list(beside.map(save, homes_of(server.url, tmp_path, *accounts)))

    assert {result.state for result in saved} == {"committed"}
    asked = routes(server)
    assert asked.count(f"GET {FULL}") == times
    assert asked.count("GET /data/softwares") == times


@pytest.mark.parametrize(
    ("patience", "known", "times"),
    [(None, 10.0, 1), (None, 0.0, 2), (4.0, 0.0, 1)],
    ids=["a moment ago", "a while ago", "an artist who waits"],
)
def test_when_a_process_saves_again_then_it_reads_the_task_again_after_a_while(
    patience: float | None,
    known: float,
    times: int,
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ScriptedKitsu(server)
    monkeypatch.setattr(desk, "RECENT_SECONDS", known)
    with Workfiles(settings_of_bot(server.url, tmp_path)) as workfiles:
        for _ in range(2):
            workfiles.save(FileHost(scene), SaveRequest(task=TASK), patience=patience)

    assert routes(server).count(f"GET {FULL}") == times


@pytest.mark.parametrize("homes", [(0, 0), (0, 1)], ids=["same home", "another home"])
def test_when_a_process_begins_then_what_others_knew_of_the_task_before_counts_no_more(
    homes: tuple[int, int],
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ScriptedKitsu(server)
    settings = homes_of(server.url, tmp_path, "a", "a")
    for number in homes:
        monkeypatch.setattr(records, "_BEGUN", time.time())
        with Workfiles(settings[number]) as workfiles:
            workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert routes(server).count(f"GET {FULL}") == 2


def test_when_a_software_record_is_added_then_it_counts_at_once(
    server: ScriptedServer, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    path = tmp_path / "scene.hip"
    path.write_bytes(b"a scene")
    blender = {"id": SOFTWARE, "name": "Blender", "file_extension": "blend"}
    houdini = {"id": PERSON_RECORD["id"], "name": "Houdini", "file_extension": ".hip"}
    server.on("GET", "/data/softwares", json_answer([blender]))
    settings = settings_of_bot(server.url, tmp_path)
    with Workfiles(settings) as workfiles, pytest.raises(NotFound, match=r"record for \.hip"):
        workfiles.save(FileHost(path), SaveRequest(task=TASK))
    server.on("GET", "/data/softwares", json_answer([blender, houdini]))

    with Workfiles(settings) as workfiles:
        saved = workfiles.save(FileHost(path), SaveRequest(task=TASK))

    assert (saved.state, saved.revision) == ("committed", 1)
    assert saved.path.endswith("_v001.hip")


def test_when_a_production_gets_its_tree_then_that_counts_for_everybody_at_once(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    bare = {**FULL_TASK, "project": {**PROJECT_RECORD, "file_tree": None}}
    first, second = homes_of(server.url, tmp_path, "a", "a")

    server.on("GET", FULL, json_answer(bare))
    with Workfiles(first) as workfiles, pytest.raises(WorkfilesError, match="file tree"):
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
    server.on("GET", FULL, json_answer(FULL_TASK))

    with Workfiles(second) as workfiles:
        assert workfiles.save(FileHost(scene), SaveRequest(task=TASK)).state == "committed"


def test_when_the_server_has_another_path_then_what_another_process_has_read_counts_no_more(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    kitsu = ScriptedKitsu(server)
    first, second = homes_of(server.url, tmp_path, "a", "a")
    with Workfiles(first) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    def made_elsewhere(request: Request) -> Answer:
        made = kitsu.add(2, path="/of/a/lantern", comment=request.json()["comment"])
        return json_answer(kitsu.records[made], 201)

    entity = {**FULL_TASK["entity"], "name": "Lantern"}
    server.on("GET", FULL, json_answer({**FULL_TASK, "entity": entity}))
    server.on("POST", f"/data/tasks/{TASK}/working-files/new", made_elsewhere)
    with Workfiles(second) as workfiles:
        saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (saved.state, saved.revision) == ("committed", 2)
    assert "lantern" in saved.path


def renamed(name: str) -> Answer:
    return json_answer({**FULL_TASK, "entity": {**FULL_TASK["entity"], "name": name}})


def test_when_a_name_is_usable_again_then_that_counts_at_once(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    kitsu = ScriptedKitsu(server)

    with Workfiles(settings_of_bot(server.url, tmp_path)) as workfiles:
        server.on("GET", FULL, renamed(".."))
        with pytest.raises(PathError, match="<Asset>"):
            workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        assert not kitsu.records
        server.on("GET", FULL, renamed("Lantern"))
        saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (saved.state, saved.revision) == ("committed", 1)
    assert "lantern" in saved.path


def test_when_the_server_has_a_path_that_cannot_be_used_then_the_number_is_the_next_saves(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    kitsu = ScriptedKitsu(server)

    def made_elsewhere(request: Request) -> Answer:
        made = kitsu.add(2, path="/of/nothing/", comment=request.json()["comment"])
        return json_answer(kitsu.records[made], 201)

    with Workfiles(settings_of_bot(server.url, tmp_path)) as workfiles:
        workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        server.on("GET", FULL, renamed(".."))
        server.on("POST", f"/data/tasks/{TASK}/working-files/new", made_elsewhere)
        with pytest.raises(PathError, match="<Asset>"):
            workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        assert workfiles.status() == []

        server.on("GET", FULL, json_answer(FULL_TASK))
        saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (saved.state, saved.revision) == ("committed", 2)


def test_when_the_path_is_another_tasks_then_it_is_looked_at_again_for_the_next_try(
    server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    kitsu = ScriptedKitsu(server)
    route = f"/data/projects/{PRODUCTION}/tasks"
    second = {**TASK_RECORD, "id": PERSON_RECORD["id"], "name": "second"}
    answers = [html_error(503), json_answer([TASK_RECORD])]
    server.on("GET", route, json_answer([TASK_RECORD, second]), *answers)

    with Workfiles(settings_of_bot(server.url, tmp_path)) as workfiles:
        for _ in ("looked at", "known while the server does not answer"):
            with pytest.raises(PathError, match=second["id"]):
                workfiles.save(FileHost(scene), SaveRequest(task=TASK))
        assert not kitsu.records
        workfiles.desk.circuit.reset()
        saved = workfiles.save(FileHost(scene), SaveRequest(task=TASK))

    assert (saved.state, saved.revision) == ("committed", 1)
