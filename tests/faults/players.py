"""People who save: each with a WF_HOME, several commands at a time, and a ledger."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from live_kitsu import LiveKitsu

from faults.plan import Order, Plan
from faults.processes import Process, processes_of
from faults.server import Task
from wf_core.settings import load
from wf_core.workfiles import Workfiles

__all__ = ["LANES", "Clock", "Ended", "Entry", "Home", "Ledger", "run_wf"]

LANES = 2
"""Commands of one home at a time."""

_LONGEST_COMMAND = 150.0  # seconds after which a command counts as stuck
_BEFORE = 1000.0  # seconds: longer than any preparation
_OFFLINE_BUDGET = 2.5
_TIMEOUT = 6.0


@dataclass
class Entry:
    """One command as the ledger knows it.

    Attributes:
        code: exit code, negative for the signal that ended it, None while it runs.
        document: the JSON document it printed, None when it printed none.
        started, ended: seconds on the run's clock.
        stuck: it did not end by itself in time.
    """

    home: str
    order: Order
    task: str
    sha256: str
    comment: str
    started: float
    ended: float | None = None
    code: int | None = None
    document: Any = None
    output: str = ""
    errors: str = ""
    stuck: bool = False

    @property
    def save_id(self) -> str | None:
        """The id of a save that was reported as safe, committed or not; else None."""
        if self.order.kind != "save" or not isinstance(self.document, dict):
            return None
        value = self.document.get("save_id")
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, the JSON document it printed, what it complained of."""

    code: int
    document: Any
    errors: str


class Ledger:
    """What every command was asked for and what it reported, in the order they began.

    Args:
        file: gets a line per finished command, for whoever looks into a failed run.
    """

    def __init__(self, file: Path) -> None:
        self.entries: list[Entry] = []
        self._file = file
        self._guard = threading.Lock()

    def begin(self, entry: Entry) -> None:
        with self._guard:
            self.entries.append(entry)

    def end(self, entry: Entry) -> None:
        with self._guard, self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(entry)) + "\n")

    def saves(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.order.kind == "save"]


@dataclass
class Home:
    """One WF_HOME with its workspace; several homes may share a workspace.

    Attributes:
        budget: seconds a save waits for the server before it goes on alone.
        timeout: seconds a request may take.
        gone_over: paths of scenes that chaos wrote over or replaced.
        spoiled: ids of saves whose kept copy chaos wrote over.
        planted: foreign files chaos put where a revision was to go, with their bytes.
    """

    index: int
    who: str
    folder: Path
    workspace: Path
    sources: Path
    server_url: str
    budget: float = _OFFLINE_BUDGET
    timeout: float = _TIMEOUT
    gone_over: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)
    planted: dict[str, bytes] = field(default_factory=dict)
    _running: int = 0
    _closed: bool = False
    _state: threading.Condition = field(default_factory=threading.Condition)

    @property
    def name(self) -> str:
        return f"{self.index} ({self.who})"

    def environment(self) -> dict[str, str]:
        return {
            "WF_HOME": str(self.folder),
            "WF_WORKSPACE": str(self.workspace),
            "WF_TIMEOUT": str(self.timeout),
        }

    def set_up(self, live: LiveKitsu) -> None:
        """Log in, and write settings with which faults resolve quickly."""
        self.folder.mkdir(parents=True)
        self.sources.mkdir(parents=True)
        settings = {"profiles": {"default": {"offline_budget": self.budget}}}
        (self.folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        email, password = live.credentials(self.who)
        with Workfiles(load(self.environment())) as workfiles:
            workfiles.login(self.server_url, email=email, password=password)

    def processes(self) -> list[Process]:
        return processes_of(self.folder)

    # commands

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a real ``wf`` with these arguments and ``--json``."""
        return subprocess.Popen(
            [sys.executable, "-m", "wf_core.cli", *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**_plain_environment(), **self.environment()},
            cwd=self.folder,
            text=True,
        )

    def wf(self, *arguments: str, seconds: float = 120.0) -> Ended:
        """Run a real ``wf``; one that does not end in time is killed, its errors then say
        what it was doing."""
        child = self.start(*arguments)
        out, errors, _ = _end_of(child, seconds)
        return Ended(child.returncode, _document(out), errors)

    def play(self, lane: int, plan: Plan, tasks: list[Task], ledger: Ledger, clock: Clock) -> None:
        """Carry out the orders of one lane until the run's time is over."""
        for order in plan.orders(self.index, lane):
            with self._state:
                while self._closed and not clock.over.is_set():
                    self._state.wait(0.2)
                if clock.over.is_set():
                    return
                self._running += 1
            try:
                self.carry_out(order, tasks[order.task], ledger, clock)
            finally:
                with self._state:
                    self._running -= 1
                    self._state.notify_all()

    def carry_out(self, order: Order, task: Task, ledger: Ledger, clock: Clock) -> None:
        entry = Entry(
            home=self.name,
            order=order,
            task=task.id,
            sha256="",
            comment=f"save {order.number}",
            started=clock.now(),
        )
        arguments = [order.kind]
        source = self.sources / f"{order.number}.blend"
        if order.kind == "save":
            content = Random(f"{clock.seed} bytes {order.number}").randbytes(order.size)
            source.write_bytes(content)
            entry.sha256 = hashlib.sha256(content).hexdigest()
            arguments += [str(source), "--task", task.reference, "--name", order.name]
            arguments += ["--comment", entry.comment, *([] if order.wait else ["--no-wait"])]
        ledger.begin(entry)
        run_wf(arguments, self, entry)
        entry.ended = clock.now()
        ledger.end(entry)
        source.unlink(missing_ok=True)

    @contextmanager
    def quiet(self, *, wait: float) -> Iterator[int]:
        """No process of this home runs within; those that do not end in time are killed.

        Yields:
            How many were killed.
        """
        with self._state:
            self._closed = True
        try:
            end = time.monotonic() + wait
            while self.processes() and time.monotonic() < end:
                time.sleep(0.1)
            killed = self.kill_all()
            with self._state:
                while self._running:
                    self._state.wait(0.2)
            yield killed + self.kill_all()
        finally:
            with self._state:
                self._closed = False
                self._state.notify_all()

    def kill_all(self) -> int:
        """Kill every process of this home; how many there were."""
        killed = 0
        while running := self.processes():
            killed += sum(process.send(signal.SIGKILL) for process in running)
            time.sleep(0.05)
        return killed


def run_wf(arguments: list[str], home: Home, entry: Entry) -> None:
    """Run one real ``wf``, freeze and kill it as its order says, and write down its end."""
    child = home.start(*arguments)
    started = time.monotonic()
    for after, number in _signals(entry.order):
        try:
            child.wait(timeout=max(0.0, started + after - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.send_signal(number)
        else:
            break
    entry.output, entry.errors, entry.stuck = _end_of(child, _LONGEST_COMMAND)
    entry.code = child.returncode
    entry.document = _document(entry.output)


def _end_of(child: subprocess.Popen[str], seconds: float) -> tuple[str, str, bool]:
    """What the command printed and complained of, and whether it had to be killed."""
    try:
        return (*child.communicate(timeout=seconds), False)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGABRT)  # Python then says where each of its threads is
        return (*child.communicate(), True)


def _document(output: str) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return None


def _signals(order: Order) -> list[tuple[float, signal.Signals]]:
    planned = []
    if order.freeze is not None:
        after, length = order.freeze
        planned = [(after, signal.SIGSTOP), (after + length, signal.SIGCONT)]
    if order.kill is not None:
        planned.append((order.kill, signal.SIGKILL))
    return sorted(planned)


def _plain_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "TMPDIR", "TZ", "PYTHONPATH")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return found | {"LC_ALL": "C.UTF-8", "PYTHONFAULTHANDLER": "1"}


class Clock:
    """The run's clock: seconds since the attacks began, less than 0 before, and whether their
    time is over."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.over = threading.Event()
        self._zero = time.monotonic() + _BEFORE

    def start(self) -> None:
        """The attacks begin now."""
        self._zero = time.monotonic()

    def now(self) -> float:
        return round(time.monotonic() - self._zero, 3)
