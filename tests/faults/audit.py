"""What must be true when everything is up again and every home was synchronised.

Looks at the server, the disks and the ledger only, with eyes of its own: nothing here asks
the code under test what it thinks a record means.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live_kitsu import CallFailed

from faults.players import Entry, Home, Ledger
from faults.server import Server

__all__ = ["Findings", "Record", "audit", "settle"]

_MARKER = re.compile(r"\[wf:([0-9a-f]{16})\]\s*\Z")
_SYNC_SECONDS = 100.0
_SYNC_STATES = {0, 5, 75}
_SAVE_CODES = {0, 75, -9}
_NOTHING_SAVED = {
    # exit code: kinds of error that say "nothing was saved" for a reason the plan made
    3: {"not_logged_in"},
    5: {"path_taken", "disk_full", "path", "file_unreadable"},
    6: {"server_unavailable", "server_fault", "bad_answer"},
}


@dataclass(frozen=True)
class Record:
    """A working file as the server has it."""

    id: str
    task: str
    name: str
    revision: int
    comment: str
    path: str
    save_id: str | None
    sha256: str | None
    void: bool
    marker: str | None

    @property
    def state(self) -> str:
        if self.void:
            return "void"
        if self.sha256:
            return "committed"
        return "incomplete" if self.marker else "foreign"

    @property
    def claimed_by(self) -> str | None:
        """The first digits of the id of the save this record belongs to."""
        return _short(self.save_id) if self.save_id else self.marker


@dataclass
class Findings:
    """What an audit found: ``problems`` is empty when every promise was kept."""

    problems: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    bytes_hashed: int = 0

    def fail(self, text: str) -> None:
        self.problems.append(text)


def settle(
    homes: Sequence[Home], *, seconds: float = _SYNC_SECONDS
) -> tuple[dict[str, list[Any]], list[str]]:
    """Run ``wf sync`` in every home until nothing waits and nothing is left to look at twice.

    Returns:
        What ``wf status`` says of each home by then, and which commands did not end.
    """
    end = time.monotonic() + seconds
    statuses: dict[str, list[Any]] = {}
    stuck: list[str] = []

    def settle_one(home: Home) -> None:
        while True:
            ended = home.wf("sync")
            if ended.code < 0:
                stuck.append(f"home {home.name}: wf sync did not end: {ended.errors[-3000:]}")
            status = home.wf("status").document
            rows = status if isinstance(status, list) else [{"broken": status}]
            statuses[home.name] = rows
            waiting = [row for row in rows if row.get("state") != "parked"]
            kept = {path.stem for path in _spooled(home)} - _ids(rows)
            if not waiting and not kept and not home.processes():
                return
            if time.monotonic() > end:
                return
            time.sleep(0.5)

    threads = [threading.Thread(target=settle_one, args=(home,)) for home in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, stuck


def audit(
    server: Server, homes: Sequence[Home], ledger: Ledger, statuses: dict[str, list[Any]]
) -> Findings:
    """Look at everything."""
    found = Findings()
    records = list(_records(server))
    stored = _check_bytes(server, records, ledger, found)
    _check_commands(ledger, found)
    _check_numbers(records, found)
    _check_owners(records, found)
    _check_saves(records, stored, ledger, statuses, homes, found)
    _check_order(records, ledger, found)
    _check_disks(records, ledger, statuses, homes, found)
    for home in homes:
        for process in home.processes():
            found.fail(f"home {home.name}: process {process.pid} ({process.role}) is left")
    return found


# the server


def _records(server: Server) -> Iterator[Record]:
    for task in server.tasks:
        for raw in server.working_files(task):
            facts = (raw.get("data") or {}).get("workfiles") or {}
            marked = _MARKER.search(raw["comment"] or "")
            yield Record(
                id=raw["id"],
                task=task.id,
                name=raw["name"],
                revision=raw["revision"],
                comment=raw["comment"] or "",
                path=raw["path"] or "",
                save_id=facts.get("save_id"),
                sha256=facts.get("sha256"),
                void=facts.get("void") is True,
                marker=marked.group(1) if marked else None,
            )


def _check_bytes(
    server: Server, records: Iterable[Record], ledger: Ledger, found: Findings
) -> dict[str, str]:
    """Download every committed record; the hash of what is stored by record id."""
    made = {entry.sha256: entry for entry in ledger.saves()}
    stored = {}
    for record in records:
        if record.state != "committed":
            continue
        try:
            content = server.stored_bytes(record.id)
        except CallFailed as exc:
            found.fail(f"{_of(record)} is committed, but has no bytes: {exc}")
            continue
        found.bytes_hashed += len(content)
        stored[record.id] = hashlib.sha256(content).hexdigest()
        if stored[record.id] != record.sha256:
            found.fail(
                f"{_of(record)}: {len(content)} bytes are stored that are not those it records"
            )
        entry = made.get(str(record.sha256))
        if entry is None:
            found.fail(f"{_of(record)} records bytes that nobody ever saved")
        elif (entry.task, entry.order.name) != (record.task, record.name):
            found.fail(f"{_of(record)} has the bytes of a save of another file")
        elif record.comment != entry.comment:
            found.fail(f"{_of(record)} has the comment {record.comment!r}, not {entry.comment!r}")
    return stored


def _check_numbers(records: Sequence[Record], found: Findings) -> None:
    scopes: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        scopes[record.task, record.name].append(record)
        found.numbers[record.state] += 1
        if record.state == "foreign":
            found.fail(f"{_of(record)} says nothing about where it comes from")
    for (task, name), members in scopes.items():
        numbers = sorted(record.revision for record in members)
        if numbers != list(range(1, len(numbers) + 1)):
            found.fail(f"the numbers of {name} of {task} are {numbers}")


def _check_owners(records: Sequence[Record], found: Findings) -> None:
    for kind, key in (("save", "claimed_by"), ("content", "sha256"), ("path", "path")):
        owners: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            value = getattr(record, key)
            if value and not (kind == "path" and record.state != "committed"):
                owners[value].append(record)
        for value, several in owners.items():
            if len(several) > 1:
                where = ", ".join(map(_of, several))
                found.fail(f"{kind} {value} is on {len(several)} records: {where}")


# what was promised


def _check_commands(ledger: Ledger, found: Findings) -> None:
    for entry in ledger.entries:
        command = f"{entry.order.kind} {entry.order.number} of home {entry.home}"
        if entry.stuck:
            found.fail(f"{command} did not end by itself")
            continue
        killed = entry.code is not None and entry.code < 0
        if killed:
            continue
        if entry.document is None:
            found.fail(f"{command} printed no JSON (exit {entry.code}): {entry.errors[-300:]!r}")
            continue
        error = entry.document.get("error", {}) if isinstance(entry.document, dict) else {}
        allowed = _SAVE_CODES if entry.order.kind == "save" else _SYNC_STATES
        if entry.code in allowed and not error:
            continue
        if error.get("kind") not in _NOTHING_SAVED.get(entry.code or 0, ()):
            found.fail(f"{command} ended with {entry.code}: {error or entry.document}")


def _check_saves(
    records: Sequence[Record],
    stored: dict[str, str],
    ledger: Ledger,
    statuses: dict[str, list[Any]],
    homes: Sequence[Home],
    found: Findings,
) -> None:
    """Every reported save is committed with its bytes, or parked for a reason that is true."""
    committed = {record.save_id: record for record in records if record.state == "committed"}
    by_content = {record.sha256 for record in records if record.state == "committed"}
    parked = {row.get("save_id"): row for rows in statuses.values() for row in rows}
    planted = {path for home in homes for path in home.planted}
    spoiled = set().union(*(home.spoiled for home in homes))
    for name, rows in statuses.items():
        for row in rows:
            if row.get("state") != "parked":
                found.fail(f"home {name}: still waiting at the end: {row}")
    for entry in ledger.saves():
        what = f"save {entry.order.number} ({entry.save_id}) of home {entry.home}"
        if entry.save_id is None:
            arrived = entry.sha256 in by_content
            ended = "killed" if (entry.code or 0) < 0 else "refused"
            found.outcomes[f"{ended}, {'committed all the same' if arrived else 'no save'}"] += 1
            continue
        record = committed.get(entry.save_id)
        if record is not None:
            found.outcomes[f"reported {entry.document['state']}, committed"] += 1
            if stored.get(record.id) != entry.sha256:
                found.fail(f"{what} was reported as saved, but {_of(record)} has other bytes")
        elif entry.save_id in parked:
            row = parked[entry.save_id]
            found.outcomes[f"reported {entry.document['state']}, parked"] += 1
            if not _true_reason(row, planted, spoiled):
                found.fail(f"{what} is parked for a reason that is not true: {row['error']}")
        else:
            found.fail(f"{what} was reported as {entry.document['state']} and is lost")


def _true_reason(row: dict[str, Any], planted: set[str], spoiled: set[str]) -> bool:
    """A colleague's file lies where the save belongs, or its kept copy was written over."""
    error = row.get("error") or ""
    if "kept copy of this save was written to" in error:
        return row["save_id"] in spoiled
    return any(f"{path} already exists" in error for path in planted)


def _check_order(records: Sequence[Record], ledger: Ledger, found: Findings) -> None:
    """Saves of one home to one file, made one after the other, are numbered in that order."""
    revisions = {record.sha256: record.revision for record in records if record.sha256}
    chains: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in ledger.saves():
        if entry.save_id and entry.sha256 in revisions:
            chains[entry.home, entry.task, entry.order.name].append(entry)
    for chain in chains.values():
        for later in chain:
            for earlier in chain:
                done_before = earlier.ended is not None and earlier.ended < later.started
                if done_before and revisions[earlier.sha256] > revisions[later.sha256]:
                    found.fail(
                        f"save {later.order.number} of home {later.home} began after "
                        f"{earlier.order.number} had ended, but is revision "
                        f"{revisions[later.sha256]} before {revisions[earlier.sha256]}"
                    )


# the disks


def _check_disks(
    records: Sequence[Record],
    ledger: Ledger,
    statuses: dict[str, list[Any]],
    homes: Sequence[Home],
    found: Findings,
) -> None:
    by_content = {record.sha256: record for record in records if record.state == "committed"}
    gone_over = {path for home in homes for path in home.gone_over}
    expected = dict(_expected(by_content, ledger, homes))
    for path, sha256 in expected.items():
        if str(path) in gone_over:
            continue
        if not path.is_file():
            found.fail(f"{path} is missing")
        elif _hash(path) != sha256:
            found.fail(f"{path} was overwritten")
    waiting = [row for rows in statuses.values() for row in rows]
    scenes, kept = {Path(row["path"]) for row in waiting if row.get("path")}, _ids(waiting)
    scenes |= {final for home in homes for final in _final_paths(home, kept)}
    reserved = {scene.with_name(f".{scene.name}.wf") for scene in scenes}
    made = {entry.sha256 for entry in ledger.saves()} & set(by_content)
    for workspace in {home.workspace for home in homes}:
        for path in workspace.rglob("*"):
            if path.is_dir() or path in expected or path in scenes | reserved:
                continue
            if ".wf-spool" in path.parts and path.name.split(".")[0] in kept:
                continue
            if ".wf-spool" in path.parts and _is_claim(path):
                found.numbers["kept for the next save"] += 1
                continue
            if ".offline-" in path.name and path.suffix == ".blend" and _hash(path) in made:
                continue  # stays, as the artist may have it open
            found.fail(f"{path} is left behind")


def _expected(
    by_content: dict[str | None, Record], ledger: Ledger, homes: Sequence[Home]
) -> Iterator[tuple[Path, str]]:
    """Every file that must be there, with its hash."""
    for home in homes:
        for place, content in home.planted.items():
            yield Path(place), hashlib.sha256(content).hexdigest()
        for entry in ledger.saves():
            if entry.home == home.name:
                record = by_content.get(entry.sha256)
                if record is not None:
                    yield home.workspace / record.path.lstrip("/"), entry.sha256
                if entry.save_id:
                    yield Path(entry.document["path"]), entry.sha256


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_claim(path: Path) -> bool:
    """Whether a file is the sidecar of a save that never came about, whose number is kept for
    the next save of its home."""
    if path.suffix != ".json" or path.with_suffix(".blend").exists():
        return False
    sidecar = json.loads(path.read_text(encoding="utf-8"))
    return sidecar["state"] in ("planned", "claimed") and not sidecar["written"]


def _final_paths(home: Home, save_ids: set[str]) -> Iterator[Path]:
    """Where saves that still wait have their final names, which status does not show."""
    for folder in _spools(home):
        for sidecar in folder.glob("*.json"):
            row = json.loads(sidecar.read_text(encoding="utf-8"))
            if row["save_id"] in save_ids and row["final_path"]:
                yield Path(row["final_path"])


def _spooled(home: Home) -> list[Path]:
    """Every file that is kept for the server, claims without bytes left aside."""
    kept = [path for folder in _spools(home) for path in folder.glob("*")]
    return [path for path in kept if not _is_claim(path)]


def _spools(home: Home) -> set[Path]:
    try:
        lines = (home.folder / "spools.txt").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    return {Path(line) for line in lines}


def _ids(rows: list[Any]) -> set[str]:
    return {str(row.get("save_id")) for row in rows}


def _of(record: Record) -> str:
    return f"{record.name} v{record.revision:03d} ({record.state}, {record.id})"


def _short(save_id: str) -> str:
    return save_id.replace("-", "")[:16]
