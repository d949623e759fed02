"""Lives of saves: processes that die, answers that are lost, journals that are lost.

``lives.py`` says what may happen, ``life_checks.py`` what holds at the end. Random lives come
first, then some that are written out.

The written ones were seen to fail when a claim did not know its own marker, a given-up claim was
forgotten or never declared void, bytes were sent again without a look, the kept copy was not
checked, saves without numbers got them in another order, a record lacked its hash or base, or
revision 0 was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from doomed import BOUNDARIES
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from life_checks import check
from lives import AWAY, HOMES, NAMES, Life, Network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="makes its processes with fork()"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

STEPS = ["claim", "claim", "upload", "commit", "look", "read"]
FAULTS = ["lost answer", "lost answer", "late", "lost request", "refused", "503"]

faults = st.one_of(
    st.dictionaries(st.sampled_from(STEPS), st.sampled_from(FAULTS), min_size=1, max_size=2),
    st.sampled_from(FAULTS).map(lambda fault: {"claim": fault}),
    st.sampled_from([AWAY, {"write": "fails"}]),
)
networks = st.lists(st.one_of(faults, faults, st.just({})), min_size=2, max_size=4)
deaths = st.lists(st.integers(0, 2 * BOUNDARIES), min_size=2, max_size=3)
homes, names, waits = st.sampled_from(HOMES), st.sampled_from(NAMES), st.sampled_from([1, 1, 0])


class Lives(RuleBasedStateMachine):
    """What may happen. A rule that has nothing to act on does nothing: how far processes come
    depends on the machine too, so it must not decide which rules there are."""

    @initialize()
    def begin(self) -> None:
        self.life = Life()

    @rule(home=homes, name=names, networks=networks, wait=waits)
    def save(self, home: str, name: str, networks: list[Network], wait: int) -> None:
        self.life.save(*networks, home=home, name=name, wait=bool(wait))

    @rule(home=homes, name=names, networks=networks)
    def save_in_processes_of_their_own(self, home: str, name: str, networks: list[Network]) -> None:
        for network in networks[:3]:
            self.life.save(network, home=home, name=name)

    @rule(home=homes, name=names, deaths=deaths, wait=waits)
    def save_and_be_killed(self, home: str, name: str, deaths: list[int], wait: int) -> None:
        for dies_at in deaths:
            self.life.save({}, {}, home=home, name=name, dies_at=dies_at, wait=bool(wait))

    @rule(home=homes, network=faults)
    def sync(self, home: str, network: Network) -> None:
        self.life.sync(network, home=home)

    @rule(home=homes, dies_at=st.integers(0, BOUNDARIES))
    def sync_and_be_killed(self, home: str, dies_at: int) -> None:
        self.life.sync(home=home, dies_at=dies_at)

    @rule(
        home=homes,
        name=names,
        step=st.sampled_from(["claim", "upload", "commit"]),
        saving=st.booleans(),
        how=st.sampled_from(["freeze", "freeze served"]),
    )
    def freeze(self, home: str, name: str, step: str, saving: bool, how: str) -> None:
        """A process stops at a request, before or after the server carries it out."""
        if self.life.frozen:
            return
        if saving:
            self.life.save({step: how}, {}, home=home, name=name)
        else:
            self.life.sync({step: how}, home=home)

    @rule()
    def thaw(self) -> None:
        if self.life.frozen:
            self.life.thaw()

    @rule(newest=st.booleans())
    def a_late_request_arrives(self, newest: bool) -> None:
        if self.life.late:
            self.life.a_late_request_arrives(newest=newest)

    @rule(name=names)
    def somebody_else_saves(self, name: str) -> None:
        self.life.somebody_else_saves(name)

    @rule()
    def the_artist_is_unassigned(self) -> None:
        self.life.kitsu.assigned = False

    @rule(home=homes, how=st.sampled_from(["deleted", "overwritten", "truncated"]))
    def the_journal_is_lost(self, home: str, how: str) -> None:
        self.life.lose_journal(home=home, how=how)

    @rule(pick=st.integers(0, 10**6))
    def a_scene_is_written_over(self, pick: int) -> None:
        reported = [made.path for made in self.life.saves if made.path]
        if reported:
            scene = reported[pick % len(reported)]
            scene.write_bytes(b"what the artist did next")
            self.life.written_over.add(scene)

    def teardown(self) -> None:
        if not hasattr(self, "life"):
            return
        try:
            self.life.settle()
            check(self.life)
        finally:
            self.life.close()


class TestLives(Lives.TestCase):  # type: ignore[name-defined,misc]
    """Random lives: the same in every run, unless WF_LIVES asks for so many new ones."""

    settings = settings(
        max_examples=int(os.environ.get("WF_LIVES") or 16),
        derandomize="WF_LIVES" not in os.environ,
        stateful_step_count=20,
        phases=[Phase.generate],  # a life that fails is not made shorter: that takes minutes
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def life() -> Iterator[Life]:
    life = Life()
    try:
        yield life
    finally:
        life.close()


def revisions(life: Life) -> list[tuple[int, str]]:
    """The numbers and comments of the records, those of a claim without its marker."""
    return [
        (record["revision"], record["comment"].partition(" [wf:")[0])
        for record in sorted(life.kitsu.records, key=lambda record: record["revision"])
    ]


def settle(life: Life) -> list[tuple[int, str]]:
    life.settle()
    check(life)
    return revisions(life)


ONE, TWO, THREE = (1, "comment 0"), (2, "comment 1"), (3, "comment 2")


def test_when_the_answer_to_a_claim_is_lost_then_the_number_is_still_the_saves_own(
    life: Life,
) -> None:
    life.save({}, {"claim": "lost answer"}, {})

    assert settle(life) == [ONE, TWO, THREE]


def test_when_a_claim_without_an_answer_arrives_late_then_it_is_the_saves_own(life: Life) -> None:
    life.save({}, wait=False)
    life.save({"claim": "late"}, {})

    assert settle(life) == [ONE, TWO, THREE]


def test_when_a_process_is_killed_between_claim_and_answer_then_the_next_save_has_the_number(
    life: Life,
) -> None:
    life.save({"claim": "freeze served"})
    life.frozen.pop().child.kill()
    life.sync()
    life.save({}, {})

    assert settle(life) == [(1, "comment 1"), (2, "comment 2")]


def test_when_a_scene_cannot_be_written_then_the_next_save_has_its_number(life: Life) -> None:
    life.save({"write": "fails"}, {}, {})

    assert settle(life) == [(1, "comment 1"), (2, "comment 2")]


def test_when_somebody_saves_past_a_given_up_claim_then_its_number_is_void(life: Life) -> None:
    life.save({"write": "fails"})
    life.somebody_else_saves()
    life.save({})

    assert settle(life) == [ONE, (2, "theirs"), (3, "comment 1")]
    (void,) = [r for r in life.kitsu.records if r["revision"] == 1]
    assert void["data"]["workfiles"]["void"] is True


def test_when_a_save_without_a_number_follows_a_given_up_claim_then_the_order_stays(
    life: Life,
) -> None:
    life.save({"upload": "freeze"}, {})
    life.save({"write": "fails"})
    life.save(AWAY)
    life.thaw()

    assert settle(life) == [ONE, (2, "comment 2"), (3, "comment 3"), (4, "comment 1")]


@pytest.mark.parametrize("lost", [False, True], ids=["and the journal stays", "and the journal"])
def test_when_processes_die_at_every_boundary_of_a_save_then_none_is_lost_nor_has_two_numbers(
    life: Life, lost: bool
) -> None:
    life.save({})
    boundary = 0
    while life.save({}, dies_at=boundary)[0].save_id is None:
        boundary += 1
    if lost:
        life.lose_journal()

    settle(life)
    assert boundary > 20


def test_when_a_process_has_lost_its_journal_then_its_next_save_comes_after_those_of_others(
    life: Life,
) -> None:
    life.save({"commit": "freeze"}, {})
    life.lose_journal()
    life.save(AWAY)
    life.thaw()

    assert settle(life) == [ONE, (2, "comment 2"), (3, "comment 1")]


@pytest.mark.parametrize(
    "network",
    [
        pytest.param({"upload": "lost answer"}, id="the length is looked at"),
        pytest.param({"upload": "lost answer", "look": "lost answer"}, id="looking fails, too"),
    ],
)
def test_when_the_answer_to_an_upload_is_lost_then_the_bytes_are_not_sent_again(
    life: Life, network: Network
) -> None:
    life.save(network)
    life.sync()

    assert settle(life) == [ONE]


def test_when_a_process_is_killed_after_its_upload_then_the_bytes_are_not_sent_again(
    life: Life,
) -> None:
    life.save({"upload": "freeze served"})
    life.frozen.pop().child.kill()

    assert settle(life) == [ONE]


@pytest.mark.parametrize("lost", [False, True], ids=["and the journal stays", "and the journal"])
def test_when_processes_die_at_every_boundary_of_taking_up_a_save_then_it_is_not_taken_for_changed(
    life: Life, lost: bool
) -> None:
    boundary = 0
    taken_up = None
    while taken_up is None:
        life.save({"upload": "freeze"})
        life.frozen.pop().child.kill()
        taken_up = life.sync(dies_at=boundary)
        if lost:
            life.lose_journal()
        left = life.sync()
        assert left is not None
        assert left[1:] == (0, 0), "something still waits"
        boundary += 1

    settle(life)
    assert boundary > 15


def test_when_bytes_arrive_that_were_sent_again_meanwhile_then_nothing_changes(life: Life) -> None:
    life.save({"upload": "late"})
    life.sync()
    life.a_late_request_arrives()

    assert settle(life) == [ONE]


def swapped(content: bytes) -> bytes:
    return content.swapcase()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(swapped, id="the same length"),
        pytest.param(lambda content: content[:-1], id="shorter"),
    ],
)
@pytest.mark.parametrize("network", [AWAY, {}], ids=["without a number", "with its number"])
def test_when_a_kept_copy_is_written_over_then_it_is_never_sent(
    life: Life, network: Network, change: Callable[[bytes], bytes]
) -> None:
    life.save({})
    (made,) = life.save(network, wait=False)
    kept = next(path for path in life.kept() if path.stem == made.save_id)
    kept.write_bytes(change(made.content))

    assert life.sync() == (0, 0, 1)
    assert made.content.swapcase() not in life.kitsu.stored.values()
    life.discard_parked()
    assert life.discarded == {made.save_id}
    settle(life)


@pytest.mark.parametrize("syncs", [True, False], ids=["by a sync", "by the next save"])
def test_when_provisional_saves_get_their_numbers_then_in_the_order_they_were_made(
    life: Life, syncs: bool
) -> None:
    life.save({})
    life.save(AWAY, AWAY, AWAY)
    assert revisions(life) == [ONE]
    if syncs:
        life.sync()
    life.save({})

    assert settle(life) == [(number + 1, f"comment {number}") for number in range(5)]


def test_when_saves_are_committed_then_their_records_say_what_they_are(life: Life) -> None:
    made = life.save({}, {}) + life.save(AWAY, AWAY)

    settle(life)
    facts = [record["data"]["workfiles"] for record in life.kitsu.records]
    assert [fact["sha256"] for fact in facts] == [save.sha256 for save in made]
    assert [fact["base_revision"] for fact in facts] == [None, 1, 2, 3]


def test_when_nothing_was_known_of_the_task_then_the_next_save_still_says_where_it_comes_from(
    life: Life,
) -> None:
    life.save(AWAY, AWAY)
    life.save({})

    assert settle(life) == [ONE, TWO, THREE]
    facts = [record["data"]["workfiles"] for record in life.kitsu.records]
    assert [fact["base_revision"] for fact in facts] == [None, 1, 2]
