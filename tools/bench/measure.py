"""Measuring programs: each in a process of its own, the contestants in turns."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "MIB",
    "ProgramFailed",
    "Run",
    "Runner",
    "Sample",
    "Spread",
    "at_rest",
    "in_turns",
    "ratios",
    "stop_processes_in",
]

MIB = 1024 * 1024
_LAUNCH = Path(__file__).with_name("launch.py")
_LONGEST = 60 * 60.0
"""Seconds after which a program is taken to hang."""
_REST_SECONDS = 15.0
"""Seconds after which a host has back what its machine has freed; after 5 it had some of it."""


class ProgramFailed(Exception):
    """A measured program failed, or did something else than it was measured for."""


@dataclass(frozen=True)
class Run:
    """One process from start to end.

    Attributes:
        seconds: from before its start to after its end.
        peak: most memory it ever held, in bytes (resident set size).
        output: its standard output.
    """

    seconds: float
    peak: int
    output: str

    @property
    def answer(self) -> Any:
        """The output as the JSON document it is."""
        try:
            return json.loads(self.output)
        except ValueError as exc:
            raise ProgramFailed(f"This is not JSON: {self.output[:500]!r}") from exc


@dataclass(frozen=True)
class Sample:
    """One measurement.

    Attributes:
        seconds: what was timed.
        peak: most memory of the process, in bytes; None where it says nothing.
        start: memory before the work began, in bytes.
    """

    seconds: float
    peak: int | None = None
    start: int | None = None

    @property
    def growth(self) -> int | None:
        """Bytes the work added to the process."""
        return None if self.peak is None or self.start is None else self.peak - self.start


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of some values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


class Runner:
    """Runs programs that are measured, and leaves none behind.

    Args:
        folder: for the reports; exists.
        environment: what the programs get, and nothing else.
        root: their working directory.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], root: Path) -> None:
        self._report = folder / "launch.txt"
        self._environment = dict(environment)
        self._root = root

    def run(
        self,
        command: Sequence[str | Path],
        *,
        job: Any = None,
        text: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a program to its end.

        Args:
            command: the program and its arguments.
            job: sent to its standard input as JSON.
            text: sent to its standard input as it is.
            environment: variables it gets in addition.

        Raises:
            ProgramFailed: its exit code is not 0, or it never ended.
        """
        words = [str(word) for word in command]
        self._report.unlink(missing_ok=True)
        # A session of its own, so that one signal ends it with everything it started.
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCH), str(self._report), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._root,
            env=self._environment | dict(environment or {}),
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        try:
            output, errors = child.communicate(
                text if job is None else json.dumps(job), timeout=_LONGEST
            )
        except subprocess.TimeoutExpired as exc:
            raise ProgramFailed(f"{words[0]} did not end within an hour.") from exc
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
        if child.returncode != 0:
            said = (errors or output).strip()[-2000:]
            name = " ".join([Path(words[0]).name, *words[1:3]])
            raise ProgramFailed(f"{name} ended with exit code {child.returncode}: {said}")
        seconds, peak = self._report.read_text(encoding="ascii").split()
        return Run(float(seconds), int(peak), output)

    def python(self, module: str, *arguments: str, job: Any = None) -> Run:
        """Run one of this package's programs."""
        return self.run([sys.executable, "-m", f"tools.bench.{module}", *arguments], job=job)


def in_turns(
    contestants: Mapping[str, Callable[[], Sample]],
    repeats: int,
    *,
    say: Callable[[str], None],
    settle: Callable[[], None] = os.sync,
) -> dict[str, list[Sample]]:
    """Measure the contestants A B C, C B A, B C A, A C B, ...: every other round goes backwards,
    so that nobody always goes first, nor always after the same one.

    Args:
        contestants: each does the work once and says what it took.
        repeats: rounds; the samples of one round belong together.
        say: told each result.
        settle: called before each; by default waits until the disks have written everything,
            so that nobody pays for what the one before has left.
    """
    names = list(contestants)
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(repeats):
        shift = number // 2 % len(names)
        order = names[shift:] + names[:shift]
        for name in order[::-1] if number % 2 else order:
            settle()
            sample = contestants[name]()
            samples[name].append(sample)
            say(f"round {number + 1} of {repeats}: {name}: {sample.seconds:.3f} s")
    return samples


def at_rest() -> None:
    """Wait until it does not matter any more what ran before: the disks have written everything,
    and a virtual machine has given back to its host what memory is free. Touching a GiB of that
    again can take seconds, which nobody pays who comes right after one that has freed it.
    """
    os.sync()
    time.sleep(_REST_SECONDS)


def ratios(ours: Sequence[Sample], theirs: Sequence[Sample]) -> Spread:
    """The ratios of times, each of two samples of one round."""
    return Spread.of([a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)])


def stop_processes_in(folder: Path) -> None:
    """End the processes whose working directory is ``folder`` or below.

    That is where background uploaders run; they are in a session of their own, as they have to
    outlive the application. Needs Linux's /proc; elsewhere they end by themselves.
    """
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            inside = (entry / "cwd").readlink().is_relative_to(folder)
            if inside:
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue  # gone meanwhile, or another user's
