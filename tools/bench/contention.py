"""Scenario: many clients save to one task and name at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.bench.bench import Bench
from tools.bench.measure import ProgramFailed, Sample, Spread, in_turns, ratios, stop_processes_in
from tools.bench.report import Limit, Section, timed

__all__ = ["measure_contention"]

_SIZE = 1024 * 1024
"""Bytes of each file: a small scene, so that the numbers are what is fought for."""


def measure_contention(bench: Bench) -> Section:
    """The facade against a gazu loop with retry, with the same processes and files."""
    plan = bench.plan
    saves = plan.processes * plan.saves
    contest = _Contest(bench)
    bench.need_room(_SIZE * saves * 8 * plan.contention_rounds)
    samples = in_turns(
        {"wf": contest.with_client("wf"), "gazu with retry": contest.with_client("gazu")},
        plan.contention_rounds,
        say=bench.say,
    )
    rows = timed(samples)
    rows[0] += ["requests per save", "records refused"]
    for row, client in zip(rows[1:], ("wf", "gazu"), strict=True):
        found = contest.answers[client]
        requests = Spread.of([answer["requests"] / saves for answer in found])
        refused = Spread.of([answer["refused"] for answer in found])
        row += [f"{requests.median:.1f}", f"{refused.median:.0f}"]
    return Section(
        title=f"{saves} saves to one task: {plan.processes} processes, {plan.saves} files each",
        measured=rows,
        limits=[
            Limit("wf / gazu with retry", ratios(samples["wf"], samples["gazu with retry"]), 0.6)
        ],
        notes=[
            f"{plan.processes} processes, each with a WF_HOME of its own, save {plan.saves} "
            "different files of 1 MiB each to one task and name, in a workspace that they share. "
            "The clock runs from the moment all are logged in to the end of the last.",
            "*wf*: `Workfiles.save` with its copies, journal, hash, checks and commit.",
            "*gazu with retry*: `gazu.files.new_working_file`, again at once until it succeeds, "
            "then `gazu.files.upload_working_file`.",
            "*requests per save*: all requests after the log-in, failed ones included. *records "
            "refused*: how often the server said no to a new record, in one round.",
            f"After each round, untimed: the task has exactly the revisions 1 to {saves}, and each "
            "has the bytes its saver saved.",
        ],
    )


class _Contest:
    """One round for either client, each on a task of its own, checked on the server."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.answers: dict[str, list[dict[str, Any]]] = {"wf": [], "gazu": []}

    def with_client(self, client: str) -> Callable[[], Sample]:
        def contend() -> Sample:
            bench, done = self.bench, self.answers[client]
            folder = bench.folder / f"{client}-{len(done) + 1}"
            task = bench.fresh_task()
            email, password = bench.credentials
            job = {
                "client": client,
                "url": bench.kitsu.url,
                "email": email,
                "password": password,
                "task_id": task.id,
                "software_id": bench.blender()["id"],
                "processes": bench.plan.processes,
                "saves": bench.plan.saves,
                "size": _SIZE,
                "folder": str(folder),
            }
            try:
                answer = bench.runner.python("run_contention", job=job).answer
            finally:
                stop_processes_in(folder)
            self._check(client, task.id, answer["saved"])
            done.append(answer)
            return Sample(answer["seconds"])

        return contend

    def _check(self, client: str, task_id: str, saved: dict[str, str]) -> None:
        bench = self.bench
        records = bench.kitsu.working_files(task_id)
        numbers = [record["revision"] for record in records]
        expected = bench.plan.processes * bench.plan.saves
        if numbers != list(range(1, expected + 1)) or len(saved) != expected:
            raise ProgramFailed(f"{client} made these revisions of {expected}: {numbers}")
        for record in records:
            ours = (record["data"] or {}).get("workfiles", {})
            key = record["id"] if client == "gazu" else ours.get("save_id")
            what = f"revision {record['revision']} of {client}"
            if key not in saved:
                raise ProgramFailed(f"{what} is nobody's save.")
            bench.check_stored(record["id"], saved[key], what)
