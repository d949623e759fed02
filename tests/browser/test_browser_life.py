"""An artist's day in the browser: real widgets, clicked and typed into, and a real Kitsu."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.hands import click, dialog, press, press_button, row_of, type_into, until
from browser.window_fixtures import OpenBrowser, SlowRelay, log_in
from cli.relay import Relay
from live_kitsu import FreshTask, LiveKitsu
from Qt import QtWidgets

from tests.cli.running import end_uploaders
from wf_browser.saving import SaveDialog
from wf_browser.window import Browser
from wf_core.settings import load


@pytest.fixture
def task(kitsu: LiveKitsu) -> FreshTask:
    return kitsu.fresh_task()


@pytest.fixture(autouse=True)
def no_uploaders_left() -> Iterator[None]:
    yield
    end_uploaders(load().home)


def choose(browser: Browser, task: FreshTask) -> None:
    """Find a task by typing, and take it by keys."""
    until(lambda: browser.session.tasks is not None)
    type_into(browser.tasks.search, str(task.entity["name"]))
    press(browser, "Down")
    assert browser.tasks.list.hasFocus()
    press(browser, "Return")
    assert browser.session.task == (task.id, task.reference)
    until(lambda: browser.session.revisions is not None)


def save(browser: Browser, file: Path | None, comment: str) -> None:
    """Save a file as the next revision; None: the one that was chosen before."""
    press(browser, "S", control=True)
    opened = dialog(browser, SaveDialog)
    if file is not None:
        click(opened.browse)
        chooser = dialog(opened, QtWidgets.QFileDialog)
        chooser.selectFile(str(file))
        (buttons,) = chooser.findChildren(QtWidgets.QDialogButtonBox)
        click(buttons.button(QtWidgets.QDialogButtonBox.StandardButton.Open))
    until(lambda: opened.path.text())
    type_into(opened.comment, comment)
    press(opened, "Return", control=True)


def rows_of(view: QtWidgets.QListView) -> list[str]:
    model = view.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_when_an_artist_works_a_day_then_kitsu_has_it_all(
    open_browser: OpenBrowser,
    kitsu: LiveKitsu,
    task: FreshTask,
    tmp_path: Path,
    opened: list[str],
) -> None:
    browser = open_browser()
    login = browser.login
    until(lambda: login.isVisible())
    email, password = kitsu.credentials("artist")
    type_into(login.server, kitsu.url)
    type_into(login.email, email)
    type_into(login.password, "not the password")
    press(login, "Return")
    until(lambda: login.message.text() not in ("", "Logging in…"))
    assert "password" in login.message.text()
    type_into(login.password, password)
    press(login, "Return")
    until(lambda: browser.tabs.isVisible())
    assert login.password.text() == ""

    choose(browser, task)
    assert browser.revisions.listing.text.text() == "No revision of this task yet."

    contents = [os.urandom(4000) for _ in range(3)]
    for number, content in enumerate(contents, 1):
        file = tmp_path / f"scene{number}.blend"
        file.write_bytes(content)
        save(browser, file, f"comment {number}")
        until(lambda: len(rows_of(browser.revisions.list)) == number)  # noqa: B023  (at once)
    until(lambda: not browser.session.pending)
    until(lambda: not any("not sent yet" in row for row in rows_of(browser.revisions.list)))
    first_to_last = rows_of(browser.revisions.list)[::-1]
    for number, row in enumerate(first_to_last, 1):
        assert row.startswith(f"v{number:03d}, ") and f"comment {number}" in row
        assert "just now" in row or "s ago" in row
        assert row.endswith("3.9 KiB")
    records = kitsu.working_files(task.id)
    assert [kitsu.stored_bytes(record["id"]) for record in records] == contents
    assert [record["comment"] for record in records] == ["comment 1", "comment 2", "comment 3"]

    row_of(browser.revisions.list, "v001")
    press(browser, "Return")
    until(lambda: opened)
    first = browser.session.application.scene().path
    assert first is not None and first.read_bytes() == contents[0]
    assert opened == [str(first.parent)]  # its folder, and not the file itself
    assert browser.notice.text.text() == f"Revision 1 is here, to be continued: {first}"

    save(browser, None, "from the first")
    until(lambda: len(rows_of(browser.revisions.list)) == 4)
    until(lambda: not browser.session.pending)
    latest = kitsu.working_files(task.id)[-1]
    assert latest["data"]["workfiles"]["base_revision"] == 1


def test_when_an_upload_is_cancelled_then_it_waits_until_it_is_sent_again(
    open_browser: OpenBrowser,
    kitsu: LiveKitsu,
    task: FreshTask,
    slow_relay: SlowRelay,
    tmp_path: Path,
) -> None:
    log_in(slow_relay.url, kitsu)
    browser = open_browser()
    choose(browser, task)
    file = tmp_path / "large.blend"
    file.write_bytes(os.urandom(32 * 2**20))
    slow_relay.be("rate", 4 * 2**20)
    save(browser, file, "a large one")
    press(browser, "2", control=True)
    uploads = browser.uploads
    until(lambda: browser.session.sent)
    assert browser.tabs.tabText(1) == "&Uploads (1)"
    until(lambda: uploads.cancel.isEnabled())
    click(uploads.buttons[0])
    until(lambda: [row.state for row in browser.session.pending] == ["parked"])
    assert kitsu.working_files(task.id)[0]["data"] is None
    until(lambda: uploads.retry.isEnabled())
    assert "stopped" in rows_of(uploads.list)[0]
    assert uploads.hint.text() == "“Retry” sends it. “Discard” gives it up."
    assert [button.text() for button in uploads.buttons] == [
        "&Cancel Upload",
        "&Retry",
        "&Discard…",
    ]

    slow_relay.be("rate", 0)
    click(uploads.buttons[1])
    until(lambda: not browser.session.pending)
    assert uploads.listing.text.text().startswith("Everything is in Kitsu.")
    (record,) = kitsu.working_files(task.id)
    assert kitsu.stored_bytes(record["id"]) == file.read_bytes()


def test_when_the_server_goes_and_comes_back_then_nothing_is_lost(
    open_browser: OpenBrowser, kitsu: LiveKitsu, task: FreshTask, relay: Relay, tmp_path: Path
) -> None:
    log_in(relay.url, kitsu)
    browser = open_browser()
    choose(browser, task)
    file = tmp_path / "scene.blend"
    file.write_bytes(b"the first")
    save(browser, file, "while it is there")
    until(lambda: len(rows_of(browser.revisions.list)) == 1 and not browser.session.pending)

    with relay.closed():
        press(browser, "F5")
        until(lambda: browser.notice.action.isVisible())
        assert browser.notice.action.text() == "Try Again"
        assert len(rows_of(browser.revisions.list)) == 1  # what was known is still shown
        file.write_bytes(b"the second")
        save(browser, file, "while it is away")
        until(lambda: browser.session.pending)
        press(browser, "2", control=True)
        assert "no number yet" in rows_of(browser.uploads.list)[0]

    click(browser.notice.action) if browser.notice.action.isVisible() else press(browser, "F5")
    browser.uploads.list.setFocus()
    until(lambda: browser.uploads.retry.isEnabled() or not browser.session.pending)
    if browser.session.pending:
        click(browser.uploads.buttons[1])
    until(lambda: not browser.session.pending)
    until(lambda: len(rows_of(browser.revisions.list)) == 2)
    assert not browser.notice.action.isVisible()
    until(lambda: browser.session.application.scene().tag.revision == 2)
    records = kitsu.working_files(task.id)
    assert kitsu.stored_bytes(records[1]["id"]) == b"the second"


def test_when_a_file_lies_in_the_place_then_it_can_be_adopted(
    task: FreshTask, browser: Browser, kitsu: LiveKitsu, tmp_path: Path
) -> None:
    choose(browser, task)
    file = tmp_path / "scene.blend"
    file.write_bytes(b"mine")
    press(browser, "S", control=True)
    opened = dialog(browser, SaveDialog)
    opened.take_file(file)
    until(lambda: opened.path.text())
    place = Path(opened.path.text())
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"somebody's")
    click(opened.save)
    question = dialog(opened, QtWidgets.QMessageBox)
    assert str(place) in question.text()
    press_button(question, "Adopt")
    until(lambda: opened.message.text() == f"Revision 1 is {place.name}.")
    until(lambda: opened.path.text() not in ("", str(place)))
    click(opened.save)
    until(lambda: len(rows_of(browser.revisions.list)) == 2)
    until(lambda: not browser.session.pending)
    stored = [kitsu.stored_bytes(record["id"]) for record in kitsu.working_files(task.id)]
    assert stored == [b"somebody's", b"mine"]
    assert place.read_bytes() == b"somebody's"
