"""PostgreSQL for a private Kitsu: made, started, asked, stopped.

The live database is a copy of a seeded one kept beside it, so a reset takes a moment. Each
is made under another name and renamed when it is whole; one that was cut short is thrown away.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wf_core.errors import DiskFull, InputError, ServerError
from wf_core.private_kitsu.account import Account, database_account
from wf_core.private_kitsu.environment import ZouEnvironment
from wf_core.private_kitsu.home import Home
from wf_core.private_kitsu.processes import (
    Identity,
    command_of,
    find,
    is_alive,
    spawn,
    stop,
    wait_until,
)
from wf_core.private_kitsu.venvs import Progress, tail

__all__ = ["STOP_STEPS", "USER", "Database"]

USER = "zou"
LIVE = "zou"
SEED = "zou_seed"
_MAKING = "zou_making"

STOP_STEPS = (("SIGINT", 20.0), ("SIGQUIT", 10.0), ("SIGKILL", 5.0))
"""PostgreSQL's "fast" and "immediate" shutdown, then none at all."""

# A server for a handful of people on the machine they work on. Zou's two workers may open 90
# connections each. Compiling queries just in time costs more than its small ones take.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "jit": "off",
    "random_page_cost": "1.1",
}
# For tests only: a power cut destroys the database.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Database:
    """One cluster: where it lies, its programs, its password, its port."""

    home: Home
    zou: ZouEnvironment
    password: str
    port: int
    fast: bool = False

    @property
    def marker(self) -> str:
        """What the command line of its server names."""
        return str(self.home.postgres)

    def make(self, progress: Progress) -> None:
        """Make the cluster unless it is there.

        Raises:
            InputError: it is there, but another PostgreSQL made it.
            ServerError: making it failed.
        """
        if (self.home.postgres / "PG_VERSION").exists():
            self._check_version()
            return
        progress("making the database")
        account = database_account()
        beside = self.home.postgres.with_name("postgres.new")
        _end_predecessor(beside)
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(self.home.postgres, ignore_errors=True)
        beside.mkdir(mode=0o700)
        account.own(beside)
        password_file = self.home.folder / "postgres.password"
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(self.password)
        account.own(password_file)
        try:
            self._initdb(beside, password_file, account)
        finally:
            password_file.unlink()
        beside.replace(self.home.postgres)

    def start(self) -> Identity:
        """Start the server and wait until it answers.

        Raises:
            ServerError: it did not come up; its log says why.
        """
        log = self.home.log("postgres")
        settings = {**_SETTINGS, **(_FAST if self.fast else {}), "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        account = database_account()
        program = str(self.zou.postgres_program("postgres"))
        command = [*account.prefix, program, "-D", self.marker, *options]
        # The predecessor's children may need a moment to notice that it is gone; until then
        # the new server refuses to start.
        for pause in (0.1, 0.2, 0.5, 1, 2, 5, 10, None):
            process = spawn(command, log=log, cwd=self.home.folder, env=_environment())
            if self._wait(process):
                return process
            if pause is None or "pre-existing shared memory block" not in tail(log, 6):
                break
            time.sleep(pause)
        raise ServerError(f"The database did not start: {tail(log)}", hint=f"The whole log: {log}")

    def _wait(self, process: Identity) -> bool:
        """Whether the server came up; crash recovery after a kill may take it a while."""
        wait_until(lambda: self._is_ready(process) or not is_alive(process), 300)
        return self._is_ready(process) and is_alive(process)

    def _is_ready(self, process: Identity) -> bool:
        """PostgreSQL writes its pid and, in the eighth line, its state into postmaster.pid."""
        try:
            lines = (self.home.postgres / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except OSError:
            return False
        return (
            lines[0].strip() == str(process.pid)
            and lines[7:8] != []
            and (lines[7].strip() == "ready")
        )

    def version_of(self, database: str) -> str | None:
        """The release of Zou a database belongs to; None when there is no such database."""
        rows = self.sql(
            "select coalesce(shobj_description(oid, 'pg_database'), '-') "
            f"from pg_database where datname = '{database}'"
        ).splitlines()
        return rows[0] if rows else None

    def seed(self, document: Mapping[str, object], progress: Progress) -> None:
        """Make the seeded database unless it is there and of this release."""
        found = self.version_of(SEED)
        if found == self.zou.version:
            return
        progress(f"filling it with Zou {self.zou.version} and the demo productions")
        for name in (_MAKING, SEED):
            self.sql(f"drop database if exists {name} with (force)")
        self.sql(f"create database {_MAKING}")
        script = Path(__file__).with_name("seed.py")
        self.run_zou(["-I", str(script)], _MAKING, "seed", json.dumps(document))
        self.sql(f"comment on database {_MAKING} is '{self.zou.version}'")
        self.sql(f"alter database {_MAKING} rename to {SEED}")

    def copy_seed(self) -> None:
        """Make the live database a fresh copy of the seeded one; what was in it is gone."""
        self.sql(f"drop database if exists {LIVE} with (force)")
        self.sql(f"drop database if exists {_MAKING} with (force)")
        self.sql(f"create database {_MAKING} template {SEED}")
        self.sql(f"comment on database {_MAKING} is '{self.zou.version}'")
        self.sql(f"alter database {_MAKING} rename to {LIVE}")

    def upgrade(self, found: str, progress: Progress) -> None:
        """Bring the live database to the installed release.

        Raises:
            InputError: it was made by a later release.
        """
        if _order(found) > _order(self.zou.version):
            raise InputError(
                f"The database was made by Zou {found}; Zou {self.zou.version} cannot read it.",
                hint=f"Use Zou {found} or later, or another home.",
            )
        progress(f"upgrading the database from Zou {found} to {self.zou.version}")
        self.run_zou(["-m", "zou.cli", "upgrade-db"], LIVE, "upgrade")
        self.sql(f"comment on database {LIVE} is '{self.zou.version}'")

    def run_zou(self, arguments: list[str], database: str, name: str, stdin: str = "") -> None:
        """Run something of Zou's environment against one of the databases.

        Raises:
            ServerError: it failed; its log says why.
        """
        from wf_core.private_kitsu.services import zou_environment

        log = self.home.log(name)
        with log.open("wb") as output:
            done = subprocess.run(
                [str(self.zou.python), *arguments],
                input=stdin.encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.home.zou,
                env=zou_environment(self.home, database=database),
                check=False,
            )
        if done.returncode != 0:
            raise ServerError(
                f"Zou could not prepare its database: {tail(log)}", hint=f"The whole log: {log}"
            )

    def sql(self, statement: str) -> str:
        """One statement as the cluster's owner, its rows as lines.

        Raises:
            ServerError: the server refuses it.
        """
        command = [str(self.zou.postgres_program("psql")), "-XqAt", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres"]
        done = subprocess.run(
            [*command, "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_environment() | {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "10"},
            check=False,
        )
        if done.returncode != 0:
            raise ServerError(f"The database refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def _initdb(self, folder: Path, password_file: Path, account: Account) -> None:
        log = self.home.log("initdb")
        command = [*account.prefix, str(self.zou.postgres_program("initdb")), "-D", str(folder)]
        command += ["-U", USER, "--pwfile", str(password_file), "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C", *(["--no-sync"] if self.fast else [])]
        with log.open("wb") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.home.folder,
                env=_environment(),
                check=False,
            )
        if done.returncode != 0:
            if "No space left on device" in tail(log, 10):
                raise DiskFull("The database cannot be made: the disk is full.", hint="Make room.")
            raise ServerError(
                f"The database cannot be made: {tail(log)}", hint=f"The whole log: {log}"
            )

    def _check_version(self) -> None:
        version = (self.home.postgres / "PG_VERSION").read_text(encoding="ascii").strip()
        done = subprocess.run(
            [str(self.zou.postgres_program("postgres")), "--version"],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
        )
        ours = done.stdout.rpartition(" ")[2].split(".")[0].strip()
        if version != ours:
            raise InputError(
                f"The data in {self.home.postgres} is PostgreSQL {version}'s; this environment "
                f"has {ours or 'none that starts'}.",
                hint="Use the environment that made it, or another home.",
            )


def _end_predecessor(folder: Path) -> None:
    """End an ``initdb`` whose starter was killed: it runs on, and where two make a cluster in
    one folder PostgreSQL refuses the second."""
    for process in find(str(folder), ("initdb",)):
        stop(process, str(folder), (("SIGTERM", 5.0), ("SIGKILL", 5.0)))
    # Its child names no folder; it ends by itself when nobody tells it more.
    wait_until(lambda: not _has_server(folder), 20)


def _has_server(folder: Path) -> bool:
    try:
        pid = int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])
    except (OSError, ValueError):
        return False
    return Path(next(iter(command_of(pid)), "")).name.startswith("postgres")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}
