"""Somebody renames something between two commands: the next one goes by what it is called now."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import FreshTask, LiveKitsu

from tests.cli.running import Ran
from tests.cli.warm import Warm

Save = Callable[..., Ran]
Change = Callable[[LiveKitsu, FreshTask], None]


@pytest.fixture
def task(kitsu: LiveKitsu) -> FreshTask:
    return kitsu.fresh_task(production=kitsu.production())


@pytest.fixture
def save(
    warm: Warm, kitsu: LiveKitsu, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Save:
    """One command, a process of its own, with the same WF_HOME as the one before."""
    path = tmp_path / "scene.blend"
    path.write_bytes(b"a scene")

    def run(task: str, *more: str) -> Ran:
        return warm(
            *("save", str(path), "--task", task, *more, "--json"),
            WF_SERVER=kitsu.url,
            WF_TOKEN=kitsu.token(),
            # Commands that begin within two seconds tell each other there what the server says:
            # whoever renames something is not that fast.
            TMPDIR=str(tmp_path_factory.mktemp("told")),
        )

    return run


def rename(kitsu: LiveKitsu, task: FreshTask, name: str) -> None:
    kitsu.call("PUT", f"data/entities/{task.entity['id']}", {"name": name})


def change_tree(kitsu: LiveKitsu, task: FreshTask, change: Callable[[Any], None]) -> None:
    tree = copy.deepcopy(task.production["file_tree"])
    change(tree["working"])
    kitsu.call("PUT", f"data/projects/{task.production['id']}", {"file_tree": tree})


def below(kitsu: LiveKitsu, task: FreshTask, folder: str) -> None:
    def prepend(tree: Any) -> None:
        tree["folder_path"]["asset"] = folder + tree["folder_path"]["asset"]

    change_tree(kitsu, task, prepend)


CHANGES: dict[str, Change] = {
    "a name of nothing": lambda kitsu, task: rename(kitsu, task, "../.."),
    "a root that leads out": lambda kitsu, task: change_tree(
        kitsu, task, lambda tree: tree.update(root="../../x")
    ),
    "folders of 450 characters": lambda kitsu, task: below(kitsu, task, ("x" * 150 + "/") * 3),
    "a folder of 300 characters": lambda kitsu, task: below(kitsu, task, "x" * 300 + "/"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_when_a_path_cannot_be_had_any_more_then_no_record_is_made(
    change: Change, save: Save, kitsu: LiveKitsu, task: FreshTask, tmp_path: Path
) -> None:
    before = save(task.id)
    files = set(tmp_path.rglob("*.blend"))

    change(kitsu, task)
    refused = save(task.id)

    assert before.code == 0
    assert (refused.code, refused.error["kind"]) == (5, "path")
    assert [record["revision"] for record in kitsu.working_files(task.id)] == [1]
    assert set(tmp_path.rglob("*.blend")) == files


def test_when_an_asset_is_renamed_then_the_next_save_lies_under_its_new_name(
    save: Save, kitsu: LiveKitsu, task: FreshTask
) -> None:
    save(task.id)
    rename(kitsu, task, "Lantern")
    saved = save(task.id)

    assert (saved.document["state"], saved.document["revision"]) == ("committed", 2)
    assert "/lantern/" in saved.document["path"]
    assert saved.document["path"].endswith("_v002.blend")


def test_when_another_asset_takes_the_name_then_the_reference_means_that_one(
    save: Save, kitsu: LiveKitsu, task: FreshTask
) -> None:
    first = save(task.reference)
    rename(kitsu, task, "Lantern")
    gone = save(task.reference)
    successor = kitsu.fresh_task(production=task.production, asset=task.entity["name"])
    taken = save(task.reference)
    second = save(task.reference, "--name", "shade")

    assert first.document["task_id"] == task.id
    assert (gone.code, gone.error["kind"]) == (4, "not_found")
    assert successor.reference == task.reference
    # Revision 1 of the one that was renamed lies where revision 1 of the other would.
    assert (taken.code, taken.error["kind"]) == (5, "path_taken")
    assert [record["name"] for record in kitsu.working_files(successor.id)] == ["shade"]
    assert (second.document["task_id"], second.document["revision"]) == (successor.id, 1)
