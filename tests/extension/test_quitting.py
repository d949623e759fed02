"""Quitting waits for no answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from extension.blenders import Blender

HANGING = """
import atexit, socket

@atexit.register  # before the extension: called after everything it has Python do at the end
def last():
    answer(time.time() - began)
    os._exit(0)

listener = socket.create_server(("127.0.0.1", 0))
os.environ["WF_SERVER"] = "http://127.0.0.1:%d" % listener.getsockname()[1]
enable()
session = part("session").current()
session.notice_online_access()
asked = session.looker.submit(lambda tool: tool.whoami())
connection, _ = listener.accept()  # and never an answer
connection.recv(1)
assert not asked.done()
began = time.time()
"""
LONGEST = 1.0  # seconds


def test_when_a_request_hangs_then_quitting_does_not_wait_for_it(
    installed: Blender, tmp_path: Path
) -> None:
    environ = {"WF_HOME": str(tmp_path / "home"), "WF_TOKEN": "t"}
    # Blender as a module does not get over a thread that still holds on to it when Python is
    # gone: 4.2 crashes (it frees its classes), 4.5 waits for a thread of its own without end.
    session = replace(installed, environ=environ).session(HANGING)
    assert session.answer < LONGEST
