"""Inside Blender: how long Save New Revision keeps the main thread, and what an upload does to it.

``python -m tools.bench.run_blender_save`` reads a JSON job from standard input: ``url``,
``email``, ``password``, ``task``, ``size`` (bytes of the scene), ``saves``, ``relay`` (host and
port to put a slow relay before), ``beat_seconds``. It prints one JSON document.

What is timed is what the button does in a window: the same session, told to come back as soon
as the scene is written. Blender's own operator is timed inside it, and taken off.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy

ROOT = Path(__file__).resolve().parents[2]
BEAT = 1 / 60
LATE = 0.033
_BYTES_PER_VERTEX = 12
_LONGEST_UPLOAD = 60.0  # seconds


def build_scene(size: int) -> None:
    """A scene whose file has about ``size`` bytes."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.system.use_online_access = True
    add_points(size)


def add_points(size: int) -> None:
    """Have the scene's file grow by about ``size`` bytes."""
    bpy.context.preferences.filepaths.use_file_compression = False
    mesh = bpy.data.meshes.new("points")
    count = size // _BYTES_PER_VERTEX
    mesh.vertices.add(count)
    points = numpy.random.default_rng(1).random(count * 3, dtype=numpy.float32)
    mesh.vertices.foreach_set("co", points)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("points", mesh))


class Stopwatch:
    """Seconds spent inside Blender's own save, and waiting for the server's answer to the one
    request a save needs."""

    def __init__(self) -> None:
        from blender_addon import host
        from wf_core.kitsu import KitsuClient

        self.seconds = self.answer = 0.0
        told, claim = host._told, KitsuClient.create_working_file

        def claimed(client: Any, *arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return claim(client, *arguments, **options)
            finally:
                self.answer += time.perf_counter() - started

        KitsuClient.create_working_file = claimed  # type: ignore[method-assign]

        def timed(operator: Any, **arguments: Any) -> str:
            started = time.perf_counter()
            try:
                return told(operator, **arguments)
            finally:
                self.seconds += time.perf_counter() - started

        host._told = timed

    def around(self, work: Any) -> dict[str, Any]:
        """Seconds beyond Blender's own save, and those of them that the server took."""
        self.seconds = self.answer = 0.0
        started = time.perf_counter()
        relay = work()
        total = time.perf_counter() - started - self.seconds
        number = relay.tag.revision is not None
        return {"beyond": total, "answer": self.answer, "number": number}


class Relay:
    """The slow relay, in a process of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.bench.slow_relay", host, str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def tell(self, what: str, value: float) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{what} {value}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def close(self) -> None:
        """From now on nobody answers at its port."""
        self._process.kill()
        self._process.communicate()


def main() -> None:
    job: dict[str, Any] = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr), quiet():
        found = measure(job)
    print(json.dumps(found))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Blender writes to descriptor 1, whatever Python's is: it belongs to the answer."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def measure(job: dict[str, Any]) -> dict[str, Any]:
    relay = Relay(*job["relay"])
    build_scene(job["size"])
    sys.path.insert(0, str(Path.cwd()))
    bpy.ops.preferences.addon_enable(module="blender_addon")
    from blender_addon import core
    from blender_addon.session import current

    core.load()  # in a window the first idle moment does it
    session = current()
    url = f"http://127.0.0.1:{relay.port}"
    bpy.ops.kitsu_workfiles.login(server=url, email=job["email"], password=job["password"])
    watch = Stopwatch()

    def look_ahead() -> None:
        """What the tab and the dialog do before anybody presses the button."""
        tag, host = session.host.get_tag(), session.host
        upcoming = session.wait(
            session.looker.submit(
                lambda tool: tool.next_revision(job["task"], tag=tag, software=host.name)
            )
        )
        session.shown.next = upcoming
        session.prepare()
        session.main_thread.serve(session.saver.submit(lambda tool: None))

    def save(*, settled: bool = True) -> dict[str, Any]:
        """What the main thread spent beyond Blender's own save."""
        from wf_core.workfiles import SaveRequest, patience_for

        if settled:
            settle(session)
        upcoming = session.shown.next
        patience = patience_for(upcoming.answer_seconds if upcoming else None)
        request = SaveRequest(task=job["task"], comment="benchmark")
        spent = watch.around(
            lambda: session.save(request, wait=False, release=True, patience=patience)
        )
        session.main_thread.serve(session.saver.submit(lambda tool: tool.status()))
        return spent

    look_ahead()
    found: dict[str, Any] = {"first": save()}
    near = []
    for _ in range(job["saves"]):
        look_ahead()
        near.append(save())
    found["near"] = near
    found["idle"], found["uploading"] = beats(session, job, relay, save)
    settle(session)
    relay.tell("answer", 2.0)
    forget_outages(session)
    found["slow"] = save(settled=False)
    relay.close()
    forget_outages(session)
    found["gone"] = save(settled=False)
    return found


def settle(session: Any) -> None:
    """Let what was saved before arrive, and the disks write everything: artists do not save
    every second. While the server is slow or gone there is nothing to wait for any more."""
    give_up = time.monotonic() + _LONGEST_UPLOAD
    while time.monotonic() < give_up:
        waiting = session.saver.submit(lambda tool: tool.status())
        session.main_thread.serve(waiting)
        if not waiting.result():
            break
        time.sleep(0.2)
    os.sync()


def forget_outages(session: Any) -> None:
    """Have the next save find out anew that the server is slow or gone."""
    session.main_thread.serve(session.saver.submit(lambda tool: tool.desk.circuit.reset()))


def beats(session: Any, job: dict[str, Any], relay: Relay, save: Any) -> tuple[float, float]:
    """Late beats in 100, idle and while an upload runs that takes as long as it is looked at."""
    from blender_addon import refresh

    if not job["beat_seconds"]:
        return 0.0, 0.0

    def late() -> float:
        count = missed = 0
        began = last = time.perf_counter()
        served = ticked = began
        while (now := time.perf_counter()) - began < job["beat_seconds"]:
            if now - served > 0.05:
                session.main_thread.work_off()
                served = now
            if now - ticked > 0.5:
                refresh.seen()
                refresh._tick()
                ticked = now
            time.sleep(max(0.0, last + BEAT - time.perf_counter()))
            beat = time.perf_counter()
            count, missed, last = count + 1, missed + (beat - last > LATE), beat
        return 100 * missed / count

    idle = late()
    relay.tell("rate", job["size"] / (job["beat_seconds"] * 1.2))
    save()
    uploading = late()
    relay.tell("rate", 0)
    return idle, uploading


if __name__ == "__main__":
    main()
