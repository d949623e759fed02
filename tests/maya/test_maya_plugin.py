"""Loading the plug-in builds the menu, the shelf and commands; unloading leaves nothing."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from maya import testing
from maya.testing import Maya
from unpacked import unpacked

from maya_plugin import loading, menus, session
from wf_core.errors import WorkfilesError


@pytest.fixture
def window(maya: Maya) -> Iterator[Maya]:
    maya.batch = False
    yield maya
    session.stop()


def labels(maya: Maya, parent: str) -> list[object]:
    return [facts.get("label", "-") for facts in maya.ui.values() if facts["parent"] == parent]


def test_when_it_is_loaded_then_the_menu_and_the_shelf_are_there(window: Maya) -> None:
    loading.load(plugin="kitsu_workfiles")
    assert labels(window, "MayaWindow") == ["Kitsu"]
    assert labels(window, menus.MENU) == [
        "Save New Revision",
        "Save New Revision with Comment…",
        "-",
        "Open Revision…",
        "My Tasks…",
        "Choose Task…",
        "-",
        "Publish…",
        "-",
        "Log In…",
        "Settings…",
        "Check My Set-up",
    ]
    button, browse = [facts for facts in window.ui.values() if facts["parent"] == menus.SHELF]
    assert button["command"] == "from maya_plugin import actions; actions.save_from_shelf()"
    assert button["menu"] == [
        (
            "Save New Revision with Comment…",
            "from maya_plugin import actions; actions.save_with_comment()",
        )
    ]
    assert browse["command"] == "from maya_plugin import actions; actions.open_revision()"


def test_when_it_is_loaded_then_hotkeys_can_be_bound(window: Maya) -> None:
    loading.load(plugin="kitsu_workfiles")
    assert list(window.runtime_commands) == [
        "KitsuSaveNewRevision",
        "KitsuSaveNewRevisionWithComment",
        "KitsuOpenRevision",
        "KitsuMyTasks",
        "KitsuChooseTask",
        "KitsuPublish",
        "KitsuLogIn",
        "KitsuSettings",
        "KitsuCheckMySetUp",
    ]
    assert all(facts["default"] for facts in window.runtime_commands.values())
    assert {facts["plugin"] for facts in window.runtime_commands.values()} == {"kitsu_workfiles"}


def test_when_an_entry_is_there_then_its_action_is_too() -> None:
    from maya_plugin import actions

    assert {entry.action for entry in menus.ENTRIES} | {"save_from_shelf"} == set(actions.__all__)
    assert all(callable(getattr(actions, name)) for name in actions.__all__)


def test_when_it_is_unloaded_then_nothing_is_left(window: Maya) -> None:
    threads = threading.active_count()
    for _ in range(3):
        loading.load(plugin="kitsu_workfiles")
        session.current().wait(session.current().looker.submit(lambda tool: tool), seconds=20)
        loading.unload()
        testing.be_idle()
        assert (window.ui, window.callbacks) == ({}, {})
    for thread in threading.enumerate():
        if thread.name.startswith("workfiles-"):
            thread.join(10)
    assert threading.active_count() == threads
    with pytest.raises(RuntimeError, match="not loaded"):
        session.current()


def test_when_loading_fails_half_way_then_nothing_is_left(
    window: Maya, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("No shelf today.\n")

    monkeypatch.setattr("maya_plugin.calls_ui.add_shelf", fail)
    with pytest.raises(RuntimeError, match="No shelf today"):
        loading.load(plugin="kitsu_workfiles")
    assert (window.ui, window.callbacks) == ({}, {})


def test_when_there_is_no_window_then_nothing_is_built(maya: Maya) -> None:
    loading.load(plugin="kitsu_workfiles")
    assert (maya.ui, maya.callbacks, maya.runtime_commands, maya.log) == ({}, {}, {}, [])
    loading.unload()


def test_when_an_earlier_load_left_a_menu_then_it_is_replaced(window: Maya) -> None:
    menus.build(plugin="kitsu_workfiles")
    menus.build(plugin="kitsu_workfiles")
    assert labels(window, "MayaWindow") == ["Kitsu"]
    assert len(labels(window, menus.SHELF)) == 2


# the plug-in file


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The plug-in file as Maya loads it, the package under the name it has in the module."""
    folder = unpacked(tmp_path / "module")
    monkeypatch.syspath_prepend(str(folder / "scripts"))
    spec = importlib.util.spec_from_file_location(
        "kitsu_workfiles", folder / "plug-ins" / "kitsu_workfiles.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name.startswith("kitsu_workfiles_maya")]:
        del sys.modules[name]


def test_when_maya_loads_the_file_then_it_is_all_there_until_it_is_unloaded(
    window: Maya, plugin: ModuleType
) -> None:
    from wf_core import __version__

    plugin.initializePlugin(object())
    assert window.log == [f"plug-in Workfiles for Kitsu {__version__} Any"]
    assert labels(window, "MayaWindow") == ["Kitsu"]
    commands = [facts["command"] for facts in window.ui.values() if "command" in facts]
    assert all("from kitsu_workfiles_maya import actions" in str(code) for code in commands)
    plugin.uninitializePlugin(object())
    assert (window.ui, window.callbacks) == ({}, {})


def test_when_a_package_of_the_studio_is_too_old_then_it_is_named(
    window: Maya, plugin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = tmp_path / "studio" / "pydantic-1.10.2.dist-info"
    studio.mkdir(parents=True)
    (studio / "METADATA").write_text("Metadata-Version: 2.1\nName: pydantic\nVersion: 1.10.2\n")
    monkeypatch.syspath_prepend(str(studio.parent))
    monkeypatch.delitem(sys.modules, "pydantic", raising=False)
    with pytest.raises(Exception, match=r"pydantic 1\.10\.2 is installed here") as failure:
        plugin.initializePlugin(object())
    assert f"pydantic 1.10.2 in {studio.parent}" in str(failure.value)
    assert (window.ui, window.callbacks) == ({}, {})


def test_when_packages_do_not_fit_then_actions_say_so(
    window: Maya, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wf_core.installation.find_problem", lambda: "pydantic 1 is here.")
    with pytest.raises(WorkfilesError, match=r"pydantic 1 is here\. Restart Maya"):
        session.open_facade()
