"""Rows whose scene is opened in a real Blender, where a script runs, before it is saved."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.batch.conftest import GOES_WRONG, Batch

ROWS = int(os.environ.get("WF_TEST_BLENDER_ROWS", "7"))
"""Scenes of the test in which three go wrong; docs/farm.md has what 60 of them took."""

SCRIPT = f"""
import os, sys, time
import bpy
what = sys.argv[1]
print("working on", what)
{GOES_WRONG}bpy.context.scene["worked_on"] = what
"""
CHECK = """
import sys, bpy
for path in sys.argv[1:]:
    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False)
    print("FOUND", bpy.context.scene["worked_on"])
"""


@pytest.fixture(scope="session")
def blender() -> str:
    """A Python with Blender as a module; ``build.py test`` names one."""
    named = os.environ.get("WF_BLENDER_PYTHON")
    if not named:
        pytest.fail("WF_BLENDER_PYTHON names no Python with bpy: run build.py test", pytrace=False)
    return named


@pytest.fixture(scope="session")
def scene(blender: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty scene, as Blender writes it."""
    path = tmp_path_factory.mktemp("blender") / "empty.blend"
    code = f"import bpy; bpy.ops.wm.save_as_mainfile(filepath={str(path)!r})"
    subprocess.run([blender, "-I", "-c", code], check=True, capture_output=True, timeout=300)
    return path.read_bytes()


def children_of(marker: Path) -> list[int]:
    """Processes that a test's batch has started in Blender and that are still there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
            environ = (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"child/blender.py" in line and os.fsencode(f"TEST_MARK={marker}") in environ:
            found.append(int(folder.name))
    return found


def log_of(batch: Batch, row: int) -> str:
    return (batch.run / "logs" / f"row-{row:06d}.log").read_text(encoding="utf-8")


def with_scripts(batch: Batch, scene: bytes, *what: str) -> list[dict[str, str]]:
    batch.add(len(what))
    (batch.folder / "work.py").write_text(SCRIPT, encoding="utf-8")
    for path in batch.scenes:
        path.write_bytes(scene)
    return [
        {**row, "script": "work.py", "arguments": shlex.quote(each)}
        for row, each in zip(batch.rows(), what, strict=True)
    ]


@pytest.mark.slow
def test_when_scripts_crash_hang_or_fail_then_each_costs_its_own_scene(
    batch: Batch, blender: str, scene: bytes
) -> None:
    what = [f"scene {number}" for number in range(1, ROWS - 2)]
    for at, wrong in ((1, "crash"), (ROWS // 2, "hang"), (ROWS - 2, "fail")):
        what.insert(at, wrong)
    crash, hang, fail = (what.index(wrong) + 1 for wrong in ("crash", "hang", "fail"))
    rows = with_scripts(batch, scene, *what)
    environ = {"WF_BLENDER": blender, "TEST_MARK": str(batch.folder)}

    done = batch(
        *("run", str(batch.list(rows)), "--workers", "1", "--scene-seconds", "20"),
        seconds=500.0 + 10.0 * ROWS,
        **environ,
    )

    assert done.code == 5, done.out + done.err
    failed = {o["row"]: o for o in done.document["not_committed"]}
    assert {row: o["kind"] for row, o in failed.items()} == {
        crash: "crashed",
        hang: "time_out",
        fail: "script",
    }
    assert done.document["committed"] == ROWS - 3
    assert "SIGABRT" in failed[crash]["error"]
    assert "working on crash" in log_of(batch, crash) and "working on hang" in log_of(batch, hang)
    log = log_of(batch, fail)
    assert "working on fail" in log and "ValueError: no lamp" in log
    assert children_of(batch.folder) == []
    saved = []
    for task, word in zip(batch.tasks, what, strict=True):
        records = batch.kitsu.working_files(task.id)
        expected = [] if word in ("crash", "hang", "fail") else [1]
        assert [r["revision"] for r in records] == expected, word
        for record in records:
            path = batch.folder / f"saved_{len(saved)}.blend"
            path.write_bytes(batch.kitsu.stored_bytes(record["id"]))
            saved.append(str(path))
    looked = subprocess.run(
        [blender, "-I", "-c", CHECK, *saved], capture_output=True, text=True, timeout=300
    )
    found = [line for line in looked.stdout.splitlines() if line.startswith("FOUND")]
    assert found == [f"FOUND scene {number}" for number in range(1, ROWS - 2)]
    folders = {p.parent for p in (batch.folder.parent / "workspace").rglob("*.blend")}
    assert [p for folder in folders for p in folder.glob(".wf-*.blend")] == []


@pytest.mark.slow
def test_when_a_worker_is_killed_then_its_child_is_gone_and_the_row_is_done_again(
    batch: Batch, blender: str, scene: bytes
) -> None:
    rows = with_scripts(batch, scene, "hang")
    prepared = batch("run", str(batch.list(rows)), "--prepare")
    assert prepared.code == 0, prepared.out + prepared.err
    environ = {"WF_BLENDER": blender, "TEST_MARK": str(batch.folder)}
    worker = batch.wf.start("batch", "work", str(batch.run), "--rows", "1", environ=environ)
    try:
        log = batch.run / "logs" / "row-000001.log"
        wait_until(lambda: log.exists() and b"working on hang" in log.read_bytes())
        assert len(children_of(batch.folder)) == 1
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    wait_until(lambda: children_of(batch.folder) == [])
    (batch.folder / "work.py").write_text("import bpy", encoding="utf-8")
    done = batch("resume", str(batch.run), "--workers", "1", seconds=300.0, **environ)
    assert done.code == 0, done.out + done.err
    assert [r["revision"] for r in batch.kitsu.working_files(batch.tasks[0].id)] == [1]


def wait_until(holds: object, *, seconds: float = 120.0) -> None:
    assert callable(holds)
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.05)
