"""Runs inside Blender without a window: opens scenes, runs scripts in them, writes files.

Started as ``blender --background --factory-startup --python blender.py -- PARENT``, or by a
Python that has bpy as ``python -I blender.py -- PARENT``. It needs nothing but Blender and reads
no preferences. Each line of standard input is one scene as JSON: ``scene``, ``script``,
``arguments``, ``out``, ``log``, ``reply``. How it went is written to ``reply`` as JSON: ``error``
(empty when all went well), ``memory`` (bytes this process has in use) and ``version``.

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
from pathlib import Path

import bpy  # type: ignore[import-not-found, unused-ignore]

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def die_with(parent: int) -> None:
    """Have the system end this process when ``parent`` ends. Only Linux can; elsewhere the end of
    standard input does it."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it was gone before that


def listen() -> "queue.Queue[dict[str, object]]":
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


def memory() -> int:
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


def process(scene: str, script: str, arguments: "list[str]", out: str) -> None:
    """Open, run, write."""
    bpy.ops.wm.open_mainfile(filepath=scene, load_ui=False, use_scripts=False)
    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise RuntimeError(f"the script ended with {end.code}") from None
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=out, check_existing=False)


def answer(reply: str, **values: object) -> None:
    half = Path(f"{reply}.part")
    half.write_text(json.dumps(values), encoding="utf-8")
    half.replace(reply)


def main() -> None:
    die_with(int(sys.argv[sys.argv.index("--") + 1]))
    scenes = listen()
    for said in (sys.stdout, sys.stderr):
        if isinstance(said, io.TextIOWrapper):
            said.reconfigure(line_buffering=True)  # the end of a log counts most if it was sudden
    while True:
        job = scenes.get()
        log = os.open(str(job["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(log)
        error = ""
        try:
            process(job["scene"], job["script"], job["arguments"], job["out"])  # type: ignore[arg-type]
        except BaseException as exc:  # noqa: BLE001  (whatever it is, it is the answer)
            traceback.print_exc()
            error = f"{type(exc).__name__}: {exc}"
        answer(
            str(job["reply"]),
            error=error,
            memory=memory(),
            version=".".join(map(str, bpy.app.version)),
        )


main()
