"""Tests of the packaged extension in Blenders of its own; see ``blenders.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from extension.blenders import Blender, interpreters, linux_zip
from live_kitsu import LiveKitsu

from tests.cli.running import end_uploaders

EVERY_RELEASE = ("test_install", "test_whole_life")
"""Tests that run in every Blender there is; the others run in the first one alone, unless
``WF_EVERY_BLENDER`` says otherwise."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/extension/" in item.path.as_posix():
            item.add_marker(pytest.mark.extension)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "release" in metafunc.fixturenames:
        found = list(interpreters()) if os.environ.get("WF_EXTENSION") else []
        everywhere = metafunc.module.__name__.endswith(EVERY_RELEASE)
        if not (everywhere or os.environ.get("WF_EVERY_BLENDER")):
            found = found[:1]
        metafunc.parametrize("release", found, ids=str, scope="session")


@pytest.fixture(scope="session")
def installed(release: str, tmp_path_factory: pytest.TempPathFactory) -> Blender:
    """A Blender into which an earlier session installed the extension."""
    folder = tmp_path_factory.mktemp(f"blender-{release}")
    blender = Blender(release, interpreters()[release], folder, {})
    blender.session("install(sys.argv[2])", str(linux_zip()))
    return blender


@pytest.fixture
def fresh(release: str, tmp_path: Path) -> Blender:
    """A Blender into which nothing was installed yet."""
    folder = tmp_path / "blender"
    folder.mkdir()
    return Blender(release, interpreters()[release], folder, {})


@pytest.fixture
def artist(installed: Blender, kitsu: LiveKitsu, tmp_path: Path) -> Iterator[Blender]:
    """That Blender, used by somebody who has logged in to the Kitsu of the tests."""
    home = tmp_path / "home"
    environ = {
        "WF_HOME": str(home),
        "WF_WORKSPACE": str(tmp_path / "work"),
        "WF_SERVER": kitsu.url,
        "WF_TOKEN": kitsu.token("artist"),
    }
    yield replace(installed, environ=environ)
    end_uploaders(home)


@pytest.fixture(scope="session")
def scene(installed: Blender) -> Path:
    """A scene made by that Blender; copy it rather than change it."""
    path = installed.folder / "monkey.blend"
    installed.session(
        """
        bpy.ops.mesh.primitive_monkey_add()
        bpy.ops.wm.save_as_mainfile(filepath=sys.argv[2])
        """,
        str(path),
    )
    return path
