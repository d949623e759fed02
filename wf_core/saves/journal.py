"""The journal: one row per save from its first moment on, shared by all applications.

SQLite in WF_HOME on a local disk, one per user and machine, write-ahead log. A commit is
on the disk before it returns, unless the caller says that it may come later: it then outlives
its process all the same, and a loss of power once a later commit does. A row is changed only
by the process that holds its lock (see ``locks``). Beside the saves lies a cache of what was
last read of each task, which lets a save render its path while the server is gone.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from wf_core.errors import DiskFull, FileUnreadable, UsageError
from wf_core.saves.machine import boot_id, monotonic
from wf_core.saves.row import OPEN_STATES, SaveRow, State

__all__ = ["Journal", "translated"]

_ALL = -1  # as SQLite counts a limit
_BUSY_SECONDS = 30.0  # a transaction takes milliseconds: who holds it longer is frozen

_COLUMNS = [f.name for f in fields(SaveRow)]
_BOOLEANS = [number for number, f in enumerate(fields(SaveRow)) if f.type in ("bool",)]
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM saves"
_OF_SERVER = "+server=?"
"""The "+" (SQLite's own way to say so) keeps the index of servers out: by it, every save ever
made to this one would be looked at."""
_INSERT = (
    f"INSERT OR IGNORE INTO saves ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(f':{column}' for column in _COLUMNS)})"
)

_MIGRATIONS = (
    """
    CREATE TABLE saves (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        save_id TEXT NOT NULL UNIQUE,
        server TEXT NOT NULL, task_id TEXT NOT NULL, task_label TEXT NOT NULL,
        entity_id TEXT NOT NULL, name TEXT NOT NULL, extension TEXT NOT NULL,
        software_id TEXT NOT NULL, comment TEXT NOT NULL,
        host_name TEXT NOT NULL, host_version TEXT NOT NULL,
        machine TEXT NOT NULL, saved_at TEXT NOT NULL, person_id TEXT NOT NULL,
        state TEXT NOT NULL, revision INTEGER, claim_doubt INTEGER NOT NULL,
        working_file_id TEXT, claim_id TEXT, base_revision INTEGER,
        final_path TEXT, server_path TEXT, scene_path TEXT, provisional INTEGER NOT NULL,
        spool_path TEXT, snapshot TEXT, device INTEGER, inode INTEGER, size INTEGER,
        mtime_ns INTEGER, sha256 TEXT,
        written INTEGER NOT NULL, synced INTEGER NOT NULL, atomic INTEGER NOT NULL,
        boot TEXT NOT NULL, attempts INTEGER NOT NULL, error TEXT, parked TEXT,
        next_try REAL, checked INTEGER NOT NULL, thumbnail TEXT
    );
    CREATE INDEX saves_by_state ON saves (state, seq);
    CREATE INDEX saves_by_scope ON saves (server, task_id, name, seq);
    CREATE TABLE cache (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, fetched_at REAL NOT NULL
    );
    """,
    """
    ALTER TABLE saves ADD COLUMN reference TEXT;
    ALTER TABLE saves ADD COLUMN software_name TEXT;
    ALTER TABLE saves ADD COLUMN base_task_id TEXT;
    ALTER TABLE saves ADD COLUMN base_save_id TEXT;
    """,
    """
    CREATE INDEX saves_unchecked ON saves (server, seq) WHERE state='committed' AND checked<2;
    """,
)
"""One for each version of the tables, never changed once released; ``PRAGMA user_version`` says
how many of them a journal has seen."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of the database inside leave as ours; those of a wrong use of it do not."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        if type(exc) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
            raise
        if "full" in str(exc):
            raise DiskFull(
                f"The disk of the journal {path} is full. Saves made before are safe.",
                hint="Free some space there, then try again.",
            ) from exc
        raise FileUnreadable(
            f"The journal {path} cannot be used now: {exc}. Saves made before are safe.",
            hint="Try again; if it stays so, look for a wf or an application that hangs.",
        ) from exc


def _patiently(ask: Callable[[], object]) -> None:
    """Ask for what SQLite refuses at once, and not after the time-out it was given, where
    several processes open a new file at the same moment."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            ask()
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() >= deadline:
                raise
            time.sleep(random.uniform(0.005, 0.05))
        else:
            return


class Journal:
    """The journal of one user on one machine. Safe to use from several threads.

    Args:
        path: the database file; its folder is made, with mode 0700, when needed.

    Raises:
        sqlite3.DatabaseError: the file is not a usable journal (see ``recovery``).
        UsageError: a newer release made it.

    Every method raises DiskFull or FileUnreadable when the disk or another process keeps the
    journal from being used.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._guard = threading.RLock()
        self._durable: bool | None = None
        self._db = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _patiently(lambda: self._db.execute("PRAGMA journal_mode=WAL"))
            self._refuse_if_damaged()
            self._migrate()
            self._inode = self._found()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        with self._guard:
            self._db.close()

    def is_in_place(self) -> bool:
        """Whether others that open the journal still find this very file."""
        return self._inode is not None and self._found() == self._inode

    def _found(self) -> int | None:
        try:
            return self.path.stat().st_ino
        except FileNotFoundError:
            return None

    def _refuse_if_damaged(self) -> None:
        found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"the journal is damaged: {found}")

    def _migrate(self) -> None:
        if self._version() == len(_MIGRATIONS):
            return
        with self._transaction():
            for number in range(self._version(), len(_MIGRATIONS)):
                for statement in _MIGRATIONS[number].split(";"):
                    if statement.strip():
                        self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={number + 1}")

    def _version(self) -> int:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(_MIGRATIONS):
            raise UsageError(
                f"The journal {self.path} was made by a newer release; nothing was changed.",
                hint="Update kitsu-workfiles here as well.",
            )
        return version

    @contextmanager
    def _writing(self, *, durable: bool) -> Iterator[None]:
        """For one statement, which is a transaction of its own."""
        with self._guard, translated(self.path):
            if durable is not self._durable:
                # With a write-ahead log NORMAL leaves out the sync of each commit, nothing else:
                # https://www.sqlite.org/pragma.html#pragma_synchronous
                self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            yield

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[None]:
        with self._writing(durable=durable):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite has left it already when the disk is full
                    self._db.execute("ROLLBACK")
                raise

    # saves

    def add(self, row: SaveRow, *, durable: bool = True, renew: bool = False) -> SaveRow:
        """Write a new row; returns it with its ``seq``. A row already known stays as it is,
        except with ``renew`` one that came to nothing.

        A row of a lost journal keeps its ``seq``, and new ones come after it: sidecars of
        several journals have to stay in one order, should this one be lost as well.
        """
        values = dict(vars(row))
        with self._transaction(durable=durable):
            if renew:
                self._db.execute(
                    "DELETE FROM saves WHERE save_id=?"
                    " AND state IN ('abandoned', 'void', 'discarded')",
                    (row.save_id,),
                )
            if (
                not row.seq
                or self._db.execute("SELECT 1 FROM saves WHERE seq=?", (row.seq,)).fetchone()
            ):
                values["seq"] = None
            made = self._db.execute(_INSERT, values)
        if made.rowcount == 1 and made.lastrowid is not None:
            return replace(row, seq=made.lastrowid)
        known = self.get(row.save_id)
        assert known is not None
        return known

    def update(self, row: SaveRow, *, durable: bool = True, **changes: Any) -> SaveRow:
        """Change fields of a row; gives the new row.

        Args:
            durable: on the disk before this returns. Without, a loss of power may undo it:
                for what a sidecar says too, or what is found out again.
        """
        assignments = ", ".join(f"{column}=:{column}" for column in changes)
        with self._writing(durable=durable):
            self._db.execute(
                f"UPDATE saves SET {assignments} WHERE save_id=:save_id",
                {**changes, "save_id": row.save_id},
            )
        return SaveRow(**{**vars(row), **changes})  # as replace(), in half its time

    def take_over(
        self, old: SaveRow, new: SaveRow, record_id: str, revision: int
    ) -> SaveRow | None:
        """Hand the claim of ``old`` to ``new``, both in one step; gives the new row, or None
        when ``old`` is not abandoned (any more)."""
        with self._transaction():
            given_up = self._db.execute(
                "UPDATE saves SET state='discarded' WHERE save_id=? AND state='abandoned'",
                (old.save_id,),
            )
            if given_up.rowcount != 1:
                return None
            changes = (record_id, revision, old.mark, new.save_id)
            self._db.execute(
                "UPDATE saves SET state='claimed', working_file_id=?, revision=?, claim_id=?"
                " WHERE save_id=?",
                changes,
            )
        taken = self.get(new.save_id)
        assert taken is not None
        return taken

    def get(self, save_id: str) -> SaveRow | None:
        rows = self._select("save_id=?", (save_id,))
        return rows[0] if rows else None

    def at_path(self, path: str) -> SaveRow | None:
        """The save whose scene was written, or belongs, at this local path: the latest."""
        rows = self._select(
            "(final_path=? OR scene_path=?) AND written=1"
            " AND state NOT IN ('abandoned', 'void', 'discarded')",
            (path, path),
        )
        return rows[-1] if rows else None

    def find(self, prefix: str) -> list[SaveRow]:
        """Rows whose save_id starts with ``prefix`` (people shorten UUIDs)."""
        escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._select("save_id LIKE ? ESCAPE '\\'", (escaped + "%",))

    def rows(self, *states: State, server: str | None = None) -> list[SaveRow]:
        """Rows in any of ``states``, oldest first."""
        if server is None:
            return self._select(_among(states), states)
        return self._select(f"{_among(states)} AND {_OF_SERVER}", (*states, server))

    def of_scope(self, scope: tuple[str, str, str], *states: State) -> list[SaveRow]:
        """Rows of one (server, task, name) in any of ``states``, oldest first."""
        return self._select(
            f"server=? AND task_id=? AND name=? AND {_among(states)}", (*scope, *states)
        )

    def highest(self, scope: tuple[str, str, str]) -> int:
        """The highest number a save of this journal was ever given in the scope, 0 for none."""
        with self._guard, translated(self.path):
            found = self._db.execute(
                "SELECT MAX(revision) FROM saves WHERE server=? AND task_id=? AND name=?"
                " AND working_file_id IS NOT NULL",
                scope,
            ).fetchone()
        return found[0] or 0

    def unfiled(self, *, server: str) -> list[SaveRow]:
        """Unfinished rows whose task is not known yet, oldest first."""
        unfiled = f"{_among(OPEN_STATES)} AND reference IS NOT NULL AND {_OF_SERVER}"
        return self._select(unfiled, (*OPEN_STATES, server))

    def rehome(self, old: str, new: str) -> None:
        """Rows of the server at ``old`` are of the one at ``new``: the same, found by now."""
        with self._writing(durable=True):
            self._db.execute("UPDATE saves SET server=? WHERE server=?", (new, old))

    def unchecked(
        self, *, server: str, at_most: int = 10_000, overdue: float | None = None
    ) -> list[SaveRow]:
        """Committed rows whose stored bytes wait for their second look, oldest first.

        Args:
            server: those of this one.
            at_most: how many.
            overdue: those only whose time came so many seconds ago, or in another life of the
                machine.
        """
        waiting = "state='committed' AND checked<2 AND server=?"
        values: list[str | float] = [server]
        if overdue is not None:
            waiting += " AND (next_try IS NULL OR boot<>? OR next_try<=?)"
            values += [boot_id(), monotonic() - overdue]
        return self._select(waiting, tuple(values), at_most=at_most)

    def servers(self) -> list[str]:
        """The servers for which something is left to do."""
        with self._guard, translated(self.path):
            found = self._db.execute(
                f"SELECT server FROM saves WHERE {_among(OPEN_STATES)}"
                " UNION SELECT server FROM saves INDEXED BY saves_unchecked"
                " WHERE state='committed' AND checked<2",
                OPEN_STATES,
            ).fetchall()
        return [record[0] for record in found]

    def forget(self, *, keep: int, at_most: int = 1000) -> list[SaveRow]:
        """Drop the oldest of the finished rows that are not among the latest ``keep`` of all;
        unfinished ones are never dropped.

        Returns:
            What was dropped, ``at_most`` so many.
        """
        finished = "(state IN ('void', 'discarded') OR (state='committed' AND checked>=2))"
        old = f"seq <= (SELECT MAX(seq) FROM saves) - ? AND {finished}"
        dropped = self._select(old, (keep,), at_most=at_most)
        if dropped:
            with self._transaction(durable=False):
                self._db.executemany(
                    "DELETE FROM saves WHERE seq=?", [(row.seq,) for row in dropped]
                )
        return dropped

    def _select(self, where: str, values: tuple[Any, ...], *, at_most: int = _ALL) -> list[SaveRow]:
        with self._guard, translated(self.path):
            found = self._db.execute(
                f"{_SELECT} WHERE {where} ORDER BY seq LIMIT ?", (*values, at_most)
            )
            return [_row(record) for record in found.fetchall()]

    # what was last read of the server

    def remember(self, key: str, value: str, fetched_at: float) -> None:
        """Keep ``value`` (JSON) under ``key``; ``fetched_at`` is shown, and orders nothing."""
        with self._writing(durable=False):
            self._db.execute(
                "INSERT OR REPLACE INTO cache VALUES (?, ?, ?)", (key, value, fetched_at)
            )

    def recall(self, key: str) -> tuple[str, float] | None:
        """The value under ``key`` and when it was fetched (seconds since 1970), or None."""
        with self._guard, translated(self.path):
            found = self._db.execute(
                "SELECT value, fetched_at FROM cache WHERE key=?", (key,)
            ).fetchone()
        return None if found is None else (found[0], found[1])

    def forget_cached(self, key: str) -> None:
        with self._writing(durable=True):
            self._db.execute("DELETE FROM cache WHERE key=?", (key,))


def _among(states: Sequence[State]) -> str:
    """The condition of rows in any of ``states``, which are its values."""
    return f"state IN ({', '.join('?' for _ in states)})"


def _row(record: tuple[Any, ...]) -> SaveRow:
    values = list(record)
    for number in _BOOLEANS:
        values[number] = bool(values[number])
    return SaveRow(*values)
