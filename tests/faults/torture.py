"""One run from start to end."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from live_kitsu import LiveKitsu

from faults.audit import audit, settle
from faults.away import save_while_away
from faults.chaos import Chaos
from faults.frozen import freeze_uploaders
from faults.plan import Plan, make_plan
from faults.players import LANES, Clock, Home, Ledger
from faults.proxy import Proxy
from faults.report import Report
from faults.server import Server
from wf_core.private_kitsu import PrivateKitsu

__all__ = ["main", "run"]

PROBLEMS = 5
"""Exit code when a promise was broken."""

HOMES = (("artist", "shared"), ("artist", "shared"), ("artist2", "own"), ("artist2", "small"))
"""Who saves where: two homes share a workspace, one has a small disk of its own."""

_SMALL_DISK = 320 * 2**20
_END_OF_COMMANDS = 60.0
_AWAY_SIZE = 4 * 2**20

Say = Callable[[str], None]


def run(kitsu: PrivateKitsu, folder: Path, *, seed: int, seconds: float, say: Say) -> Report:
    """Torture the saves for ``seconds`` against ``kitsu``, then audit.

    Args:
        folder: for everything of the run; what is in it is thrown away.
    """
    started = time.monotonic()
    folder = folder.resolve()
    _empty(folder)
    plan = make_plan(seed, seconds=seconds, homes=len(HOMES))
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1), encoding="utf-8")
    ledger = Ledger(folder / "ledger.jsonl")
    with ExitStack() as held:
        say("starting Kitsu")
        server = Server(kitsu, kitsu.up(), people=tuple({who for who, _ in HOMES}))
        proxy = held.enter_context(Proxy(server.address, seed=seed, longest_hold=plan.longest_hold))
        small = held.enter_context(_small_disk(folder / "work" / "small"))
        homes = _homes(folder, proxy)
        held.callback(_end_all, homes)
        for home in homes:
            home.set_up(server.live)
        clock = Clock(seed)
        _warm_up(homes, plan, server, ledger, clock)
        say(f"seed {seed}: {seconds:.0f} s of attacks, {len(plan.events)} besides the network's")
        chaos = Chaos(
            plan,
            server=server,
            proxy=proxy,
            homes=homes,
            ledger=ledger,
            small=small,
            clock=clock,
        )
        lanes = [
            threading.Thread(target=home.play, args=(lane, plan, server.tasks, ledger, clock))
            for home in homes
            for lane in range(LANES)
        ]
        clock.start()
        for lane in lanes:
            lane.start()
        chaos.run()
        say("everything up again; waiting for what still runs")
        server.make_well()
        _thaw(homes)
        for lane in lanes:
            lane.join(_END_OF_COMMANDS)
        proxy.drain()
        # Zou remembers a task and its assignees for two minutes; a request that read them before
        # they were changed may have put the old ones back. Assigning again has it forget them.
        server.make_well()
        say("synchronising every home")
        statuses, stuck = settle(homes)
        say("looking at everything")
        findings = audit(server, homes, ledger, statuses)
        findings.problems += stuck
        report = Report(
            plan=plan,
            ledger=ledger,
            network=proxy.faults,
            requests=proxy.requests,
            attacks=chaos.done + _planned_kills(ledger),
            failures=chaos.failures,
            findings=findings,
            seconds=time.monotonic() - started,
        )
    report.write(folder)
    if report.passed:  # else everything is kept for whoever looks for the reason
        for big in (folder / "work", *folder.glob("sources-*")):
            shutil.rmtree(big)
    return report


def _warm_up(
    homes: Sequence[Home], plan: Plan, server: Server, ledger: Ledger, clock: Clock
) -> None:
    """Every home saves to every task once, undisturbed, and so has what it needs offline."""

    def warm(home: Home) -> None:
        for order in plan.first_orders(home.index):
            home.carry_out(order, server.tasks[order.task], ledger, clock)

    threads = [threading.Thread(target=warm, args=(home,)) for home in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _planned_kills(ledger: Ledger) -> Counter[str]:
    """What hit commands at the moments of their own orders."""
    killed = sum(e.order.kill is not None and e.code == -signal.SIGKILL for e in ledger.entries)
    frozen = sum(
        e.order.freeze is not None and (e.ended or 0) - e.started > sum(e.order.freeze)
        for e in ledger.entries
    )
    return Counter({"kill a command": killed, "freeze a command": frozen})


def _homes(folder: Path, proxy: Proxy) -> list[Home]:
    return [
        Home(
            index=index,
            who=who,
            folder=folder / f"home-{index}",
            workspace=folder / "work" / workspace,
            sources=folder / f"sources-{index}",
            server_url=proxy.url,
        )
        for index, (who, workspace) in enumerate(HOMES)
    ]


def _thaw(homes: Sequence[Home]) -> None:
    for home in homes:
        for process in home.processes():
            process.send(signal.SIGCONT)


def _end_all(homes: Sequence[Home]) -> None:
    for home in homes:
        home.kill_all()


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of its own where we may mount one; else an ordinary folder, and None."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "tmpfs", str(folder)]
    may = sys.platform == "linux" and os.geteuid() == 0
    if not may or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _empty(folder: Path) -> None:
    """Throw away an earlier run; one that was killed may have left its disk mounted."""
    small = folder / "work" / "small"
    if small.is_mount():
        subprocess.run(["umount", str(small)], check=True)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """``python3 build.py torture``; 0 when every promise was kept, 5 when one was broken."""
    parser = argparse.ArgumentParser(
        prog="build.py torture", description="Save under every fault there is, then audit."
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="how long to attack (2)")
    parser.add_argument("--seed", type=int, help="repeat the plan of an earlier run")
    parser.add_argument(
        "--frozen-uploaders",
        type=int,
        metavar="TRIES",
        help="instead: two uploaders at once, one of them stopped in the middle of a body",
    )
    parser.add_argument(
        "--stopped", type=float, default=120.0, help="for how many seconds it is stopped (120)"
    )
    parser.add_argument(
        "--server-away",
        type=int,
        metavar="SAVES",
        help="instead: so many saves while the server is taken away and brought back",
    )
    parser.add_argument("--folder", type=Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {line}", file=sys.stderr, flush=True)

    kitsu = PrivateKitsu(options.folder / "kitsu", fast=True)
    if options.frozen_uploaders is not None or options.server_away is not None:
        return _in_particular(kitsu, options, say)
    folder = options.folder / f"run-{seed}"
    try:
        report = run(kitsu, folder, seed=seed, seconds=options.minutes * 60, say=say)
    finally:
        kitsu.down()
    print(report.text())
    if not report.passed:
        print(f"ledger, plan and all files: {folder}")
    return 0 if report.passed else PROBLEMS


def _in_particular(kitsu: PrivateKitsu, options: argparse.Namespace, say: Say) -> int:
    """One attack of a kind of its own, at length."""
    folder = options.folder / "particular"
    _empty(folder)
    try:
        say("starting Kitsu")
        live = LiveKitsu(kitsu.up())
        if options.frozen_uploaders is None:
            return _away(live, folder, options.server_away)
        outcomes = freeze_uploaders(
            live, folder, tries=options.frozen_uploaders, stopped=options.stopped, say=say
        )
    finally:
        kitsu.down()
    whole = sum(not outcome.problems for outcome in outcomes)
    print(f"stored bytes whole in {whole} of {len(outcomes)} tries")
    return 0 if whole == len(outcomes) else PROBLEMS


def _away(live: LiveKitsu, folder: Path, saves: int) -> int:
    parts = urlsplit(live.url)
    address = (str(parts.hostname), int(parts.port or 0))
    with Proxy(lambda: address, seed=0, longest_hold=0.0) as proxy, ExitStack() as held:
        home = Home(
            index=0,
            who="artist",
            folder=folder / "home",
            workspace=folder / "workspace",
            sources=folder / "sources",
            server_url=proxy.url,
            budget=5.0,
            timeout=60.0,
        )
        home.set_up(live)
        held.callback(home.kill_all)
        outcome = save_while_away(live, proxy, home, folder, saves=saves, size=_AWAY_SIZE)
    print(outcome.text())
    return 0 if not outcome.problems else PROBLEMS
