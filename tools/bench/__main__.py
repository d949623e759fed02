"""The command: ``python3 build.py bench``."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from tests.live_kitsu import CallFailed, LiveKitsu
from tools.bench import machine, report
from tools.bench.batch import measure_batch
from tools.bench.bench import FULL, QUICK, Bench, Plan
from tools.bench.blender_enable import measure_blender_enable
from tools.bench.blender_save import measure_blender_save
from tools.bench.contention import measure_contention
from tools.bench.listing import measure_listing
from tools.bench.measure import ProgramFailed, Runner, stop_processes_in
from tools.bench.startup import measure_startup
from tools.bench.transfers import measure_download, measure_upload
from wf_core.errors import Cancelled, InputError, WorkfilesError
from wf_core.private_kitsu import KitsuInfo, PrivateKitsu
from wf_core.private_kitsu.locks import exclusive_or_none

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".wf" / "bench"
DOCUMENT = ROOT / "docs" / "benchmarks.md"

SCENARIOS: dict[str, Callable[[Bench], report.Section]] = {
    "startup": measure_startup,
    "blender-enable": measure_blender_enable,
    "listing": measure_listing,
    "contention": measure_contention,
    "upload": measure_upload,
    "download": measure_download,
    "blender-save": measure_blender_save,
    "batch": measure_batch,
}

HOW = """\
Everything below was measured in one run, on {date}, of

    {command}

The contestants take turns (A B C, C B A, B C A, ...), so that a slow moment hits all of them and
nobody always comes after the same one; a ratio is the median of the ratios of each round, not the
ratio of two medians. Compare ratios: the times are this machine's. Targets are shown beside what
was found; the run itself fails only when somebody sent or got wrong bytes or numbers."""

STARTED = time.monotonic()


def say(line: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {line}", file=sys.stderr, flush=True)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="build.py bench",
        description="Measure against gazu and curl, in one run, on a private Kitsu.",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: a try")
    parser.add_argument(
        "--only",
        action="append",
        choices=SCENARIOS,
        metavar="NAME",
        default=[],
        help=f"one of: {', '.join(SCENARIOS)}; may be given several times",
    )
    parser.add_argument("--repeats", type=int, metavar="N", help="rounds of every scenario")
    parser.add_argument(
        "--kitsu-info",
        type=Path,
        metavar="FILE",
        help="use a running private Kitsu: what its up --json printed",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the result there; by default docs/benchmarks.md, and nowhere with "
        "--quick or --only",
    )
    options = parser.parse_args(arguments)
    if options.repeats is not None and options.repeats < 1:
        parser.error("--repeats needs a number of at least 1")
    return options


def main(arguments: list[str]) -> int:
    options = options_of(arguments)
    if shutil.which("curl") is None:
        raise InputError("curl is not installed, and it is one of those measured.")
    plan = QUICK if options.quick else FULL
    if options.repeats is not None:
        plan = plan.repeated(options.repeats)
    output = options.output
    if output is None and not options.quick and not options.only:
        output = DOCUMENT
    chosen = {name: SCENARIOS[name] for name in SCENARIOS if name in (options.only or SCENARIOS)}
    FOLDER.parent.mkdir(exist_ok=True)
    with exclusive_or_none(FOLDER.with_suffix(".lock")) as alone:
        if not alone:
            raise InputError("Another benchmark is running here; both would be wrong.")
        before = machine.load()
        if before is not None and before > 0.5:
            say(f"This machine is busy (load {before:.1f}): expect the ratios to wobble.")
        with emptied(FOLDER), a_kitsu(options.kitsu_info) as info:
            sections = measure(chosen, plan, info)
            facts = machine.facts(zou=info.version, load_before=before)
    today = datetime.datetime.now(tz=datetime.timezone.utc)
    how = HOW.format(
        date=f"{today.day} {today:%B %Y}", command=f"python3 build.py bench{said(options)}"
    )
    text = report.render(sections, facts=facts, how=how)
    print(text)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
        say("written down")
    return 0


def said(options: argparse.Namespace) -> str:
    """The options that change what is measured, as they were typed."""
    words = ["--quick"] if options.quick else []
    words += [f"--only {name}" for name in options.only]
    words += [] if options.repeats is None else [f"--repeats {options.repeats}"]
    return "".join(f" {word}" for word in words)


def measure(
    scenarios: dict[str, Callable[[Bench], report.Section]], plan: Plan, info: KitsuInfo
) -> list[report.Section]:
    """Run the scenarios, each in a folder of its own."""
    sections = []
    for number, (name, scenario) in enumerate(scenarios.items(), start=1):
        say(f"{number} of {len(scenarios)}: {name}")
        folder = FOLDER / name
        folder.mkdir()
        runner = Runner(folder, clean_environment(), ROOT)
        with emptied(folder):
            bench = Bench(LiveKitsu(info), runner, folder, plan, lambda line: say(f"    {line}"))
            sections.append(scenario(bench))
    return sections


@contextlib.contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """A fresh folder that is gone afterwards, with whatever works in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        with undisturbed():
            stop_processes_in(folder)
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def a_kitsu(given: Path | None) -> Iterator[KitsuInfo]:
    """The running server that was named, or one of our own that is stopped afterwards."""
    if given is not None:
        yield KitsuInfo.from_json(json.loads(given.read_text(encoding="utf-8")))
        return
    home = Path(os.environ.get("WF_TEST_KITSU_HOME", FOLDER.with_name("bench-kitsu")))
    server = PrivateKitsu(home)
    try:
        # As it was made: what earlier runs have left would make every list longer.
        yield server.reset(progress=say)
    finally:
        with undisturbed():
            server.down(progress=lambda line: say(f"{line} the private Kitsu"))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Another Ctrl-C does not keep us from stopping what was started."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def clean_environment() -> dict[str, str]:
    """What the measured programs see: no settings of whoever runs this, and no proxy."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WF_", "PYTHON", "GAZU_")) and not name.lower().endswith("_proxy")
    }


def interrupt(*_: object) -> None:
    """Being told to stop is no reason to leave a server behind."""
    raise KeyboardInterrupt


_SIGNALS = (signal.SIGINT, signal.SIGTERM)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    try:
        sys.exit(main(sys.argv[1:]))
    except WorkfilesError as exc:
        print(f"bench: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    except (ProgramFailed, CallFailed, requests.RequestException) as exc:
        print(f"bench: {exc}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("bench: interrupted.", file=sys.stderr)
        sys.exit(Cancelled.exit_code)
