"""Qt's thread waits for nobody: neither for a slow server, nor for a long list."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from browser.hands import click, dialog, pause, press, row_of, type_into, until
from browser.heart import Heart
from browser.window_fixtures import OpenBrowser, SlowRelay, log_in
from live_kitsu import LiveKitsu
from Qt import QtTest, QtWidgets

from wf_browser.saving import SaveDialog
from wf_browser.window import Browser
from wf_core.results import Revision
from wf_core.workfiles.browsing import Searchable, searchable_revisions

LONGEST = 0.5
"""Seconds. Who waits for the server stands still for two; the aim is 0.05, and what it took is
printed, as times of a machine that runs other tests too prove nothing."""
TRIES = 3
"""What is measured is this process; a machine that does other things too gets another try."""


def measured(work: Callable[[], None]) -> float:
    """Seconds of the longest time without a beat, in the best of some tries.

    What the runner of the tests has in memory is kept out of Python's collecting of garbage, which
    takes longer the more there is.
    """
    best = float("inf")
    gc.collect()
    gc.freeze()
    try:
        for _ in range(TRIES):
            with Heart() as heart:
                work()
            best = min(best, heart.longest)
            if best < LONGEST:
                break
    finally:
        gc.unfreeze()
    return best


def one_event(work: Callable[[], object]) -> None:
    """Do it, then let Qt go on: hands are not faster than that."""
    work()
    pause(0.005)


@pytest.mark.slow
def test_when_the_server_takes_two_seconds_an_answer_then_the_window_never_waits(
    open_browser: OpenBrowser,
    kitsu: LiveKitsu,
    slow_relay: SlowRelay,
) -> None:
    first, second = kitsu.fresh_task(), kitsu.fresh_task()
    log_in(slow_relay.url, kitsu)
    browser = open_browser()
    session = browser.session
    until(lambda: session.tasks is not None)
    slow_relay.be("answer", 2.0)
    strangers: list[str] = []

    def note() -> None:
        wrong = {r.task_id for r in session.revisions.items} if session.revisions else set()
        strangers.extend(wrong - {session.task[0] if session.task else ""})

    session.revisions_changed.connect(note)

    def work() -> None:
        """What an artist does while answers are on their way, one event after the other."""
        for letter in "Asset":
            one_event(lambda letter=letter: QtTest.QTest.keyClicks(browser.tasks.search, letter))
        for task in (first, second):
            name = f"Props/{task.entity['name']}"
            one_event(lambda name=name: row_of(browser.tasks.list, name))
        assert browser.revisions.listing.text.text() == "Asking Kitsu…"
        one_event(lambda: press(browser, "S", control=True))
        opened = dialog(browser, SaveDialog)
        one_event(lambda: type_into(opened.comment, "typed while nobody answers"))
        one_event(lambda: click(opened.cancel))
        for number in "2341":
            one_event(lambda number=number: press(browser, number, control=True))
        until(lambda: session.revisions is not None)
        one_event(lambda: press(browser, "F5"))
        one_event(browser.tasks.search.clear)

    longest = measured(work)
    print(f"longest wait: {longest * 1000:.1f} ms")
    assert longest < LONGEST
    assert session.task == (second.id, second.reference)
    assert not strangers


def many(count: int) -> list[Revision]:
    """Revisions of a task with a history."""
    return [
        Revision(
            working_file_id=f"file-{number}",
            task_id="task",
            name="main" if number % 3 else "lights",
            revision=number,
            comment=f"change number {number} of what was there, with a reason for it",
            author="Alex Artist" if number % 2 else "Sam Second",
            created_at="2026-11-24T10:00:00",
            state="committed",
            sha256=None,
            size=26_214_400,
            path=f"/work/lamp_v{number:03d}.blend",
            base_revision=number - 1 or None,
        )
        for number in range(count, 0, -1)
    ]


def show_revisions(browser: Browser, revisions: Searchable[Revision]) -> None:
    """As when the answer of a thread arrives."""
    session = browser.session
    until(lambda: session.settings is not None)
    session.task = ("task", "Demo/Props/Lamp/Modeling")
    session.revisions = revisions
    session.task_changed.emit()
    until(browser.tabs.isVisible)


@pytest.mark.slow
def test_when_there_are_ten_thousand_revisions_then_they_scroll_and_are_found_smoothly(
    away: None, open_browser: OpenBrowser
) -> None:
    browser = open_browser()
    view = browser.revisions.list
    revisions = searchable_revisions(many(10_000))

    show_revisions(browser, revisions)
    pause(0.1)

    def work() -> None:
        view.choose_first()
        for _ in range(40):
            press(view, "PageDown")
            pause(0.001)
        press(view, "End")
        pause(0.02)
        assert view.current().revision == 1
        for letter in "number 777 sam":
            one_event(
                lambda letter=letter: QtTest.QTest.keyClicks(browser.revisions.search, letter)
            )
        pause(0.02)
        assert [r.revision for r in view.records.records] == [
            number for number in range(10_000, 0, -1) if "777" in str(number) and not number % 2
        ]
        browser.revisions.search.clear()
        pause(0.02)

    longest = measured(work)
    print(f"longest wait: {longest * 1000:.1f} ms")
    assert longest < 2 * LONGEST  # all ten thousand are laid out anew when the search is cleared
    assert view.model().rowCount() == 10_000
    assert isinstance(view, QtWidgets.QListView)
