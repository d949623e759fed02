"""Claims against a registry that keeps Zou's rules, with answers lost where they hurt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from wf_core.errors import InputError, NotLoggedIn, Refused, ServerUnavailable, WorkfilesError
from wf_core.kitsu.files import LAST_REVISION
from wf_core.models import WorkingFile
from wf_core.saves import marker
from wf_core.saves.claim import ClaimedElsewhere, Claimer, ClaimUnresolved

Fault = tuple[WorkfilesError | None, WorkfilesError | None]

MINE = "11111111-2222-4333-8444-555555555555"
THEIRS = "99999999-2222-4333-8444-555555555555"


@dataclass
class Table:
    """The server's table and its unique key; ``faults`` are taken one per request.

    A fault is (before, after): raised instead of, or after, carrying the request out.
    """

    records: list[WorkingFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    reads: int = 0
    refuse_everything: bool = False

    def hold(self, revision: int, save_id: str = THEIRS) -> None:
        comment = marker.attach("theirs", save_id)
        self.records.append(WorkingFile(id=f"r{revision}", revision=revision, comment=comment))

    def create_working_file(
        self, task_id: str, *, name: str, revision: int, software_id: str, comment: str
    ) -> WorkingFile:
        self.asked.append(revision)
        before, after = self.faults.pop(0) if self.faults else (None, None)
        if before is not None:
            raise before
        if self.refuse_everything or any(r.revision == revision for r in self.records):
            raise Refused("The server refuses: The given working file already exists.", status=400)
        record = WorkingFile(id=f"r{revision}", revision=revision, comment=comment)
        self.records.append(record)
        if after is not None:
            raise after
        return record

    def last_revisions(self, task_id: str) -> dict[str, WorkingFile]:
        self.reads += 1
        newest = max(self.records, key=lambda r: r.revision, default=None)
        return {} if newest is None else {"main": newest}

    def entity_working_files(
        self, entity_id: str, *, task_id: str | None = None, name: str | None = None
    ) -> list[WorkingFile]:
        self.reads += 1
        return list(self.records)


def claimer(table: Table, *, patience: float = 2.0) -> Claimer:
    return Claimer(
        registry=table,
        task_id="t",
        entity_id="e",
        name="main",
        software_id="s",
        comment="mine",
        save_id=MINE,
        patience=patience,
    )


def no_plan(number: int) -> None:
    """A plan that is not written down anywhere."""


def lost(*, in_doubt: bool = True) -> ServerUnavailable:
    return ServerUnavailable("no answer", in_doubt=in_doubt)


def test_when_nothing_is_there_then_the_first_number_is_one() -> None:
    table = Table()

    record = claimer(table).claim(plan=no_plan)

    assert (record.revision, record.comment) == (1, "mine [wf:1111111122224333]")


def test_when_the_highest_is_known_then_nothing_is_read() -> None:
    table = Table()
    table.hold(7)

    assert claimer(table).claim(plan=no_plan, known=7).revision == 8
    assert table.reads == 0


def test_when_v999_is_there_then_v1000_follows() -> None:
    table = Table()
    table.hold(999)

    assert claimer(table).claim(plan=no_plan).revision == 1000


def test_when_the_highest_is_negative_then_numbers_start_at_one() -> None:
    table = Table()
    table.hold(-4)

    assert claimer(table).claim(plan=no_plan).revision == 1


def test_when_the_highest_is_the_last_possible_then_it_is_an_error_before_asking() -> None:
    table = Table()
    table.hold(LAST_REVISION)

    with pytest.raises(InputError, match="highest a Kitsu server can store"):
        claimer(table).claim(plan=no_plan)
    assert table.asked == []


def test_when_another_took_the_number_then_the_next_is_asked_for() -> None:
    table = Table()
    table.hold(1)
    table.hold(2)
    planned: list[int] = []

    record = claimer(table).claim(plan=planned.append, known=0)

    assert record.revision == 3
    assert planned == [1, 3]


LOST_ANSWERS: list[tuple[str, Callable[[], list[Fault]]]] = [
    ("carried out, answer lost", lambda: [(None, lost())]),
    ("carried out, answer lost twice", lambda: [(None, lost()), (lost(), None)]),
    ("not carried out, answer lost", lambda: [(lost(), None)]),
    ("refused connection, then carried out", lambda: [(lost(in_doubt=False), None)]),
]


@pytest.mark.parametrize(
    "faults", [f for _, f in LOST_ANSWERS], ids=[name for name, _ in LOST_ANSWERS]
)
def test_when_answers_are_lost_then_there_is_one_record_and_it_is_mine(
    faults: Callable[[], list[Fault]],
) -> None:
    table = Table(faults=faults())

    record = claimer(table).claim(plan=no_plan)

    assert [r.revision for r in table.records] == [1]
    assert marker.carries(record.comment, MINE)


@pytest.mark.parametrize("doubt", [False, True])
def test_when_another_attempt_at_the_save_has_the_number_then_it_is_told_and_no_other_is_asked_for(
    doubt: bool,
) -> None:
    table = Table()
    here, there = (replace(claimer(table), claimant=c * 12) for c in "ab")
    there.claim(plan=no_plan)

    with pytest.raises(ClaimedElsewhere):
        here.claim(plan=no_plan, planned=1, doubt=doubt)

    (record,) = table.records
    assert (record.comment, marker.detach(record.comment)) == (
        "mine [wf:1111111122224333-bbbbbbbbbbbb]",
        "mine",
    )
    assert there.claim(plan=no_plan, planned=1, doubt=True) is record


def test_when_doubt_remains_then_the_same_number_is_asked_for_later() -> None:
    table = Table(faults=[(None, lost()), *((lost(), None),) * 50])

    with pytest.raises(ClaimUnresolved) as caught:
        claimer(table, patience=0.2).claim(plan=no_plan)
    table.faults.clear()
    record = claimer(table).claim(plan=no_plan, planned=caught.value.revision, doubt=True)

    assert (caught.value.revision, caught.value.doubt) == (1, True)
    assert record.revision == 1
    assert len(table.records) == 1


def test_when_the_late_request_arrives_after_another_save_then_numbers_stay_distinct() -> None:
    table = Table(faults=[*((lost(), None),) * 50])
    with pytest.raises(ClaimUnresolved) as caught:
        claimer(table, patience=0.1).claim(plan=no_plan)
    table.faults.clear()
    table.hold(1)  # a colleague was faster than the request that is still on its way

    record = claimer(table).claim(plan=no_plan, planned=caught.value.revision, doubt=True)

    assert record.revision == 2
    assert sorted(r.revision for r in table.records) == [1, 2]


def test_when_nobody_listens_then_it_gives_up_long_before_its_patience() -> None:
    table = Table(faults=[*((lost(in_doubt=False), None),) * 100])

    with pytest.raises(ClaimUnresolved) as caught:
        claimer(table, patience=600.0).claim(plan=no_plan)

    assert caught.value.doubt is False
    assert len(table.asked) < 10


def test_when_the_token_is_dead_then_it_gives_up_at_once() -> None:
    table = Table(faults=[(NotLoggedIn("expired"), None)])

    with pytest.raises(ClaimUnresolved) as caught:
        claimer(table).claim(plan=no_plan)

    assert isinstance(caught.value.cause, NotLoggedIn)
    assert table.asked == [1]


def test_when_already_exists_means_something_else_then_it_is_an_error() -> None:
    table = Table(refuse_everything=True)

    with pytest.raises(InputError, match="shows no such record"):
        claimer(table).claim(plan=no_plan)


def test_when_all_start_from_the_same_number_then_nobody_shares_and_nothing_is_skipped() -> None:
    table = Table()

    for n in range(6):
        save_id = f"{n}1111111-2222-4333-8444-555555555555"
        replace(claimer(table), save_id=save_id).claim(plan=no_plan, known=0)

    assert sorted(record.revision for record in table.records) == [1, 2, 3, 4, 5, 6]
