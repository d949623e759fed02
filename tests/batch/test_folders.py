"""Folders of scenes whose paths name their tasks."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import LiveKitsu

from tests.batch.conftest import Batch

RULE = "<AssetType>/<Asset>/<Asset>_<TaskType>"


@pytest.fixture
def lamps(kitsu: LiveKitsu) -> dict[str, Any]:
    """A production with tasks whose names run into each other."""
    production = kitsu.production()
    tasks = {}
    for asset, task_type in (
        ("Oil Lamp", "Modeling"),
        ("Oil Lamp", "Rigging"),
        ("Oil", "Modeling"),
    ):
        known = {name: entity for name, entity, _ in tasks.values()}
        entity = known.get(asset) or kitsu.asset(production, asset)
        tasks[f"{asset}/{task_type}"] = (asset, entity, kitsu.task(entity, task_type)["id"])
    return {"production": production, "tasks": {key: task for key, (_, _, task) in tasks.items()}}


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"scene {name} {uuid.uuid4()}".encode())


def test_when_paths_fit_the_rule_then_each_names_its_task(
    batch: Batch, lamps: dict[str, Any]
) -> None:
    scenes = batch.folder / "delivered"
    put(
        scenes,
        "Props/Oil Lamp/oil_lamp_modeling.blend",
        "props/oil_lamp/Oil-Lamp_Rigging_cloth.blend",
        "props/oil/oil.modeling.ma",
        "props/oil/notes.txt",
        ".cache/oil_modeling.blend",
    )
    options = ("--rule", RULE, "--project", lamps["production"]["name"], "--comment", "delivered")

    looked = batch("run", str(scenes), *options, "--dry-run")

    assert looked.code == 0, looked.out + looked.err
    tasks = lamps["tasks"]
    assert {
        (Path(row["scene"]).name, row["task_id"], row["name"]) for row in looked.document["rows"]
    } == {
        ("oil_lamp_modeling.blend", tasks["Oil Lamp/Modeling"], "main"),
        ("Oil-Lamp_Rigging_cloth.blend", tasks["Oil Lamp/Rigging"], "cloth"),
        ("oil.modeling.ma", tasks["Oil/Modeling"], "main"),
    }
    assert (looked.document["older"], looked.document["others"]) == ([], 1)
    assert not scenes.with_name("delivered.run").exists()
    assert batch("run", str(scenes), *options, "--workers", "1").code == 0
    for task, name in zip(tasks.values(), ("main", "cloth", "main"), strict=True):
        (record,) = batch.kitsu.working_files(task)
        assert (record["name"], record["comment"]) == (name, "delivered")


def test_when_the_rule_alone_names_departments_then_they_are_known(
    batch: Batch, lamps: dict[str, Any]
) -> None:
    scenes = batch.folder / "delivered"
    put(scenes, "animation/oil_lamp/rigging.blend", "modeling/oil/modeling.blend")
    rule = "<Department>/<Asset>/<TaskType>"
    options = ("--rule", rule, "--project", lamps["production"]["name"], "--dry-run")

    looked = batch("run", str(scenes), *options)

    assert looked.code == 0, looked.out + looked.err
    found = [row["task_id"] for row in looked.document["rows"]]
    assert found == [lamps["tasks"][name] for name in ("Oil Lamp/Rigging", "Oil/Modeling")]


def test_when_a_type_is_used_for_another_kind_then_its_task_is_found(
    batch: Batch, kitsu: LiveKitsu
) -> None:
    production = kitsu.production()
    kind = kitsu.fresh_type("Asset")
    task = kitsu.task(kitsu.asset(production, "Lamp"), kind)
    kitsu.call("PUT", f"data/task-types/{kind['id']}", {"for_entity": "Shot"})
    scenes = batch.folder / "delivered"
    put(scenes, f"props/lamp/lamp_{kind['name'].lower().replace(' ', '_')}.blend")

    options = ("--rule", RULE, "--project", production["name"], "--dry-run")
    looked = batch("run", str(scenes), *options)

    assert looked.code == 0, looked.out + looked.err
    assert [row["task_id"] for row in looked.document["rows"]] == [task["id"]]


def test_when_scenes_fit_no_task_then_each_is_named_and_nothing_starts(
    batch: Batch, lamps: dict[str, Any]
) -> None:
    scenes = batch.folder / "delivered"
    put(
        scenes,
        "props/oil/oil_modelling.blend",
        "oil_modeling.blend",
        "props/oil_lamp/oil_lamp_modeling.blend",
        "props/oil_lamp/oil_lamp_modeling.ma",
    )

    done = batch(*("run", str(scenes), "--rule", RULE, "--project", lamps["production"]["name"]))

    assert done.code == 5
    production = lamps["production"]["name"]
    told = {text.split(": ")[0]: text for text in done.error["problems"]}
    assert sorted(told) == [
        "oil_modeling.blend",
        "props/oil/oil_modelling.blend",
        "props/oil_lamp/oil_lamp_modeling.ma",
    ]
    assert "does not fit the rule" in told["oil_modeling.blend"]
    assert f"Did you mean {production}/Props/Oil/Modeling" in told["props/oil/oil_modelling.blend"]
    assert not scenes.with_name("delivered.run").exists()


def test_when_the_rule_is_the_file_tree_then_the_newest_revisions_are_saved_again(
    batch: Batch, lamps: dict[str, Any]
) -> None:
    task = lamps["tasks"]["Oil Lamp/Modeling"]
    scene = batch.folder / "lamp.blend"
    for text in (b"first", b"second"):
        scene.write_bytes(text)
        assert batch.wf("save", str(scene), "--task", task).code == 0
    workspace = Path(batch.wf.environ["WF_WORKSPACE"])

    done = batch(
        *("run", str(workspace), "--rule", "tree", "--project", lamps["production"]["id"]),
        *("--run", str(batch.folder / "again.run"), "--workers", "1"),
    )

    assert done.code == 0, done.out + done.err
    assert "later revisions are there" in done.err and "_v001.blend" in done.err
    records = batch.kitsu.working_files(task)
    assert [record["revision"] for record in records] == [1, 2, 3]
    assert batch.kitsu.stored_bytes(records[-1]["id"]) == b"second"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--rule", RULE], "--project NAME", id="no production"),
        pytest.param(["--project", "Demo"], "--rule RULE", id="no rule"),
        pytest.param(["--project", "Demo", "--rule", "<Asset>"], "is no rule", id="no task type"),
        pytest.param(
            ["--project", "Demo", "--rule", "<Aset>_<TaskType>"], "<Aset>", id="unknown token"
        ),
    ],
)
def test_when_a_folder_lacks_what_names_tasks_then_it_says_what(
    batch: Batch, arguments: list[str], said: str
) -> None:
    done = batch("run", str(batch.folder), *arguments)

    assert done.code == 2, done.out + done.err
    assert said in str(done.error)


def test_when_a_list_is_given_a_rule_then_nothing_is_done(batch: Batch) -> None:
    batch.add(1)

    done = batch("run", str(batch.list()), "--rule", RULE)

    assert done.code == 2
    assert "--rule is for a folder" in done.error["message"]
