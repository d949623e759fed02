"""What a report says, from outcomes that are written down here."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from wf_core.batch.facts import Span, facts_of
from wf_core.batch.ledger import Outcome, Outcomes
from wf_core.batch.report import write_report
from wf_core.batch.run import Row, Run


def row(number: int, **changes: str) -> Row:
    values = {
        "scene": f"/scenes/{number}.blend",
        "task": "6392449f-1160-4799-a2ec-de6ed3b7947b",
        "label": f"Demo/Props/Lamp {number}/Modeling",
        "name": "main",
        "comment": "",
        "software": "",
        **changes,
    }
    return Row(row=number, line=number + 1, **values)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    rows = [row(1), row(2, comment="</script><b>=1+1"), row(3), row(4)]
    run = Run.create(tmp_path / "run", server="http://127.0.0.1:1", rows=rows)
    outcomes = Outcomes(run.results, range(1, 5))
    seconds = ("2026-11-24T20:00:01.000+00:00", "2026-11-24T20:02:00.000+00:00")
    for number, stamp in enumerate(seconds, 1):
        done = Outcome(
            row=number,
            attempt=1,
            status="committed",
            save_id=run.save_id(number),
            revision=number,
            size=1000,
            seconds=1.0,
            finished_at=stamp,
        )
        outcomes.write(done)
    for attempt, status in ((1, "unsent"), (2, "failed")):
        outcomes.write(
            Outcome(3, attempt, status, run.save_id(3), kind="input", error="=cmd()", hint="No.")
        )
    outcomes.close()
    (run.folder / "pictures" / "row-000001.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (run.folder / "pictures" / "row-000002.png").write_bytes(b"<script>")  # no picture at all
    run.log_of(3).write_text("attempt 1: it crashed\n", encoding="utf-8")
    return run


def test_when_rows_have_ended_then_the_facts_are_their_latest_outcomes(run: Run) -> None:
    facts = facts_of(run)

    assert facts.tally.as_json() == {
        "rows": 4,
        "committed": 2,
        "unsent": 0,
        "failed": 1,
        "waiting": 1,
    }
    assert [r["status"] for r in facts.rows] == ["committed", "committed", "failed", "waiting"]
    assert (facts.rows[2]["attempt"], facts.rows[2]["log"]) == (2, "attempt 1: it crashed\n")
    assert (facts.began, facts.seconds, facts.size) == ("2026-11-24T20:00:00+00:00", 120.0, 2000)
    assert (len(facts.throughput), sum(s.committed for s in facts.throughput)) == (61, 2)
    assert facts.throughput[0] == Span(start=0.0, seconds=2.0, committed=1)


def test_when_a_report_is_written_then_page_json_and_csv_say_the_same(
    run: Run, tmp_path: Path
) -> None:
    made = write_report(facts_of(run), tmp_path / "report", page=True)

    assert made.html is not None
    page = made.html.read_text(encoding="utf-8")
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    document = json.loads(made.json.read_text(encoding="utf-8"))
    assert json.loads(found[0]) == document["rows"]
    assert document["rows"][1]["comment"] == "</script><b>=1+1"
    assert 'id="pictures">{"1": "data:image/png;base64,iVBORw0KGgo="}</script>' in page
    assert not re.search(r"(?:src|href)=|https?://(?!127\.0\.0\.1)|@import|url\(", page)
    with made.csv.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["status"] for line in lines] == ["committed", "committed", "failed", "waiting"]
    assert lines[2]["error"] == "'=cmd()"  # no spreadsheet runs it


def test_when_two_attempts_end_then_a_committed_one_counts_whatever_comes_later(
    run: Run,
) -> None:
    late = Outcomes(run.results, [1])
    late.write(Outcome(1, 9, "failed", run.save_id(1)))
    late.close()
    with (run.results / "torn.jsonl").open("wb") as stream:
        stream.write(b'{"row": 2, "attempt": 3, "status": "fail')  # killed while writing

    assert [r["status"] for r in facts_of(run).rows[:2]] == ["committed", "committed"]
