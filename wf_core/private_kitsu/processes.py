"""Processes told apart for certain, so that no other one is ever signalled.

A number is not an identity: pids are given out again, quickly so after a restart. A process is
known here by its pid, the moment it started and the boot it started in, and a signal is sent
only after its command line was seen to name the home it belongs to. Linux is read from
``/proc``; macOS is asked through ``ps`` and ``sysctl``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["Identity", "command_of", "find", "identify", "is_alive", "send", "spawn", "stop"]

_SHOWN_SECONDS = 5.0
"""For so long the arguments of a new process are waited for, which takes milliseconds."""


@dataclass(frozen=True)
class Identity:
    """One process and no other: ``started`` and ``boot`` are opaque, only ever compared."""

    pid: int
    started: str
    boot: str


def identify(pid: int) -> Identity | None:
    """The process that has this pid now; None when there is none, or only its corpse."""
    if pid <= 0:
        return None
    started = _started_linux(pid) if sys.platform == "linux" else _started_ps(pid)
    return None if started is None else Identity(pid, started, _boot())


def is_alive(process: Identity) -> bool:
    """Whether exactly this process still runs."""
    _reap()
    return identify(process.pid) == process


def command_of(pid: int) -> tuple[str, ...]:
    """The arguments of a process; empty when they cannot be seen.

    ``ps`` gives one string: there the whole line is the only element.
    """
    if sys.platform == "linux":
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ()
        return tuple(os.fsdecode(part) for part in raw.split(b"\0") if part)
    line = _ps("command=", pid)
    return (line,) if line else ()


def names(command: Sequence[str], marker: str) -> bool:
    """Whether a command line names this path as one of its arguments."""
    if sys.platform == "linux":
        return marker in command
    # One string on other systems; quoting is lost, so a longer path must not match.
    return any(f" {marker} " in f"{line} " for line in command)


def find(marker: str, programs: Iterable[str]) -> list[Identity]:
    """Every process whose command line names ``marker`` and whose program is one of
    ``programs`` (compared by the start of the file name: ``python`` also finds
    ``python3.11``). So an editor that has a file of the home open is not among them.
    """
    wanted = tuple(programs)
    found = []
    for pid in _pids():
        command = command_of(pid)
        if command and names(command, marker):
            program = Path(command[0].split(" ")[0]).name
            process = identify(pid)
            if process is not None and program.startswith(wanted):
                found.append(process)
    return found


def send(process: Identity, name: str, marker: str) -> bool:
    """Send the signal of this name to exactly this process, if its command line still names
    ``marker``.

    Where the kernel has process handles (Linux 5.3) the handle is taken before the checks, so
    the process cannot be replaced by another between the check and the signal.

    Returns:
        False when the process is gone or is not what was expected; nothing was sent then.
    """
    number = signal.Signals[name]
    handle = _handle(process.pid)
    try:
        if not is_alive(process) or not names(command_of(process.pid), marker):
            return False
        if handle is not None:
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


def stop(process: Identity, marker: str, steps: Sequence[tuple[str, float]]) -> bool:
    """Ask a process to end, step by step: (signal's name, seconds to wait for it to be gone).

    Returns:
        Whether it is gone now.
    """
    for name, seconds in steps:
        if not send(process, name, marker):
            return not is_alive(process)
        if wait_until(lambda: not is_alive(process), seconds):
            return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
    """Look again and again until the condition holds; False when time is up."""
    end = time.monotonic() + seconds
    while True:
        if condition():
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(every)


# Handles of what this process started: kept so that the dead are reaped, and so that no
# handle is collected while its process still runs.
_children: list[subprocess.Popen[bytes]] = []


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    pass_fds: Sequence[int] = (),
) -> Identity:
    """Start a process that outlives this one, in a session of its own, output to ``log``. Its
    command line can be read when this returns.

    Raises:
        OSError: it could not be started at all.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
    _children.append(child)
    # Linux closes the files of the program before, by which Popen knows that there is a new one,
    # a moment before it shows the new one's arguments.
    wait_until(lambda: command_of(child.pid) != () or child.poll() is not None, _SHOWN_SECONDS)
    return identify(child.pid) or Identity(child.pid, "gone", _boot())


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


def _handle(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open") or not hasattr(signal, "pidfd_send_signal"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _started_linux(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The program's name is in parentheses and may hold anything, parentheses included.
    fields = text.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else ticks


def _started_ps(pid: int) -> str | None:
    line = _ps("stat=,lstart=", pid)
    state, _, started = line.partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def _ps(columns: str, pid: int) -> str:
    done = subprocess.run(
        ["ps", "-ww", "-o", columns, "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout.strip()


def _pids() -> list[int]:
    if sys.platform == "linux":
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    done = subprocess.run(["ps", "-ax", "-o", "pid="], capture_output=True, text=True, check=False)
    return [int(line) for line in done.stdout.split()]


@lru_cache(maxsize=1)
def _boot() -> str:
    if sys.platform == "linux":
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return ""
    done = subprocess.run(
        ["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
