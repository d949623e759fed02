"""What a run asks the server about its tasks, and what it makes of the answers."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kitsu import FreshTask, LiveKitsu

from tests.batch.conftest import Batch
from tests.cli.running import Process
from tests.cli.scripted_kitsu import PRODUCTION, PROJECT_RECORD, TASK, ScriptedKitsu
from tests.saves.bot import settings_of_bot
from tests.scripted_server import Answer, Request, ScriptedServer, json_answer
from wf_core.batch.tasks import TaskBook
from wf_core.errors import AmbiguousReference
from wf_core.workfiles import Workfiles

SHAPE = {
    f"/data/tasks/{TASK}/full",
    f"/data/projects/{PRODUCTION}/tasks",
    f"/data/assets?project_id={PRODUCTION}",
    "/data/task-types",
    "/data/entity-types",
    "/data/softwares",
}
"""What renders paths, and tells them from those of other tasks."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def wf(server: ScriptedServer, tmp_path: Path) -> Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WF_")}
    return Process(
        {
            **kept,
            "WF_HOME": str(tmp_path / "home"),
            "WF_WORKSPACE": str(tmp_path / "workspace"),
            "WF_SERVER": server.url,
            "WF_TOKEN": "bot.token.secret",
        }
    )


def asked(server: ScriptedServer, since: int) -> Counter[str]:
    """How often each address was read, those that are about a row's own records left out."""
    return Counter(
        request.path
        for request in server.requests[since:]
        if request.method == "GET" and "/working-files" not in request.path
    )


@pytest.mark.slow
def test_when_rows_are_checked_and_done_then_each_list_is_read_once_by_each_process(
    server: ScriptedServer, wf: Process, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    rows = []
    for name in ("main", "cloth", "hair"):
        (tmp_path / f"{name}.blend").write_bytes(name.encode())
        rows.append(json.dumps({"scene": f"{name}.blend", "task": TASK, "name": name}))
    (tmp_path / "jobs.jsonl").write_text("\n".join(rows), encoding="utf-8")

    made = wf("batch", "run", str(tmp_path / "jobs.jsonl"), "--prepare", "--json")
    before = len(server.requests)
    done = wf("batch", "work", str(tmp_path / "jobs.run"), "--rows", "1-3", "--json")

    assert (made.code, done.code) == (0, 0), made.out + done.out
    # Where the API is, the worker knows from the run.
    assert asked(server, 0) - asked(server, before) == Counter({"/api/", "/", *SHAPE})
    assert asked(server, before) == Counter(SHAPE)


def test_when_a_list_names_assets_and_shots_then_all_are_saved(
    batch: Batch, kitsu: LiveKitsu
) -> None:
    production = kitsu.production()
    sequence = kitsu.sequence(production, episode=kitsu.episode(production))
    shot = kitsu.shot(production, sequence)
    batch.add(2)
    of_sequence = kitsu.fresh_type("Sequence")
    batch.tasks += [
        FreshTask(kitsu.task(entity, kind)["id"], "", production, entity, kind)
        for entity, kind in ((shot, kitsu.task_type("Layout")), (sequence, of_sequence))
    ]
    batch.scenes += [batch.folder / "shot.blend", batch.folder / "sequence.blend"]
    for scene in batch.scenes[2:]:
        scene.write_bytes(scene.name.encode())
    rows = [{**row, "task": task.id} for row, task in zip(batch.rows(), batch.tasks, strict=True)]

    done = batch("run", str(batch.list(rows)), "--workers", "1")

    assert done.code == 0, done.out + done.err
    batch.assert_each_committed_once()


def test_when_a_label_can_mean_an_asset_and_a_shot_then_it_means_neither(
    server: ScriptedServer, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    kinds = {"props": "Props", "shot": "Shot", "sequence": "Sequence"}
    chair, lamp, shot, sequence = entities = [
        {"id": key, "name": name, "entity_type_id": kind, "parent_id": parent}
        for key, name, kind, parent in (
            ("a1", "Chair", "props", None),
            ("a2", "Lamp", "props", None),
            ("s1", "Lamp", "shot", "q1"),
            ("q1", "Props", "sequence", None),
        )
    ]
    tasks = [
        {"id": f"of-{entity}", "entity_id": entity, "task_type_id": kind, "project_id": PRODUCTION}
        for entity, kind in (("a1", "Asset"), ("a2", "Asset"), ("s1", "Shot"))
    ]
    types = [{"id": kind, "name": "Effects", "for_entity": kind} for kind in ("Asset", "Shot")]
    for route, answer in {
        "assets": [chair, lamp],
        "shots": [shot],
        "sequences": [sequence],
        "episodes": [],
        "entities": entities,
        "entities/q1": sequence,
        "entity-types": [{"id": key, "name": name} for key, name in kinds.items()],
        "task-types": types,
        f"projects/{PRODUCTION}/tasks": tasks,
        "tasks/of-a1/full": {
            **tasks[0],
            "project": PROJECT_RECORD,
            "entity": chair,
            "entity_type": {"id": "props", "name": "Props"},
            "task_type": types[0],
        },
    }.items():
        server.on("GET", f"/data/{route}", json_answer(answer))

    def of_entity(request: Request) -> Answer:
        return json_answer([t for t in tasks if request.path.endswith(f"={t['entity_id']}")])

    server.on("GET", "/data/tasks", of_entity)
    with Workfiles(settings_of_bot(server.url, tmp_path)) as workfiles:
        book = TaskBook(workfiles.desk.client, workfiles.desk.records)

        assert book.context("Demo/Props/Chair/Effects").task.id == "of-a1"
        with pytest.raises(AmbiguousReference):
            book.context("Demo/Props/Lamp/Effects")
