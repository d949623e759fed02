"""Plain rows, from the list to the server."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.batch.conftest import Batch


def test_when_a_list_is_run_then_each_scene_is_the_next_revision_of_its_task(batch: Batch) -> None:
    batch.add(5)

    done = batch("run", str(batch.list()), "--workers", "2")

    assert done.code == 0, done.out + done.err
    report = json.loads((batch.run / "report" / "report.json").read_text(encoding="utf-8"))
    assert [row["status"] for row in report["rows"]] == ["committed"] * 5
    assert (batch.run / "report" / "report.html").is_file()
    assert {key: done.document[key] for key in ("rows", "committed", "unsent", "failed")} == {
        "rows": 5,
        "committed": 5,
        "unsent": 0,
        "failed": 0,
    }
    batch.assert_each_committed_once()
    # An artist's own journal knows nothing of it.
    assert batch.wf("status", "--json").document == []


def test_when_a_run_is_resumed_or_its_rows_worked_again_then_nothing_is_saved_twice(
    batch: Batch,
) -> None:
    batch.add(3)
    run = str(batch.prepared())
    assert batch("status", run).document["waiting"] == 3
    assert batch("work", run, "--rows", "2").code == 0

    assert batch("resume", run, "--workers", "1").code == 0
    assert batch("work", run, "--rows", "1-3").code == 0
    for results in (Path(run) / "results").iterdir():
        results.unlink()  # what was written down is lost: the server still knows
    assert batch("work", run, "--rows", "1-3", WF_HOME=str(batch.folder / "another")).code == 0

    assert batch("status", run).document["committed"] == 3
    batch.assert_each_committed_once()


def test_when_a_list_is_only_looked_at_then_it_says_what_would_happen(batch: Batch) -> None:
    batch.add(2)

    done = batch("run", str(batch.list()), "--dry-run")

    assert done.code == 0, done.out + done.err
    assert [(row["line"], row["revision"]) for row in done.document["rows"]] == [(1, 1), (2, 1)]
    assert not batch.run.exists()
    assert all(batch.kitsu.working_files(task.id) == [] for task in batch.tasks)


def test_when_lines_cannot_be_saved_then_all_are_named_and_nothing_starts(batch: Batch) -> None:
    batch.add(2)
    good, other = batch.rows()
    rows = [
        good,
        {**other, "task": other["task"].replace("Asset", "Aset")},
        {**other, "scene": "missing.blend", "name": "second"},
        {**other, "name": "No Slug"},
        {**good, "scene": other["scene"]},
        {**other, "name": "third", "software": "Softimage"},
    ]

    done = batch("run", str(batch.list(rows)))

    assert done.code == 5
    problems = done.error["problems"]
    assert [problem.split(":")[0] for problem in problems] == [f"line {n}" for n in range(2, 7)]
    assert f"Did you mean {other['task']}" in problems[0]
    assert "There is no file" in problems[1]
    assert "line 1 saves “main” of the same task already" in problems[3]
    assert "Softimage" in problems[4]
    assert not batch.run.exists()


def test_when_a_row_fails_then_the_others_are_saved_and_it_is_listed_with_its_log(
    batch: Batch,
) -> None:
    batch.add(3)
    run = batch.prepared()
    batch.scenes[1].unlink()

    done = batch("resume", str(run), "--workers", "1")

    assert done.code == 5
    assert [(o["row"], o["status"]) for o in done.document["not_committed"]] == [(2, "failed")]
    assert "There is no file" in (run / "logs" / "row-000002.log").read_text(encoding="utf-8")
    batch.scenes[1].write_bytes(b"here again")
    assert batch("resume", str(run), "--workers", "1").code == 0
    batch.assert_each_committed_once()


def test_when_a_server_is_away_then_rows_are_unsent_and_resumed(batch: Batch) -> None:
    batch.add(2)
    run = str(batch.prepared())
    document = json.loads((batch.run / "run.json").read_text(encoding="utf-8"))
    nowhere = "http://127.0.0.1:9"
    (batch.run / "run.json").write_text(json.dumps({**document, "server": nowhere}))

    done = batch("work", run, "--rows", "1-2", "--patience", "0", WF_SERVER=nowhere)

    assert done.code == 75, done.out + done.err
    assert (done.document["unsent"], done.document["waiting"]) == (1, 1)
    (batch.run / "run.json").write_text(json.dumps(document))
    assert batch("resume", run).code == 0
    batch.assert_each_committed_once()


def test_when_a_frozen_worker_wakes_up_after_another_took_over_then_it_stops(
    batch: Batch,
) -> None:
    first = batch.caught_at_work()
    try:
        os.kill(first.pid, signal.SIGSTOP)
        (record,) = batch.kitsu.working_files(batch.tasks[0].id)
        assert "sha256" not in ((record["data"] or {}).get("workfiles") or {})

        done = batch(
            "resume", str(batch.run), "--workers", "1", WF_HOME=str(batch.folder / "another")
        )

        assert done.code == 0, done.out + done.err
    finally:
        os.kill(first.pid, signal.SIGCONT)
        assert first.wait(timeout=60) in (0, 75)
    batch.assert_each_committed_once()


def test_when_the_journal_of_a_killed_worker_is_lost_then_the_row_is_done_all_the_same(
    batch: Batch,
) -> None:
    first = batch.caught_at_work()
    first.kill()
    first.wait(timeout=60)
    journals = list(Path(batch.wf.environ["WF_HOME"]).glob("batch/*/journal.db*"))
    assert journals
    for journal in journals:
        journal.unlink()

    done = batch("resume", str(batch.run), "--workers", "1")

    assert done.code == 0, done.out + done.err
    batch.assert_each_committed_once()
    assert [
        path
        for path in Path(batch.wf.environ["WF_WORKSPACE"]).glob(".wf-spool/*/*")
        if path.is_file()
    ] == []
