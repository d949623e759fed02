"""Hundreds of ``wf`` processes without waiting for hundreds of imports.

``python -m tests.cli.warm`` imports the command once and then forks a process for every command
line it reads: a real process with streams, environment and exit code of its own, that only did
not have to import what it runs. How the command itself starts is tested elsewhere.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Any

from tests.cli.running import WARNINGS, Ran

ROOT = Path(__file__).resolve().parents[2]
STARTING = Lock()


@dataclass(frozen=True)
class Warm:
    """Runs the command in processes that are forked where it is imported already."""

    environ: Mapping[str, str]

    def __call__(
        self, *arguments: str, stdin: str = "", seconds: float = 60.0, **environ: str
    ) -> Ran:
        with tempfile.TemporaryDirectory(prefix="wf-warm-") as name:
            folder = Path(name)
            (folder / "stdin").write_text(stdin, encoding="utf-8")
            order = {
                "folder": name,
                "arguments": arguments,
                "environ": {**self.environ, **environ},
            }
            with STARTING:
                parent = imported()
                parent.write(json.dumps(order) + "\n")
                parent.flush()
            code = self._ended(folder, arguments, time.monotonic() + seconds)
            out, err = (
                (folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")
            )
            return Ran(code, out, err)

    @staticmethod
    def _ended(folder: Path, arguments: tuple[str, ...], deadline: float) -> int:
        while not (folder / "code").exists():
            if time.monotonic() > deadline:
                os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
                raise subprocess.TimeoutExpired(["wf", *arguments], 0)
            time.sleep(0.005)
        return int((folder / "code").read_text())


@cache
def imported() -> IO[str]:
    """Where this test process tells its imported command what to run; it ends with us."""
    command = [sys.executable, *WARNINGS, "-m", "tests.cli.warm"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True)
    assert process.stdin is not None
    atexit.register(process.communicate)  # closes its standard input, and waits for its end
    return process.stdin


def main() -> None:
    """Fork for every line of standard input. The child runs the command; its own parent, a
    fork as well, waits for it and writes down how it ended."""
    import wf_core.care.doctor
    import wf_core.workfiles  # noqa: F401
    from wf_core.cli.app import command_tree

    command_tree()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            order = json.loads(line)
            wait_for(Path(order["folder"]), order)
            return


def wait_for(folder: Path, order: dict[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        run(folder, order)
    (folder / "pid").write_text(str(pid))
    _, status = os.waitpid(pid, 0)
    beside = folder / "code.new"
    beside.write_text(str(os.waitstatus_to_exitcode(status)))
    beside.rename(folder / "code")
    os._exit(0)


def run(folder: Path, order: dict[str, Any]) -> None:
    """Become the command. Never returns."""
    from wf_core.cli import main as wf
    from wf_core.saves import records

    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT
        handle = os.open(folder / name, flags, 0o600)
        os.dup2(handle, descriptor)
        os.close(handle)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    random.seed()
    records._BEGUN = time.time()  # not when the one that has imported it began
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.exit(wf(order["arguments"]))


if __name__ == "__main__":
    main()
