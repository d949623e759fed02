"""Pages and dialogs of the browser, each by clicks and keys."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser.hands import click, dialog, pause, press, press_button, row_of, type_into, until
from browser.test_browser_smooth import many, show_revisions
from browser.window_fixtures import OpenBrowser
from live_kitsu import FreshTask, LiveKitsu
from Qt import QtCore, QtWidgets
from scripted_server import ScriptedServer, json_answer

from wf_browser import cards
from wf_browser.dialogs import CommentDialog
from wf_browser.lists import wrapped
from wf_browser.window import Browser
from wf_core.filehost import FileHost
from wf_core.results import PendingSave
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles
from wf_core.workfiles.browsing import searchable_revisions

# logging in


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def test_when_the_account_has_a_second_factor_then_the_code_is_asked_for(
    open_browser: OpenBrowser, scripted: ScriptedServer
) -> None:
    missing = {"login": False, "missing_OTP": True, "preferred_two_factor_authentication": "totp"}
    wrong = {"login": False, "wrong_OTP": True}
    person = {"id": "p1", "full_name": "Alex Artist", "email": "alex@example.com"}
    done = {"login": True, "access_token": "a", "refresh_token": "r", "user": person}
    scripted.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))
    scripted.on(
        "POST",
        "/auth/login",
        json_answer(missing, 400),
        json_answer(wrong, 400),
        json_answer(done),
    )
    login = open_browser().login
    until(login.isVisible)
    assert not login.code.isVisible()
    type_into(login.server, scripted.url)
    type_into(login.email, "alex@example.com")
    type_into(login.password, "a password")
    press(login, "Return")
    until(login.code.isVisible)
    assert login.kind.currentText() == "Authenticator app" and login.code.hasFocus()
    for code in ("000000", "123456"):
        until(login.code.isEnabled)
        type_into(login.code, code)
        press(login, "Return")
        until(lambda: login.message.text() != "Logging in…")
    until(lambda: not login.isVisible())
    sent = [r.json() for r in scripted.requests if r.route == "/auth/login"]
    assert [body.get("totp") for body in sent] == [None, "000000", "123456"]
    assert login.password.text() == login.code.text() == ""


def test_when_somebody_logs_in_through_the_browser_then_their_tasks_are_shown(
    open_browser: OpenBrowser, kitsu: LiveKitsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def visit(page: str) -> bool:
        """Consent, as a person does in Kitsu's page."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))
        challenge = {"code_challenge": query["code_challenge"]}
        code = kitsu.call("POST", "auth/app-login/code", challenge, who="artist")["code"]
        answer = urllib.parse.urlencode({"code": code, "state": query["state"]})
        address = f"http://127.0.0.1:{query['port']}/?{answer}"
        threads.append(threading.Thread(target=lambda: urllib.request.urlopen(address).close()))
        threads[-1].start()
        return True

    monkeypatch.setattr("webbrowser.open", visit)
    browser = open_browser()
    until(browser.login.isVisible)
    type_into(browser.login.server, kitsu.url)
    click(browser.login.browser)
    assert browser.login.cancel.isVisible() and not browser.login.email.isEnabled()
    until(lambda: browser.session.tasks is not None)
    assert browser.tabs.isVisible()
    assert browser.session.person.email == kitsu.credentials("artist")[0]
    for thread in threads:
        thread.join()


def test_when_nobody_answers_in_the_browser_then_waiting_can_be_called_off(
    open_browser: OpenBrowser, kitsu: LiveKitsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda page: True)
    login = open_browser().login
    until(login.isVisible)
    type_into(login.server, kitsu.url)
    press(login, "Return")
    until(lambda: login.cancel.isVisible())
    click(login.cancel)
    until(login.browser.isEnabled)
    assert login.message.text() == ""


def test_when_somebody_logs_out_then_the_page_to_log_in_is_back(browser: Browser) -> None:
    press(browser, "3", control=True)
    assert browser.session.person.display_name in browser.settings.account.text()
    click(browser.settings.log_out)
    until(browser.login.isVisible)
    assert browser.login.server.text() and browser.session.tasks is None


# tasks and revisions


def test_when_nothing_is_found_then_it_is_said_why_and_what_to_do(browser: Browser) -> None:
    type_into(browser.tasks.search, "nothing has this name")
    listing = browser.tasks.listing
    assert listing.text.text() == "No task fits what is chosen above."
    click(listing.action)
    assert browser.tasks.search.text() == "" and listing.currentIndex() == 0
    assert browser.revisions.listing.text.text() == "Choose a task to see its revisions."
    click(browser.revisions.listing.action)
    assert browser.tasks.search.hasFocus()
    press(browser, "2", control=True)
    assert browser.uploads.listing.text.text().startswith("Everything is in Kitsu.")


def test_when_a_production_is_chosen_then_all_its_tasks_are_there(browser: Browser) -> None:
    mine = len(browser.session.tasks.items)
    box = browser.tasks.production
    box.setFocus()
    row = box.findText("Demo Series")
    assert row > 0
    while box.currentIndex() != row:
        press(box, "Down")
    press(box, "Return")
    box.activated.emit(row)
    until(lambda: browser.session.production and browser.session.tasks is not None)
    names = {task.project_name for task in browser.session.tasks.items}
    assert names == {"Demo Series"} and mine != len(browser.session.tasks.items)


def test_when_a_comment_is_changed_then_kitsu_has_the_new_one(
    kitsu: LiveKitsu, browser: Browser, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    saved(task, tmp_path)
    browser.session.choose_task(task.id, task.reference)
    until(lambda: browser.revisions.list.model().rowCount() == 1)
    row_of(browser.revisions.list, "v001")
    press(browser, "F2")
    opened = dialog(browser, CommentDialog)
    type_into(opened.text, "a better comment")
    press(opened, "Return", control=True)
    until(lambda: kitsu.working_files(task.id)[0]["comment"] == "a better comment")
    until(lambda: "a better comment" in browser.revisions.list.model().index(0, 0).data())


def saved(task: FreshTask, folder: Path) -> None:
    file = folder / "saved.blend"
    file.write_bytes(b"a scene")
    with Workfiles(load()) as workfiles:
        workfiles.save(FileHost(file), SaveRequest(task=task.id, comment="a comment"))


def test_when_keys_are_all_there_is_then_everything_can_be_reached(
    away: None, open_browser: OpenBrowser
) -> None:
    browser = open_browser()
    show_revisions(browser, searchable_revisions(many(3)))
    browser.tasks.search.setFocus()
    browser.revisions.list.choose_first()
    reached: list[QtWidgets.QWidget] = []
    while browser.focusWidget() not in reached:
        reached.append(browser.focusWidget())
        press(browser, "Tab")
    revisions = browser.revisions
    wanted = [
        browser.tasks.search,
        browser.tasks.production,
        revisions.save_button,
        revisions.search,
        revisions.names,
        revisions.list,
        *revisions.buttons.values(),
        browser.tabs.tabBar(),
    ]
    assert [widget for widget in wanted if widget not in reached] == []


# uploads


def test_when_a_save_is_discarded_then_it_is_asked_first(
    kitsu: LiveKitsu, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wf_core.saves.uploader.start", lambda settings: False)
    task = kitsu.fresh_task()
    file = tmp_path / "scene.blend"
    file.write_bytes(b"a scene")
    with Workfiles(load()) as workfiles:
        workfiles.save(FileHost(file), SaveRequest(task=task.id), wait=False)
    press(browser, "F5")
    press(browser, "2", control=True)
    until(lambda: browser.session.pending)
    until(browser.uploads.discard.isEnabled)
    browser.uploads.list.setFocus()
    press(browser, "Delete")
    question = dialog(browser, QtWidgets.QMessageBox)
    assert task.reference in question.text()
    press_button(question, "Discard")
    until(lambda: not browser.session.pending)
    with Workfiles(load()) as workfiles:
        assert [revision.state for revision in workfiles.list_revisions(task.id)] == ["void"]


# settings and set-up


def test_when_settings_are_applied_then_they_are_written_and_used(
    away: None, open_browser: OpenBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WF_WORKSPACE")
    browser = open_browser()
    until(lambda: browser.session.settings is not None)
    press(browser, "3", control=True)
    page = browser.settings
    until(lambda: page.workspace.text())
    type_into(page.workspace, str(tmp_path / "work"))
    click(page.add)
    editor = browser.focusWidget()
    assert isinstance(editor, QtWidgets.QLineEdit)
    type_into(editor, "/prods")
    press(browser, "Return")
    page.mounts.item(0, 1).setText(str(tmp_path / "prods"))
    click(page.apply)
    until(lambda: page.message.text() == "The new settings are used from now on.")
    written = load()
    assert written.workspace == tmp_path / "work"
    assert [(m.server, m.local("linux")) for m in written.profile.mounts] == [
        ("/prods", tmp_path / "prods")
    ]
    page.mounts.item(0, 1).setText("not absolute")
    click(page.apply)
    until(lambda: "absolute" in page.message.text())
    assert load() == written
    click(page.revert)
    assert page.mounts.item(0, 1).text() == str(tmp_path / "prods")


def test_when_the_environment_names_the_workspace_then_it_cannot_be_changed(
    open_browser: OpenBrowser,
) -> None:
    browser = open_browser()
    until(lambda: browser.session.settings is not None)
    assert not browser.settings.workspace.isEnabled()
    assert "WF_WORKSPACE" in browser.settings.about.text()


def test_when_the_set_up_is_checked_then_what_is_not_well_is_counted(browser: Browser) -> None:
    press(browser, "4", control=True)
    assert browser.checks.summary.text() == "Not checked in this session."
    click(browser.checks.button)
    until(lambda: browser.session.checks is not None)
    lines = [browser.checks.list.item(row).text() for row in range(browser.checks.list.count())]
    assert any(line.startswith("✓  settings folder") for line in lines)
    wrong = sum(line.startswith("✗") for line in lines)
    assert ("Everything is well." in browser.checks.summary.text()) == (wrong == 0)


# what is painted


PENDING = PendingSave(
    save_id="s1",
    task="Demo/Props/Lamp/Modeling",
    name="main",
    revision=None,
    state="saved",
    path="/work/lamp.blend",
    size=2048,
    attempts=1,
    error="The server does not answer.",
    next_try=None,
)


def test_when_a_save_is_being_sent_then_its_share_is_told_and_not_an_old_error() -> None:
    card = cards.of_save(PENDING, (512, 2048))
    assert (card.progress, card.text, card.warns) == (0.25, "", False)
    assert card.small == "2.0 KiB, 25 % sent"
    assert card.title == "Demo/Props/Lamp/Modeling no number yet"


def test_when_a_save_waits_then_why_is_told() -> None:
    card = cards.of_save(PENDING, None)
    assert (card.progress, card.text, card.warns) == (None, "The server does not answer.", True)


def test_when_a_comment_looks_like_markup_then_it_is_shown_as_it_is(
    away: None, open_browser: OpenBrowser
) -> None:
    browser = open_browser()
    (revision,) = many(1)
    hostile = replace(revision, comment="<img src='http://example.com/x'>")
    show_revisions(browser, searchable_revisions([hostile]))
    tip = browser.revisions.list.model().index(0, 0).data(QtCore.Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in tip and "&lt;img" in tip
    browser.session.said.emit("<b>bold</b>")
    assert browser.notice.text.textFormat() == QtCore.Qt.TextFormat.PlainText


def test_when_a_text_is_too_long_then_its_last_line_is_cut_off(open_browser: OpenBrowser) -> None:
    metrics = open_browser().fontMetrics()
    width = metrics.horizontalAdvance("twelve words ")
    lines = wrapped(metrics, "twelve words of which not all fit into two lines", width, 2)
    assert lines[0] == "twelve words"
    assert len(lines) == 2 and lines[1].endswith("…")
    assert wrapped(metrics, "", width, 2) == []


# as a program


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_when_wf_browse_is_interrupted_then_it_ends_and_says_which_task_was_shown(
    how: signal.Signals, qt: QtWidgets.QApplication, kitsu: LiveKitsu, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    environ = {
        **os.environ,
        "WF_SERVER": kitsu.url,
        "WF_TOKEN": kitsu.token("artist"),
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = [sys.executable, "-m", "wf_core.cli", "browse", task.reference, "--json"]
    running = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        journal = tmp_path / "wf_home" / "journal.db"
        until(journal.exists)
        until(lambda: _has_read(journal, task.id))
        pause(1.0)  # from its thread the answer goes to the window, which nobody sees from here
        running.send_signal(how)
        out, _ = running.communicate(timeout=30)
    finally:
        running.kill()
    assert (running.returncode, json.loads(out)) == (0, {"task_id": task.id})


def _has_read(journal: Path, task_id: str) -> bool:
    parts = (journal, journal.with_name("journal.db-wal"))
    return any(task_id.encode() in part.read_bytes() for part in parts if part.exists())


@pytest.mark.slow
def test_when_there_is_no_screen_then_it_is_said_before_qt_ends_the_program(
    tmp_path: Path,
) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environ = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "wf_core.cli", "browse", "--json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no screen" in json.loads(done.stdout)["error"]["message"]


def test_when_an_older_qt_py_comes_first_then_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "Qt.py").write_text('__version__ = "1.3.10"\n')
    code = "import sys; sys.path.insert(0, sys.argv[1]); import wf_browser.qt"
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"cannot be shown with {tmp_path / 'Qt.py'} (Qt.py 1.3.10)" in done.stderr
    assert "needs Qt.py 2.0 or later" in done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is not counted there")
def test_when_qt_is_called_then_none_is_not_used_up(qt: QtWidgets.QApplication) -> None:
    """As in PySide6 6.12.0, which ends the program after some thousands of calls."""
    label = QtWidgets.QLabel()
    before = sys.getrefcount(None)
    for _ in range(1000):
        label.setText("")
    assert sys.getrefcount(None) > before - 500
