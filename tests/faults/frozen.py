"""Two uploaders at once, one of them stopped in the middle of a body and continued later.

Two bodies sent to one record at the same time spoil the stored file. Here two processes want to
send one save; the one that got to send it is stopped (SIGSTOP) half-way, everybody else goes on
trying meanwhile, and then it is continued, whatever it believes by then.
"""

from __future__ import annotations

import hashlib
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from live_kitsu import LiveKitsu

from faults.players import Home
from faults.processes import Process
from faults.proxy import Proxy

__all__ = ["Frozen", "freeze_uploaders"]

_SIZE = 24 * 2**20
"""Bytes of a scene: half of it is more than what the system buffers on the way."""

_HOLD = 8.0  # seconds for which the network stops half-way: time to stop the process
_PATIENCE = 120.0
_AT_ONCE = 5  # tries being started or ended at the same time

Say = Callable[[str], None]


@dataclass(frozen=True)
class Frozen:
    """How one try ended.

    Attributes:
        stopped: seconds for which a process was stopped while it was sending.
        others: exit codes of those that tried to send meanwhile.
        uploads: how many requests with bytes there were in all.
        problems: what was promised and did not hold; empty when the stored bytes are whole.
    """

    number: int
    stopped: float
    others: tuple[int, ...]
    uploads: int
    problems: tuple[str, ...]

    def text(self) -> str:
        ended = "; ".join(self.problems) or "stored bytes whole, one record"
        others = ", ".join(map(str, self.others))
        return (
            f"try {self.number}: stopped for {self.stopped:.1f} s, others ended with {others}, "
            f"{self.uploads} uploads begun: {ended}"
        )


def freeze_uploaders(
    live: LiveKitsu, folder: Path, *, tries: int, stopped: float, say: Say
) -> list[Frozen]:
    """Try it ``tries`` times, side by side: who is stopped needs nothing.

    Args:
        folder: for the homes of the tries.
        stopped: seconds for which a process is stopped.
    """
    doors = threading.Semaphore(_AT_ONCE)
    outcomes: list[Frozen] = []
    failures: list[BaseException] = []

    def one(number: int) -> None:
        try:
            outcome = _try(live, folder / f"try-{number}", number, stopped, doors)
        except BaseException as exc:  # noqa: BLE001  (raised again below)
            failures.append(exc)
            return
        say(outcome.text())
        outcomes.append(outcome)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, tries + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sorted(outcomes, key=lambda outcome: outcome.number)


def _try(
    live: LiveKitsu, folder: Path, number: int, stopped: float, doors: threading.Semaphore
) -> Frozen:
    parts = urlsplit(live.url)
    address = (str(parts.hostname), int(parts.port or 0))
    with ExitStack() as held:
        doors.acquire()
        inside = held.enter_context(_Inside(doors))
        proxy = held.enter_context(Proxy(lambda: address, seed=number, longest_hold=_HOLD))
        home = Home(
            index=number,
            who="artist",
            folder=folder / "home",
            workspace=folder / "workspace",
            sources=folder / "sources",
            server_url=proxy.url,
            budget=20.0,
            timeout=60.0,
        )
        home.set_up(live)
        held.callback(home.kill_all)
        task = live.fresh_task().id
        content = Random(number).randbytes(_SIZE)
        save_id = _save_unsent(home, proxy, task, content)

        half_way = proxy.arrange("upload", "pause", chance=1.0)
        sending = [home.start("sync"), home.start("sync")]
        if not half_way.wait(_PATIENCE):
            raise AssertionError(f"try {number}: nobody sent anything")
        victim = _sender(home)
        victim.send(signal.SIGSTOP)
        since = time.monotonic()
        others = [home.wf("sync").code]
        inside.leave()
        time.sleep(max(0.0, stopped - (time.monotonic() - since)))
        inside.enter()
        others.append(home.wf("sync").code)
        victim.send(signal.SIGCONT)
        seconds = time.monotonic() - since
        for child in sending:
            child.communicate(timeout=_PATIENCE)
        problems = tuple(_look(live, home, task, save_id, content))
        uploads = proxy.seen["upload"]
    return Frozen(number, seconds, tuple(others), uploads, problems)


def _save_unsent(home: Home, proxy: Proxy, task: str, content: bytes) -> str:
    """A save whose bytes nobody has sent, or is about to: its id."""
    scene = home.sources / "scene.blend"
    scene.write_bytes(content)
    proxy.arrange("upload", "refuse")
    saved = home.wf("save", str(scene), "--task", task)
    home.kill_all()
    scene.unlink()
    if saved.code != 75:
        raise AssertionError(f"the save was not left behind: {saved}")
    return str(saved.document["save_id"])


def _sender(home: Home) -> Process:
    """The process that has the kept copy open: it is sending it."""
    kept = {str(path) for path in home.workspace.glob(".wf-spool/*/*.blend")}
    for process in home.processes():
        for handle in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if str(handle.readlink()) in kept:
                    return process
            except FileNotFoundError:
                continue  # closed meanwhile
    raise AssertionError("no process has the kept copy open")


def _look(live: LiveKitsu, home: Home, task: str, save_id: str, content: bytes) -> Sequence[str]:
    end = time.monotonic() + _PATIENCE
    while home.wf("sync").document != {"committed": 0, "pending": 0, "parked": 0}:
        if time.monotonic() > end:
            return [f"not committed: {home.wf('status').document}"]
        time.sleep(0.5)
    records = live.working_files(task)
    problems = []
    if len(records) != 1:
        problems.append(f"{len(records)} records")
    for record in records:
        facts = (record["data"] or {}).get("workfiles", {})
        stored = live.stored_bytes(record["id"])
        if stored != content:
            problems.append(f"{len(stored)} bytes are stored that are not the {_SIZE} saved")
        if facts.get("sha256") != hashlib.sha256(content).hexdigest():
            problems.append(f"the record has the hash {facts.get('sha256')}")
        if facts.get("save_id") != save_id:
            problems.append(f"the record is of save {facts.get('save_id')}, not {save_id}")
    return problems


class _Inside:
    """A place among those that may work at the same time, given back while only waiting."""

    def __init__(self, doors: threading.Semaphore) -> None:
        self._doors = doors
        self._inside = True

    def __enter__(self) -> _Inside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._inside:
            self._doors.release()

    def leave(self) -> None:
        self._doors.release()
        self._inside = False

    def enter(self) -> None:
        self._doors.acquire()
        self._inside = True
