"""The journal on a full disk, and beside a process that hangs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from wf_core.errors import DiskFull, FileUnreadable
from wf_core.saves import journal as journal_module
from wf_core.saves.journal import Journal
from wf_core.saves.recovery import open_journal
from wf_core.saves.spool import Spool


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr(journal_module, "_BUSY_SECONDS", 0.1)
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def frozen(journal: Journal) -> Iterator[None]:
    """Somebody who was stopped in the middle of a transaction."""
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


def test_when_the_disk_is_full_then_it_says_so_and_works_again_afterwards(
    journal: Journal,
) -> None:
    journal.remember("before", "1", 0.0)
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(DiskFull, match="disk of the journal"):
        journal.remember("large", "x" * 1_000_000, 0.0)
    journal._db.execute("PRAGMA max_page_count=1000000")
    journal.remember("after", "2", 0.0)

    assert [journal.recall(key) for key in ("before", "large", "after")] == [
        ("1", 0.0),
        None,
        ("2", 0.0),
    ]


def test_when_another_process_hangs_with_the_journal_then_it_says_so(
    journal: Journal, frozen: None
) -> None:
    with pytest.raises(FileUnreadable, match="database is locked"):
        journal.remember("key", "value", 0.0)

    assert journal.recall("key") is None


def test_when_another_process_hangs_then_opening_reads_all_the_same(
    journal: Journal, frozen: None
) -> None:
    again = open_journal(journal.path, Spool(journal.path.parent))

    assert again.rows("saved") == []
    again.close()
