"""Scenario: what it takes until anything can happen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.bench.bench import Bench
from tools.bench.measure import Sample, in_turns, ratios
from tools.bench.report import Limit, Section, timed

__all__ = ["measure_startup"]

_IMPORT = """
import sys, time
started = time.perf_counter()
import {module}
print(time.perf_counter() - started)
"""


def measure_startup(bench: Bench) -> Section:
    """Import of the facade against gazu's, and starts of ``wf``."""
    environment = bench.home("startup")
    wf = Path(sys.executable).with_name("wf")

    def importing(module: str) -> Callable[[], Sample]:
        command = [sys.executable, "-c", _IMPORT.format(module=module)]
        return lambda: Sample(bench.runner.run(command).answer)

    def starting(*arguments: str) -> Callable[[], Sample]:
        return lambda: Sample(bench.runner.run([wf, *arguments], environment=environment).seconds)

    contestants: dict[str, Callable[[], Sample]] = {
        "import wf_core.workfiles": importing("wf_core.workfiles"),
        "import gazu": importing("gazu"),
        "python -c pass": lambda: Sample(bench.runner.run([sys.executable, "-c", "pass"]).seconds),
        "wf --version": starting("--version"),
        "wf whoami": starting("whoami"),
    }
    for contestant in contestants.values():
        contestant()  # compiles what was never compiled, fills the disk cache
    samples = in_turns(contestants, bench.plan.startup_rounds, say=bench.say, settle=lambda: None)
    return Section(
        title="Start",
        measured=timed(samples, unit="ms"),
        limits=[
            Limit(
                "import wf_core.workfiles / import gazu",
                ratios(samples["import wf_core.workfiles"], samples["import gazu"]),
            ),
        ],
        notes=[
            "*import*: the statement alone, in a fresh interpreter each time.",
            "*wf*: whole commands from start to exit, *python -c pass* beside them for what the "
            "interpreter itself takes. *wf whoami* asks the server.",
        ],
    )
