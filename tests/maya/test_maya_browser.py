"""The browser in a panel of the stand-in of Maya: real widgets, and a real Kitsu."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.hands import dialog, press, press_button, row_of, type_into
from browser.hands import until as qt_until
from browser.window_fixtures import log_in
from cli.relay import Relay
from live_kitsu import FreshTask, LiveKitsu
from maya import cmds, testing
from maya.testing import Maya
from Qt import QtWidgets

from maya_plugin import actions, docking, loading, session
from tests.cli.running import end_uploaders
from wf_browser.saving import SaveDialog
from wf_browser.window import Browser
from wf_core.settings import load


@pytest.fixture
def window(maya: Maya, qt: QtWidgets.QApplication) -> Iterator[Maya]:
    maya.batch = False
    loading.load(plugin="kitsu_workfiles")
    yield maya
    loading.unload()
    for panel in list(maya.panels.values()):
        panel.close()
    qt.processEvents()
    end_uploaders(load().home)


def until(happened: Callable[[], object]) -> None:
    """Let Maya be idle and Qt go on until it happened."""

    def looked() -> object:
        testing.be_idle()
        return happened()

    qt_until(looked)


# the panel


def test_when_the_tasks_are_asked_for_then_the_browser_is_in_a_panel(window: Maya) -> None:
    actions.my_tasks()
    (panel,) = window.panels.values()
    (browser,) = panel.widget.findChildren(Browser)
    assert browser.isVisible() and panel.label == "Kitsu"
    actions.settings()
    assert panel.restored == 1
    assert browser.tabs.currentWidget() is browser.settings
    assert panel.widget.findChildren(Browser) == [browser]


def test_when_the_panel_was_closed_then_it_can_be_opened_again(window: Maya) -> None:
    actions.my_tasks()
    window.panels.pop(docking.CONTROL).close()
    assert session.current().listener is None
    actions.my_tasks()
    assert len(window.panels[docking.CONTROL].widget.findChildren(Browser)) == 1


@pytest.mark.slow
def test_when_the_panel_is_closed_while_threads_answer_then_the_application_lives(
    window: Maya,
) -> None:
    for _ in range(40):  # each time at another moment of what the browser asks at its start
        actions.my_tasks()
        window.panels.pop(docking.CONTROL).close()
    assert session.current().listener is None


def test_when_maya_starts_with_the_panel_then_the_plug_in_fills_it(window: Maya) -> None:
    actions.my_tasks()
    panel = window.panels[docking.CONTROL]
    script = panel.script
    loading.unload()
    assert window.panels == {}
    cmds.workspaceControl(
        docking.CONTROL,
        label="Kitsu",
        uiScript=script,
        retain=False,
        checksPlugins=True,
        loadImmediately=True,
        dockToMainWindow=("right", True),
    )
    assert window.panels[docking.CONTROL].widget.findChildren(Browser) == []  # not loaded yet
    loading.load(plugin="kitsu_workfiles")
    assert len(window.panels[docking.CONTROL].widget.findChildren(Browser)) == 1


def test_when_it_is_unloaded_with_the_panel_open_then_no_thread_is_left(window: Maya) -> None:
    threads = threading.active_count()
    actions.my_tasks()
    until(lambda: docking.show().session.settings)
    loading.unload()
    assert (window.ui, window.callbacks, window.panels) == ({}, {}, {})
    for thread in threading.enumerate():
        if thread.name.startswith("workfiles-"):
            thread.join(10)
    assert threading.active_count() <= threads


# with a scene


@pytest.fixture
def task(kitsu: LiveKitsu) -> FreshTask:
    return kitsu.fresh_task()


def save(browser: Browser, comment: str) -> None:
    press(browser, "S", control=True)
    opened = dialog(browser, SaveDialog)
    until(opened.path.text)
    type_into(opened.comment, comment)
    press(opened, "Return", control=True)


def test_when_a_scene_is_saved_twice_then_the_first_can_be_opened_again(
    window: Maya, kitsu: LiveKitsu, task: FreshTask
) -> None:
    log_in(kitsu.url, kitsu)
    actions.my_tasks()
    browser = docking.show()
    until(lambda: browser.session.tasks)
    type_into(browser.tasks.search, str(task.entity["name"]))
    row_of(browser.tasks.list, f"Props/{task.entity['name']}")
    assert session.current().chosen == task.id

    cmds.createNode("transform", name="pCube1")
    save(browser, "one cube")
    first = Path(cmds.file(query=True, sceneName=True))
    assert first.name.endswith("_v001.ma")
    cmds.createNode("transform", name="pCube2")
    save(browser, "two cubes")
    listed = browser.revisions.list.model()
    until(lambda: listed.rowCount() == 2 and not browser.session.pending)
    until(lambda: "open" in str(listed.index(0, 0).data()))
    assert browser.revisions.state.text() == "Revision 2."

    cmds.createNode("transform", name="pCube3")
    row_of(browser.revisions.list, "v001")
    press(browser, "Return")
    question = dialog(browser, QtWidgets.QMessageBox)
    press_button(question, "Cancel")
    assert set(window.scene.nodes) == {"pCube1", "pCube2", "pCube3"}
    press(browser, "Return")
    press_button(dialog(browser, QtWidgets.QMessageBox), "Drop the Changes")
    until(lambda: set(window.scene.nodes) == {"pCube1"})
    until(lambda: "Behind by 1" in browser.revisions.state.text())
    pictures = list((load().home / "pictures").iterdir())
    assert len(pictures) == 2


def test_when_the_server_was_away_then_the_scene_gets_its_number_and_its_name(
    window: Maya, kitsu: LiveKitsu, task: FreshTask, relay: Relay
) -> None:
    log_in(relay.url, kitsu)
    browser = docking.show()
    until(lambda: browser.session.tasks)
    browser.session.choose_task(task.id, task.reference)
    until(lambda: browser.session.revisions is not None)
    with relay.closed():
        press(browser, "S", control=True)
        opened = dialog(browser, SaveDialog)
        type_into(opened.comment, "while it is away")
        press(opened, "Return", control=True)
        until(lambda: browser.session.pending)
        provisional = Path(cmds.file(query=True, sceneName=True))
        assert "offline" in provisional.name
        cmds.createNode("transform", name="pCube1")
    press(browser, "2", control=True)
    until(lambda: browser.uploads.retry.isEnabled() or not browser.session.pending)
    if browser.session.pending:
        browser.uploads.retry.trigger()
    until(lambda: cmds.file(query=True, sceneName=True).endswith("_v001.ma"))
    assert cmds.file(query=True, modified=True)
    assert provisional.exists()
    tag = session.current().host.get_tag()
    assert tag is not None and tag.revision == 1


def test_when_a_revision_is_published_from_the_menu_then_kitsu_has_an_output_file(
    window: Maya, kitsu: LiveKitsu, task: FreshTask
) -> None:
    from wf_browser.dialogs import PublishDialog

    log_in(kitsu.url, kitsu)
    browser = docking.show()
    until(lambda: browser.session.tasks)
    browser.session.choose_task(task.id, task.reference)
    until(lambda: browser.session.revisions is not None)
    cmds.createNode("transform", name="pCube1")
    save(browser, "to be published")
    until(lambda: browser.session.revisions.items and not browser.session.pending)
    until(lambda: browser.session.revisions.items[0].state == "committed")
    window.panels.pop(docking.CONTROL).close()
    actions.publish()  # in a browser that knows nothing yet
    browser = docking.show()
    opened = dialog(browser, PublishDialog)
    until(opened.button.isEnabled)
    press(opened, "Return")
    until(lambda: browser.notice.text.text().startswith("Revision 1 is published as "))
    outputs = kitsu.get(f"data/entities/{task.entity['id']}/output-files")
    assert len(outputs) == 1
