"""What the client makes of records that are odd, old or new."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_server import ScriptedServer, json_answer

import wf_core.kitsu
from wf_core.errors import BadAnswer, InputError, NoFileTree, Refused
from wf_core.kitsu import KitsuClient, Session, Timeouts, server_version

FAST = Timeouts(connect=1.0, read=1.0, total=2.0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> KitsuClient:
    return KitsuClient(Session(server.url, bot_token="t", timeouts=FAST, retries=0))


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda c: c.working_file("w1"), id="a record"),
        pytest.param(lambda c: c.working_files("t1"), id="a list"),
        pytest.param(lambda c: c.last_revisions("t1"), id="a dictionary"),
        pytest.param(lambda c: c.task_context("t1"), id="a context"),
        pytest.param(lambda c: c.whoami(), id="the account"),
        pytest.param(
            lambda c: c.working_file_path("t1", revision=1, software_id="s1"), id="a path"
        ),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [None, 1, "text", [1], {"id": 1}, {"a": {"b": []}}, [{"id": "w1", "revision": "x"}]],
    ids=str,
)
def test_when_the_shape_is_wrong_then_it_is_a_bad_answer(
    server: ScriptedServer, client: KitsuClient, call: Callable[[KitsuClient], Any], answer: object
) -> None:
    server.everything(json_answer(answer))
    with pytest.raises(BadAnswer):
        call(client)


def test_when_a_record_has_fields_nobody_knows_and_lacks_others_then_it_is_read(
    server: ScriptedServer, client: KitsuClient
) -> None:
    server.everything(
        json_answer({"id": "w1", "revision": 3, "name": None, "future": {"x": 1}, "comment": None})
    )
    record = client.working_file("w1")
    assert (record.id, record.revision, record.name, record.comment) == ("w1", 3, "main", None)


def test_when_the_full_task_leaves_things_out_then_they_are_asked_for(
    server: ScriptedServer, client: KitsuClient
) -> None:
    task = {"id": "t1", "project_id": "p1", "entity_id": "e1", "task_type_id": "tt1"}
    server.on("GET", "/data/tasks/t1/full", json_answer(task))
    for route, record in {
        "projects/p1": {"id": "p1", "name": "Demo"},
        "entities/e1": {"id": "e1", "name": "SH1", "entity_type_id": "et1", "parent_id": "s1"},
        "entities/s1": {"id": "s1", "name": "SQ1", "entity_type_id": "et2", "parent_id": "ep1"},
        "entities/ep1": {"id": "ep1", "name": "E1", "entity_type_id": "et3"},
        "entity-types/et1": {"id": "et1", "name": "Shot"},
        "task-types/tt1": {"id": "tt1", "name": "Layout"},
    }.items():
        server.on("GET", f"/data/{route}", json_answer(record))
    assert client.task_context("t1").label == "Demo/E1/SQ1/SH1/Layout"


@pytest.mark.parametrize(
    ("part", "template", "asked"),
    [
        ("working", "<Project>/<TaskType>", set()),
        ("working", "<Project>/<Department>", {"departments"}),
        ("working", "<Project>/<Department.id>", {"departments"}),
        ("output", "<Project>/<Department>", {"departments"}),
        ("working", "<Project>/<OutputType>", {"output-types"}),
        ("output", "<Project>/<OutputType>", set()),
    ],
)
def test_when_a_tree_does_not_ask_for_a_record_then_neither_does_a_context(
    server: ScriptedServer, client: KitsuClient, part: str, template: str, asked: set[str]
) -> None:
    tree = {"working": {}, part: {"folder_path": {"asset": template}}}
    full = {
        "id": "t1",
        "project_id": "p1",
        "entity_id": "e1",
        "task_type_id": "tt1",
        "project": {"id": "p1", "name": "Demo", "file_tree": tree},
        "entity": {"id": "e1", "name": "Lamp", "entity_type_id": "et1"},
        "entity_type": {"id": "et1", "name": "Props"},
        "task_type": {"id": "tt1", "name": "Modeling", "department_id": "d1"},
    }
    server.on("GET", "/data/tasks/t1/full", json_answer(full))
    server.on("GET", "/data/departments", json_answer([{"id": "d1", "name": "Models"}]))
    server.on("GET", "/data/output-types", json_answer([{"id": "o1", "name": "Geometry"}]))

    context = client.task_context("t1")

    assert {request.route.split("/")[2] for request in server.requests[1:]} == asked
    assert (context.department is not None) == ("departments" in asked)
    assert (context.geometry is not None) == ("output-types" in asked)


def test_when_the_server_makes_another_revision_then_it_is_not_taken_for_ours(
    server: ScriptedServer, client: KitsuClient
) -> None:
    server.everything(json_answer({"id": "w1", "name": "main", "revision": 9}, 201))
    with pytest.raises(BadAnswer, match="revision 9"):
        client.create_working_file("t1", name="main", revision=8, software_id="s1")


@pytest.mark.parametrize(
    ("highest", "expected"),
    [(None, 1), (-5, 1), (0, 1), (1, 2), (999, 1000), (2_147_483_645, 2_147_483_646)],
)
def test_when_the_highest_revision_is_known_then_the_next_is_one_more(
    server: ScriptedServer, client: KitsuClient, highest: int | None, expected: int
) -> None:
    names = {} if highest is None else {"main": {"id": "w", "revision": highest}}
    server.everything(json_answer({**names, "cache": {"id": "c", "revision": 70}}))
    assert client.next_revision("t1") == expected


def test_when_the_revisions_are_used_up_then_it_says_so(
    server: ScriptedServer, client: KitsuClient
) -> None:
    server.everything(json_answer({"main": {"id": "w", "revision": 2_147_483_646}}))
    with pytest.raises(InputError, match="used up"):
        client.next_revision("t1")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("No tree can be found for given project.", NoFileTree),
        ("Mode render cannot be found on given tree.", NoFileTree),
        ("Unknown data type: Foo.", NoFileTree),
        ("Given asset is null.", NoFileTree),
        ("The software is strange.", Refused),
    ],
)
def test_when_a_path_is_refused_then_a_missing_tree_is_told_apart(
    server: ScriptedServer, client: KitsuClient, words: str, kind: type[Exception]
) -> None:
    server.everything(json_answer({"message": words}, 400))
    with pytest.raises(kind, match=words):
        client.working_file_path("t1", revision=1, software_id="s1")


@pytest.mark.parametrize(
    ("answer", "version"),
    [({"api": "Zou", "version": "1.0.97"}, "1.0.97"), ({"api": "Zou"}, ""), ([], "")],
)
def test_when_the_version_is_asked_for_then_nothing_is_assumed(
    server: ScriptedServer, answer: object, version: str
) -> None:
    server.everything(json_answer(answer))
    assert server_version(Session(server.url, timeouts=FAST)) == version


def test_when_the_package_is_imported_then_nothing_heavy_is() -> None:
    script = (
        "import sys, wf_core.kitsu\n"
        "heavy = {'requests', 'pydantic', 'http', 'webbrowser', 'slugify'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "from wf_core.kitsu import Session\n"
        "assert 'pydantic' not in sys.modules and 'webbrowser' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("name", wf_core.kitsu.__all__)
def test_when_a_name_is_public_then_it_is_there_and_documented(name: str) -> None:
    assert getattr(wf_core.kitsu, name).__doc__
    assert name in dir(wf_core.kitsu)


def test_when_a_name_is_not_public_then_it_is_missing() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = wf_core.kitsu.nothing  # type: ignore[attr-defined]
