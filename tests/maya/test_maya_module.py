"""The Maya module: what is in it, that Maya finds it, and how it is installed."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from maya.testing import Maya

from maya_plugin import bootstrap
from tools.package.module import INSTALLER, MAYA_TARGETS, module_file, stage_module
from wf_core import __version__
from wf_core.errors import InputError

WHEELS = {
    "requests-2.32-py3-none-any.whl": "common",
    "core-1-cp310-cp310-win_amd64.whl": "py310-windows-x86_64",
    "core-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl": "py311-linux-x86_64",
    "core-1-cp313-cp313-macosx_11_0_arm64.whl": "py313-macos-arm64",
    "core-1-cp313-cp313-macosx_10_12_x86_64.whl": "py313-macos-x86_64",
}


def wheel(folder: Path, name: str) -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("inside.py", name)
    return folder / name


# the layout


def test_when_it_is_unpacked_then_every_line_of_the_module_file_resolves(tmp_path: Path) -> None:
    staged = stage_module(tmp_path / "modules", [])
    lines = (staged / "kitsu_workfiles.mod").read_text().splitlines()
    assert len(lines) == 12
    for line in lines:
        plus, release, system, name, version, folder = line.split()
        assert (plus, name, version) == ("+", "kitsu_workfiles", __version__)
        assert release.removeprefix("MAYAVERSION:") in ("2024", "2025", "2026", "2027")
        assert system.removeprefix("PLATFORM:") in ("win64", "linux", "mac")
        assert (staged / folder / "plug-ins" / "kitsu_workfiles.py").is_file()
        assert (staged / folder / "scripts" / "kitsu_workfiles_maya" / "bootstrap.py").is_file()
    assert "PYTHONPATH" not in module_file()
    assert sorted(path.name for path in staged.iterdir()) == [
        INSTALLER,
        "kitsu_workfiles",
        "kitsu_workfiles.mod",
    ]


@pytest.mark.parametrize(("name", "folder"), WHEELS.items(), ids=WHEELS.values())
def test_when_a_wheel_is_for_some_mayas_then_they_alone_see_it(
    tmp_path: Path, name: str, folder: str
) -> None:
    staged = stage_module(tmp_path / "modules", [wheel(tmp_path, name)])
    vendor = staged / "kitsu_workfiles" / "vendor"
    assert [str(path.relative_to(vendor)) for path in vendor.rglob("*.py")] == [
        str(Path(folder, "inside.py"))
    ]


def test_when_a_wheel_is_for_every_mac_then_both_kinds_have_it(tmp_path: Path) -> None:
    universal = wheel(tmp_path, "core-1-cp310-cp310-macosx_10_9_universal2.whl")
    vendor = stage_module(tmp_path / "modules", [universal]) / "kitsu_workfiles" / "vendor"
    assert sorted(path.name for path in vendor.iterdir()) == [
        "py310-macos-arm64",
        "py310-macos-x86_64",
    ]


def test_when_a_wheel_is_for_no_maya_then_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a wheel for no Maya"):
        stage_module(tmp_path / "modules", [wheel(tmp_path, "core-1-cp39-cp39-linux_armv7l.whl")])


@pytest.mark.parametrize(
    ("system", "machine", "python", "expected"),
    [
        ("win32", "AMD64", (3, 10), "py310-windows-x86_64"),
        ("linux", "x86_64", (3, 11), "py311-linux-x86_64"),
        ("darwin", "arm64", (3, 13), "py313-macos-arm64"),
        ("darwin", "x86_64", (3, 13), "py313-macos-x86_64"),
    ],
)
def test_when_a_maya_starts_then_it_looks_where_its_packages_are(
    system: str, machine: str, python: tuple[int, int], expected: str
) -> None:
    found = bootstrap.folders(system=system, machine=machine, python=python)
    assert [folder.name for folder in found] == ["common", expected]
    assert expected.split("-", 1)[1] in MAYA_TARGETS


# the installer


@pytest.fixture
def installer(tmp_path: Path, maya: Maya) -> Iterator[ModuleType]:
    """The file as Maya runs it when it is dropped, from the unpacked zip."""
    maya.batch = False
    maya.preferences = str(tmp_path / "prefs")
    yield _module(stage_module(tmp_path / "download", []) / INSTALLER)
    if "kitsu_workfiles" in maya.plugins:
        maya.plugins["kitsu_workfiles"](object())
    for name in [name for name in sys.modules if name.startswith("kitsu_workfiles_maya")]:
        del sys.modules[name]
    sys.path[:] = [folder for folder in sys.path if not folder.startswith(str(tmp_path))]


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_when_it_is_dropped_then_it_is_installed_and_works_at_once(
    maya: Maya, installer: ModuleType, tmp_path: Path
) -> None:
    installer.onMayaDroppedPythonFile()
    modules = tmp_path / "prefs" / "modules"
    assert maya.messages == [
        "Workfiles for Kitsu: Workfiles for Kitsu is installed: see the menu “Kitsu”."
    ]
    assert sorted(path.name for path in modules.iterdir()) == [
        "kitsu_workfiles",
        "kitsu_workfiles.mod",
    ]
    assert "kitsuWorkfilesMenu" in maya.ui
    assert maya.autoload == {"kitsu_workfiles"}


def test_when_it_is_there_already_then_it_is_replaced_and_a_restart_is_asked_for(
    maya: Maya, installer: ModuleType, tmp_path: Path
) -> None:
    installer.onMayaDroppedPythonFile()
    left = tmp_path / "prefs" / "modules" / "kitsu_workfiles" / "of an older version.py"
    left.touch()
    installer.onMayaDroppedPythonFile()
    assert maya.messages[-1].endswith("The new version is installed. Restart Maya to use it.")
    assert not left.exists()
    assert maya.ui == {}


def test_when_it_is_dropped_from_inside_the_zip_then_it_refuses(
    maya: Maya, installer: ModuleType, tmp_path: Path
) -> None:
    alone = tmp_path / "Temp1_kitsu.zip" / INSTALLER
    alone.parent.mkdir()
    alone.write_bytes(Path(str(installer.__file__)).read_bytes())
    _module(alone).onMayaDroppedPythonFile()
    assert "Unpack the whole zip first" in maya.messages[-1]
    assert not (tmp_path / "prefs").exists()


def test_when_it_cannot_be_written_then_the_artist_is_told(
    maya: Maya, installer: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "prefs").write_text("a file where the folder should be")
    installer.onMayaDroppedPythonFile()
    assert "could not be installed" in maya.messages[-1]
