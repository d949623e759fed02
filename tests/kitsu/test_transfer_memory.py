"""Transfers of large files need no more memory than those of small ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_server import Answer, ScriptedServer, json_answer

MIB = 1024 * 1024

# VmHWM and not ru_maxrss: that starts with what the parent had when it started us.
PROGRAM = """
import sys
from pathlib import Path
from wf_core.kitsu.session import Session
from wf_core.kitsu.transfer import download, upload

def peak():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])

session = Session(sys.argv[2], bot_token="t")
folder = Path(sys.argv[3])

def transfer(which):
    if sys.argv[1] == "upload":
        scene = folder / which
        upload(session, which, scene, size=scene.stat().st_size, progress=lambda *done: None)
    else:
        download(session, which, folder / f"{which}.got", progress=lambda *done: None)

transfer("small")
before = peak()
transfer("large")
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("direction", ["upload", "download"])
def test_when_a_large_file_is_transferred_then_memory_stays_flat(
    tmp_path: Path, direction: str
) -> None:
    for name, size in (("small", 4 * MIB), ("large", 256 * MIB)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    with ScriptedServer() as server:
        server.on("POST", "*", json_answer({"id": "w1"}, 201))
        server.on("GET", "*/small/file", Answer(body=bytes(MIB), repeat=4))
        server.on("GET", "*/large/file", Answer(body=bytes(MIB), repeat=256))

        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, direction, server.url, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.stderr == ""
    assert int(done.stdout) < 4 * 1024  # KiB
