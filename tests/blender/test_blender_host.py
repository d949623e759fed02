"""BlenderHost keeps the contract, and what only Blender can get wrong is right."""

from __future__ import annotations

import gzip
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import pytest
from contract.host_contract import TAG, HostCase, HostContract, digest, names

from blender_addon.blendfile import is_whole
from blender_addon.host import BlenderHost
from blender_addon.main_thread import MainThread
from wf_core import errors
from wf_core.host import MissingFile


@pytest.fixture
def host() -> Iterator[BlenderHost]:
    host = BlenderHost()
    yield host
    host.close()


class BlenderCase(HostCase):
    knows_modified = not bpy.app.background

    def __init__(self, tmp_path: Path, host: BlenderHost) -> None:
        self.folder = tmp_path / "saved"
        self.folder.mkdir()
        self._scratch = tmp_path / "scratch"
        self._scratch.mkdir()
        self.host = host

    def change(self) -> None:
        bpy.ops.mesh.primitive_monkey_add(location=(0, 0, len(bpy.data.objects)))

    def content(self) -> str:
        things = sorted((thing.name, tuple(thing.location)) for thing in bpy.data.objects)
        return repr((things, sorted(image.filepath for image in bpy.data.images if image.filepath)))

    def unreadable_files(self) -> dict[str, Path]:
        kinds = ("missing", "folder", "empty", "garbage", "cut short", "page", "from the future")
        files = {kind: self._scratch / f"{kind}.blend" for kind in kinds}
        whole = self._scratch / "whole.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(whole), copy=True, compress=False)
        data = whole.read_bytes()
        files["folder"].mkdir()
        files["empty"].touch()
        files["garbage"].write_bytes(b"\x7fELF" + bytes(2000))
        files["cut short"].write_bytes(data[: len(data) // 2])
        files["page"].write_bytes(b"<!doctype html><title>502 Bad Gateway</title>")
        # A header such as no Blender writes yet: larger, and of a later layout.
        files["from the future"].write_bytes(b"BLENDER99-99v9999" + data[17:])
        return files

    def grow(self, size: int) -> None:
        noise = random.Random(7).randbytes(size).hex("\n", 1024)
        bpy.data.texts.new("noise").from_string(noise)

    def refer_to(self, present: Path, absent: Path) -> list[str]:
        for path in (present, absent):
            image = bpy.data.images.new(path.stem, 8, 8)
            image.source = "FILE"
            image.filepath = str(path)
        return [str(absent)]


class TestBlenderHost(HostContract):
    @pytest.fixture
    def case(self, tmp_path: Path, host: BlenderHost) -> HostCase:
        return BlenderCase(tmp_path, host)


# what it is


def test_when_asked_what_it_is_then_it_is_this_blender(host: BlenderHost) -> None:
    assert host.name == "Blender"
    assert host.version == bpy.app.version_string.split()[0]
    assert host.extensions == (".blend",)
    assert host.current_path() is None


# saving


def test_when_the_user_saves_again_then_the_file_is_replaced(
    host: BlenderHost, tmp_path: Path
) -> None:
    path, link = tmp_path / "lamp.blend", tmp_path / "link"
    host.save_as(path)
    kept = digest(path)
    link.hardlink_to(path)
    bpy.ops.mesh.primitive_cone_add()
    bpy.ops.wm.save_mainfile()
    assert host.replaces_files
    assert digest(link) == kept
    assert digest(path) != kept


@pytest.mark.parametrize("compressed", [True, False])
def test_when_it_saves_then_compression_is_the_users_choice(
    host: BlenderHost, tmp_path: Path, compressed: bool
) -> None:
    bpy.context.preferences.filepaths.use_file_compression = compressed
    host.save_as(tmp_path / "lamp.blend")
    head = (tmp_path / "lamp.blend").read_bytes()[:4]
    assert head == (b"\x28\xb5\x2f\xfd" if compressed else b"BLEN")


def test_when_it_saves_in_another_folder_then_relative_paths_still_lead_there(
    host: BlenderHost, tmp_path: Path
) -> None:
    for folder in ("a", "b/c"):
        (tmp_path / folder).mkdir(parents=True)
    host.save_as(tmp_path / "a" / "lamp.blend")
    image = bpy.data.images.new("wood", 8, 8)
    image.source = "FILE"
    image.filepath = "//wood.png"
    host.save_as(tmp_path / "b" / "c" / "lamp.blend")
    assert image.filepath == "//../../a/wood.png"


def test_when_it_saves_then_no_path_is_cut_off(host: BlenderHost, tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < 900:
        folder /= "d" * 90
    folder.mkdir(parents=True)
    fits = folder / ("n" * (1023 - len(str(folder)) - 7) + ".blend")
    assert len(str(fits)) == 1023
    with pytest.raises(errors.PathError, match="1023 bytes"):
        host.save_as(fits.with_name("n" + fits.name))
    assert names(folder) == []


# the end of the file


@pytest.mark.parametrize("compressed", [True, False])
def test_when_the_end_of_a_file_is_missing_then_it_is_not_whole(
    tmp_path: Path, compressed: bool
) -> None:
    path = tmp_path / "lamp.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=compressed)
    assert is_whole(path)
    data = path.read_bytes()
    for missing in (1, 100, len(data) // 2, len(data) - 3, len(data)):
        path.write_bytes(data[:-missing])
        assert not is_whole(path), missing


def test_when_a_file_is_of_another_kind_then_it_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "lamp.blend"
    path.write_bytes(gzip.compress(b"BLENDER-v280"))
    assert not is_whole(path)


# opening


def test_when_a_scene_with_scripts_is_opened_then_they_do_not_run(
    host: BlenderHost, tmp_path: Path
) -> None:
    text = bpy.data.texts.new("run_me.py")
    text.write("import bpy; bpy.app.driver_namespace['ran'] = True")
    text.use_module = True
    host.save_as(tmp_path / "lamp.blend")
    bpy.context.preferences.filepaths.use_scripts_auto_execute = True
    bpy.app.driver_namespace.pop("ran", None)
    host.open(tmp_path / "lamp.blend")
    assert "ran" not in bpy.app.driver_namespace
    BlenderHost(trusted=True).open(tmp_path / "lamp.blend")
    assert bpy.app.driver_namespace.pop("ran") is True


def test_when_a_library_is_gone_then_the_scene_opens_and_tells(
    host: BlenderHost, tmp_path: Path
) -> None:
    scene, library = _linking_scene(host, tmp_path)
    library.unlink()
    host.open(scene)
    assert host.current_path() == scene
    assert host.missing_files() == [MissingFile(str(library), "library “library.blend”")]


def test_when_a_file_was_opened_then_no_handler_of_ours_is_left(
    host: BlenderHost, tmp_path: Path
) -> None:
    before = len(bpy.app.handlers.load_post)
    host.save_as(tmp_path / "lamp.blend")
    host.open(tmp_path / "lamp.blend")
    assert len(bpy.app.handlers.load_post) == before


# the tag


def test_when_there_are_several_scenes_then_they_share_the_tag(
    host: BlenderHost, tmp_path: Path
) -> None:
    host.set_tag(TAG)
    first = bpy.context.scene
    bpy.data.scenes.new("Second")
    bpy.data.scenes.remove(first)
    host.save_as(tmp_path / "lamp.blend")
    host.open(tmp_path / "lamp.blend")
    assert host.get_tag() == TAG


def test_when_a_scene_is_appended_then_its_tag_does_not_come_along(
    host: BlenderHost, tmp_path: Path
) -> None:
    host.set_tag(TAG)
    host.save_as(tmp_path / "lamp.blend")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "lamp.blend")) as (there, here):
        here.scenes = there.scenes
    assert host.get_tag() is None


def test_when_orphans_are_purged_then_the_tag_stays(host: BlenderHost) -> None:
    host.set_tag(TAG)
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    assert host.get_tag() == TAG


@pytest.mark.parametrize("content", ["", "{", "[1]", '"x"', "{}", '{"task_id": 3}', "\0"])
def test_when_somebody_wrote_into_the_tag_then_there_is_none(
    host: BlenderHost, content: str
) -> None:
    host.set_tag(TAG)
    bpy.data.texts[".workfiles"].from_string(content)
    assert host.get_tag() is None
    host.set_tag(TAG)
    assert host.get_tag() == TAG


def test_when_undo_takes_the_tag_away_then_it_is_put_back(host: BlenderHost) -> None:
    host.set_tag(TAG.model_copy(update={"revision": 11}))
    host.set_tag(TAG)
    bpy.data.texts.remove(bpy.data.texts[".workfiles"])
    assert len(bpy.app.handlers.undo_post) == len(bpy.app.handlers.redo_post) == 1
    bpy.app.handlers.undo_post[0](bpy.context.scene)
    assert host.get_tag() == TAG


def test_when_another_file_is_opened_then_the_old_tag_is_not_put_back(
    host: BlenderHost, tmp_path: Path
) -> None:
    host.save_as(tmp_path / "untagged.blend")
    host.set_tag(TAG)
    host.open(tmp_path / "untagged.blend")
    assert len(bpy.app.handlers.undo_post) == len(bpy.app.handlers.redo_post) == 0


# missing files


def _an_image(tmp_path: Path, name: str, source: str) -> bpy.types.Image:
    image = bpy.data.images.new("wood", 8, 8, tiled=source == "TILED")
    image.source = source
    image.filepath = str(tmp_path / name)
    return image


def _tiled(tmp_path: Path) -> list[str]:
    image = _an_image(tmp_path, "wood.<UDIM>.png", "TILED")
    image.tiles.new(1002)
    image.tiles.new(1011)
    (tmp_path / "wood.1002.png").touch()
    return ["wood.1001.png", "wood.1011.png"]


def _mudbox_tiled(tmp_path: Path) -> list[str]:
    image = _an_image(tmp_path, "wood.<UVTILE>.png", "TILED")
    image.tiles.new(1012)
    (tmp_path / "wood.u1_v1.png").touch()
    return ["wood.u2_v2.png"]


def _sequence_without_its_first_frame(tmp_path: Path) -> list[str]:
    _an_image(tmp_path, "fire_0001.png", "SEQUENCE")
    (tmp_path / "fire_0007.png").touch()
    return []


def _sequence_without_frames(tmp_path: Path) -> list[str]:
    _an_image(tmp_path, "fire_0001.png", "SEQUENCE")
    (tmp_path / "smoke_0001.png").touch()
    (tmp_path / "fire_0001.exr").touch()
    return ["fire_0001.png"]


def _packed_image(tmp_path: Path) -> list[str]:
    image = bpy.data.images.new("wood", 8, 8)
    image.filepath_raw = str(tmp_path / "wood.png")
    image.file_format = "PNG"
    image.save()
    image.source = "FILE"
    image.pack()
    (tmp_path / "wood.png").unlink()
    return []


def _generated_image(tmp_path: Path) -> list[str]:
    bpy.data.images.new("wood", 8, 8).filepath_raw = str(tmp_path / "wood.png")
    return []


def _movie_image(tmp_path: Path) -> list[str]:
    _an_image(tmp_path, "fire.mp4", "MOVIE")
    return ["fire.mp4"]


def _beside_the_scene(tmp_path: Path) -> list[str]:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "lamp.blend"))
    (tmp_path / "there.png").touch()
    for name in ("there.png", "gone.png"):
        image = bpy.data.images.new(name, 8, 8)
        image.source = "FILE"
        image.filepath = f"//{name}"
    return ["gone.png"]


def _built_in_font(tmp_path: Path) -> list[str]:
    bpy.data.curves.new("text", "FONT")
    return []


def _volume(tmp_path: Path) -> list[str]:
    bpy.data.volumes.new("smoke").filepath = str(tmp_path / "smoke.vdb")
    return ["smoke.vdb"]


def _strips(tmp_path: Path) -> list[str]:
    editor = bpy.context.scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_movie("shot", str(tmp_path / "shot.mp4"), 1, 1)
    (tmp_path / "frame_01.png").touch()
    strip = strips.new_image("frames", str(tmp_path / "frame_01.png"), 2, 1)
    strip.elements.append("frame_02.png")
    return ["frame_02.png", "shot.mp4"]


def _a_light_profile(tmp_path: Path) -> list[str]:
    """A kind nobody looks at one by one: Blender's own list has it."""
    tree = bpy.data.objects["Cube"].active_material.node_tree
    node = tree.nodes.new("ShaderNodeTexIES")
    node.mode = "EXTERNAL"
    node.filepath = str(tmp_path / "lamp.ies")
    return ["lamp.ies"]


def _external_text(tmp_path: Path) -> list[str]:
    bpy.data.texts.new("notes").filepath = str(tmp_path / "notes.txt")
    return []


@pytest.mark.parametrize(
    "make",
    [
        _tiled,
        _mudbox_tiled,
        _sequence_without_its_first_frame,
        _sequence_without_frames,
        _packed_image,
        _generated_image,
        _movie_image,
        _beside_the_scene,
        _built_in_font,
        _volume,
        _strips,
        _a_light_profile,
        _external_text,
    ],
    ids=lambda make: make.__name__.strip("_").replace("_", " "),
)
def test_when_files_are_used_then_exactly_the_missing_ones_are_told(
    host: BlenderHost, tmp_path: Path, make: Callable[[Path], list[str]]
) -> None:
    expected = [str(tmp_path / name) for name in make(tmp_path)]
    assert sorted(missing.path for missing in host.missing_files()) == expected


def test_when_a_linked_file_uses_files_then_they_count_from_its_own_folder(
    host: BlenderHost, tmp_path: Path
) -> None:
    scene, library = _linking_scene(host, tmp_path)
    host.open(scene)
    assert host.missing_files() == [
        MissingFile(str(library.parent / "wood.png"), "image “wood.png”")
    ]
    (library.parent / "wood.png").touch()
    assert host.missing_files() == []


def _linking_scene(host: BlenderHost, tmp_path: Path) -> tuple[Path, Path]:
    """A scene that links an object whose material uses ``//wood.png``."""
    (tmp_path / "assets").mkdir()
    scene, library = tmp_path / "scene.blend", tmp_path / "assets" / "library.blend"
    image = bpy.data.images.new("wood.png", 8, 8)
    image.source = "FILE"
    host_material = bpy.data.objects["Cube"].active_material
    host_material.node_tree.nodes.new("ShaderNodeTexImage").image = image
    host.save_as(library)
    image.filepath = "//wood.png"
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, here):
        here.objects = ["Cube"]
    bpy.context.scene.collection.objects.link(bpy.data.objects["Cube"])
    host.save_as(scene)
    return scene, library


# the main thread


def test_when_called_from_another_thread_without_a_window_then_it_refuses(
    host: BlenderHost,
) -> None:
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            host.run_on_main_thread(lambda: None)
        except errors.UsageError as exc:
            caught.append(exc)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert "main thread" in str(caught[0])


def _served(work: Callable[[MainThread], None]) -> MainThread:
    """A queue that believes it is served, as in a window; the test is its timer."""
    service = MainThread()
    service._running = True
    thread = threading.Thread(target=work, args=(service,))
    thread.start()
    while thread.is_alive():
        service.work_off()
        thread.join(0.001)
    return service


def test_when_the_timer_looks_then_other_threads_get_their_answers() -> None:
    answers: list[object] = []

    def work(service: MainThread) -> None:
        answers.append(service.call(threading.current_thread))
        try:
            service.call(lambda: 1 // 0)
        except ZeroDivisionError as exc:
            answers.append(type(exc))

    _served(work)
    assert answers == [threading.main_thread(), ZeroDivisionError]


def test_when_blender_closes_then_nobody_waits_for_ever() -> None:
    service = MainThread()
    service._running = True
    caught: list[type[BaseException]] = []

    def work() -> None:
        try:
            service.call(lambda: None)
        except errors.Cancelled as exc:
            caught.append(type(exc))

    thread = threading.Thread(target=work)
    thread.start()
    while service._waiting.empty():
        thread.join(0.001)
    service.stop()
    thread.join(10)
    assert caught == [errors.Cancelled]
