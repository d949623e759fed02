"""Carries out the planned attacks, each at its moment, and counts those that hit something."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from faults.plan import Event, Plan
from faults.players import Clock, Entry, Home, Ledger
from faults.proxy import Proxy
from faults.server import Server

__all__ = ["Chaos"]

T = TypeVar("T")

_FILLER = "filler.bin"
_ROOM_LEFT = (0, 4096, 200_000, 3_000_000, 66_000_000)  # bytes; the last is enough for checks
_QUIET_SECONDS = 4.0


class Chaos:
    """The attacks of one run.

    Args:
        small: the workspace on a small file system; None where none could be made.

    Attributes:
        done: how often each kind hit something.
        failures: attacks that could not be carried out, for whoever reads a failed run.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        server: Server,
        proxy: Proxy,
        homes: Sequence[Home],
        ledger: Ledger,
        small: Path | None,
        clock: Clock,
    ) -> None:
        self._plan = plan
        self._server = server
        self._proxy = proxy
        self._homes = homes
        self._ledger = ledger
        self._small = small
        self._clock = clock
        self._guard = threading.Lock()
        self._working: list[threading.Thread] = []
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self._attacks: dict[str, Callable[[Event], int]] = {
            "kill uploader": self._kill_uploader,
            "kill everything of a home": lambda event: self._home(event).kill_all(),
            "freeze a process": self._freeze,
            "restart the server": lambda event: self._restart("zou", event),
            "kill the server": lambda event: self._restart("zou", event, kill=True),
            "restart the database": lambda event: self._restart("postgres", event),
            "journal deleted": self._journal_deleted,
            "journal overwritten": self._journal_overwritten,
            "journal truncated": self._journal_truncated,
            "journal deleted in use": self._journal_deleted_in_use,
            "disk full": self._disk_full,
            "unassigned": self._unassigned,
            "scene overwritten": lambda event: self._go_over(event, replace=False),
            "scene replaced": lambda event: self._go_over(event, replace=True),
            "kept copy overwritten": self._spoil,
            "foreign file": self._foreign_file,
            "network down": self._network_down,
        }

    def run(self) -> None:
        """Attack until the plan's time is over, then undo what does not undo itself."""
        moments: list[tuple[float, Callable[[], None]]] = [
            (weather.at, lambda name=weather.name: self._proxy.weather(name))  # type: ignore[misc]
            for weather in self._plan.weathers
        ]
        moments += [(event.at, lambda e=event: self._begin(e)) for event in self._plan.events]  # type: ignore[misc]
        for at, act in sorted(moments, key=lambda moment: moment[0]):
            self._clock.over.wait(max(0.0, at - self._clock.now()))
            act()
        self._clock.over.wait(max(0.0, self._plan.seconds - self._clock.now()))
        self._clock.over.set()
        for thread in self._working:
            thread.join()
        self._proxy.weather("calm")
        self._proxy.up()
        self._make_room()

    def _begin(self, event: Event) -> None:
        """Attacks last: each gets a thread, so that the next comes at its own moment."""
        thread = threading.Thread(target=self._attack, args=(event,), name=event.kind)
        self._working.append(thread)
        thread.start()

    def _attack(self, event: Event) -> None:
        try:
            hits = self._attacks[event.kind](event)
        except Exception as exc:  # noqa: BLE001  (told in the report; the run goes on)
            with self._guard:
                self.failures.append(f"{event.kind} at {event.at}: {type(exc).__name__}: {exc}")
            return
        with self._guard:
            self.done[event.kind] += hits

    def _home(self, event: Event) -> Home:
        return self._homes[event.home]

    def _pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run."""
        self._clock.over.wait(seconds)

    # processes

    def _kill_uploader(self, event: Event) -> int:
        uploaders = [
            process
            for home in self._homes
            for process in home.processes()
            if process.role == "uploader"
        ]
        victim = _pick(uploaders, event)
        return int(victim is not None and victim.send(signal.SIGKILL))

    def _freeze(self, event: Event) -> int:
        victim = _pick([p for home in self._homes for p in home.processes()], event)
        if victim is None or not victim.send(signal.SIGSTOP):
            return 0
        self._pause(event.seconds * 3)
        victim.send(signal.SIGCONT)
        return 1

    # server

    def _restart(self, part: str, event: Event, *, kill: bool = False) -> int:
        self._server.restart(part, kill=kill, down_for=event.seconds / 3)
        return 1

    def _network_down(self, event: Event) -> int:
        self._proxy.down()
        self._pause(event.seconds)
        self._proxy.up()
        return 1

    def _unassigned(self, event: Event) -> int:
        who = self._home(event).who
        end = time.monotonic() + event.seconds
        # A claim assigns its caller, so once is not enough.
        while time.monotonic() < end and not self._clock.over.is_set():
            self._server.unassign(event.task, who)
            self._pause(0.3)
        self._server.assign(event.task, who)
        return 1

    # journals

    def _journal_deleted(self, event: Event) -> int:
        with self._home(event).quiet(wait=_QUIET_SECONDS) as killed:
            self._count_killed(killed)
            for suffix in ("", "-wal", "-shm"):
                self._journal(event, suffix).unlink(missing_ok=True)
        return 1

    def _journal_overwritten(self, event: Event) -> int:
        with self._home(event).quiet(wait=_QUIET_SECONDS) as killed:
            self._count_killed(killed)
            journal = self._journal(event)
            size = journal.stat().st_size
            with journal.open("r+b") as stream:
                if event.pick < 0.5:  # the whole of it, else a page somewhere in it
                    stream.write(os.urandom(size))
                else:
                    stream.seek(int(size * event.pick) // 4096 * 4096)
                    stream.write(os.urandom(4096))
        return 1

    def _journal_truncated(self, event: Event) -> int:
        with self._home(event).quiet(wait=_QUIET_SECONDS) as killed:
            self._count_killed(killed)
            journal = self._journal(event)
            size = journal.stat().st_size
            os.truncate(journal, 0 if event.pick < 0.3 else int(size * event.pick))
        return 1

    def _journal_deleted_in_use(self, event: Event) -> int:
        for suffix in ("", "-wal", "-shm"):
            self._journal(event, suffix).unlink(missing_ok=True)
        return 1

    def _journal(self, event: Event, suffix: str = "") -> Path:
        return self._home(event).folder / f"journal.db{suffix}"

    def _count_killed(self, killed: int) -> None:
        with self._guard:
            self.done["kill everything of a home"] += killed

    # disks

    def _disk_full(self, event: Event) -> int:
        if self._small is None:
            return 0
        left = _ROOM_LEFT[int(event.pick * len(_ROOM_LEFT))]
        size = shutil.disk_usage(self._small).free - left
        if size <= 0:
            return 0
        try:
            with (self._small / _FILLER).open("xb") as stream:
                os.posix_fallocate(stream.fileno(), 0, size)
        except FileExistsError:
            return 0
        except OSError:  # somebody else took the rest: full is full
            pass
        self._pause(event.seconds / 2)
        self._make_room()
        return 1

    def _make_room(self) -> None:
        if self._small is not None:
            (self._small / _FILLER).unlink(missing_ok=True)

    def _go_over(self, event: Event, *, replace: bool) -> int:
        """Write over the scene of a save that was reported and is on its way, as an artist
        who goes on working does."""
        home = self._home(event)
        reported = [Path(entry.document["path"]) for entry in self._on_their_way(home)]
        scene = _pick([path for path in reported if path.is_file()], event)
        if scene is None:
            return 0
        with self._guard:
            home.gone_over.add(str(scene))
        noise = os.urandom(max(1, scene.stat().st_size // 2))
        if replace:
            newer = scene.with_name(f"{scene.name}.tmp")
            try:
                newer.write_bytes(noise)
                newer.replace(scene)
            except OSError:  # the disk is full: an application would take it away, too
                newer.unlink(missing_ok=True)
                return 0
        else:
            with scene.open("r+b") as stream:
                stream.write(noise)
        return 1

    def _spoil(self, event: Event) -> int:
        """Write over the bytes that are kept for the server: such a save cannot be sent."""
        home = self._home(event)
        kept = [
            (path, entry.save_id)
            for entry in self._on_their_way(home)
            for path in home.workspace.glob(f".wf-spool/*/{entry.save_id}.blend")
        ]
        victim = _pick(kept, event)
        if victim is None or victim[1] is None:
            return 0
        with self._guard:
            home.spoiled.add(victim[1])
        try:
            with victim[0].open("r+b") as stream:
                stream.write(os.urandom(64))
        except FileNotFoundError:  # it has arrived just now
            return 0
        return 1

    def _on_their_way(self, home: Home) -> list[Entry]:
        """The last saves of a home that were reported, but not as committed."""
        return [
            entry
            for entry in self._ledger.saves()[-40:]
            if entry.home == home.name and entry.save_id and entry.document["state"] == "pending"
        ]

    def _foreign_file(self, event: Event) -> int:
        """Put somebody's file where one of the next revisions is to go."""
        home = self._home(event)
        task = self._server.tasks[event.task]
        own = [
            Path(entry.document["path"])
            for entry in self._ledger.saves()
            if entry.save_id
            and entry.home == home.name
            and entry.task == task.id
            and entry.order.name == "main"
            and not entry.document["provisional"]
        ]
        if not own:
            return 0
        stem, _, number = own[-1].stem.rpartition("_v")
        highest = max(
            (r["revision"] for r in self._server.working_files(task) if r["name"] == "main"),
            default=0,
        )
        foreign = own[-1].with_name(f"{stem}_v{max(highest, int(number)) + 2:03d}.blend")
        content = b"a colleague's work " + os.urandom(100)
        try:
            stream = foreign.open("xb")
        except FileExistsError:
            return 0
        try:
            with stream:
                stream.write(content)
        except OSError:  # the disk is full: half a file is nobody's work
            foreign.unlink()
            return 0
        with self._guard:
            home.planted[str(foreign)] = content
        return 1


def _pick(candidates: Sequence[T], event: Event) -> T | None:
    return candidates[int(event.pick * len(candidates))] if candidates else None
