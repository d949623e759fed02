"""The commands of docs/farm.md work as they stand there."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.batch.conftest import Batch

GUIDE = Path(__file__).parents[2] / "docs" / "farm.md"
ROWS = {"1-250": "1-1", "251-500": "2-2"}  # of the guide's thousand there are two


def test_when_the_commands_of_the_guide_are_typed_then_they_work(batch: Batch) -> None:
    batch.add(2)
    head, *lines = next(
        block for block in GUIDE.read_text(encoding="utf-8").split("\n\n") if "scene,task" in block
    ).splitlines()
    written = [head.strip()]
    for line, scene, task in zip(lines, batch.scenes, batch.tasks, strict=True):
        _, _, comment = line.strip().split(",")
        written.append(f"{scene.name},{task.reference},{comment}")
    (batch.folder / "jobs.csv").write_text("\n".join(written) + "\n", encoding="utf-8")
    delivered = batch.kitsu.fresh_task()
    scene = batch.folder / "delivered" / "Props" / f"{delivered.entity['name']}-Modeling.blend"
    scene.parent.mkdir(parents=True)
    scene.write_bytes(b"delivered")
    text = GUIDE.read_text(encoding="utf-8").replace("/mnt/share", str(batch.folder / "share"))
    commands = [
        line.strip()
        for line in text.splitlines()
        # A cluster and other engines have tests of their own.
        if line.startswith("    wf batch ")
        and not {"--scheduler", "--record-failures", "--openjd"} & {*line.split()}
    ]

    for command in commands:
        words = [ROWS.get(word, word) for word in shlex.split(command)[1:]]
        paths = [
            str(batch.folder / w) if w in ("jobs.csv", "jobs.run", "delivered") else w
            for w in words
        ]
        done = batch.wf(*paths)
        assert done.code == 0, f"{command}: {done.out}{done.err}"

    assert len(commands) == 10
    assert [r["comment"] for r in batch.kitsu.working_files(delivered.id)] == ["approved"]
    for task in batch.tasks:
        assert [r["revision"] for r in batch.kitsu.working_files(task.id)] == [1, 2]
