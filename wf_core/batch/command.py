"""Starting the command that does some rows, tied to whoever starts it.

What ties them is a pipe to the command's standard input: it closes with the process that started
it, however that one ends, and the command then ends after the row it is at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from wf_core.disk.files import in_words

__all__ = ["WORKED", "do_rows", "last_words", "let_go", "start_work", "tied_to_parent"]

WORKED = (0, 5, 75)
"""The exit codes of a command that came to the end of its rows."""

_TIED = "WF_BATCH_TIED"
"""Set in the environment of a command whose standard input ends with whoever started it."""


def start_work(folder: Path, rows: range) -> subprocess.Popen[bytes]:
    """Start ``wf batch work`` for some rows of the run in ``folder``.

    Raises:
        WorkfilesError: its log cannot be written.
    """
    path = _log_of(folder, rows)
    with in_words(path, writing=True), path.open("ab") as said:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "wf_core.cli", "batch", "work", str(folder)),
                *("--rows", f"{rows.start}-{rows.stop - 1}", "--json"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, _TIED: "1"},
            # Ctrl-C is the client's to hear: workers end after the row they are at.
            start_new_session=os.name == "posix",
        )


def do_rows(folder: str, first: int, last: int) -> int:
    """What a task of a cluster does, on one of its workers: the command for some rows.

    Returns:
        The command's exit code.

    Raises:
        RuntimeError: the command did not come to the end of its rows.
        WorkfilesError: it cannot be started.
    """
    rows = range(first, last + 1)
    process = start_work(Path(folder), rows)
    _here.add(process)
    try:
        code = process.wait()
    finally:
        _here.discard(process)
        _end(process)
    if code not in WORKED:
        raise RuntimeError(f"wf ended with {code}: {last_words(Path(folder), rows)}")
    return code


def let_go() -> None:
    """End the commands that threads of this process wait for, each after the row it is at."""
    started = tuple(_here)
    for process in started:
        _end(process)
    for process in started:
        process.wait()


_here: set[subprocess.Popen[bytes]] = set()
"""The commands that :func:`do_rows` is waiting for in this process."""


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def last_words(folder: Path, rows: range) -> str:
    """The last line of what such a command has said."""
    try:
        text = _log_of(folder, rows).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "nothing was said"
    lines = text.strip().splitlines()
    return lines[-1] if lines else "nothing was said"


def tied_to_parent() -> Callable[[], bool]:
    """A cancel hook for the command: whether the process that started it is gone. Always False
    for one that was not started by :func:`start_work`."""
    if not os.environ.get(_TIED):
        return lambda: False
    gone = threading.Event()

    def wait() -> None:
        while os.read(0, 1024):
            pass
        gone.set()

    threading.Thread(target=wait, name="wf-parent", daemon=True).start()
    return gone.is_set


def _log_of(folder: Path, rows: range) -> Path:
    return folder / "logs" / f"worker-{rows.start}-{rows.stop - 1}.log"
