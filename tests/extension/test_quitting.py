"""Quitting waits for no answer."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from extension.blenders import Blender

HANGING = """
import socket

listener = socket.create_server(("127.0.0.1", 0))
os.environ["WF_SERVER"] = "http://127.0.0.1:%d" % listener.getsockname()[1]
enable()
session = part("session").current()
session.notice_online_access()
asked = session.looker.submit(lambda tool: tool.whoami())
connection, _ = listener.accept()  # and never an answer
connection.recv(1)
assert not asked.done()
answer(time.time())
"""
LONGEST = 1.0


def test_when_a_request_hangs_then_quitting_does_not_wait_for_it(
    installed: Blender, tmp_path: Path
) -> None:
    environ = {"WF_HOME": str(tmp_path / "home"), "WF_TOKEN": "t"}
    # Blender 4.2 as a module crashes at the very end when a thread still holds on to it (it
    # frees its classes after Python is gone); the program ends Python last.
    session = replace(installed, environ=environ).session(HANGING, check=False)
    assert session.answer is not None, session.stderr
    assert time.time() - session.answer < LONGEST
