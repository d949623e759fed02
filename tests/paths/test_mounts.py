"""Mount points: each system's rules, tested on every system."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wf_core.errors import PathError
from wf_core.paths import MountPoint, Mounts, ServerPath, this_system
from wf_core.paths.safety import System

SIMPLE = MountPoint(server="/simple", linux="/mnt/prod", windows="P:\\", macos="/Volumes/prod")
CACHE = MountPoint(server="/simple/productions/cache/", linux="/fast", windows="\\\\nas\\fast")
DRIVE = MountPoint(server="Z:\\prods", linux="/mnt/z", windows="Z:/prods")
EVERYTHING = MountPoint(server="/", linux="/all")
WORKSPACES: dict[System, str] = {
    "linux": "/home/a/Kitsu",
    "windows": "C:\\Users\\a\\Kitsu",
    "macos": "/Users/a/Kitsu",
}


@pytest.mark.parametrize(
    ("system", "mount_points", "server", "local"),
    [
        pytest.param("linux", [SIMPLE], "/simple/productions/x", "/mnt/prod/productions/x"),
        pytest.param("windows", [SIMPLE], "/simple/productions/x", "P:\\productions\\x"),
        pytest.param("macos", [SIMPLE], "/simple/productions/x", "/Volumes/prod/productions/x"),
        pytest.param("linux", [SIMPLE], "/simple", "/mnt/prod"),
        pytest.param("linux", [SIMPLE, CACHE], "/simple/productions/cache/a", "/fast/a"),
        pytest.param("linux", [CACHE, SIMPLE], "/simple/productions/cache", "/fast"),
        pytest.param("linux", [SIMPLE, CACHE], "/simple/productions/c", "/mnt/prod/productions/c"),
        pytest.param("windows", [CACHE], "/simple/productions/cache/a", "\\\\nas\\fast\\a"),
        pytest.param("linux", [DRIVE], "Z:/prods/a", "/mnt/z/a"),
        pytest.param("linux", [DRIVE], "z:\\Prods/a", "/mnt/z/a"),
        pytest.param("windows", [DRIVE], "Z:/prods/a", "Z:\\prods\\a"),
        pytest.param("linux", [EVERYTHING], "/x/y", "/all/x/y"),
        pytest.param("linux", [SIMPLE], "//simple//productions/x/", "/mnt/prod/productions/x"),
        pytest.param("linux", [SIMPLE], "simple/productions/x", "/mnt/prod/productions/x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_when_a_mount_point_covers_a_path_then_it_lies_there(
    system: System, mount_points: list[MountPoint], server: str, local: str
) -> None:
    mounts = Mounts(mount_points, system=system)
    expected = PureWindowsPath(local) if system == "windows" else PurePosixPath(local)
    assert mounts.to_local(server) == expected
    assert ServerPath.parse(mounts.to_server(expected)).key == ServerPath.parse(server).key


@pytest.mark.parametrize(
    ("system", "server", "local"),
    [
        pytest.param("linux", "/simple/productions/x", "simple/productions/x", id="linux"),
        pytest.param("windows", "/simple/productions/x", "simple/productions/x", id="windows"),
        pytest.param("macos", "/simple/productions/x", "simple/productions/x", id="macos"),
        pytest.param("linux", "Z:/prods/x", "drive_z/prods/x", id="linux: drive"),
        pytest.param("windows", "Z:\\prods/x", "drive_z/prods/x", id="windows: drive"),
        pytest.param("linux", "\\\\nas\\prods/x", "nas/prods/x", id="linux: UNC"),
        pytest.param("linux", "/É ü/x", "É ü/x", id="linux: accents"),
    ],
)
def test_when_there_are_no_mount_points_then_everything_lies_in_the_workspace(
    system: System, server: str, local: str
) -> None:
    mounts = Mounts(workspace=WORKSPACES[system], system=system)
    located = mounts.locate(server)
    assert str(located.root) == WORKSPACES[system]
    assert "/".join(located.parts) == local
    assert ServerPath.parse(mounts.to_server(located.path)) == ServerPath.parse(server)


def test_when_a_mount_point_is_not_for_this_system_then_the_workspace_is_used() -> None:
    mounts = Mounts([EVERYTHING], workspace="/Users/a/Kitsu", system="macos")
    assert mounts.to_local("/x/y") == PurePosixPath("/Users/a/Kitsu/x/y")


def test_when_only_other_paths_are_mounted_then_nothing_is_hidden_in_the_workspace() -> None:
    mounts = Mounts([SIMPLE], workspace="/home/a/Kitsu", system="linux")
    with pytest.raises(PathError, match="No mount point") as caught:
        mounts.to_local("/simpler/x")
    assert "“/simpler”" in caught.value.hint


def test_when_there_is_neither_then_the_error_says_what_to_set() -> None:
    with pytest.raises(PathError, match="workspace"):
        Mounts(system="linux").to_local("/x")


@pytest.mark.parametrize(
    "server",
    [
        *("/simple/../etc", "/simple/a/../../b", "/simple/./a", "/simple/a\\..\\b", "/simple/a:b"),
        *("/simple/C:/x", "/simple/nul/x", "/simple/a\0b", "/simple/a /b", "/simple/" + "x" * 256),
        *("Z:x", "/drive_z/x", "/DRIVE_Z/x"),
    ],
)
@pytest.mark.parametrize("system", ["linux", "windows", "macos"])
def test_when_a_server_path_is_hostile_then_no_system_takes_it(system: System, server: str) -> None:
    mounts = Mounts(workspace=WORKSPACES[system], system=system)
    with pytest.raises(PathError):
        mounts.locate(server)


def test_when_a_local_path_is_too_long_then_only_that_system_refuses_it() -> None:
    server = "/simple/" + "/".join(["y" * 60] * 5)
    assert Mounts(workspace=WORKSPACES["linux"], system="linux").to_local(server)
    with pytest.raises(PathError, match="259"):
        Mounts(workspace=WORKSPACES["windows"], system="windows").to_local(server)


@pytest.mark.parametrize(
    ("system", "local", "server"),
    [
        pytest.param("windows", "p:\\Productions\\x", "/simple/Productions/x", id="windows: case"),
        pytest.param("windows", "P:/productions/x", "/simple/productions/x", id="windows: slashes"),
        pytest.param("macos", "/volumes/PROD/x", "/simple/x", id="macos: case"),
        pytest.param("linux", "/mnt/prod/x", "/simple/x", id="linux"),
    ],
)
def test_when_a_local_path_is_mapped_back_then_the_systems_rules_hold(
    system: System, local: str, server: str
) -> None:
    assert Mounts([SIMPLE], system=system).to_server(local) == server


@pytest.mark.parametrize(
    ("system", "local"),
    [
        pytest.param("linux", "/mnt/PROD/x", id="linux: case"),
        pytest.param("linux", "/mnt/production/x", id="whole components"),
        pytest.param("linux", "/mnt/prod/../x", id="parent"),
        pytest.param("linux", "x", id="relative"),
        pytest.param("windows", "P:x", id="windows: relative to the drive"),
        pytest.param("windows", "\\x", id="windows: no drive"),
    ],
)
def test_when_a_local_path_is_outside_then_it_has_no_server_path(
    system: System, local: str
) -> None:
    with pytest.raises(PathError):
        Mounts([SIMPLE], system=system).to_server(local)


def test_when_two_mount_points_stand_for_one_path_then_the_settings_are_refused() -> None:
    with pytest.raises(PathError, match="Two mount points"):
        Mounts([SIMPLE, MountPoint(server="/simple/", linux="/other")], system="linux")


def test_when_two_mount_points_have_one_folder_then_the_settings_are_refused() -> None:
    other = MountPoint(server="/other", windows="p:/")
    with pytest.raises(PathError, match="same folder"):
        Mounts([SIMPLE, other], system="windows")


def test_when_folders_of_mount_points_overlap_then_the_shared_path_is_refused() -> None:
    inside = MountPoint(server="/other", linux="/mnt/prod/productions")
    mounts = Mounts([SIMPLE, inside], system="linux")
    assert mounts.to_local("/other/x") == PurePosixPath("/mnt/prod/productions/x")
    assert mounts.to_local("/simple/x") == PurePosixPath("/mnt/prod/x")
    with pytest.raises(PathError, match="would both be"):
        mounts.to_local("/simple/productions/x")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"server": ""}, id="no server side"),
        pytest.param({"server": "/a/../b", "linux": "/x"}, id="parent in the server side"),
        pytest.param({"server": "/a", "linux": "mnt"}, id="linux: relative"),
        pytest.param({"server": "/a", "linux": "C:\\x"}, id="linux: a drive"),
        pytest.param({"server": "/a", "windows": "/mnt"}, id="windows: no drive"),
        pytest.param({"server": "/a", "macos": "/x/../y"}, id="macos: parent"),
        pytest.param({"server": "/a", "Linux": "/x"}, id="misspelt system"),
    ],
)
def test_when_a_mount_point_makes_no_sense_then_the_settings_are_refused(
    values: dict[str, str],
) -> None:
    with pytest.raises(ValidationError):
        MountPoint(**values)


def test_when_a_windows_folder_is_a_bare_drive_then_its_root_is_meant() -> None:
    mounts = Mounts([MountPoint(server="/simple", windows="P:")], system="windows")
    assert mounts.to_local("/simple/x") == PureWindowsPath("P:\\x")


def test_when_no_system_is_named_then_it_is_this_one() -> None:
    assert Mounts().system == this_system()


parts = st.lists(st.sampled_from(["a", "B", "é", "drive_z", "simple", "x.y"]), max_size=4)


@given(
    system=st.sampled_from(["linux", "windows", "macos"]),
    drive=st.sampled_from(["", "Z:"]),
    below=parts,
    mounted=st.booleans(),
)
def test_when_a_path_can_be_mapped_then_mapping_back_gives_it_again(
    system: System, drive: str, below: list[str], mounted: bool
) -> None:
    server = f"{drive}/{'/'.join(below)}"
    mounts = Mounts([SIMPLE, DRIVE] if mounted else [], workspace=WORKSPACES[system], system=system)
    try:
        local = mounts.to_local(server)
    except PathError:
        return
    assert ServerPath.parse(mounts.to_server(local)).key == ServerPath.parse(server).key
