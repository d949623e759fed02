"""What cannot be saved: the code, a sentence, no record on the server, nothing outside the
workspace."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kitsu import FreshTask, LiveKitsu

from tests.cli.running import Process, Ran
from tests.cli.warm import Warm


@pytest.fixture
def artist(process: Process, kitsu: LiveKitsu) -> Warm:
    return Warm({**process.environ, "WF_SERVER": kitsu.url, "WF_TOKEN": kitsu.token()})


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path


@pytest.fixture(scope="module")
def task(kitsu: LiveKitsu) -> FreshTask:
    """One task for all cases: it stays without a record."""
    return kitsu.fresh_task()


@pytest.fixture
def outside(tmp_path: Path, home: Path) -> Iterator[None]:
    """Nothing appears beside the workspace and WF_HOME, whatever the test does."""
    yield
    unexpected = sorted(path.name for path in tmp_path.iterdir())
    assert set(unexpected) <= {home.name, "workspace", "scene.blend", "given"}


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def refused(ran: Ran, code: int, kind: str, *words: str) -> None:
    assert ran.err == ""
    assert (ran.code, ran.error["kind"]) == (code, kind), ran.error
    told = f"{ran.error['message']} {ran.error['hint']}"
    assert [word for word in words if word not in told] == []


NAMES = {
    "out of the folder": "../../x",
    "a path of Windows": "C:\\x",
    "a folder": "a/b",
    "a device of Windows": "CON",
    "a device with an extension": "nul.blend",
    "300 characters": "x" * 300,
    "nothing": "",
    "a space": " ",
    "dots": "..",
    "a line break": "a\nb",
    "not its own slug": "Lamp A",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.usefixtures("outside")
def test_when_the_name_cannot_be_used_then_nothing_is_saved(
    name: str, artist: Warm, kitsu: LiveKitsu, task: FreshTask, scene: Path, tmp_path: Path
) -> None:
    ran = artist("save", str(scene), "--task", task.id, "--name", name, "--json")

    refused(ran, 5, "path")
    assert kitsu.working_files(task.id) == []
    assert files_in(tmp_path / "workspace") == []


def test_when_a_name_holds_a_nul_then_no_process_can_even_be_started_with_it(
    process: Process, task: FreshTask, scene: Path
) -> None:
    with pytest.raises(ValueError, match="null byte"):
        process("save", str(scene), "--task", task.id, "--name", "a\0b", "--json")


def empty(given: Path) -> None:
    given.write_bytes(b"")


def missing(given: Path) -> None:
    """Nothing there at all."""


def folder(given: Path) -> None:
    given.mkdir()


def pipe(given: Path) -> None:
    os.mkfifo(given)


def link_to_nowhere(given: Path) -> None:
    given.symlink_to("nowhere.blend")


FILES = {make.__name__: make for make in (empty, missing, folder, pipe, link_to_nowhere)}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
@pytest.mark.usefixtures("outside")
def test_when_the_file_cannot_be_saved_then_nothing_is_recorded(
    make: object, artist: Warm, kitsu: LiveKitsu, task: FreshTask, tmp_path: Path
) -> None:
    (tmp_path / "given").mkdir()
    given = tmp_path / "given" / "scene.blend"
    assert callable(make)
    make(given)

    ran = artist("save", str(given), "--task", task.id, "--json")

    refused(ran, 5, "file_unreadable", "scene.blend")
    assert kitsu.working_files(task.id) == []
    assert files_in(tmp_path / "workspace") == []


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_when_the_file_may_not_be_read_then_the_code_is_5(
    process: Process, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Run by an account that is not root, which may read everything."""
    given = tmp_path_factory.mktemp("given") / "scene.blend"
    given.write_bytes(b"scene")
    given.chmod(0)
    script = f"""
import os, sys
path = {str(given)!r}
if os.geteuid() == 0:
    # Everything is imported first: the account may not read where Python lies.
    import wf_core.workfiles, wf_core.filehost, wf_core.cli.boundary, wf_core.cli.saving
    import wf_core.cli.context, wf_core.cli.save_arguments, wf_core.cli.progress
    for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
        os.chmod(folder, 0o755)
    os.seteuid(65534)
from wf_core.cli import main
sys.exit(main(["save", path, "--task", "T", "--json"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=dict(process.environ),
        check=False,
    )
    refused(Ran(done.returncode, done.stdout, done.stderr), 5, "file_unreadable", "scene.blend")


def test_when_no_task_is_found_then_the_nearest_ones_are_suggested(
    artist: Warm, task: FreshTask, scene: Path
) -> None:
    almost = task.reference.replace("Modeling", "Modelling")

    ran = artist("save", str(scene), "--task", almost, "--json")

    refused(ran, 4, "not_found")
    assert ran.error["suggestions"][0] == task.reference


def test_when_no_task_has_the_id_then_the_code_is_4(artist: Warm, scene: Path) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"

    ran = artist("save", str(scene), "--task", nobody, "--json")

    refused(ran, 4, "not_found")
    assert ran.error["message"] == f"There is no task with the id {nobody}."


def test_when_two_tasks_answer_then_both_are_named_with_their_ids(
    artist: Warm, kitsu: LiveKitsu, scene: Path
) -> None:
    production = kitsu.demo_production()
    entity = kitsu.asset(production)
    first = kitsu.task(entity, "Modeling", name="main")
    second = kitsu.task(entity, "Modeling", name="again")
    reference = f"Demo/Props/{entity['name']}/Modeling"

    ran = artist("save", str(scene), "--task", reference, "--json")

    refused(ran, 5, "ambiguous")
    assert {found["id"] for found in ran.error["candidates"]} == {first["id"], second["id"]}
    assert kitsu.working_files(first["id"]) == kitsu.working_files(second["id"]) == []


def test_when_two_tasks_would_share_a_path_then_neither_is_saved(
    artist: Warm, kitsu: LiveKitsu, scene: Path, tmp_path: Path
) -> None:
    entity = kitsu.asset(kitsu.demo_production())
    tasks = [kitsu.task(entity, "Modeling", name=name) for name in ("main", "again")]

    ran = artist("save", str(scene), "--task", tasks[0]["id"], "--json")

    assert ran.code == 5
    assert ran.error["hint"]
    assert [kitsu.working_files(task["id"]) for task in tasks] == [[], []]
    assert files_in(tmp_path / "workspace") == []


def test_when_the_production_has_no_tree_then_the_hint_says_what_to_do(
    artist: Warm, kitsu: LiveKitsu, scene: Path, tmp_path: Path
) -> None:
    task = kitsu.fresh_task(production="Demo Bare")

    ran = artist("save", str(scene), "--task", task.id, "--json")

    refused(ran, 5, "no_file_tree", "Demo Bare", "wf tree")
    assert kitsu.working_files(task.id) == []
    assert files_in(tmp_path / "workspace") == []


def test_when_paths_become_too_long_then_nothing_is_recorded(
    artist: Warm, kitsu: LiveKitsu, scene: Path, tmp_path: Path
) -> None:
    deep = "/".join(["<Project>" * 3] * 10)
    tree = {
        "working": {
            "mountpoint": "/m",
            "root": "r",
            "folder_path": {"asset": f"{deep}/<Asset>", "style": "lowercase"},
            "file_name": {"asset": "<Asset>_<Name>_v<Revision>", "style": "lowercase"},
        }
    }
    task = kitsu.fresh_task(production=kitsu.production(file_tree=tree))

    ran = artist("save", str(scene), "--task", task.id, "--json")

    refused(ran, 5, "path", "400")
    assert kitsu.working_files(task.id) == []
    assert files_in(tmp_path / "workspace") == []


def test_when_the_software_is_not_known_then_those_that_are_are_named(
    artist: Warm, kitsu: LiveKitsu, task: FreshTask, scene: Path
) -> None:
    ran = artist("save", str(scene), "--task", task.id, "--software", "Blendr", "--json")

    refused(ran, 4, "not_found", "Blender")
    assert kitsu.working_files(task.id) == []


def test_when_the_workspace_cannot_be_written_then_nothing_is_recorded(
    artist: Warm, kitsu: LiveKitsu, task: FreshTask, scene: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "workspace"
    blocked.write_text("a file where the folder should be", encoding="utf-8")

    ran = artist("save", str(scene), "--task", task.id, "--json")

    assert ran.code == 5, ran
    assert blocked.read_text(encoding="utf-8") == "a file where the folder should be"
    assert kitsu.working_files(task.id) == []


def test_when_everything_is_in_order_then_the_same_task_can_be_saved(
    artist: Warm, kitsu: LiveKitsu, scene: Path
) -> None:
    task = kitsu.fresh_task()
    ran = artist("save", str(scene), "--task", task.id, "--json")

    assert (ran.code, ran.document["revision"]) == (0, 1)
    mode = stat.S_IMODE(Path(ran.document["path"]).stat().st_mode)
    assert mode & 0o400
