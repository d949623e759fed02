"""What every application does as a child of a worker: take scenes, answer, and end with it.

The scripts beside this one run inside an application, which has nothing else of ours. Each line
of standard input is one scene as JSON: ``scene``, ``script``, ``arguments``, ``out``, ``log``,
``picture``, ``reply``; the script finds ``picture`` in WF_PICTURE and may leave one there. How it
went is written to ``reply`` as JSON: ``error`` (empty when all went well) and ``memory`` (bytes
this process has in use).

The end of standard input is the end of the worker, and so of this process, whatever the script
is doing.
"""

import contextlib
import ctypes
import io
import json
import os
import queue
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

__all__ = ["run_script", "serve"]

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def serve(begin: "Callable[[], Callable[[str, str, list[str], str], None]]") -> None:
    """Do scenes until there are no more; does not return.

    Args:
        begin: makes this process the application; gives what opens a scene, runs the script in
            it with its arguments, and writes the file. What it raises is the answer.
    """
    _die_with(int(sys.argv[sys.argv.index("--") + 1]))
    scenes = _listen()
    for said in (sys.stdout, sys.stderr):
        if isinstance(said, io.TextIOWrapper):
            said.reconfigure(line_buffering=True)  # the end of a log counts most if it was sudden
    process = begin()
    while True:
        job = scenes.get()
        log = os.open(str(job["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(log)
        error = ""
        os.environ["WF_PICTURE"] = str(job["picture"])
        try:
            process(job["scene"], job["script"], job["arguments"], job["out"])  # type: ignore[arg-type]
        except BaseException as exc:  # noqa: BLE001  (whatever it is, it is the answer)
            traceback.print_exc()
            error = f"{type(exc).__name__}: {exc}".rstrip()
        _answer(str(job["reply"]), error=error, memory=_memory())


def run_script(script: str, arguments: "list[str]") -> None:
    """Run a scene's script as the program it is.

    Raises:
        RuntimeError: it ended with a code.
        Exception: what it raised.
    """
    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise RuntimeError(f"the script ended with {end.code}") from None


def _die_with(parent: int) -> None:
    """Have the system end this process when ``parent`` ends. Only Linux can; elsewhere the end of
    standard input does it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it was gone before that


def _listen() -> "queue.Queue[dict[str, object]]":
    """The scenes to come; ends the process when there will be no more."""
    scenes: queue.Queue[dict[str, object]] = queue.Queue()
    # A handle of its own: scripts may read standard input, and find nothing there.
    lines = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def read() -> None:
        for line in lines:
            scenes.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return scenes


def _memory() -> int:
    """Bytes of main memory this process has in use; 0 where the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _answer(reply: str, **values: object) -> None:
    half = Path(f"{reply}.part")
    half.write_text(json.dumps(values), encoding="utf-8")
    half.replace(reply)
