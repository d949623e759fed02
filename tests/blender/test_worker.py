"""Threads beside Blender's main thread: what they hand over, drop, and never hold up."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from addon_fixtures import artist, extension, saved  # noqa: F401  (fixtures)
from live_kitsu import LiveKitsu

from blender_addon.main_thread import MainThread
from blender_addon.session import current
from wf_core.worker import Worker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def main_thread() -> MainThread:
    return MainThread()


@pytest.fixture
def worker(main_thread: MainThread) -> Iterator[Worker[list[str]]]:
    worker: Worker[list[str]] = Worker(
        "a-worker", make=list, close=list.clear, post=main_thread.post
    )
    yield worker
    worker.stop(wait=5.0)


def test_when_work_is_done_then_its_result_arrives_on_the_main_thread(
    worker: Worker[list[str]], main_thread: MainThread
) -> None:
    seen: list[tuple[int, str]] = []

    def done(result: str) -> None:
        seen.append((threading.get_ident(), result))

    answer = worker.submit(lambda _: threading.current_thread().name, done=done)
    main_thread.serve(answer)

    assert seen == [(threading.get_ident(), "a-worker")]


def test_when_a_request_is_overtaken_then_nobody_hears_of_the_first(
    worker: Worker[list[str]], main_thread: MainThread
) -> None:
    may_end, seen = threading.Event(), []

    first = worker.submit(lambda _: may_end.wait(5.0), done=seen.append, topic="tasks")
    second = worker.submit(lambda _: "second", done=seen.append, topic="tasks")
    third = worker.submit(lambda _: "third", done=seen.append, topic="tasks")
    may_end.set()
    main_thread.serve(third)

    assert first.result(timeout=5.0) is True
    assert second.cancelled()
    assert seen == ["third"]


def test_when_work_fails_then_the_thread_goes_on(
    worker: Worker[list[str]], main_thread: MainThread
) -> None:
    seen: list[Exception] = []

    def fail(_: list[str]) -> None:
        raise ValueError("no")

    main_thread.serve(worker.submit(fail, failed=seen.append))
    after = worker.submit(lambda tool: tool)
    main_thread.serve(after)

    assert [str(problem) for problem in seen] == ["no"]
    assert after.result(timeout=0) == []


def test_when_a_thread_needs_the_main_thread_then_serving_runs_it_there(
    worker: Worker[list[str]], main_thread: MainThread
) -> None:
    with main_thread.about_to_serve():
        answer = worker.submit(lambda _: main_thread.call(threading.get_ident))
        main_thread.serve(answer)

    assert answer.result(timeout=0) == threading.get_ident()


def things_of_blender() -> dict[str, object]:
    """What an extension can leave behind."""
    handlers = bpy.app.handlers
    names = [name for name in dir(handlers) if isinstance(getattr(handlers, name), list)]
    menus = (bpy.types.TOPBAR_MT_file, bpy.types.TOPBAR_MT_editor_menus)
    return {
        "classes": {name for name in dir(bpy.types) if "kitsu" in name.lower()}
        | {name for name in dir(bpy.types) if "WORKFILES" in name},
        "handlers": {name: len(getattr(handlers, name)) for name in names},
        "menus": [
            len(menu.draw._draw_funcs) if hasattr(menu.draw, "_draw_funcs") else 0 for menu in menus
        ],
        "window manager": {name for name in dir(bpy.types.WindowManager) if "kitsu" in name},
        "threads": {thread.name for thread in threading.enumerate()},
    }


def test_when_it_is_enabled_and_disabled_again_and_again_then_nothing_is_left() -> None:
    bpy.ops.preferences.addon_enable(module="blender_addon")
    bpy.ops.preferences.addon_disable(module="blender_addon")
    before = things_of_blender()

    for _ in range(20):
        bpy.ops.preferences.addon_enable(module="blender_addon")
        session = current()
        session.main_thread.serve(session.looker.submit(lambda _: None))
        bpy.ops.preferences.addon_disable(module="blender_addon")

    assert things_of_blender() == before


@pytest.mark.usefixtures("extension", "artist")
def test_when_blender_saves_again_at_once_then_the_revision_keeps_its_bytes(
    kitsu: LiveKitsu,
) -> None:
    from wf_core.workfiles import SaveRequest

    session = current()
    request = SaveRequest(task=kitsu.fresh_task().id)

    written = session.save(request, wait=False, release=True)
    assert written.written is not None
    bpy.ops.mesh.primitive_monkey_add()
    bpy.ops.wm.save_mainfile()
    session.wait(session.saver.submit(lambda _: None))

    row = session.wait(session.saver.submit(lambda tool: tool.desk.journal.rows("saved")))[-1]
    assert Path(row.spool_path).stat().st_ino == row.inode
    assert Path(row.spool_path).read_bytes() != written.written.read_bytes()
    assert row.size == Path(row.spool_path).stat().st_size


QUIT = """
import sys, time
import bpy
bpy.context.preferences.system.use_online_access = True
bpy.ops.preferences.addon_enable(module="blender_addon")
from blender_addon.session import current
from wf_core.kitsu import connect
session = current()
session.looker.submit(lambda tool: connect(sys.argv[1]))
while session.looker.is_idle() is False:
    time.sleep(0.01)
time.sleep(0.5)
print("quitting", time.time(), flush=True)
"""


def test_when_a_request_hangs_then_quitting_does_not_wait_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-c", QUIT, address],
            cwd=ROOT,
            capture_output=True,
            text=True,
            # The module of Blender 4.2 ends with a crash of its own while any thread waits.
            check=False,
            timeout=120,
        )
        ended = time.time()

    (line,) = (line for line in done.stdout.splitlines() if line.startswith("quitting"))
    assert ended - float(line.split()[1]) < 5.0  # the request would go on for a minute
