"""Many saves while the server is taken away and brought back, as an application makes them."""

from __future__ import annotations

import hashlib
import shutil
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from live_kitsu import LiveKitsu

from faults.players import Home
from faults.proxy import Proxy
from wf_core.filehost import FileHost
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

__all__ = ["Away", "save_while_away"]

_PATIENCE = 300.0


@dataclass
class Away:
    """What came of it.

    Attributes:
        blocked: seconds for which each save that began while the server was known to be away
            kept the application waiting.
        discovering: the same of saves that began before that was known, or known any more.
        copying: seconds a plain copy of the scene took, one beside each save.
        pending: saves that were not on the server when they were reported.
        problems: what was promised and did not hold.
    """

    saves: int
    size: int
    blocked: list[float] = field(default_factory=list)
    discovering: list[float] = field(default_factory=list)
    copying: list[float] = field(default_factory=list)
    pending: int = 0
    committed: int = 0
    problems: list[str] = field(default_factory=list)

    def text(self) -> str:
        lines = [
            f"{self.committed} of {self.saves} saves of {self.size / 2**20:g} MiB committed, "
            f"{self.pending} of them reported before the server had them",
            f"  plain copy             {_spread(self.copying)}",
            f"  server known away      {_spread(self.blocked)}  ({len(self.blocked)} saves)",
            f"  finding out or online  {_spread(self.discovering)}  "
            f"({len(self.discovering)} saves)",
        ]
        return "\n".join([*lines, *(f"BROKEN: {problem}" for problem in self.problems)])


def save_while_away(
    live: LiveKitsu, proxy: Proxy, home: Home, folder: Path, *, saves: int, size: int
) -> Away:
    """Save one file ``saves`` times, one after the other: the first tenth online, then without
    a server, the last tenth with it again; then everything is sent, and looked at.

    Args:
        home: a home behind ``proxy``, logged in.
        folder: for the scene.
        size: bytes of the scene.
    """
    outcome = Away(saves=saves, size=size)
    scene, copy = folder / "scene.blend", folder / "copy.blend"
    task = live.fresh_task().id
    made: list[tuple[str, str]] = []
    with Workfiles(load(home.environment())) as workfiles:
        for number in range(saves):
            if number == saves // 10:
                proxy.down()
            if number == saves - saves // 10:
                proxy.up()
            content = Random(number).randbytes(size)
            scene.write_bytes(content)
            started = time.perf_counter()
            shutil.copyfile(scene, copy)
            outcome.copying.append(time.perf_counter() - started)
            copy.unlink()
            known = workfiles.desk.circuit.is_open()
            started = time.perf_counter()
            saved = workfiles.save(FileHost(scene), SaveRequest(task=task), wait=False)
            seconds = time.perf_counter() - started
            (outcome.blocked if known else outcome.discovering).append(seconds)
            outcome.pending += saved.state == "pending"
            made.append((saved.save_id, hashlib.sha256(content).hexdigest()))
    _send_everything(home, outcome)
    _look(live, task, made, outcome)
    return outcome


def _send_everything(home: Home, outcome: Away) -> None:
    end = time.monotonic() + _PATIENCE
    while home.wf("sync").code != 0:
        if time.monotonic() > end:
            outcome.problems.append(f"still waiting: {home.wf('status').document}")
            return


def _look(live: LiveKitsu, task: str, made: list[tuple[str, str]], outcome: Away) -> None:
    found = []
    for number, record in enumerate(live.working_files(task), 1):
        facts = (record["data"] or {}).get("workfiles", {})
        stored = hashlib.sha256(live.stored_bytes(record["id"])).hexdigest()
        outcome.committed += "sha256" in facts
        found.append((facts.get("save_id"), stored))
        if record["revision"] != number:
            outcome.problems.append(f"revision {record['revision']} is number {number}")
    if found != made:
        wrong = [
            n for n, (have, want) in enumerate(zip(found, made, strict=False), 1) if have != want
        ]
        outcome.problems.append(f"{len(found)} records of {len(made)}; not as saved: {wrong}")


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    median, slowest = statistics.median(seconds), max(seconds)
    return f"median {median * 1000:6.1f} ms, slowest {slowest * 1000:7.1f} ms"
