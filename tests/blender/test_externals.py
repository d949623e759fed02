"""What an artist is told before a save of what lies beside the scene."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from addon_fixtures import artist, extension, saved  # noqa: F401  (fixtures)
from live_kitsu import LiveKitsu

from blender_addon import externals, save
from blender_addon.dependencies import ExternalFile
from blender_addon.session import current


def a_library(path: Path) -> Path:
    """A file with a mesh named after it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.data.libraries.write(str(path), {bpy.data.meshes.new(path.stem)})
    return path


def link(path: Path) -> None:
    with bpy.data.libraries.load(str(path), link=True) as (_, here):
        here.meshes = [path.stem]


def an_image_file(path: Path) -> bpy.types.Image:
    image = bpy.data.images.new(path.name, 8, 8)
    image.filepath_raw = str(path)
    image.file_format = "PNG"
    image.save()
    image.source = "FILE"
    return image


@pytest.mark.usefixtures("extension", "artist")
def test_when_files_are_linked_then_those_outside_the_production_are_told(
    kitsu: LiveKitsu, tmp_path: Path
) -> None:
    task = kitsu.fresh_task()
    scene = saved(task=task.id)
    own = next(folder for folder in scene.parents if folder.name == "demo")
    inside = a_library(own / "lib" / "inside.blend")
    other = a_library(own.parent / "other_production" / "other.blend")
    download = a_library(tmp_path / "downloads" / "chair.blend")
    elsewhere = a_library(tmp_path / "disk" / "linked_in.blend")
    linked_in = own / "lib" / "linked_in.blend"
    linked_in.symlink_to(elsewhere)
    for path in (inside, other, download, linked_in):
        link(path)
    gone = tmp_path / "gone.blend"
    link(a_library(gone))
    gone.unlink()

    shown = current().shown
    shown.externals = externals.look()
    save.look_ahead(task.id, "main")

    assert [one.path for one in shown.externals.outside] == [str(download), str(other)]
    missing, outside = shown.externals.concerns()
    assert missing.title == "1 file this scene needs cannot be found:"
    assert missing.lines == (f"{gone} (library “gone.blend”)",)
    assert outside.title == "2 linked files lie outside the production, out of reach for others:"
    assert outside.lines == (str(download), str(other))
    assert outside.urgent


def test_when_images_are_not_packed_then_they_are_named_without_urgency(tmp_path: Path) -> None:
    an_image_file(tmp_path / "wood.png")
    an_image_file(tmp_path / "packed.png").pack()
    an_image_file(tmp_path / "gone.png")
    (tmp_path / "gone.png").unlink()
    bpy.data.images.new("generated", 8, 8)

    found = externals.look()

    assert found.unpacked == (ExternalFile(str(tmp_path / "wood.png"), "wood.png"),)
    concern = found.concerns()[-1]
    assert concern.title == "1 image is not packed, so not in the revision:"
    assert (concern.lines, concern.urgent) == (("wood.png",), False)


@pytest.mark.parametrize("where", ["generated", "in a file", "packed"])
def test_when_an_image_was_painted_on_then_it_is_told_until_it_is_saved(
    tmp_path: Path, where: str
) -> None:
    if where == "in a file":
        image = an_image_file(tmp_path / "wood.png")
    else:
        image = bpy.data.images.new("wood.png", 8, 8)
    if where == "packed":
        image.pack()
    before = externals.look().unsaved
    image.pixels[0] = 0.5
    painted = externals.look()
    image.pack()

    assert before == externals.look().unsaved == ()
    assert painted.unsaved == ("wood.png",)
    concern = painted.concerns()[0]
    assert concern.title == "1 image with changes that saving the scene does not save:"
    assert (concern.lines, concern.urgent) == (("wood.png",), True)


def test_when_there_are_many_then_the_first_are_told_and_the_others_counted(
    tmp_path: Path,
) -> None:
    for number in range(8):
        image = bpy.data.images.new(f"gone_{number}", 8, 8)
        image.source = "FILE"
        image.filepath = str(tmp_path / f"gone_{number}.png")
        an_image_file(tmp_path / f"wood_{number}.png")

    missing, unpacked = externals.look().concerns()

    assert missing.title == "8 files this scene needs cannot be found:"
    assert len(missing.lines) == 7
    assert missing.lines[-1] == "and 2 more"
    assert unpacked.title == "8 images are not packed, so not in the revision:"
    assert unpacked.lines == (
        "wood_0.png, wood_1.png, wood_2.png, wood_3.png, wood_4.png, wood_5.png and 2 more",
    )


def test_when_nothing_lies_beside_the_scene_then_there_is_nothing_to_tell() -> None:
    assert externals.look() == externals.Externals()
    assert externals.look().concerns() == []
