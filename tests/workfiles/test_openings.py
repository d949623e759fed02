"""Small things adapters reach through the facade alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import FULL_TASK, OUTPUT_TYPE, PROJECT_RECORD, TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, json_answer
from wf_core.models import Task
from wf_core.workfiles import Workfiles, pictures


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def workfiles(server: ScriptedServer, tmp_path: Path) -> Iterator[Workfiles]:
    with Workfiles(settings_of_bot(server.url, tmp_path)) as opened:
        yield opened


def test_when_a_code_by_email_is_wanted_then_the_server_is_asked_without_a_token(
    workfiles: Workfiles, server: ScriptedServer
) -> None:
    server.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))
    server.on("GET", "/auth/email-otp", json_answer({"success": True}))

    workfiles.send_email_code(server.url, email="artist@example.com")

    asked = server.requests[-1]
    assert asked.path == "/auth/email-otp?email=artist%40example.com"
    assert "authorization" not in asked.headers


LABELS: dict[str, tuple[dict[str, Any], str]] = {
    "an asset": (
        {"entity_type_name": "Props", "entity_name": "Lamp"},
        "Demo/Props/Lamp/Modeling",
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
    "one of which little is known": ({}, "Demo/Modeling"),
}


@pytest.mark.parametrize(("names", "label"), LABELS.values(), ids=LABELS)
def test_when_a_task_is_listed_then_it_has_the_label_commands_take(
    names: dict[str, Any], label: str
) -> None:
    assert Task(id="t", project_name="Demo", task_type_name="Modeling", **names).label == label


@pytest.mark.parametrize(
    ("template", "expected"),
    [("<Asset>", None), ("<OutputType>/<Asset>", OUTPUT_TYPE)],
    ids=["no tree asks for it", "the tree asks for it"],
)
def test_when_a_tree_asks_for_an_output_type_then_the_context_has_the_servers_geometry(
    template: str, expected: str | None, workfiles: Workfiles, server: ScriptedServer
) -> None:
    ScriptedKitsu(server)
    working = {**PROJECT_RECORD["file_tree"]["working"], "folder_path": {"asset": template}}
    project = {**PROJECT_RECORD, "file_tree": {"working": working}}
    server.on("GET", f"/data/tasks/{TASK}/full", json_answer({**FULL_TASK, "project": project}))
    server.on("GET", "/data/output-types", json_answer([{"id": OUTPUT_TYPE, "name": "Geometry"}]))

    geometry = workfiles.find_task(TASK).geometry

    assert (geometry.id if geometry else None) == expected


def test_when_there_are_many_pictures_then_the_oldest_go(
    workfiles: Workfiles, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kitsu = ScriptedKitsu(server)
    monkeypatch.setattr(pictures, "_MOST_KEPT", 2)
    kitsu.add(1, data={"workfiles": {"save_id": "0"}})
    for number in range(5):
        picture = workfiles.picture_path(str(number))
        picture.write_bytes(b"\x89PNG")
        os.utime(picture, (number, number))

    workfiles.pictures(TASK)

    left = sorted(path.stem for path in workfiles.picture_path("0").parent.iterdir())
    assert left == ["0", "3", "4"]  # the first one is shown at this moment
