"""The benchmark measures what it says: turns, pairs, memory, and nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools.bench.measure import (
    MIB,
    ProgramFailed,
    Runner,
    Sample,
    Spread,
    in_turns,
    ratios,
    stop_processes_in,
)
from tools.bench.report import Limit, table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a private Kitsu needs POSIX")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path, dict(os.environ), tmp_path)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param("AB", "AB BA BA AB", id="two"),
        pytest.param("ABC", "ABC CBA BCA ACB CAB BAC", id="three: every order there is"),
    ],
)
def test_when_contestants_are_measured_then_each_goes_first_in_turn_and_after_either_other(
    names: str, expected: str
) -> None:
    order: list[str] = []

    def contestant(name: str) -> Sample:
        order.append(name)
        return Sample(float(len(order)))

    rounds = expected.split()
    samples = in_turns(
        {name: lambda name=name: contestant(name) for name in names},
        len(rounds),
        say=lambda line: None,
        settle=lambda: None,
    )

    assert order == list("".join(rounds))
    assert [order[int(sample.seconds) - 1] for sample in samples["A"]] == ["A"] * len(rounds)


def test_when_ratios_are_taken_then_samples_of_one_round_are_compared() -> None:
    ours = [Sample(1.0), Sample(20.0), Sample(3.0)]
    theirs = [Sample(2.0), Sample(10.0), Sample(3.0)]

    assert ratios(ours, theirs) == Spread(median=1.0, low=0.5, high=2.0)


def test_when_a_program_needs_memory_then_its_peak_shows_it(runner: Runner) -> None:
    small = runner.run(python("pass"))
    large = runner.run(python(f"bytearray({100 * MIB}).find(1)"))

    assert 95 * MIB < large.peak - small.peak < 110 * MIB


def test_when_the_benchmark_itself_is_large_then_a_program_is_not_charged_for_it(
    runner: Runner,
) -> None:
    ballast = b"x" * (150 * MIB)
    peak = runner.run(python("pass")).peak
    del ballast

    assert peak < 60 * MIB


def test_when_a_program_fails_then_its_words_are_told(runner: Runner) -> None:
    with pytest.raises(ProgramFailed, match=r"exit code 3: no such luck"):
        runner.run(python("import sys; print('no such luck', file=sys.stderr); sys.exit(3)"))


def test_when_a_program_gets_a_job_then_it_reads_it_as_json(runner: Runner) -> None:
    run = runner.run(python("import sys; print(sys.stdin.read())"), job={"answer": 42})

    assert run.answer == {"answer": 42}


def test_when_interrupted_then_the_program_and_its_children_end(
    runner: Runner, tmp_path: Path
) -> None:
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    # Both hold the pipe open: its reader sees the end when both are gone, not before.
    program = f"""
import subprocess, sys
alive = open({str(pipe)!r}, "w")
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                         pass_fds=[alive.fileno()])
alive.write("started")
alive.flush()
child.wait()
"""
    seen: list[str] = []

    def watch() -> None:
        with pipe.open() as reader:
            seen.append(reader.read(7))
            os.kill(os.getpid(), signal.SIGINT)
            seen.append(reader.read())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with pytest.raises(KeyboardInterrupt):
        runner.run(python(program))
    watcher.join(30)

    assert seen == ["started", ""]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_when_a_folder_is_cleared_then_only_processes_inside_it_end(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    program = [sys.executable, "-c", "print('here', flush=True); input()"]

    children = [
        subprocess.Popen(
            program, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for folder in (inside, outside)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"

    stop_processes_in(inside)

    assert children[0].wait(10) == -signal.SIGKILL
    assert children[1].poll() is None
    children[1].communicate("\n", timeout=10)
    children[0].communicate()
    assert children[1].returncode == 0


@pytest.mark.parametrize(
    ("limit", "cells"),
    [
        pytest.param(
            Limit("a / b", Spread(1.1, 1.0, 1.2), 1.15),
            ["a / b", "1.100", "1.000 to 1.200", "≤ 1.15", "met"],
            id="met",
        ),
        pytest.param(
            Limit("a / b", Spread(1.2, 1.0, 1.3), 1.15),
            ["a / b", "1.200", "1.000 to 1.300", "≤ 1.15", "missed"],
            id="missed",
        ),
        pytest.param(
            Limit("memory", Spread(3.25, 3.0, 3.5), 24, "MiB"),
            ["memory", "3.2 MiB", "3.0 to 3.5", "≤ 24 MiB", "met"],
            id="an amount, not a ratio",
        ),
        pytest.param(
            Limit("a / b", Spread(2.0, 2.0, 2.0)),
            ["a / b", "2.000", "2.000 to 2.000", "", ""],
            id="no target",
        ),
    ],
)
def test_when_a_comparison_is_shown_then_with_its_target(limit: Limit, cells: list[str]) -> None:
    assert limit.cells() == cells


def test_when_a_table_is_drawn_then_its_columns_line_up() -> None:
    assert table([["", "time"], ["curl", "1.0 s"], ["wf", "12.0 s"]]) == (
        "|      |   time |\n| ---- | -----: |\n| curl |  1.0 s |\n| wf   | 12.0 s |"
    )
