"""Scenario: a run of many small plain rows, beside what the server can answer and a gazu loop."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench.bench import Bench
from tools.bench.measure import MIB, ProgramFailed, Run, Sample, Spread, in_turns, ratios
from tools.bench.report import Limit, Section, seconds

__all__ = ["measure_batch"]

_SIZE = 64 * 1024
"""Bytes of a scene: what is measured is not the transfer."""
_NAMES = 20
"""Files of each task."""
_SENDERS = 4
"""As many as went fastest."""
_LOOP_SHARE = 8
"""A loop without anything side by side does so many times fewer rows."""


def measure_batch(bench: Bench) -> Section:
    """One run with ``wf batch run``, the same requests bare, and the loops."""
    plan = bench.plan
    contest = _Contest(bench)
    loops = max(_NAMES, plan.rows // _LOOP_SHARE)
    samples = in_turns(
        {
            "wf batch run": contest.wf(plan.rows),
            "bare requests": contest.program("bare", plan.rows),
            "gazu loop, four steps": contest.program("gazu", loops),
            "gazu loop, plain": contest.program("gazu plain", loops),
        },
        plan.batch_rounds,
        say=bench.say,
    )
    few, many = (contest.run_of(rows) for rows in plan.memory_rows)
    rows = [["", "rows", "a row, median", "range", "rows/s"]]
    for name, found in samples.items():
        spread = Spread.of([sample.seconds for sample in found])
        count = loops if name.startswith("gazu") else plan.rows
        rows.append([name, str(count), *seconds(spread, unit="ms"), f"{1 / spread.median:.1f}"])
    growth = (many.peak - few.peak) / MIB
    wf = samples["wf batch run"]
    return Section(
        title=f"A run of {plan.rows:,} small rows",
        measured=rows,
        limits=[
            Limit("wf batch run / bare requests", ratios(wf, samples["bare requests"]), 1.25),
            Limit(
                "wf batch run / gazu loop, four steps",
                ratios(wf, samples["gazu loop, four steps"]),
                0.667,
            ),
            Limit(
                f"peak with {plan.memory_rows[1]:,} rows over that with {plan.memory_rows[0]:,}",
                Spread(growth, growth, growth),
                150,
                unit="MiB",
            ),
        ],
        facts=[
            f"peak memory, the largest of client and workers: {few.peak / MIB:.1f} MiB with "
            f"{plan.memory_rows[0]:,} rows, {many.peak / MIB:.1f} MiB with {plan.memory_rows[1]:,}",
        ],
        notes=[
            f"Scenes of {_SIZE // 1024} KiB with bytes of their own, {_NAMES} names in each task.",
            "*wf batch run*: the whole command from start to exit, with as many workers as it "
            "starts by itself, its checks of the list, journals, hashes, fences, second looks and "
            "report.",
            f"*bare requests*: {_SENDERS} processes send the requests that a row takes (see "
            "tools/bench/run_batch.py) over connections that stay open, and read the answers: what "
            "the server can do. Whoever is done takes the next rows. The clock runs while they "
            "send.",
            "*gazu loop, four steps*: one row after the other: `new_working_file`, "
            "`upload_working_file`, a look at the stored length, and the commit of path and hash. "
            "*plain*: the first two only.",
            "After each, untimed: every name of every task has exactly revision 1, with the bytes "
            "of its scene.",
        ],
    )


@dataclass(frozen=True)
class _Work:
    """Rows on fresh tasks, and the scene of each."""

    rows: list[dict[str, str]]

    @property
    def tasks(self) -> list[str]:
        return list(dict.fromkeys(row["task"] for row in self.rows))


class _Contest:
    """Rounds of each contestant, each on tasks of its own, checked on the server."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._made = 0

    def wf(self, rows: int) -> Callable[[], Sample]:
        return lambda: Sample(self.run_of(rows).seconds / rows)

    def run_of(self, rows: int) -> Run:
        """One run of so many rows, from the list to the report."""
        bench, work = self.bench, self._work(rows)
        folder = self._folder()
        environment = bench.home(f"wf-{self._made}")
        listed = folder / "jobs.jsonl"
        listed.write_text("".join(json.dumps(row) + "\n" for row in work.rows), encoding="utf-8")
        command = [sys.executable, "-m", "wf_core.cli", "batch", "run", listed, "--json"]
        ended = bench.runner.run(command, environment=environment)
        if ended.answer["committed"] != rows:
            raise ProgramFailed(f"wf batch run committed {ended.answer['committed']} of {rows}")
        self._check("wf", work)
        return ended

    def program(self, client: str, rows: int) -> Callable[[], Sample]:
        def go() -> Sample:
            bench, work = self.bench, self._work(rows)
            email, password = bench.credentials
            job = {
                "client": client,
                "url": bench.kitsu.url,
                "token": bench.token,
                "email": email,
                "password": password,
                "software_id": bench.blender()["id"],
                "processes": _SENDERS,
                "rows": work.rows,
            }
            answer = bench.runner.python("run_batch", job=job).answer
            self._check(client, work)
            return Sample(answer["seconds"] / rows)

        return go

    def _folder(self) -> Path:
        self._made += 1
        folder = self.bench.folder / f"round-{self._made}"
        folder.mkdir()
        return folder

    def _work(self, rows: int) -> _Work:
        folder = self._folder()
        self.bench.need_room(6 * rows * _SIZE)
        made: list[dict[str, str]] = []
        while len(made) < rows:
            task = self.bench.fresh_task()
            for number in range(min(_NAMES, rows - len(made))):
                scene = folder / f"{len(made):06d}.blend"
                scene.write_bytes(os.urandom(_SIZE))
                made.append({"scene": str(scene), "task": task.id, "name": f"part_{number:02d}"})
        return _Work(made)

    def _check(self, client: str, work: _Work) -> None:
        records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for task in work.tasks:
            for record in self.bench.kitsu.working_files(task):
                records.setdefault((task, record["name"]), []).append(record)
        for row in work.rows:
            found = records.get((row["task"], row["name"]), [])
            if _revisions(found) != [1]:
                raise ProgramFailed(f"{client} made {_revisions(found)} of one row")
            sha256 = hashlib.sha256(Path(row["scene"]).read_bytes()).hexdigest()
            self.bench.check_stored(found[0]["id"], sha256, f"a row of {client}")


def _revisions(records: Sequence[dict[str, Any]]) -> list[int]:
    return [record["revision"] for record in records]
