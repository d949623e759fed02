"""What must not become a path, as text and on the disk."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from wf_core.errors import PathError
from wf_core.paths import (
    check_component,
    check_local_length,
    check_relative,
    is_reserved_on_windows,
    resolve_inside,
)
from wf_core.paths.safety import System

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.mark.parametrize(
    "part",
    [
        *("lamp", "Lamp A", "lamp_v001.blend", ".hidden", "a.b.c", "木", "é", "-x", "~", "$HOME"),
        *("console", "com10", "nul_", "com", "auxiliary.txt", "x" * 255, "é" * 127),
    ],
)
def test_when_a_part_is_usable_everywhere_then_it_passes(part: str) -> None:
    check_component(part)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param(".", "of its own", id="dot"),
        pytest.param("..", "of its own", id="parent"),
        pytest.param("a/b", "'/'", id="slash"),
        pytest.param("a\\b", "'\\\\'", id="backslash"),
        pytest.param("C:", "':'", id="drive"),
        pytest.param("a.blend:stream", "':'", id="NTFS stream"),
        pytest.param("a?", "'?'", id="question mark"),
        pytest.param("a*", "'*'", id="star"),
        pytest.param("<a>", "'<'", id="angle bracket"),
        pytest.param('a"', "'\"'", id="quote"),
        pytest.param("a|b", "'|'", id="pipe"),
        pytest.param("a\0b", "'\\x00'", id="NUL"),
        pytest.param("a\nb", "'\\n'", id="newline"),
        pytest.param("a\x7f", "'\\x7f'", id="delete"),
        pytest.param("a.", "dot or a space", id="trailing dot"),
        pytest.param("a ", "dot or a space", id="trailing space"),
        pytest.param("...", "dot or a space", id="three dots"),
        pytest.param("CON", "device", id="CON"),
        pytest.param("nul.blend", "device", id="NUL with an extension"),
        pytest.param("Com1.tar.gz", "device", id="COM1 with two extensions"),
        pytest.param("lpt9", "device", id="LPT9"),
        pytest.param("COM¹", "device", id="COM with a superscript"),
        pytest.param("CONOUT$", "device", id="console output"),
        pytest.param("aux .x", "device", id="space before the extension"),
        pytest.param("x" * 256, "256 bytes", id="too long"),
        pytest.param("é" * 128, "256 bytes", id="too long in bytes only"),
        pytest.param("\ud800", "Unicode", id="lone surrogate"),
    ],
)
def test_when_a_part_is_not_usable_somewhere_then_the_error_says_why(part: str, says: str) -> None:
    with pytest.raises(PathError) as caught:
        check_component(part)
    assert says in caught.value.message
    assert "\0" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("digit", "0123456789")
def test_when_a_port_has_one_digit_then_it_is_a_device(digit: str) -> None:
    assert is_reserved_on_windows(f"com{digit}.x")
    assert is_reserved_on_windows(f"LPT{digit}")


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        pytest.param("a/b.blend", ("a", "b.blend"), id="text"),
        pytest.param("a\\b", ("a", "b"), id="backslash separates"),
        pytest.param(PurePosixPath("a/b"), ("a", "b"), id="POSIX path"),
        pytest.param(PureWindowsPath("a\\b"), ("a", "b"), id="Windows path"),
        pytest.param(["a", "b"], ("a", "b"), id="parts"),
    ],
)
def test_when_a_path_is_relative_then_its_parts_come_back(
    path: str | PurePosixPath, parts: tuple[str, ...]
) -> None:
    assert check_relative(path) == parts


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/a", id="absolute"),
        pytest.param("\\a", id="absolute on Windows"),
        pytest.param("C:\\a", id="drive"),
        pytest.param("C:a", id="relative to a drive"),
        pytest.param("\\\\host\\share\\a", id="UNC"),
        pytest.param("//host/share/a", id="UNC with slashes"),
        pytest.param("\\\\?\\C:\\a", id="device namespace"),
        pytest.param("\\\\.\\nul", id="device"),
        pytest.param(PurePosixPath("/a"), id="absolute POSIX path"),
        pytest.param(PureWindowsPath("C:/a"), id="absolute Windows path"),
        pytest.param("a/../b", id="parent inside"),
        pytest.param("a//b", id="empty part"),
        pytest.param("a/", id="trailing slash"),
        pytest.param("", id="empty"),
        pytest.param([], id="no parts"),
        pytest.param(["a/b"], id="slash inside a part"),
        pytest.param("a/nul/b", id="device inside"),
    ],
)
def test_when_a_path_leaves_its_root_then_it_is_refused(path: str | list[str]) -> None:
    with pytest.raises(PathError):
        check_relative(path)


@pytest.mark.parametrize(
    ("path", "system", "fits"),
    [
        pytest.param(PureWindowsPath("C:\\" + "x" * 256), "windows", True, id="windows: 259"),
        pytest.param(PureWindowsPath("C:\\" + "x" * 257), "windows", False, id="windows: 260"),
        pytest.param(PureWindowsPath("C:\\" + "🔥" * 129), "windows", False, id="windows: pairs"),
        pytest.param(PurePosixPath("/" + "x" * 1022), "macos", True, id="macos: 1023"),
        pytest.param(PurePosixPath("/" + "é" * 512), "macos", False, id="macos: 1025 bytes"),
        pytest.param(PurePosixPath("/" + "x" * 4094), "linux", True, id="linux: 4095"),
        pytest.param(PurePosixPath("/" + "x" * 4095), "linux", False, id="linux: 4096"),
    ],
)
def test_when_a_path_is_too_long_for_its_system_then_it_is_refused(
    path: PurePosixPath, system: System, fits: bool
) -> None:
    if fits:
        check_local_length(path, system=system)
    else:
        with pytest.raises(PathError, match="shorter"):
            check_local_length(path, system=system)


def test_when_nothing_exists_yet_then_the_path_is_joined(tmp_path: Path) -> None:
    expected = tmp_path / "a" / "b" / "c.blend"
    assert resolve_inside(tmp_path, "a/b/c.blend") == expected
    assert resolve_inside(tmp_path, ("a", "b", "c.blend")) == expected


@needs_links
def test_when_a_link_stays_inside_then_it_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert resolve_inside(tmp_path, "link/x") == tmp_path / "link" / "x"


@needs_links
def test_when_the_root_is_a_link_itself_then_that_is_the_users_choice(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "work").symlink_to("disk")
    assert resolve_inside(tmp_path / "work", "x") == tmp_path / "work" / "x"


@needs_links
@pytest.mark.parametrize("target", ["/etc", "../outside", "../work-other", "a/../../outside"])
def test_when_a_planted_link_leads_out_then_it_is_refused(tmp_path: Path, target: str) -> None:
    root = tmp_path / "work"
    (root / "a").mkdir(parents=True)
    (root / "link").symlink_to(target)
    with pytest.raises(PathError, match="leads out"):
        resolve_inside(root, "link/x")


@needs_links
def test_when_the_file_itself_is_a_link_out_then_it_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    (tmp_path / "precious").write_text("keep")
    (root / "x.blend").symlink_to(tmp_path / "precious")
    with pytest.raises(PathError, match="leads out"):
        resolve_inside(root, "x.blend")


@needs_links
@pytest.mark.parametrize(
    ("root", "relative"),
    [
        pytest.param("", "a/x", id="on the way"),
        pytest.param("", "a", id="the file itself"),
        pytest.param("", "link/a/x", id="behind another link"),
        pytest.param("a", "x", id="the root"),
    ],
)
def test_when_links_lead_in_a_circle_then_it_is_refused(
    tmp_path: Path, root: str, relative: str
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "link").symlink_to(".")
    with pytest.raises(PathError, match="cannot be followed"):
        resolve_inside(tmp_path / root, relative)


def test_when_a_file_is_where_a_folder_should_be_then_the_path_is_joined(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert resolve_inside(tmp_path, "a/x") == tmp_path / "a" / "x"


@pytest.mark.parametrize("relative", ["../x", "/etc/passwd", "a/../../x", "C:\\x", "a\0"])
def test_when_the_text_already_leaves_the_root_then_the_disk_is_not_asked(
    tmp_path: Path, relative: str
) -> None:
    with pytest.raises(PathError):
        resolve_inside(tmp_path / "missing", relative)
