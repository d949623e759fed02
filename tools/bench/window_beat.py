"""In a Blender window: the beat of the main thread, idle and while a revision is uploaded.

    blender --online-mode --python tools/bench/window_beat.py -- JOB.json

Blender must have the extension installed. The job has ``url``, ``email``, ``password``, ``task``,
``size`` (bytes of the scene) and ``seconds`` (of each of the two looks; the upload is made to
take longer). The Kitsu tab is open throughout. One JSON document is written beside the job, as
``JOB.found.json``, and Blender quits.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.bench.run_blender_save import BEAT, LATE, Relay, add_points

ADDON = "bl_ext.user_default.kitsu_workfiles"
_LONGEST = 60.0  # seconds any step may take
_SETTLE = 5.0  # seconds between what was done last and the next look


class Beat:
    """Beats of a timer that should come 60 times a second, and what was drawn meanwhile."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.count = self.late = self.drawn = 0
        self.longest = 0.0

    def __call__(self) -> float:
        now = time.perf_counter()
        gap, self.last = now - self.last, now
        self.count, self.late = self.count + 1, self.late + (gap > LATE)
        self.longest = max(self.longest, gap)
        return BEAT

    def draw(self) -> None:
        self.drawn += 1

    def found(self) -> dict[str, float]:
        return {
            "beats": self.count,
            "late in 100": 100 * self.late / max(1, self.count),
            "longest, ms": self.longest * 1000,
            "viewport drawn": self.drawn,
        }


def look(seconds: float, into: dict[str, Any], name: str) -> Iterator[None]:
    beat = Beat()
    kind: Any = bpy.types.SpaceView3D
    handle = kind.draw_handler_add(beat.draw, (), "WINDOW", "POST_PIXEL")
    bpy.app.timers.register(beat)
    yield from pause(seconds)
    bpy.app.timers.unregister(beat)
    kind.draw_handler_remove(handle, "WINDOW")
    into[name] = beat.found()


def pause(seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield


def until(condition: Any, what: str) -> Iterator[None]:
    give_up = time.monotonic() + _LONGEST
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(what)
        yield


def measure(job: dict[str, Any], found: dict[str, Any]) -> Iterator[None]:
    session = importlib.import_module(f"{ADDON}.session").current()
    core = importlib.import_module(f"{ADDON}.core")
    operators: Any = bpy.ops.kitsu_workfiles  # type: ignore[attr-defined]
    address = urlsplit(job["url"])
    relay = Relay(str(address.hostname), int(address.port or 80))
    try:
        yield from until(core.ready, "the core")
        operators.show_tab()
        operators.login(
            server=f"http://127.0.0.1:{relay.port}", email=job["email"], password=job["password"]
        )
        yield from until(lambda: session.shown.person, "the login")
        operators.choose_task(task=job["task"], label="the task")
        add_points(job["size"])
        yield from until(lambda: session.shown.next, f"the next revision {session.shown.problems}")
        yield from pause(_SETTLE)
        yield from look(job["seconds"], found, "idle")
        relay.tell("rate", job["size"] / (job["seconds"] * 1.5))
        operators.save_revision(comment="measured", no_wait=True)
        yield from until(lambda: session.shown.sent, "the upload")
        yield from pause(_SETTLE)
        yield from look(job["seconds"], found, "uploading")
        found["was uploading to the end"] = bool(session.shown.sent)
        relay.tell("rate", 0)
        yield from until(lambda: not session.shown.pending, "the arrival")
    finally:
        relay.close()


def main() -> None:
    path = Path(sys.argv[-1])
    found: dict[str, Any] = {"blender": bpy.app.version_string}
    steps = measure(json.loads(path.read_text(encoding="utf-8")), found)

    def step() -> float | None:
        try:
            next(steps)
        except StopIteration:
            pass
        except Exception:  # noqa: BLE001  (told where it is looked for)
            found["problem"] = traceback.format_exc()
        else:
            return 0.1
        path.with_suffix(".found.json").write_text(json.dumps(found), encoding="utf-8")
        bpy.ops.wm.quit_blender()
        return None

    bpy.app.timers.register(step, first_interval=2.0)


if __name__ == "__main__":
    main()
