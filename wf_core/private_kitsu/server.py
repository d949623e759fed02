"""The life of a private Kitsu: up, status, down, reset."""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from wf_core.errors import DiskFull, InputError, ServerError
from wf_core.private_kitsu import database, demo, processes, services
from wf_core.private_kitsu.account import database_account
from wf_core.private_kitsu.database import LIVE, Database
from wf_core.private_kitsu.environment import ZouEnvironment, named_environment
from wf_core.private_kitsu.home import (
    Home,
    KitsuInfo,
    default_home,
    expanded,
    read_json,
    user_data,
    write_private,
)
from wf_core.private_kitsu.locks import exclusive
from wf_core.private_kitsu.processes import Identity
from wf_core.private_kitsu.venvs import Progress, free_space

__all__ = ["KitsuStatus", "PrivateKitsu"]

_KILL = (("SIGKILL", 10.0),)
_SPACE = 300 * 2**20  # an empty database with its copy and its log, with room to breathe


@dataclass(frozen=True)
class _Part:
    """One of the three servers: how its processes are recognized and stopped."""

    name: str
    marker: str
    programs: tuple[str, ...]
    steps: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class KitsuStatus:
    """``state`` is ``up``, ``down`` or ``broken`` (some of its processes are gone)."""

    state: str
    url: str | None
    home: str
    version: str | None
    running: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """The value as a JSON-ready dictionary."""
        return asdict(self)


class PrivateKitsu:
    """One private Kitsu in one folder. Several in different folders run side by side.

    Args:
        home: its folder, made when needed; by default one in the user's data folder.
        zou_env: an environment with Zou (any release), PostgreSQL and Redis to use as it is;
            by default the one WF_ZOU_ENV names, else a pinned one, made on first use.
        fast: give up crash safety for speed. For tests; decided when it starts.
        workers: processes of the web server.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        zou_env: Path | None = None,
        fast: bool = False,
        workers: int = 2,
    ) -> None:
        self._home = Home(home or default_home())
        self._zou_env = zou_env
        self._fast = fast
        self._workers = workers
        self._parts = (
            _Part("zou", str(self._home.gunicorn_conf), ("python", "gunicorn"), services.STOP_ZOU),
            _Part("redis", str(self._home.redis_conf), ("redis", "valkey"), services.STOP_REDIS),
            # Started by root it is a Python for a moment, until it has dropped to its account.
            _Part(
                "postgres", str(self._home.postgres), ("postgres", "python"), database.STOP_STEPS
            ),
        )

    @property
    def home(self) -> Path:
        return self._home.folder

    def up(self, progress: Progress = lambda line: None) -> KitsuInfo:
        """Start it, and make whatever is missing first; if it runs, just say how to reach it.

        Args:
            progress: called with one line at each step that takes time.

        Raises:
            DiskFull: not enough room.
            InputError: no suitable Python, no wheel for this machine, another's data.
            ServerError: one of the servers did not start; its log is named.
        """
        running = self._info_if_up()
        if running is not None:
            return running
        with self._alone(progress):
            running = self._info_if_up()
            if running is not None:
                return running
            return self._start(progress, fresh=False)

    def status(self) -> KitsuStatus:
        """What runs now. Starts and changes nothing."""
        recorded = self._recorded()
        running = {
            name: process.pid for name, process in recorded.items() if processes.is_alive(process)
        }
        state = "broken" if running else "down"
        known = self._home.read_secrets()
        port = known.port if known else 0
        if len(running) == len(self._parts) and port and services.ping(port):
            state = "up"
        version = self._version() if state == "up" else None
        url = f"http://127.0.0.1:{port}" if state == "up" else None
        return KitsuStatus(state, url, str(self.home), version, running)

    def info(self) -> KitsuInfo | None:
        """How to reach it if it is up; None if it is not. Starts nothing."""
        return self._info_if_up()

    def down(self, progress: Progress = lambda line: None) -> bool:
        """Stop exactly what was started here, workers included.

        Returns:
            Whether anything ran.

        Raises:
            ServerError: a process does not end, whatever it is sent.
        """
        if not self._home.folder.exists():
            return False
        with self._alone(progress):
            return self._stop(progress)

    def reset(self, progress: Progress = lambda line: None) -> KitsuInfo:
        """Throw away every record and file, and start as seeded. Takes seconds.

        Accounts, passwords and, where it is still free, the port stay the same.

        Raises:
            As :meth:`up`.
        """
        with self._alone(progress):
            return self._start(progress, fresh=True)

    def restart(self, part: str, *, kill: bool = False, down_for: float = 0.0) -> None:
        """Stop one of the servers and start it again while the others go on, as when a
        machine of a studio is restarted. For tests of what clients make of it.

        Args:
            part: ``zou`` or ``postgres``.
            kill: end it with SIGKILL instead of asking it to end. A database made ``fast``
                forgets its last records then.
            down_for: seconds between the two.

        Raises:
            InputError: it is not up.
            ServerError: it did not end, or did not start again.
        """
        with self._alone(lambda line: None):
            running = self._recorded()
            if part not in ("zou", "postgres") or part not in running:
                raise InputError(f"The private Kitsu in {self.home} runs no {part}.")
            zou = self._environment(lambda line: None)
            self._stop_part(next(p for p in self._parts if p.name == part), running, kill=kill)
            time.sleep(down_for)
            known = self._home.secrets()
            if part == "postgres":
                base = Database(
                    self._home, zou, known.database_password, known.database_port, self._fast
                )
                running[part] = base.start()
            else:
                with services.bind(known.port) as listener:
                    known = replace(known, port=listener.getsockname()[1])
                    self._home.write_secrets(known)
                    running[part] = services.start_zou(
                        self._home, zou, listener, workers=self._workers
                    )
            self._record(running, zou)

    # ------------------------------------------------------------------ inside

    @contextmanager
    def _alone(self, progress: Progress) -> Iterator[None]:
        """Hold the home's lock; say "disk full" for what fails for want of room."""
        if sys.platform == "win32":
            raise InputError(
                "A private Kitsu runs on Linux and macOS; this is Windows.",
                hint="Run it inside WSL, or use a Kitsu server of your own.",
            )
        try:
            self._home.make()
            with exclusive(
                self._home.lock,
                waiting=lambda: progress(
                    f"waiting: somebody else is starting or stopping {self.home}"
                ),
            ):
                yield
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(
                    f"The disk of {self.home} is full.", hint="Make room, or choose another home."
                ) from exc
            raise InputError(
                f"The private Kitsu in {self.home} cannot be used: {exc}.",
                hint="Choose a home you may write to.",
            ) from exc

    def _start(self, progress: Progress, *, fresh: bool) -> KitsuInfo:
        free = free_space(self.home)
        if free < _SPACE:
            raise DiskFull(
                f"{self.home} has {free // 2**20} MiB left; {_SPACE // 2**20} MiB are needed.",
                hint="Make room, or choose another home.",
            )
        zou = self._environment(progress)
        # A web server that survived its database would answer from a cache, so all or none.
        self._stop(progress)
        for name in ("postgres", "redis", "zou"):
            _rotate(self._home.log(name))
        for tries_left in (2, 1, 0):
            try:
                self._start_parts(zou, progress, fresh=fresh)
                break
            except BaseException as exc:
                self._stop(lambda line: None)
                if not isinstance(exc, ServerError):
                    raise
                if tries_left and self._lost_a_port():
                    continue  # the next look for a free one passes it over
                database_account().check_enters(zou.postgres)  # it says more than PostgreSQL does
                raise
        return self._home.info(zou.version)

    def _lost_a_port(self) -> bool:
        """Whether somebody has a port by now that was free when it was looked for."""
        known = self._home.secrets()
        return any(
            services.free_port(port) != port for port in (known.database_port, known.redis_port)
        )

    def _start_parts(self, zou: ZouEnvironment, progress: Progress, *, fresh: bool) -> None:
        started: dict[str, Identity] = {}
        home = self._home
        known = home.secrets()
        known = replace(
            known,
            database_port=services.free_port(known.database_port),
            redis_port=services.free_port(known.redis_port),
        )
        with services.bind(known.port) as listener:
            known = replace(known, port=listener.getsockname()[1])
            home.write_secrets(known)
            base = Database(home, zou, known.database_password, known.database_port, self._fast)
            base.make(progress)
            progress("starting PostgreSQL and Redis")
            started["postgres"] = base.start()
            self._record(started, zou)
            started["redis"] = services.start_redis(
                home, zou, known.redis_password, known.redis_port
            )
            self._record(started, zou)
            self._prepare(base, progress, fresh=fresh)
            progress(f"starting Zou {zou.version}")
            started["zou"] = services.start_zou(home, zou, listener, workers=self._workers)
            self._record(started, zou)

    def _prepare(self, base: Database, progress: Progress, *, fresh: bool) -> None:
        """Have the live database there, of the installed release, and fresh if so wished."""
        found = base.version_of(LIVE)
        if found is not None and not fresh:
            if found != base.zou.version:
                base.upgrade(found, progress)
            return
        known = self._home.secrets()
        base.seed(
            demo.document(
                admin_password=known.admin_password,
                artist_password=known.artist_password,
                artist2_password=known.artist2_password,
            ),
            progress,
        )
        services.flush_redis(known.redis_port, known.redis_password)
        # Files go before the records do: cut short here, the next start still finds the old
        # database or none, never a fresh one with old files.
        if found is not None:
            base.sql(f"drop database {LIVE} with (force)")
        _empty(self._home.previews)
        _empty(self._home.tmp)
        base.copy_seed()

    def _environment(self, progress: Progress) -> ZouEnvironment:
        named = self._zou_env or named_environment()
        if named is not None:
            return ZouEnvironment.at(expanded(named).absolute())
        return ZouEnvironment.ensure(user_data() / "kitsu-env", progress)

    def _info_if_up(self) -> KitsuInfo | None:
        if self.status().state != "up":
            return None
        return self._home.info(self._version() or "")

    def _stop(self, progress: Progress) -> bool:
        """Stop what is recorded and what is not but names this home (its predecessor was
        killed before it could write it down)."""
        recorded = self._recorded()
        stopped = False
        for part in self._parts:
            before = None if stopped else lambda: progress("stopping")
            stopped = self._stop_part(part, recorded, before=before) or stopped
        self._home.processes.unlink(missing_ok=True)
        return stopped

    def _stop_part(
        self,
        part: _Part,
        recorded: dict[str, Identity],
        *,
        kill: bool = False,
        before: Callable[[], None] | None = None,
    ) -> bool:
        """Stop one server and what is left of an earlier one; whether anything ran."""
        # The one that was recorded goes first: it takes its children along in good order.
        victims = [recorded[part.name]] if part.name in recorded else []
        victims += [p for p in processes.find(part.marker, part.programs) if p not in victims]
        victims = [process for process in victims if processes.is_alive(process)]
        if victims and before is not None:
            before()
        for process in _masters_first(victims):
            if not processes.stop(process, part.marker, _KILL if kill else part.steps):
                self._complain(part, process)
        return bool(victims)

    def _complain(self, part: _Part, process: Identity) -> None:
        if not processes.is_alive(process):
            return
        if not processes.names(processes.command_of(process.pid), part.marker):
            # The pid is another program's by now: not ours, and not touched.
            return
        raise ServerError(
            f"{part.name} (process {process.pid}) does not end.", hint="End it by hand."
        )

    def _record(self, started: dict[str, Identity], zou: ZouEnvironment) -> None:
        document = {name: asdict(process) for name, process in started.items()}
        text = json.dumps({"zou": zou.version, "processes": document}, indent=2)
        write_private(self._home.processes, text)

    def _recorded(self) -> dict[str, Identity]:
        """What was started here by the record; a damaged record is no record."""
        document = (read_json(self._home.processes) or {}).get("processes")
        if not isinstance(document, dict):
            return {}
        found = {}
        for name, fields in document.items():
            try:
                found[str(name)] = Identity(
                    int(fields["pid"]), str(fields["started"]), str(fields["boot"])
                )
            except (KeyError, TypeError, ValueError):
                continue
        return found

    def _version(self) -> str | None:
        version = (read_json(self._home.processes) or {}).get("zou")
        return str(version) if version else None


def _masters_first(victims: list[Identity]) -> list[Identity]:
    """Parents before their children: a lower start time is an earlier process."""
    return sorted(victims, key=lambda process: (process.started.zfill(20), process.pid))


def _empty(folder: Path) -> None:
    """Remove what is in a folder, not the folder."""
    import shutil

    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _rotate(log: Path, limit: int = 5 * 2**20) -> None:
    """Keep one old log; nobody cleans up after a server that nobody administers."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_suffix(".log.1"))
