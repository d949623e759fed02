"""The host without an application keeps the contract."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest
from contract.host_contract import HostCase, HostContract

from wf_core import errors
from wf_core.filehost import FileHost, extension_of
from wf_core.host import Host


class FileCase(HostCase):
    stores_tag = False

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "saved"
        self.folder.mkdir()
        self._drafts = tmp_path / "drafts"
        self._drafts.mkdir()
        first = self._drafts / "draft0.blend"
        first.write_bytes(b"a scene")
        self.host = FileHost(first, software="Blender")

    def change(self) -> None:
        self._edit(b" and more")

    def content(self) -> str:
        path = self.host.current_path()
        assert path is not None
        return path.read_bytes().hex()

    def unreadable_files(self) -> dict[str, Path]:
        files = {what: self._drafts / f"{what}.blend" for what in ("missing", "folder", "empty")}
        files["folder"].mkdir()
        files["empty"].touch()
        files["pipe"] = self._drafts / "pipe.blend"
        os.mkfifo(files["pipe"])
        files["no extension"] = self._drafts / "README"
        files["no extension"].write_bytes(b"x")
        return files

    def grow(self, size: int) -> None:
        self._edit(b"x" * size)

    def refer_to(self, present: Path, absent: Path) -> None:
        return None

    def _edit(self, more: bytes) -> None:
        """Work goes on in a draft: a saved revision is not written again."""
        path, tag = self.host.current_path(), self.host.get_tag()
        assert path is not None
        draft = self._drafts / f"draft{len(list(self._drafts.iterdir()))}.blend"
        draft.write_bytes(path.read_bytes() + more)
        self.host.open(draft)
        self.host.set_tag(tag)


class TestFileHost(HostContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> HostCase:
        return FileCase(tmp_path)


def test_when_a_host_lacks_a_method_then_it_cannot_be_made() -> None:
    class Forgetful(FileHost):
        get_tag = Host.get_tag

    with pytest.raises(TypeError, match="get_tag"):
        Forgetful(Path(__file__))


def test_when_a_file_is_taken_up_then_it_must_be_one(tmp_path: Path) -> None:
    for path in FileCase(tmp_path).unreadable_files().values():
        with pytest.raises(errors.FileUnreadable):
            FileHost(path)


def test_when_the_file_is_emptied_later_then_saving_says_so(tmp_path: Path) -> None:
    source = tmp_path / "lamp.blend"
    source.write_bytes(b"x")
    host = FileHost(source)
    source.write_bytes(b"")
    with pytest.raises(errors.FileUnreadable, match="is empty"):
        host.save_as(tmp_path / "lamp_v001.blend")
    assert not (tmp_path / "lamp_v001.blend").exists()


def test_when_the_path_is_relative_then_it_outlives_a_change_of_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lamp.blend").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert FileHost(Path("lamp.blend")).current_path() == tmp_path / "lamp.blend"


@pytest.mark.skipif(os.name != "posix", reason="no file that is open can be renamed there")
def test_when_somebody_asks_then_a_save_tells_how_far_its_copy_is(tmp_path: Path) -> None:
    source = tmp_path / "lamp.blend"
    source.write_bytes(b"x" * 1000)
    host = FileHost(source)
    told: list[tuple[bool, int, int]] = []

    assert host.tell_copied(lambda path, done, size: told.append((path.exists(), done, size)))
    host.save_as(tmp_path / "lamp_v001.blend")
    host.tell_copied(None)
    host.save_as(tmp_path / "lamp_v002.blend")

    assert set(told) == {(True, 1000, 1000)}


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("lamp.blend", ".blend"),
        ("LAMP.BLEND", ".blend"),
        ("lamp.v2.ma", ".ma"),
        ("lamp.tar.gz", ".tar.gz"),
        ("lamp.TAR.Zst", ".tar.zst"),
        ("lamp.blend.gz", ".gz"),
        (".hidden.blend", ".blend"),
        ("lamp.c4d", ".c4d"),
    ],
)
def test_when_a_name_has_an_extension_then_it_is_told(name: str, extension: str) -> None:
    assert extension_of(PurePath(name)) == extension


@pytest.mark.parametrize(
    "name", ["lamp", ".blend", "lamp.", "lamp.b c", "lamp.blénd", "a." + "x" * 40]
)
def test_when_a_name_has_no_usable_extension_then_a_hint_says_what_to_do(name: str) -> None:
    with pytest.raises(errors.FileUnreadable) as failure:
        extension_of(PurePath(name))
    assert "extension" in failure.value.hint
