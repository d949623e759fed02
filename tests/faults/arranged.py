"""Situations that several tests of single faults need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from faults.players import Home
from faults.proxy import Proxy
from wf_core.errors import InputError
from wf_core.filehost import FileHost
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

LARGE = b"large" * 300_000


class Killed(BaseException):
    """Stands for SIGKILL where nothing of the process may run on but this test."""


def save_offline(home: Home, proxy: Proxy, *arguments: str) -> str:
    """A save while nobody answers, and nobody who sends it later; its id."""
    proxy.down()
    ended = home.wf("save", *arguments)
    home.kill_all()
    proxy.up()
    assert ended.code == 75, ended
    return str(ended.document["save_id"])


# Runs wf, and kills it when it has copied the first MiB of a file with more.
DIES_IN_COPY = """
import os, signal, sys
from wf_core.cli import main
from wf_core.disk import copying, syscalls

def copy(original, target, offset, count):
    if offset:
        os.kill(os.getpid(), signal.SIGKILL)
    return copying._by_hand(original, target, offset, count)

syscalls.clone_into = syscalls.clone_to = lambda source, target: False
copying._WAYS = (copy,)
sys.exit(main())
"""


def die_in_copy(home: Home, *arguments: str) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIES_IN_COPY, *arguments, "--json"],
        env={**os.environ, **home.environment()},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died


def files(workspace: Path) -> dict[str, bytes]:
    """Everything in the workspace but what is in spools."""
    return {
        path.name: path.read_bytes()
        for path in workspace.rglob("*")
        if path.is_file() and ".wf-spool" not in path.parts
    }


def give_up_a_claim(home: Home, task: str, scene: Path) -> None:
    """Claim a number for a save that never comes about."""

    class Crash(FileHost):
        def save_as(self, path: Path) -> None:
            raise InputError("The application cannot write.")

    with Workfiles(load(home.environment())) as workfiles, pytest.raises(InputError):
        workfiles.save(Crash(scene), SaveRequest(task=task))


def kept(home: Home) -> list[str]:
    """What is kept for the server."""
    return [path.name for path in home.workspace.glob(".wf-spool/*/*")]


def owners(kitsu: LiveKitsu, task: str) -> list[tuple[int, str | None]]:
    """Number and save of every record."""
    return [
        (record["revision"], (record["data"] or {}).get("workfiles", {}).get("save_id"))
        for record in kitsu.working_files(task)
    ]


def delete_journal(home: Home) -> None:
    for suffix in ("", "-wal", "-shm"):
        (home.folder / f"journal.db{suffix}").unlink(missing_ok=True)
