"""Rows whose scene is opened in mayapy: here a Python with the strict stand-in for Maya."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.batch.conftest import GOES_WRONG, Batch

FAKE_MAYA = Path(__file__).parents[1] / "maya" / "fake_maya"
SCENE = """//Maya ASCII 2025 scene
requires maya "2025";
createNode transform -n "pCube1";
createNode script -n "embedded";
// End of scene.ma
"""
STRANGE = SCENE.replace("transform", "aiStandIn")
SCRIPT = f"""
import builtins, os, sys, time
import maya.cmds as cmds
from maya.testing import current
what = sys.argv[1]
print("pid", os.getpid(), "preferences", os.listdir(os.environ["MAYA_APP_DIR"]), flush=True)
assert current().scene.scripts_ran == []
{GOES_WRONG}if what == "large":
    builtins.kept = b"x" * (400 * 2**20)
cmds.createNode("transform", name=what)
"""


@pytest.fixture(scope="session")
def mayapy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of that name, which finds the stand-in as the real one finds Maya."""
    folder = tmp_path_factory.mktemp("maya")
    venv.create(folder, symlinks=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder)})
    behind = f"{FAKE_MAYA}\n{sysconfig.get_path('purelib')}\n"
    Path(packages, "stand_in.pth").write_text(behind, encoding="utf-8")
    program = folder / "bin" / "mayapy"
    program.symlink_to(Path(sys.executable).resolve())
    return program


@pytest.mark.slow
def test_when_scripts_run_in_maya_then_children_are_reused_and_replaced_when_they_have_to_be(
    batch: Batch, mayapy: Path
) -> None:
    what = [
        "one",
        "fail",
        "crash",
        "two",
        "large",
        "three",
        "four",
        "hang",
        "five",
        "six",
        "seven",
        "eight",
        "strange",
    ]
    batch.add(len(what), suffix=".ma", data=SCENE.encode())
    batch.scenes[what.index("strange")].write_text(STRANGE, encoding="utf-8")
    (batch.folder / "work.py").write_text(SCRIPT, encoding="utf-8")
    rows = [
        {**row, "script": "work.py", "arguments": each}
        for row, each in zip(batch.rows(), what, strict=True)
    ]

    done = batch(
        *("run", str(batch.list(rows)), "--workers", "1", "--scene-seconds", "3"),
        *("--child-memory", "300", "--child-scenes", "3"),
        WF_MAYAPY=str(mayapy),
    )

    assert done.code == 5, done.out + done.err
    failed = {what[o["row"] - 1]: o for o in done.document["not_committed"]}
    assert {word: o["kind"] for word, o in failed.items()} == {
        "fail": "script",
        "crash": "crashed",
        "hang": "time_out",
        "strange": "script",
    }
    assert "no lamp" in failed["fail"]["error"] and "SIGABRT" in failed["crash"]["error"]
    assert "aiStandIn" in failed["strange"]["error"]
    children: list[int] = []
    for number in range(1, len(what) + 1):
        text = (batch.run / "logs" / f"row-{number:06d}.log").read_text(encoding="utf-8")
        found = re.findall(r"pid (\d+) preferences \[\]", text)
        children += map(int, found[:1])
    shares = [children.count(pid) for pid in dict.fromkeys(children)]
    # one fail crash | two large | three four hang | five six seven | eight (strange)
    assert shares == [3, 2, 3, 3, 1]
    assert not any(alive(pid) for pid in children)
    for task, word in zip(batch.tasks, what, strict=True):
        records = batch.kitsu.working_files(task.id)
        assert len(records) == (word not in failed), word
        for record in records:
            saved = batch.kitsu.stored_bytes(record["id"]).decode()
            assert f'createNode transform -n "{word}";' in saved
            assert 'createNode script -n "embedded";' in saved


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_when_maya_is_not_there_then_the_row_says_what_to_set(batch: Batch) -> None:
    batch.add(1, suffix=".ma", data=SCENE.encode())
    (batch.folder / "work.py").write_text("print()", encoding="utf-8")
    (row,) = batch.rows()

    done = batch(
        *("run", str(batch.list([{**row, "script": "work.py"}])), "--workers", "1"),
        WF_MAYAPY="no-such-mayapy",
    )

    assert done.code == 5
    (outcome,) = done.document["not_committed"]
    assert "Maya is not on this machine" in outcome["error"] and "WF_MAYAPY" in outcome["hint"]
