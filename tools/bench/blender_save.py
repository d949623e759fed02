"""Scenario: how long Save New Revision keeps an artist from working on."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from tools.bench.bench import Bench
from tools.bench.measure import MIB, Spread
from tools.bench.report import Limit, Section, seconds
from wf_core.errors import InputError

__all__ = ["measure_blender_save"]

_SAVES = 5
_BLOCKING = 50.0  # milliseconds, beside one answer of the server
_AWAY = 300.0


def measure_blender_save(bench: Bench) -> Section:
    """Save New Revision in Blender: the main thread, beyond Blender's own save."""
    python = os.environ.get("WF_BLENDER_PYTHON")
    if python is None:
        raise InputError("WF_BLENDER_PYTHON names no Blender; run this through build.py bench.")
    sizes = [25 * MIB, bench.plan.file_size]
    bench.need_room(sizes[-1] * (_SAVES + 6) * 2)
    rows = [["", "first save of a session", "later ones", "range", "server slow", "server gone"]]
    limits: list[Limit] = []
    facts: list[str] = []
    for size in sizes:
        bench.say(f"a scene of {size // MIB} MiB")
        found = _run(bench, python, size)
        first, near, slow, gone = found["first"], found["near"], found["slow"], found["gone"]
        name = f"{size // MIB} MiB"
        one = [f"{each['beyond'] * 1000:.1f} ms" for each in (first, slow, gone)]
        spread = Spread.of([each["beyond"] for each in near])
        rows.append([name, one[0], *seconds(spread, unit="ms"), *one[1:]])
        answer = Spread.of([each["answer"] for each in near])
        numbered = sum(each["number"] for each in [first, *near])
        facts.append(
            f"{name}: the server answered a save's one request in {answer.median * 1000:.1f} ms "
            f"({answer.low * 1000:.1f} to {answer.high * 1000:.1f}); {numbered} of "
            f"{len(near) + 1} saves had their number at once."
        )
        limits += [
            _limit(f"{name}, first save, less that answer", [_own(first)], _BLOCKING),
            _limit(f"{name}, later saves, less it", [_own(each) for each in near], _BLOCKING),
            _limit(f"{name}, server at 2 s an answer", [slow["beyond"]], _AWAY),
            _limit(f"{name}, server gone", [gone["beyond"]], _AWAY),
        ]
        if found["beat"]:
            limits.append(
                Limit(
                    f"{name}, late beats of 100 during an upload, over idle",
                    Spread.of([found["uploading"] - found["idle"]]),
                    1.0,
                    "more",
                )
            )
    return Section(
        title="Save New Revision in Blender",
        measured=rows,
        limits=limits,
        facts=facts,
        notes=[
            "*what is timed*: the main thread, from the button to the moment the artist can go "
            "on, less the time inside Blender's own save operator. The rest (setting the bytes "
            "aside, the disk's sync, the upload) happens on a thread and in another process.",
            "*target*: 50 ms and one answer of the server; 300 ms with the server away.",
            "*beats*: a 60 Hz beat on the main thread that comes more than 33 ms after the one "
            "before, while the scene is uploaded slowly for half a minute.",
            "*picture*: none here, Blender draws none without a window.",
        ],
    )


def _own(spent: dict[str, Any]) -> float:
    return float(spent["beyond"] - spent["answer"])


def _limit(what: str, values: list[float], allowed: float) -> Limit:
    return Limit(what, Spread.of([value * 1000 for value in values]), round(allowed, 1), "ms")


def _run(bench: Bench, python: str, size: int) -> dict[str, Any]:
    address = urlsplit(bench.kitsu.url)
    email, password = bench.credentials
    beat = 30 if bench.plan.startup_rounds > 1 and size <= 25 * MIB else 0
    job = {
        "email": email,
        "password": password,
        "task": bench.fresh_task().id,
        "size": size,
        "saves": _SAVES,
        "relay": [address.hostname, address.port],
        "beat_seconds": beat,
    }
    home = bench.folder / f"home-{size // MIB}"
    run = bench.runner.run(
        [python, "-m", "tools.bench.run_blender_save"],
        job=job,
        environment={
            "WF_HOME": str(home),
            "WF_WORKSPACE": f"{home}-workspace",
            "BLENDER_USER_RESOURCES": f"{home}-blender",
        },
    )
    found: dict[str, Any] = run.answer
    return {**found, "beat": bool(beat)}
