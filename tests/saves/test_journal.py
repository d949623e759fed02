"""The journal: durable, shared, migrated, and never guessed at."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from wf_core.disk.locks import hold
from wf_core.errors import PathError, UsageError
from wf_core.saves import machine
from wf_core.saves.journal import _MIGRATIONS, Journal
from wf_core.saves.lineage import base_of
from wf_core.saves.recovery import open_journal
from wf_core.saves.row import OPEN_STATES, SaveRow
from wf_core.saves.spool import Spool


def row(number: int = 1, **changes: object) -> SaveRow:
    made = SaveRow(
        save_id=f"{number:08d}-0000-4000-8000-000000000000",
        server="http://127.0.0.1:1",
        task_id="task",
        task_label="Demo/Props/Lamp/Modeling",
        entity_id="entity",
        name="main",
        extension=".blend",
        software_id="software",
        comment="what changed",
        host_name="Blender",
        host_version="5.0.1",
        machine="here",
        saved_at="2026-01-01T00:00:00+00:00",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "home" / "journal.db")


def test_when_a_row_is_read_back_then_every_field_is_what_was_written(journal: Journal) -> None:
    full = row(
        state="saved",
        revision=3,
        claim_doubt=True,
        working_file_id="record",
        claim_id="other",
        base_revision=2,
        final_path="/w/lamp_v003.blend",
        server_path="/prods/lamp_v003.blend",
        scene_path="/w/lamp_v003.blend",
        provisional=True,
        spool_path="/w/.wf-spool/x.blend",
        snapshot="link",
        device=1,
        inode=2,
        size=3,
        mtime_ns=1_700_000_000_123_456_789,
        sha256="00",
        written=True,
        synced=True,
        atomic=True,
        boot="boot",
        attempts=4,
        error="no answer",
        parked="permission_denied",
        next_try=12.5,
        checked=1,
        thumbnail="picture",
    )

    known = journal.add(full)

    assert known == replace(full, seq=1)
    assert journal.get(full.save_id) == known
    journal.close()


def test_when_a_row_is_added_twice_then_the_first_stays(journal: Journal) -> None:
    journal.add(row(comment="first"))

    assert journal.add(row(comment="second")).comment == "first"
    journal.close()


def test_when_rows_of_a_scope_are_asked_for_then_they_come_oldest_first(journal: Journal) -> None:
    for number in (3, 1, 2):
        journal.add(row(number))
    journal.add(row(4, name="cache"))

    found = journal.of_scope(row().scope, *OPEN_STATES)

    assert [r.save_id[:8] for r in found] == ["00000003", "00000001", "00000002"]
    journal.close()


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda journal: journal.rows(*OPEN_STATES, server=row().server), id="open"),
        pytest.param(lambda journal: journal.unfiled(server=row().server), id="unfiled"),
        pytest.param(lambda journal: journal.unchecked(server=row().server), id="unchecked"),
        pytest.param(lambda journal: journal.of_scope(row().scope, "saved"), id="of a scope"),
        pytest.param(lambda journal: journal.highest(row().scope), id="highest"),
        pytest.param(lambda journal: journal.servers(), id="servers"),
        pytest.param(lambda journal: journal.get(row().save_id), id="one"),
    ],
)
def test_when_many_saves_are_done_then_a_save_costs_no_more_for_them(
    journal: Journal, ask: Callable[[Journal], object]
) -> None:
    def steps() -> int:
        counted = 0

        def count() -> None:
            nonlocal counted
            counted += 1

        journal._db.set_progress_handler(count, 10)
        ask(journal)
        journal._db.set_progress_handler(None, 0)
        return counted

    journal.add(row(1, state="saved"), durable=False)
    before = steps()
    for number in range(2, 300):
        done = row(number, name=f"part_{number}", state="committed", checked=2)
        journal.add(done, durable=False)

    assert steps() <= before + 10
    journal.close()


def test_when_old_rows_are_forgotten_then_unfinished_ones_stay(journal: Journal) -> None:
    done = {"state": "committed", "checked": 2}
    for number, changes in enumerate(
        [done, {"state": "saved"}, {"state": "committed"}, {"state": "void"}, done, done], 1
    ):
        journal.add(row(number, **changes))

    first = journal.forget(keep=1, at_most=2)
    second = journal.forget(keep=1)
    third = journal.forget(keep=1)

    forgotten = [[r.save_id[:8] for r in rows] for rows in (first, second, third)]
    left = journal.rows("committed", "saved", "void")
    assert forgotten == [["00000001", "00000004"], ["00000005"], []]
    assert [r.save_id[:8] for r in left] == ["00000002", "00000003", "00000006"]
    journal.close()


def test_when_something_is_left_to_do_then_its_server_is_named(journal: Journal) -> None:
    for number, (server, changes) in enumerate(
        [
            ("http://done", {"state": "committed", "checked": 2}),
            ("http://given-up", {"state": "discarded"}),
            ("http://waiting", {"state": "saved"}),
            ("http://unchecked", {"state": "committed", "checked": 1}),
            ("http://waiting", {"state": "planned"}),
        ],
        1,
    ):
        journal.add(row(number, server=server, **changes))

    assert sorted(journal.servers()) == ["http://unchecked", "http://waiting"]
    journal.close()


def test_when_the_machine_was_restarted_then_no_row_waits_any_longer(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = row(boot=machine.boot_id(), next_try=machine.monotonic() + 500)
    other_boot = replace(waiting, boot="an earlier boot")

    assert waiting.waits() > 400
    assert other_boot.waits() == 0.0
    journal.close()


def test_when_a_writer_is_killed_then_everything_it_committed_is_there(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    code = (
        "import os, signal, sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "from saves.test_journal import row\n"
        "from wf_core.saves.journal import Journal\n"
        "j = Journal(Path(sys.argv[1])); j.add(row(1)); j.update(row(1), state='claimed')\n"
        "j._db.execute('BEGIN IMMEDIATE'); j._db.execute(\"UPDATE saves SET state='void'\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    tests = Path(__file__).resolve().parent.parent

    ended = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tests), str(tests.parent)], check=False
    )
    journal = Journal(path)

    assert ended.returncode == -9
    assert [r.state for r in journal.rows("planned", "claimed", "void")] == ["claimed"]
    journal.close()


def test_when_the_journal_is_of_a_newer_release_then_it_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()

    with pytest.raises(UsageError, match="newer release"):
        open_journal(path, Spool(tmp_path))

    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == 99
    database.close()


def test_when_the_journal_is_of_an_older_release_then_its_saves_are_all_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    newer = {"reference", "software_name", "base_task_id", "base_save_id"}
    values = {k: v for k, v in asdict(row(state="saved", revision=3)).items() if k not in newer}
    with sqlite3.connect(path) as database:
        database.executescript(_MIGRATIONS[0])
        database.execute("PRAGMA user_version=1")
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        database.execute(f"INSERT INTO saves ({names}) VALUES ({marks})", {**values, "seq": 7})
    database.close()

    journal = Journal(path)

    assert journal.rows("saved") == [row(state="saved", revision=3, seq=7)]
    assert journal.add(row(2, reference="Demo/Props/Lamp/Modeling")).is_unfiled
    journal.close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == len(_MIGRATIONS)
    database.close()


@pytest.mark.parametrize("started", range(8))
def test_when_several_processes_open_an_older_journal_then_it_is_migrated_once(
    tmp_path: Path, started: int
) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(_MIGRATIONS[0])
        database.execute("PRAGMA user_version=1")
    database.close()

    with ThreadPoolExecutor(4) as pool:
        for journal in pool.map(lambda _: Journal(path), range(4)):
            journal.close()

    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == len(_MIGRATIONS)
    database.close()


@pytest.mark.parametrize("started", range(10))
def test_when_several_open_a_new_journal_at_once_then_each_has_it(
    tmp_path: Path, started: int
) -> None:
    path = tmp_path / "home" / "journal.db"
    ready = threading.Barrier(8)

    def opened(_: int) -> Journal:
        ready.wait()
        return Journal(path)

    with ThreadPoolExecutor(8) as pool:
        journals = list(pool.map(opened, range(8)))
    for number, journal in enumerate(journals):
        journal.add(row(number))
    found = len(journals[0].rows("planned"))
    for journal in journals:
        journal.close()

    assert found == 8


CHAINS = {
    "its base is numbered": ([{"working_file_id": "r", "revision": 7, "state": "committed"}], 7),
    "its base waits, and comes from a numbered one": ([{"base_revision": 4}], 4),
    "its base was discarded, and comes from a numbered one": (
        [{"working_file_id": "r", "revision": 7, "state": "discarded", "base_revision": 4}],
        4,
    ),
    "its base is not known here": ([], None),
    "its base is of another task": (
        [{"task_id": "other", "working_file_id": "r", "revision": 7, "state": "committed"}],
        None,
    ),
    "two that name each other": ([{"base_save_id": row(9).save_id}], None),
}


@pytest.mark.parametrize(("bases", "expected"), CHAINS.values(), ids=CHAINS)
def test_when_a_scene_was_continued_without_a_number_then_its_base_is_found(
    journal: Journal, bases: list[dict[str, object]], expected: int | None
) -> None:
    for number, changes in enumerate(bases, 1):
        journal.add(row(number, **{"state": "saved", **changes}))
    continued = journal.add(row(9, state="saved", base_save_id=row(1).save_id))

    assert base_of(continued, journal) == expected
    journal.close()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.write_bytes(b"this is no database" * 99), id="overwritten"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:5000]), id="cut short"),
        pytest.param(lambda path: path.write_bytes(b""), id="emptied"),
    ],
)
def test_when_the_journal_is_damaged_then_it_is_made_anew_from_the_sidecars(
    tmp_path: Path, damage: object
) -> None:
    spool = Spool(tmp_path / "home")
    path = tmp_path / "home" / "journal.db"
    journal = open_journal(path, spool)
    folder = spool.folder(tmp_path / "workspace")
    kept = folder / "kept.blend"
    kept.write_bytes(b"scene")
    claimed = row(state="saved", revision=4, working_file_id="record", spool_path=str(kept))
    spool.write_sidecar(journal.add(claimed))
    journal.close()
    for left in ("-wal", "-shm"):
        path.with_name(path.name + left).unlink(missing_ok=True)

    damage(path)  # type: ignore[operator]
    again = open_journal(path, spool)

    (found,) = again.rows("saved")
    assert (found.revision, found.working_file_id, found.spool_path) == (4, "record", str(kept))
    again.close()


def test_when_the_journal_is_lost_twice_then_saves_of_each_time_stay_in_order(
    tmp_path: Path,
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    spool = Spool(home)
    folder = spool.folder(work)

    def save(journal: Journal, number: int) -> None:
        added = journal.add(row(number, spool_path=str(folder / f"{row(number).save_id}.blend")))
        spool.write_sidecar(added)

    def lose(journal: Journal) -> None:
        journal.close()
        for path in home.glob("journal.db*"):
            path.unlink()

    first = open_journal(home / "journal.db", spool)
    for number in (1, 2, 3):
        save(first, number)
    for done in (1, 2):
        spool.empty(first.rows("planned")[done - 1])
    lose(first)
    second = open_journal(home / "journal.db", spool)
    save(second, 4)
    lose(second)
    third = open_journal(home / "journal.db", spool)

    found = [each.save_id for each in third.rows("planned")]
    third.close()

    assert found == [row(3).save_id, row(4).save_id]


def test_when_two_journals_share_a_workspace_then_neither_sees_the_others_sidecars(
    tmp_path: Path,
) -> None:
    first, second = Spool(tmp_path / "first"), Spool(tmp_path / "second")
    folder = first.folder(tmp_path / "workspace")
    first.write_sidecar(row(spool_path=str(folder / "kept.blend")))

    assert second.folder(tmp_path / "workspace") != folder
    assert list(second.read_sidecars()) == []
    assert [r.save_id for r in first.read_sidecars()] == [row().save_id]


def test_when_the_home_cannot_be_made_then_that_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")

    with pytest.raises(PathError, match="home"):
        open_journal(tmp_path / "home" / "below" / "journal.db", Spool(tmp_path))
    with (
        pytest.raises(PathError, match="home"),
        hold(tmp_path / "home" / "locks" / "save-1.lock"),
    ):
        pass
