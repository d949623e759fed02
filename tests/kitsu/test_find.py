"""From what people write to a task, on a production with awkward names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from kitsu.conftest import client_of
from live_kitsu import LiveKitsu
from scripted_server import ScriptedServer

from wf_core.errors import AmbiguousReference, NotFound, UsageError
from wf_core.kitsu import KitsuClient, Session, find_production, find_task, find_task_id

HEX = uuid.uuid4().hex[:6]
LOOK = {
    "Asset": f"Look {HEX}",
    "Shot": f"Look-{HEX}",
    "Sequence": f"Look.{HEX}",
    "Episode": f"Look_{HEX}",
}
"""Task types, one for each kind of entity, whose names differ in signs only."""
ID = "b35b7fb5-df86-5776-b181-68564193d36a"


@dataclass(frozen=True)
class World:
    """A production of this module's own; ``tasks`` are ids by what the tests call them."""

    name: str
    id: str
    tasks: dict[str, str]


@pytest.fixture(scope="module")
def artist(kitsu: LiveKitsu) -> KitsuClient:
    """On the pinned release only: the older one answers the same routes, as others test."""
    return client_of(kitsu.info, *kitsu.credentials("artist"))


@pytest.fixture(scope="module")
def world(kitsu: LiveKitsu) -> World:
    production = kitsu.production(f"Find/Me {uuid.uuid4().hex[:6]}")
    lamp = kitsu.asset(production, "Lamp")
    other_lamp = kitsu.asset(production, "lamp", asset_type="Characters")
    table = kitsu.asset(production, "Größe Tisch")
    upper = kitsu.asset(production, "Wheel")
    lower = kitsu.asset(production, "wheel")
    pair = kitsu.asset(production, "Pair")
    named_like_a_type = kitsu.sequence(production, "Props")
    clash_asset = kitsu.asset(production, "Clash")
    clash_shot = kitsu.shot(production, named_like_a_type, "Clash")
    sequence = kitsu.sequence(production, "SQ01")
    shot = kitsu.shot(production, sequence, "SH010")
    first = kitsu.episode(production, "E01")
    second = kitsu.episode(production, "E02")
    in_first = kitsu.shot(production, kitsu.sequence(production, "SQ07", episode=first), "SH070")
    in_both = [
        kitsu.shot(production, kitsu.sequence(production, "SQ08", episode=episode), "SH080")
        for episode in (first, second)
    ]
    for kind, name in LOOK.items():
        body = {"name": name, "color": "#ffffff", "for_entity": kind}
        kitsu.call("POST", "data/task-types", body)
    tasks = {
        "lamp": kitsu.task(lamp)["id"],
        "lamp shading": kitsu.task(lamp, "Shading")["id"],
        "character": kitsu.task(other_lamp)["id"],
        "table": kitsu.task(table)["id"],
        "Wheel": kitsu.task(upper)["id"],
        "wheel": kitsu.task(lower)["id"],
        "pair main": kitsu.task(pair)["id"],
        "pair second": kitsu.task(pair, name="second")["id"],
        "clash asset": task_of(kitsu, clash_asset, "Asset"),
        "clash shot": task_of(kitsu, clash_shot, "Shot"),
        "shot": kitsu.task(shot, "Animation")["id"],
        "in first": kitsu.task(in_first, "Animation")["id"],
        "both first": kitsu.task(in_both[0], "Animation")["id"],
        "both second": kitsu.task(in_both[1], "Animation")["id"],
        "sequence": task_of(kitsu, sequence, "Sequence"),
        "episode": task_of(kitsu, first, "Episode"),
    }
    return World(production["name"], production["id"], tasks)


def task_of(live: LiveKitsu, entity: dict[str, Any], kind: str) -> str:
    """A task of that one of the types :data:`LOOK` which is for that kind of entity."""
    task_types = live.get("data/task-types")
    body = {
        "name": "main",
        "project_id": entity["project_id"],
        "entity_id": entity["id"],
        "task_type_id": next(record["id"] for record in task_types if record["name"] == LOOK[kind]),
        "task_status_id": live.find("task-status", "Todo")["id"],
    }
    return str(live.call("POST", "data/tasks", body)["id"])


@pytest.mark.server
@pytest.mark.parametrize(
    ("rest", "task"),
    [
        pytest.param("Props/Lamp/Modeling", "lamp", id="as written"),
        pytest.param("/Props/Lamp/Modeling/", "lamp", id="slashes around"),
        pytest.param("props/lamp/MODELING", "lamp", id="capitals"),
        pytest.param("Props/Lamp/Shading", "lamp shading", id="another type"),
        pytest.param("Characters/lamp/Modeling", "character", id="another asset type"),
        pytest.param("Props/Größe Tisch/Modeling", "table", id="accents"),
        pytest.param("props/grosse_tisch/modeling", "table", id="slug"),
        pytest.param("Props/Wheel/Modeling", "Wheel", id="capital alike"),
        pytest.param("Props/wheel/Modeling", "wheel", id="small alike"),
        pytest.param("SQ01/SH010/Animation", "shot", id="shot"),
        pytest.param("E01/SQ07/SH070/Animation", "in first", id="shot in an episode"),
        pytest.param("SQ07/SH070/Animation", "in first", id="episode left out"),
        pytest.param("E02/SQ08/SH080/Animation", "both second", id="episode needed"),
        pytest.param(f"SQ01/{LOOK['Sequence']}", "sequence", id="sequence"),
        pytest.param(f"E01/{LOOK['Episode']}", "episode", id="episode"),
    ],
)
def test_when_a_reference_means_one_task_then_it_is_found(
    artist: KitsuClient, world: World, rest: str, task: str
) -> None:
    assert find_task_id(artist, f"{world.name}/{rest.strip('/')}") == world.tasks[task]
    context = find_task(artist, f"/{world.name.upper()}/{rest.strip('/')}/")
    assert context.task.id == world.tasks[task]


@pytest.mark.server
@pytest.mark.parametrize(
    "task", ["lamp", "table", "shot", "in first", "both second", "sequence", "episode"]
)
def test_when_a_context_has_a_label_then_the_label_finds_the_task(
    artist: KitsuClient, world: World, task: str
) -> None:
    label = artist.task_context(world.tasks[task]).label
    assert find_task_id(artist, label) == world.tasks[task]


@pytest.mark.server
@pytest.mark.parametrize(
    ("rest", "tasks", "notes"),
    [
        pytest.param(
            "Props/Pair/Modeling",
            ["pair main", "pair second"],
            ["(asset)", "(asset, task “second”)"],
            id="two tasks of a type",
        ),
        pytest.param(
            f"Props/Clash/look+{HEX}",
            ["clash asset", "clash shot"],
            ["(asset)", "(shot)"],
            id="asset and shot of the same name",
        ),
        pytest.param(
            "Props/WHEEL/Modeling",
            ["Wheel", "wheel"],
            ["/Wheel/Modeling (asset)", "/wheel/Modeling (asset)"],
            id="names that fall together",
        ),
        pytest.param(
            "SQ08/SH080/Animation",
            ["both first", "both second"],
            ["/E01/SQ08/SH080/Animation (shot)", "/E02/SQ08/SH080/Animation (shot)"],
            id="episode left out",
        ),
    ],
)
def test_when_a_reference_means_several_tasks_then_all_are_named(
    artist: KitsuClient, world: World, rest: str, tasks: list[str], notes: list[str]
) -> None:
    with pytest.raises(AmbiguousReference, match="can mean 2 tasks") as raised:
        find_task_id(artist, f"{world.name}/{rest}")
    candidates = raised.value.candidates
    assert {task_id for _, task_id in candidates} == {world.tasks[task] for task in tasks}
    for (label, _), note in zip(sorted(candidates), notes, strict=True):
        assert label.startswith(f"{world.name}/")
        assert label.endswith(note)


@pytest.mark.server
@pytest.mark.parametrize(
    ("rest", "nearest"),
    [
        pytest.param("Props/Lmap/Modeling", "Props/Lamp/Modeling", id="letters swapped"),
        pytest.param("Props/Lamp/Modelling", "Props/Lamp/Modeling", id="task type"),
        pytest.param("Props/Lamp", "Props/Lamp/Modeling", id="task type forgotten"),
        pytest.param("SQ01/SH011/Animation", "SQ01/SH010/Animation", id="another shot"),
        pytest.param("Prop/Lamp/Shading", "Props/Lamp/Shading", id="asset type"),
    ],
)
def test_when_nothing_matches_then_the_nearest_references_are_suggested(
    artist: KitsuClient, world: World, rest: str, nearest: str
) -> None:
    with pytest.raises(NotFound) as raised:
        find_task_id(artist, f"{world.name}/{rest}")
    assert f"{world.name}/{nearest}" in raised.value.suggestions
    assert 1 <= len(raised.value.suggestions) <= 5


@pytest.mark.server
def test_when_the_production_is_mistyped_then_references_in_the_nearest_are_suggested(
    artist: KitsuClient,
) -> None:
    with pytest.raises(NotFound) as raised:
        find_task_id(artist, "Dmo/Props/Lamp/Modeling")
    assert raised.value.suggestions[0] == "Demo/Props/Lamp/Modeling"


@pytest.mark.server
def test_when_there_is_no_such_production_then_it_says_so(artist: KitsuClient) -> None:
    with pytest.raises(NotFound, match="no open production “zzzzzz”"):
        find_task_id(artist, "zzzzzz/Props/Lamp/Modeling")


@pytest.mark.server
def test_when_a_production_is_named_then_name_code_and_id_find_it(
    artist: KitsuClient, world: World
) -> None:
    for reference in (world.name, world.name.upper(), world.id, world.id.upper()):
        assert find_production(artist, reference).id == world.id
    assert find_production(artist, "Demo").name == "Demo"
    with pytest.raises(NotFound) as raised:
        find_production(artist, "Demoo")
    assert "Demo" in raised.value.suggestions


@pytest.mark.server
def test_when_an_id_is_unknown_then_it_is_not_found(artist: KitsuClient) -> None:
    with pytest.raises(NotFound):
        find_task(artist, ID)


# Ids and addresses need no server


@pytest.fixture
def client() -> KitsuClient:
    return KitsuClient(Session("https://kitsu.example.com/api"))


@pytest.mark.parametrize(
    "reference",
    [
        ID,
        f"  {ID.upper()} ",
        f"https://kitsu.example.com/productions/{ID[::-1]}/assets/tasks/{ID}",
        f"https://kitsu.example.com/productions/x/shots/tasks/{ID}",
        f"https://kitsu.example.com/productions/x/episodes/y/shots/tasks/{ID}",
        f"https://kitsu.example.com/productions/x/episodes/y/tasks/{ID}",
        f"https://kitsu.example.com/productions/x/episodes/all/assets/tasks/{ID}/",
        f"https://kitsu.example.com/productions/x/assets/tasks/{ID}/previews/{ID[::-1]}",
        f"https://kitsu.example.com/productions/x/assets/tasks/{ID}?section=a/b#c/tasks/d",
        f"https://KITSU.example.com:443/productions/x/edits/tasks/{ID.upper()}",
        f"kitsu.example.com/productions/x/assets/tasks/{ID}",
    ],
)
def test_when_an_id_or_a_page_is_given_then_it_is_that_task(
    client: KitsuClient, reference: str
) -> None:
    assert find_task_id(client, reference) == ID


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        pytest.param("", "No task was named", id="empty"),
        pytest.param("  / ", "No task was named", id="slash"),
        pytest.param(
            f"https://other.example.com/productions/x/assets/tasks/{ID}",
            "That page is on other.example.com",
            id="another server",
        ),
        pytest.param(
            f"https://kitsu.example.com/productions/{ID}/assets",
            "not of a task's",
            id="another page",
        ),
        pytest.param(
            "https://kitsu.example.com/productions/x/assets/tasks/7", "not of a task's", id="no id"
        ),
        pytest.param("https://[", "That page is on", id="broken"),
    ],
)
def test_when_it_cannot_name_a_task_then_it_says_why(
    client: KitsuClient, reference: str, complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        find_task_id(client, reference)


def test_when_only_an_id_is_given_then_the_server_is_not_asked() -> None:
    with ScriptedServer() as server:
        assert find_task_id(KitsuClient(Session(server.url)), ID) == ID
        assert server.requests == []
