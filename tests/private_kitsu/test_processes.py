"""No signal ever reaches a process that is not exactly the one that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from wf_core.private_kitsu import demote, processes
from wf_core.private_kitsu.processes import Identity

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Somebody's process, and a path its command line names."""
    marker = str(tmp_path / "marker")
    with subprocess.Popen([sys.executable, "-c", SLEEP, marker]) as child:
        # A moment after Popen returns; see ``processes.spawn``.
        assert processes.wait_until(lambda: processes.command_of(child.pid) != (), 10)
        yield child, marker
        child.kill()


def identity(child: subprocess.Popen[bytes]) -> Identity:
    found = processes.identify(child.pid)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"started": "1"}, id="the pid was given to a later process"),
        pytest.param({"boot": "another"}, id="the machine was restarted"),
    ],
)
def test_when_the_pid_is_another_process_then_no_signal_is_sent(
    sleeper: tuple[subprocess.Popen[bytes], str], change: dict[str, str]
) -> None:
    child, marker = sleeper
    other = replace(identity(child), **change)

    sent = processes.send(other, "SIGKILL", marker)

    assert not sent
    assert child.poll() is None


def test_when_the_command_is_another_then_no_signal_is_sent(
    sleeper: tuple[subprocess.Popen[bytes], str],
) -> None:
    child, marker = sleeper

    sent = processes.send(identity(child), "SIGKILL", marker + "-of-another-home")

    assert not sent
    assert child.poll() is None


def test_when_it_is_the_process_then_it_is_stopped(
    sleeper: tuple[subprocess.Popen[bytes], str],
) -> None:
    child, marker = sleeper

    gone = processes.stop(identity(child), marker, [("SIGTERM", 10)])

    assert gone
    assert child.wait() == -signal.SIGTERM


def test_when_it_ignores_the_first_signal_then_the_next_one_follows(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    program = f"{deaf}; {SLEEP}"
    marker = str(tmp_path / "marker")
    command = [sys.executable, "-c", program, marker]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()

        gone = processes.stop(identity(child), marker, [("SIGTERM", 0.2), ("SIGKILL", 10)])

        assert gone
        assert child.wait() == -signal.SIGKILL


def test_when_a_child_is_a_corpse_then_it_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.PIPE) as child:
        alive = processes.identify(child.pid)
        assert processes.wait_until(lambda: processes.identify(child.pid) is None, 10)
        assert alive is None or not processes.is_alive(alive)


def test_when_searched_then_only_programs_that_name_the_path_are_found(
    sleeper: tuple[subprocess.Popen[bytes], str],
) -> None:
    child, marker = sleeper

    assert processes.find(marker, ["python"]) == [identity(child)]
    assert processes.find(marker, ["postgres"]) == []
    assert processes.find(marker + "x", ["python"]) == []


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1], ids=["zero", "negative", "beyond the last"])
def test_when_there_is_no_such_pid_then_there_is_no_identity(pid: int) -> None:
    assert processes.identify(pid) is None


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux drops to an account"
)
def test_when_root_starts_a_program_demoted_then_it_is_nobody_and_passes_closed_folders(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.symlink_to("/bin/sh")
    script = Path(demote.__file__)
    command = [sys.executable, "-I", str(script), "65534", "65534", str(program), "-c"]

    done = subprocess.run(
        [*command, f"id -u; id -G; ls {closed}"], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["65534", "65534", "program"]
