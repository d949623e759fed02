"""Scenario: the list of a task with thousands of revisions."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.live_kitsu import CallFailed
from tools.bench.bench import Bench
from tools.bench.measure import ProgramFailed, Sample, ratios
from tools.bench.report import Limit, Section, timed

__all__ = ["measure_listing"]

Record = dict[str, Any]


def measure_listing(bench: Bench) -> Section:
    """``Workfiles.list_revisions`` against a bare GET of the same records, and gazu."""
    count, rounds = bench.plan.revisions, bench.plan.listing_rounds
    task_id = long_task(bench, count)
    job = {
        "url": bench.kitsu.url,
        "token": bench.token,
        "task_id": task_id,
        "environment": bench.home("listing"),
        "rounds": rounds,
    }
    answer = bench.runner.python("run_listing", job=job).answer
    if answer["lengths"] != [count]:
        raise ProgramFailed(f"Lists of {answer['lengths']} revisions instead of {count}.")
    samples = {name: [Sample(s) for s in found] for name, found in answer["seconds"].items()}
    for name, found in samples.items():
        bench.say(f"{name}: {min(s.seconds for s in found) * 1000:.0f} ms at best")
    return Section(
        title=f"List of {count:,} revisions",
        measured=timed(samples, unit="ms"),
        limits=[
            Limit("wf / bare GET", ratios(samples["wf"], samples["bare GET"])),
            Limit("wf / gazu", ratios(samples["wf"], samples["gazu"])),
        ],
        notes=[
            "*wf*: `Workfiles.list_revisions`: checked records with author, state, hash, size and "
            "local path, newest first.",
            "*bare GET*: `requests.get(...).json()` of the same route: what the server and JSON "
            "take by themselves.",
            "*gazu*: `gazu.files.get_working_files_for_task`.",
            "In one process, logged in, in turns; a first round of each does not count.",
        ],
    )


def long_task(bench: Bench, count: int) -> str:
    """A task with ``count`` revisions such as saves leave them, made once per server."""
    kitsu = bench.kitsu
    production = kitsu.demo_production()
    name = f"Benchmark of {count} revisions"
    entities = kitsu.get(f"data/projects/{production['id']}/assets")
    entity = next((e for e in entities if e["name"] == name), None)
    if entity is None:
        entity = kitsu.asset(production, name)
        task: Record = kitsu.task(entity)
    else:
        (task,) = kitsu.get(f"data/assets/{entity['id']}/tasks")
    there = {record["revision"] for record in kitsu.working_files(task["id"])}
    missing = [n for n in range(1, count + 1) if n not in there]
    if missing:
        bench.say(f"making {len(missing)} revisions, once for this server")
    person, software = kitsu.person(), bench.blender()

    def make(number: int) -> None:
        record = _record(number, task, entity, person["id"], software["id"])
        try:
            kitsu.call("POST", "data/working-files", record)
        except CallFailed as exc:
            raise ProgramFailed(f"The server did not make revision {number}: {exc}") from exc

    with ThreadPoolExecutor(4) as pool:
        for done, _ in enumerate(pool.map(make, missing), start=1):
            if done % 1000 == 0:
                bench.say(f"{done} revisions made")
    return str(task["id"])


def _record(
    number: int, task: Record, entity: Record, person_id: str, software_id: str
) -> dict[str, Any]:
    save_id = str(uuid.UUID(int=number))
    return {
        "name": "main",
        "revision": number,
        "comment": f"Take {number}: moved the lamp a little to the left, as noted in dailies",
        "task_id": task["id"],
        "entity_id": entity["id"],
        "person_id": person_id,
        "software_id": software_id,
        "path": "/mnt/kitsu/projects/demo/assets/props/benchmark/modeling/work/"
        f"demo_props_benchmark_modeling_main_v{number:03d}",
        "data": {
            "workfiles": {
                "schema": 1,
                "save_id": save_id,
                "sha256": f"{number:064x}",
                "size": 40_000_000 + number,
                "base_revision": number - 1 or None,
                "host": {"name": "Blender", "version": "5.0.1"},
                "machine": "workstation",
                "saved_at": "2025-01-01T12:00:00Z",
                "thumbnail": None,
            }
        },
    }
