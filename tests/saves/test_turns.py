"""Who is told of which numbers, among the processes of one user."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from wf_core.disk.locks import hold, row_lock
from wf_core.saves import shared
from wf_core.saves.turns import confirm, take_turn

MINE = "11111111-2222-4333-8444-555555555555"
THEIRS = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def scope() -> tuple[str, str, str]:
    return ("http://127.0.0.1:1", str(uuid.uuid4()), "main")


def floor(scope: tuple[str, str, str], folder: Path, save: str) -> int:
    with take_turn(scope, folder, row_lock(folder, save)) as turn:
        return turn.floor


def test_when_another_save_is_asking_for_a_number_then_the_next_goes_past_it(
    scope: tuple[str, str, str], tmp_path: Path
) -> None:
    theirs = row_lock(tmp_path, THEIRS)
    with hold(theirs) as held:
        assert held
        with take_turn(scope, tmp_path, theirs) as turn:
            turn.take(7)

        assert floor(scope, tmp_path, MINE) == 7

    assert floor(scope, tmp_path, MINE) == 0  # who died before it was given is no more


def test_when_other_attempts_at_the_same_save_ask_for_a_number_then_so_does_this_one(
    scope: tuple[str, str, str], tmp_path: Path
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere):
        folder.mkdir()
    # Frozen before it asked, in another WF_HOME; and killed before it asked, in this one.
    for folder, number in ((elsewhere, 1), (here, 2)):
        with take_turn(scope, tmp_path, row_lock(folder, MINE)) as turn:
            turn.take(number)

    with hold(row_lock(elsewhere, MINE)) as frozen, hold(row_lock(here, MINE)) as mine:
        assert frozen and mine
        assert floor(scope, here, MINE) == 0


def test_when_a_number_was_given_a_moment_ago_then_the_next_goes_past_it(
    scope: tuple[str, str, str], tmp_path: Path
) -> None:
    confirm(scope, tmp_path, asked=3, given=4)

    assert floor(scope, tmp_path, MINE) == 4


def test_when_nothing_can_be_written_down_then_a_save_goes_ahead_without_a_turn(
    scope: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_own_folder", lambda: tmp_path)
    confirm(scope, tmp_path, asked=1, given=1)
    [file] = tmp_path.glob("*.lock")
    file.unlink()
    file.mkdir()  # no more to be opened than on a disk that is full

    with take_turn(scope, tmp_path, row_lock(tmp_path, MINE)) as turn:
        turn.take(7)
    confirm(scope, tmp_path, asked=7, given=7)


def test_when_the_news_are_damaged_then_there_are_none(
    scope: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_own_folder", lambda: tmp_path)
    confirm(scope, tmp_path, asked=1, given=12)
    [file] = tmp_path.glob("*.lock")
    file.write_bytes(file.read_bytes()[:10])

    assert floor(scope, tmp_path, MINE) == 0
    confirm(scope, tmp_path, asked=1, given=3)
    assert floor(scope, tmp_path, MINE) == 3
