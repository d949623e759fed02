"""The server of the tests is what the tests take it for."""

from __future__ import annotations

import pytest
from live_kitsu import CallFailed, LiveKitsu

from wf_core.private_kitsu import demo


def test_when_seeded_then_the_artist_has_tasks_in_every_production(kitsu: LiveKitsu) -> None:
    # Releases before 1.0 answer data/user/tasks to a session cookie only.
    tasks = kitsu.get(f"data/persons/{kitsu.person('artist')['id']}/tasks", who="artist")

    assert {task["project_name"] for task in tasks} >= {
        "Demo",
        "Demo Series",
        "Demo Plain",
        "Demo Bare",
    }


def test_when_seeded_then_software_has_its_extensions(kitsu: LiveKitsu) -> None:
    software = {record["name"]: record["file_extension"] for record in kitsu.get("data/softwares")}

    assert software["Blender"] == "blend"
    assert software["Maya"] == "ma"


@pytest.mark.parametrize(
    ("production", "tree"),
    [
        pytest.param("Demo", demo.FILE_TREE, id="a tree of its own"),
        pytest.param("Demo Bare", None, id="no tree"),
    ],
)
def test_when_seeded_then_productions_have_their_trees(
    kitsu: LiveKitsu, production: str, tree: object
) -> None:
    assert kitsu.demo_production(production)["file_tree"] == tree


def test_when_a_task_is_fresh_then_its_artist_can_claim_revision_1(kitsu: LiveKitsu) -> None:
    task = kitsu.fresh_task()
    software = kitsu.find("softwares", "Blender")

    claimed = kitsu.call(
        "POST",
        f"data/tasks/{task.id}/working-files/new",
        {"name": "main", "software_id": software["id"], "revision": 1},
        who="artist",
    )

    assert [file["id"] for file in kitsu.working_files(task.id)] == [claimed["id"]]
    slug = task.entity["name"].lower().replace(" ", "_")
    assert claimed["path"] == (
        f"/mnt/kitsu/projects/demo/assets/props/{slug}/modeling/work/"
        f"demo_props_{slug}_modeling_main_v001"
    )
    with pytest.raises(CallFailed) as failed:
        kitsu.stored_bytes(claimed["id"])
    assert failed.value.status == 404


def test_when_a_production_is_fresh_then_episodes_and_shots_fit_in(kitsu: LiveKitsu) -> None:
    production = kitsu.production(production_type="tvshow")
    episode = kitsu.episode(production, "E01")
    sequence = kitsu.sequence(production, "SQ01", episode=episode)
    shot = kitsu.shot(production, sequence, "SH010")

    task = kitsu.task(shot, "Animation", assign=["artist", "artist2"])

    found = kitsu.get(f"data/tasks/{task['id']}/full")
    assert found["episode"]["name"] == "E01"
    assert len(found["assignees"]) == 2
