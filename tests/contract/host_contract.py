"""What every host must do, whatever the application.

A test module of a host has a class derived from :class:`HostContract` whose ``case``
fixture gives a :class:`HostCase`. The cases do what an artist does; the contract watches.
"""

from __future__ import annotations

import hashlib
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import pytest
from small_disk import small_folder

from wf_core import errors
from wf_core.host import Host, MissingFile, SceneTag

TAG = SceneTag(
    server="https://kitsu.example.com/api",
    task_id="8f3c1d7e-3f0b-4f0a-9d57-0d6f6c3f3b11",
    name="Öl-Lampe “groß”",
    revision=12,
    save_id="0f8fad5b-d9cb-469f-a165-70867728950e",
)


class HostCase(ABC):
    """An application with an artist in front of it.

    Attributes:
        host: the host under test, with a fresh scene open that has some content.
        folder: an empty folder to save into.
        stores_tag: whether a tag is saved with the scene.
        knows_modified: whether ``is_modified`` follows what happens to the scene.
    """

    host: Host
    folder: Path
    stores_tag = True
    knows_modified = True

    @abstractmethod
    def change(self) -> None:
        """Change the content of the open scene, each time differently."""

    @abstractmethod
    def content(self) -> str:
        """What the open scene contains, so that two different scenes differ."""

    @abstractmethod
    def unreadable_files(self) -> dict[str, Path]:
        """Files that the application cannot open, by what is wrong with them."""

    @abstractmethod
    def grow(self, size: int) -> None:
        """Make the scene take at least ``size`` bytes when it is saved."""

    @abstractmethod
    def refer_to(self, present: Path, absent: Path) -> list[str] | None:
        """Make the scene use both files; the paths it must report as missing, or None when
        its scenes cannot refer to files."""

    def path(self, name: str = "lamp_v001") -> Path:
        return self.folder / f"{name}{self.host.extensions[0]}"

    def state(self) -> tuple[Path | None, bool, SceneTag | None, str]:
        """Everything that a failure must leave as it was."""
        host = self.host
        return host.current_path(), host.is_modified(), host.get_tag(), self.content()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _in_no_folder(case: HostCase) -> Path:
    return case.path("none/lamp")


def _below_a_file(case: HostCase) -> Path:
    blocker = case.folder.parent / "blocker"
    blocker.write_bytes(b"x")
    return blocker / case.path().name


def _name_too_long(case: HostCase) -> Path:
    return case.path("n" * 300)


def _path_too_long(case: HostCase) -> Path:
    return case.folder.joinpath(*["d" * 100] * 60, case.path().name)


def _with_a_nul(case: HostCase) -> Path:
    return case.path("lamp\0x")


CANNOT_SAVE_TO = [_in_no_folder, _below_a_file, _name_too_long, _path_too_long, _with_a_nul]


class HostContract:
    """The contract. Each test starts with the fresh scene of the fixture ``case``, which the
    class of a host brings."""

    # what it is

    def test_when_asked_what_it_is_then_it_answers_with_plain_words(self, case: HostCase) -> None:
        assert isinstance(case.host.name, str)
        assert isinstance(case.host.version, str)
        assert isinstance(case.host.replaces_files, bool)
        assert case.host.extensions
        for extension in case.host.extensions:
            assert extension.startswith(".")
            assert extension == extension.lower()

    # saving

    def test_when_a_scene_is_open_then_it_can_be_saved(self, case: HostCase) -> None:
        case.host.check_savable()
        case.change()
        case.host.check_savable()

    @pytest.mark.parametrize("name", ["lamp_v001", "Öl Lampe – 灯_v1000", "a.b.c"])
    def test_when_it_saves_then_the_file_is_there_and_is_the_scenes(
        self, case: HostCase, name: str
    ) -> None:
        case.host.save_as(case.path(name))
        assert case.host.current_path() == case.path(name)
        assert case.path(name).stat().st_size > 0
        assert names(case.folder) == [case.path(name).name]

    def test_when_it_saves_then_the_scene_is_not_modified(self, case: HostCase) -> None:
        case.change()
        case.host.save_as(case.path())
        assert not case.host.is_modified() or not case.knows_modified

    def test_when_it_saves_then_the_content_stays(self, case: HostCase) -> None:
        before = case.content()
        case.host.save_as(case.path())
        assert case.content() == before

    def test_when_it_saves_again_elsewhere_then_the_first_file_stays(self, case: HostCase) -> None:
        case.host.save_as(case.path("lamp_v001"))
        first, inode = digest(case.path("lamp_v001")), case.path("lamp_v001").stat().st_ino
        case.change()
        case.host.save_as(case.path("lamp_v002"))
        assert digest(case.path("lamp_v001")) == first
        assert case.path("lamp_v001").stat().st_ino == inode
        assert digest(case.path("lamp_v002")) != first

    def test_when_an_earlier_file_is_opened_then_its_content_is_back(self, case: HostCase) -> None:
        first = case.content()
        case.host.save_as(case.path("lamp_v001"))
        case.change()
        second = case.content()
        case.host.save_as(case.path("lamp_v002"))
        assert first != second
        case.host.open(case.path("lamp_v001"))
        assert case.content() == first
        assert case.host.current_path() == case.path("lamp_v001")
        case.host.open(case.path("lamp_v002"))
        assert case.content() == second

    # saving that fails

    @pytest.mark.parametrize("bad_path", CANNOT_SAVE_TO)
    @pytest.mark.parametrize("saved", [False, True], ids=["never saved", "saved before"])
    def test_when_a_save_fails_then_everything_is_as_it_was(
        self, case: HostCase, bad_path: Callable[[HostCase], Path], saved: bool
    ) -> None:
        if saved:
            case.host.save_as(case.path())
        case.host.set_tag(TAG)
        case.change()
        before, files = case.state(), names(case.folder)
        with pytest.raises(errors.WorkfilesError):
            case.host.save_as(bad_path(case))
        assert case.state() == before
        assert names(case.folder) == files
        case.host.save_as(case.path("lamp_v002"))
        assert case.content() == before[3]

    @pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
    def test_when_the_name_is_taken_then_nothing_is_overwritten(
        self, case: HostCase, kind: str
    ) -> None:
        path = case.path()
        if kind == "file":
            path.write_bytes(b"another's")
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("nowhere")
        there, before = path.lstat(), case.state()
        with pytest.raises(errors.PathTaken):
            case.host.save_as(path)
        assert path.lstat() == there
        assert case.state() == before
        assert names(case.folder) == [path.name]

    @pytest.mark.parametrize("short_by", [1_000, 60_000, 1_500_000])
    def test_when_the_disk_is_full_then_everything_is_as_it_was(
        self, case: HostCase, short_by: int, tmp_path: Path
    ) -> None:
        case.grow(2_000_000)
        case.host.save_as(case.path())
        case.host.set_tag(TAG)
        room = case.path().stat().st_size - short_by
        before = case.state()
        with small_folder(tmp_path / "small", limit=room - room % 4096) as small:
            with pytest.raises(errors.DiskFull):
                case.host.save_as(small / case.path().name)
            assert names(small) == []
        assert case.state() == before

    # opening

    def test_when_a_file_cannot_be_opened_then_the_scene_stays(self, case: HostCase) -> None:
        case.host.save_as(case.path())
        case.host.set_tag(TAG)
        before = case.state()
        bad = case.unreadable_files()
        assert {"missing", "folder", "empty"} <= bad.keys()
        for what, path in bad.items():
            with pytest.raises(errors.FileUnreadable) as failure:
                case.host.open(path)
            assert str(failure.value).count("\n") == 0, what
            assert case.state() == before, what
        case.host.save_as(case.path("lamp_v002"))

    # the tag

    def test_when_nothing_was_tagged_then_there_is_no_tag(self, case: HostCase) -> None:
        assert case.host.get_tag() is None

    @pytest.mark.parametrize(
        "tag",
        [
            pytest.param(TAG, id="everything"),
            pytest.param(TAG.model_copy(update={"revision": None}), id="no number yet"),
            pytest.param(SceneTag(server="http://127.0.0.1", task_id="t"), id="the least"),
        ],
    )
    def test_when_a_tag_is_set_then_it_is_read_back(self, case: HostCase, tag: SceneTag) -> None:
        case.host.set_tag(TAG.model_copy(update={"revision": 11}))
        case.host.set_tag(tag)
        assert case.host.get_tag() == tag
        case.host.set_tag(None)
        assert case.host.get_tag() is None
        case.host.set_tag(None)

    @pytest.mark.parametrize("tag", [TAG, None], ids=["set", "removed"])
    def test_when_a_tag_is_set_then_the_scene_counts_as_before(
        self, case: HostCase, tag: SceneTag | None
    ) -> None:
        case.host.set_tag(TAG.model_copy(update={"revision": 11}))
        case.host.save_as(case.path())
        before, content = case.host.is_modified(), case.content()
        case.host.set_tag(tag)
        assert (case.host.is_modified(), case.content()) == (before, content)

    def test_when_a_tagged_scene_is_opened_then_its_tag_is_back(self, case: HostCase) -> None:
        if not case.stores_tag:
            case.host.set_tag(TAG)
            case.host.save_as(case.path())
            assert case.host.get_tag() == TAG
            return
        case.host.save_as(case.path("untagged"))
        case.host.set_tag(TAG)
        case.host.save_as(case.path("tagged"))
        assert case.host.get_tag() == TAG
        case.host.open(case.path("untagged"))
        assert case.host.get_tag() is None
        case.host.open(case.path("tagged"))
        assert case.host.get_tag() == TAG

    # the rest

    def test_when_nothing_is_used_then_nothing_is_missing(self, case: HostCase) -> None:
        assert case.host.missing_files() == []

    def test_when_a_used_file_is_not_there_then_it_is_told(
        self, case: HostCase, tmp_path: Path
    ) -> None:
        present = tmp_path / "wood.png"
        present.write_bytes(b"x")
        expected = case.refer_to(present, tmp_path / "gone.png")
        if expected is None:
            return
        found = case.host.missing_files()
        assert [missing.path for missing in found] == expected
        assert all(isinstance(missing, MissingFile) and missing.used_by for missing in found)

    def test_when_a_picture_is_asked_for_then_it_is_a_small_png_or_none(
        self, case: HostCase, tmp_path: Path
    ) -> None:
        picture = tmp_path / "lamp.png"
        before = case.state()
        if case.host.thumbnail(picture, size=256):
            head = picture.read_bytes()[:24]
            assert head[:8] == b"\x89PNG\r\n\x1a\n"
            assert 0 < int.from_bytes(head[16:20], "big") <= 256
        else:
            assert not os.path.lexists(picture)
        assert case.state() == before

    def test_when_run_on_the_main_thread_then_it_answers_or_raises(self, case: HostCase) -> None:
        def where() -> str:
            return threading.current_thread().name

        def fail() -> None:
            raise LookupError("as it was raised")

        assert case.host.run_on_main_thread(where) == threading.main_thread().name
        with pytest.raises(LookupError, match="as it was raised"):
            case.host.run_on_main_thread(fail)
