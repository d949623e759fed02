"""MayaHost keeps the contract over the stand-in, and what only Maya can get wrong is right."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.host_contract import TAG, HostCase, HostContract, digest, names
from maya import cmds, testing
from maya.testing import Maya

from maya_plugin.host import MayaHost
from wf_core import errors
from wf_core.host import MissingFile


class MayaCase(HostCase):
    def __init__(self, tmp_path: Path, host: MayaHost) -> None:
        self.folder = tmp_path / "saved"
        self.folder.mkdir()
        self._scratch = tmp_path / "scratch"
        self._scratch.mkdir()
        self.host = host

    def change(self) -> None:
        cmds.createNode("transform", name=f"pCube{len(testing.current().scene.nodes)}")

    def content(self) -> str:
        nodes = testing.current().scene.nodes
        return repr((testing.current().scene.kind, sorted((n, repr(nodes[n])) for n in nodes)))

    def unreadable_files(self) -> dict[str, Path]:
        kinds = ("missing", "folder", "empty", "garbage", "cut short", "page", "future binary")
        files = {kind: self._scratch / f"{kind}.ma" for kind in kinds}
        current = self.host.current_path()
        assert current is not None
        data = current.read_bytes()
        files["folder"].mkdir()
        files["empty"].touch()
        files["garbage"].write_bytes(b"\x7fELF" + bytes(2000))
        files["cut short"].write_bytes(data[: len(data) // 2])
        files["page"].write_bytes(b"<!doctype html><title>502 Bad Gateway</title>")
        files["future binary"].write_bytes(b"FOR9" + bytes(12) + b"Maya" + bytes(100))
        return files

    def grow(self, size: int) -> None:
        noise = random.Random(7).randbytes(size // 2).hex()
        cmds.createNode("transform", name="noise")
        cmds.setAttr("noise.notes", noise, type="string")

    def refer_to(self, present: Path, absent: Path) -> list[str]:
        for path in (present, absent):
            _uses("file", path.stem, computedFileTextureNamePattern=path)
        return [str(absent)]


class TestMayaHostAscii(HostContract):
    @pytest.fixture
    def case(self, tmp_path: Path, host: MayaHost) -> HostCase:
        return MayaCase(tmp_path, host)


class BinaryCase(MayaCase):
    def unreadable_files(self) -> dict[str, Path]:
        # Of a binary scene the end cannot be told: see mayafile.is_whole.
        return {what: p for what, p in super().unreadable_files().items() if what != "cut short"}


class TestMayaHostBinary(HostContract):
    @pytest.fixture
    def case(self, tmp_path: Path, host: MayaHost) -> HostCase:
        cmds.file(type="mayaBinary")
        return BinaryCase(tmp_path, host)


class TestMayaHostWithAWindow(HostContract):
    @pytest.fixture
    def case(self, tmp_path: Path, maya: Maya, host: MayaHost) -> HostCase:
        maya.batch = False
        return MayaCase(tmp_path, host)


def _uses(kind: str, name: str, **paths: object) -> None:
    cmds.createNode(kind, name=name)
    for attribute, path in paths.items():
        cmds.setAttr(f"{name}.{attribute}", str(path), type="string")


# what it is


def test_when_asked_what_it_is_then_it_is_this_maya(host: MayaHost) -> None:
    assert (host.name, host.version, host.current_path()) == ("Maya", "2025", None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("mayaAscii", (".ma", ".mb")),
        ("mayaBinary", (".mb", ".ma")),
        ("FBX", (".ma", ".mb")),
    ],
)
def test_when_a_scene_has_a_type_then_it_is_saved_as_what_it_is(
    host: MayaHost, kind: str, expected: tuple[str, ...]
) -> None:
    cmds.file(type=kind)
    assert host.extensions == expected


@pytest.mark.parametrize(("name", "head"), [("lamp.ma", b"//Maya A"), ("lamp.mb", b"FOR8\0\0\0\0")])
def test_when_it_saves_then_the_extension_says_as_what(
    host: MayaHost, tmp_path: Path, name: str, head: bytes
) -> None:
    host.save_as(tmp_path / name)
    assert (tmp_path / name).read_bytes()[:8] == head


# saves that fail


@pytest.mark.parametrize("modified", [False, True], ids=["clean", "modified"])
@pytest.mark.parametrize("saved", [False, True], ids=["never saved", "saved before"])
@pytest.mark.parametrize("fault", ["rename", "save", "called off"])
def test_when_maya_does_not_save_then_the_scene_is_as_it_was(
    maya: Maya, host: MayaHost, tmp_path: Path, fault: str, saved: bool, modified: bool
) -> None:
    cmds.file(type="mayaBinary")
    if saved:
        host.save_as(tmp_path / "lamp_v001.mb")
    host.set_tag(TAG)
    cmds.file(modified=modified)
    before, files = (*_said(), host.get_tag()), names(tmp_path)
    if fault == "called off":
        maya.calls_off_saves = True
    else:
        maya.refuses[fault] = "Maya gives no reason worth reading\n"
    with pytest.raises(errors.PathError, match="The scene is as it was"):
        host.save_as(tmp_path / "lamp_v002.ma")
    assert (*_said(), host.get_tag()) == before
    assert names(tmp_path) == files


def test_when_maya_keeps_the_new_name_for_good_then_it_is_told(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    def refuse_everything(*_: object) -> None:
        maya.refuses.update(save="No.\n", rename="Never.\n")

    maya.callbacks[0] = ("kBeforeSave", refuse_everything)
    with pytest.raises(errors.PathError) as failure:
        host.save_as(tmp_path / "lamp.ma")
    del maya.callbacks[0]
    assert failure.value.message == (
        f"Maya could not save {tmp_path / 'lamp.ma'}: No. Maya then could not give the scene "
        "its old name back (Never); nothing that was there before was changed."
    )


def _said() -> tuple[str, list[str], bool]:
    return (
        cmds.file(query=True, sceneName=True),
        cmds.file(query=True, type=True),
        cmds.file(query=True, modified=True),
    )


def test_when_the_folder_may_not_be_written_then_maya_is_not_even_asked(
    maya: Maya, host: MayaHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maya_plugin.host.create_new", _refused)
    with pytest.raises(errors.PathError, match="may not be written by this account"):
        host.save_as(tmp_path / "lamp.ma")
    assert maya.log == []


def _refused(path: Path, *, mode: int) -> int:
    raise PermissionError(13, "Permission denied")


def test_when_the_name_is_no_scenes_then_it_is_refused(host: MayaHost, tmp_path: Path) -> None:
    with pytest.raises(errors.PathError, match=r"\.ma or \.mb"):
        host.save_as(tmp_path / "lamp.fbx")


# unknown nodes


def test_when_there_are_unknown_nodes_then_the_type_stays(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    _a_scene_with_a_plugins_node(maya, host, tmp_path)
    assert host.extensions == (".ma",)
    host.check_savable()
    before = _said()
    with pytest.raises(errors.UsageError, match=r"plug-ins that are not loaded \(fur1\)"):
        host.save_as(tmp_path / "lamp_v002.mb")
    assert _said() == before
    host.save_as(tmp_path / "lamp_v002.ma")
    assert 'createNode furNode -n "fur1";' in (tmp_path / "lamp_v002.ma").read_text()


def test_when_unknown_nodes_would_be_lost_then_the_scene_cannot_be_saved(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    _a_scene_with_a_plugins_node(maya, host, tmp_path)
    maya.scene.kind = "FBX"
    with pytest.raises(errors.UsageError, match="would lose them") as failure:
        host.check_savable()
    assert failure.value.hint == "Load their plug-ins, or delete the nodes, then save again."


def _a_scene_with_a_plugins_node(maya: Maya, host: MayaHost, tmp_path: Path) -> None:
    maya.plugin_types.add("furNode")
    cmds.createNode("furNode", name="fur1")
    host.save_as(tmp_path / "lamp_v001.ma")
    maya.plugin_types.clear()
    host.open(tmp_path / "lamp_v001.ma")  # raises inside Maya, and is open all the same


# replaced or rewritten


def test_when_nothing_was_seen_then_files_count_as_rewritten(
    host: MayaHost, tmp_path: Path
) -> None:
    host.save_as(tmp_path / "lamp.ma")
    assert not host.replaces_files


@pytest.mark.parametrize("replaces", [True, False])
def test_when_the_artist_saves_over_a_file_then_what_happens_to_it_is_seen(
    maya: Maya, host: MayaHost, tmp_path: Path, replaces: bool
) -> None:
    maya.replaces = replaces
    path, link = tmp_path / "lamp.ma", tmp_path / "link"
    host.save_as(path)
    link.hardlink_to(path)
    kept = digest(link)
    cmds.createNode("transform", name="pCube1")
    cmds.file(save=True, prompt=False)
    assert host.replaces_files == replaces
    assert (digest(link) == kept) == replaces


def test_when_a_file_was_rewritten_once_then_none_is_trusted_to_be_replaced(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    host.save_as(tmp_path / "lamp.ma")
    (tmp_path / "link").hardlink_to(tmp_path / "lamp.ma")  # so that its inode is not used again
    for replaces in (True, False, True):
        maya.replaces = replaces
        cmds.file(save=True, prompt=False)
    assert not host.replaces_files


# opening


def test_when_a_scene_with_script_nodes_is_opened_then_they_do_not_run(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    cmds.createNode("script", name="run_me")
    host.save_as(tmp_path / "lamp.ma")
    host.open(tmp_path / "lamp.ma")
    assert maya.scene.scripts_ran == []
    host.trusted = True
    host.open(tmp_path / "lamp.ma")
    assert maya.scene.scripts_ran == ["run_me"]


def test_when_maya_fails_to_read_a_file_then_it_is_told_that_the_scene_is_gone(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    host.save_as(tmp_path / "lamp_v001.ma")
    host.save_as(tmp_path / "lamp_v002.ma")
    maya.refuses["open"] = "Error reading file.\n"
    with pytest.raises(errors.FileUnreadable, match=r"Error reading file\. .* is closed\."):
        host.open(tmp_path / "lamp_v001.ma")


# the tag


def test_when_a_tag_is_set_then_undo_does_not_know_of_it(maya: Maya, host: MayaHost) -> None:
    cmds.createNode("transform", name="pCube1")
    host.set_tag(TAG)
    assert maya.undo == ["createNode"]
    assert maya.undo_on


def test_when_undo_is_off_then_it_stays_off(maya: Maya, host: MayaHost) -> None:
    maya.undo_on = False
    host.set_tag(TAG)
    assert not maya.undo_on


def test_when_a_tag_is_stored_then_nothing_in_it_needs_escaping(maya: Maya, host: MayaHost) -> None:
    host.set_tag(TAG.model_copy(update={"name": 'a "b" \\ \n ü & = %'}))
    assert maya.scene.info == {
        "kitsu_workfiles": "server=https%3A%2F%2Fkitsu.example.com%2Fapi"
        "&task_id=8f3c1d7e-3f0b-4f0a-9d57-0d6f6c3f3b11"
        "&name=a+%22b%22+%5C+%0A+%C3%BC+%26+%3D+%25&revision=12"
        "&save_id=0f8fad5b-d9cb-469f-a165-70867728950e"
    }


@pytest.mark.parametrize("content", ["", "{", "task_id=3", "=", "%", "revision=x&task_id=1"])
def test_when_somebody_wrote_into_the_tag_then_there_is_none(host: MayaHost, content: str) -> None:
    cmds.fileInfo("kitsu_workfiles", content)
    assert host.get_tag() is None
    host.set_tag(TAG)
    assert host.get_tag() == TAG


# missing files


def _texture_tiles(folder: Path) -> list[str]:
    _uses("file", "wood", computedFileTextureNamePattern=folder / "wood.<UDIM>.png")
    _uses("file", "rust", computedFileTextureNamePattern=folder / "rust.<UDIM>.png")
    (folder / "wood.1011.png").touch()
    return ["rust.<UDIM>.png"]


def _texture_sequence(folder: Path) -> list[str]:
    _uses("file", "fire", computedFileTextureNamePattern=folder / "fire.<f>.exr")
    (folder / "fire.0007.exr").touch()
    return []


def _references(folder: Path) -> list[str]:
    _uses("reference", "lampRN", filename=folder / "lamp.ma")
    _uses("reference", "chairRN", filename=folder / "chair.ma")
    _uses("reference", "sharedReferenceNode")
    (folder / "chair.ma").touch()
    return ["lamp.ma"]


def _caches(folder: Path) -> list[str]:
    testing.current().plugin_types |= {"AlembicNode", "gpuCache"}
    _uses("AlembicNode", "alembic1", abc_File=folder / "walk.abc")
    _uses("gpuCache", "set1", cacheFileName=folder / "set.abc")
    _uses("cacheFile", "cloth1", cachePath=folder, cacheName="cloth")
    return ["cloth.xml", "set.abc", "walk.abc"]


def _used_twice(folder: Path) -> list[str]:
    _uses("file", "one", computedFileTextureNamePattern=folder / "wood.png")
    _uses("file", "two", computedFileTextureNamePattern=folder / "wood.png")
    return ["wood.png"]


def _in_the_project(folder: Path) -> list[str]:
    testing.current().project = str(folder)
    _uses("file", "one", computedFileTextureNamePattern="sourceimages/../wood.png")
    return ["wood.png"]


def _by_a_variable(folder: Path) -> list[str]:
    _uses("file", "one", computedFileTextureNamePattern="$WF_TEST_TEXTURES/wood.png")
    return ["wood.png"]


def _picture_and_sound(folder: Path) -> list[str]:
    _uses("imagePlane", "plate", imageName=folder / "plate.0001.jpg")
    _uses("audio", "steps", filename=folder / "steps.wav")
    _uses("file", "empty", computedFileTextureNamePattern="")
    return ["plate.0001.jpg", "steps.wav"]


@pytest.mark.parametrize(
    "make",
    [
        _texture_tiles,
        _texture_sequence,
        _references,
        _caches,
        _used_twice,
        _in_the_project,
        _by_a_variable,
        _picture_and_sound,
    ],
    ids=lambda make: make.__name__.strip("_").replace("_", " "),
)
def test_when_files_are_used_then_exactly_the_missing_ones_are_told(
    host: MayaHost,
    tmp_path: Path,
    make: Callable[[Path], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WF_TEST_TEXTURES", str(tmp_path))
    expected = [str(tmp_path / name) for name in make(tmp_path)]
    assert sorted(missing.path for missing in host.missing_files()) == expected


def test_when_a_file_is_missing_then_it_is_told_who_uses_it(host: MayaHost, tmp_path: Path) -> None:
    _uses("reference", "lampRN", filename=tmp_path / "lamp.ma")
    assert host.missing_files() == [
        MissingFile(str(tmp_path / "lamp.ma"), "reference “lampRN”"),
    ]


# pictures


def test_when_there_is_a_window_then_the_viewport_is_drawn(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    maya.batch = False
    assert host.thumbnail(tmp_path / "lamp.png", size=320)
    assert (tmp_path / "lamp.png").read_bytes()[16:24] == b"\0\0\x01\x40\0\0\x00\xb4"  # 320 x 180
    assert not host.is_modified()


def test_when_no_viewport_is_open_then_there_is_no_picture(
    maya: Maya, host: MayaHost, tmp_path: Path
) -> None:
    maya.batch = False
    maya.refuses["playblast"] = "No active model panel\n"
    assert not host.thumbnail(tmp_path / "lamp.png")
    assert names(tmp_path) == []
