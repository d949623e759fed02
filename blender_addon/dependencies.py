"""The external files a scene needs: which of them are not there, which are linked, which
pictures are not inside the scene.

Blender lists every path it knows of (``bpy.utils.blend_paths``) but not who uses it, nor
what a path with a token or a frame number stands for. So the kinds artists know are looked
at one by one, and the list is asked for whatever is left over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from wf_core.host import MissingFile

__all__ = ["ExternalFile", "libraries", "missing_files", "unpacked_images", "unsaved_images"]

_FRAME = re.compile(r"(\d+)(\D*)$")


@dataclass(frozen=True)
class ExternalFile:
    """A file beside the scene.

    Attributes:
        path: where it lies, absolute.
        name: what Blender calls the data that comes from it.
    """

    path: str
    name: str


def libraries() -> list[ExternalFile]:
    """The files that data is linked from, of files linked there too; packed ones are left out,
    and missing ones."""
    found = [
        ExternalFile(_absolute(library.filepath, library), library.name)
        for library in bpy.data.libraries
        if library.filepath and not _packed(library)
    ]
    return [one for one in found if not _absent(one.path)]


def unpacked_images() -> list[ExternalFile]:
    """The scene's own images that could be packed into it and are not; missing ones are left
    out."""
    return [
        ExternalFile(path, image.name)
        for image in bpy.data.images
        if image.library is None and image.source in ("FILE", "TILED") and image.filepath
        if not _packed(image)
        if not _absent_of_image(image, path := _absolute(image.filepath, image))
    ]


def unsaved_images() -> list[str]:
    """Names of the scene's own images with changes that saving the scene does not save."""
    sources = ("FILE", "TILED", "GENERATED")
    return [
        image.name
        for image in bpy.data.images
        if image.library is None and image.source in sources and image.is_dirty
    ]


def missing_files() -> list[MissingFile]:
    """Files that are used, not packed, and not on disk.

    Of tiled images (UDIM) every missing tile is reported. A sequence is missing when none
    of its frames is there.
    """
    known: set[str] = set()
    missing: dict[str, MissingFile] = {}
    for path, used_by, there in _looked_at():
        known.add(os.path.normcase(path))
        for absent in there:
            missing.setdefault(absent, MissingFile(path=absent, used_by=used_by))
    for path in bpy.utils.blend_paths(absolute=True, packed=False, local=False):
        plain = os.path.normpath(path)
        if os.path.normcase(plain) not in known and not Path(plain).exists():
            missing.setdefault(plain, MissingFile(path=plain, used_by="the scene"))
    return list(missing.values())


def _looked_at() -> Iterator[tuple[str, str, list[str]]]:
    """(absolute path as the scene has it, who uses it, what of it is absent)."""
    data = bpy.data
    for image in data.images:
        if image.source in ("FILE", "MOVIE", "SEQUENCE", "TILED") and image.filepath:
            path = _absolute(image.filepath, image)
            absent = [] if _packed(image) else _absent_of_image(image, path)
            yield path, f"image “{image.name}”", absent
    for library in data.libraries:
        parent = f", linked by “{library.parent.name}”" if library.parent else ""
        yield _checked(library.filepath, library, f"library “{library.name}”{parent}")
    for font in data.fonts:
        if font.filepath != "<builtin>":
            yield _checked(font.filepath, font, f"font “{font.name}”")
    for sound in data.sounds:
        yield _checked(sound.filepath, sound, f"sound “{sound.name}”")
    for clip in data.movieclips:
        label = f"movie clip “{clip.name}”"
        yield _checked(clip.filepath, clip, label, sequence=clip.source == "SEQUENCE")
    for volume in data.volumes:
        label = f"volume “{volume.name}”"
        yield _checked(volume.filepath, volume, label, sequence=volume.is_sequence)
    for cache in data.cache_files:
        label = f"cache “{cache.name}”"
        yield _checked(cache.filepath, cache, label, sequence=cache.is_sequence)
    for text in data.texts:
        if text.filepath:  # the text itself is inside the scene
            yield _absolute(text.filepath, text), f"text “{text.name}”", []
    yield from _of_strips()
    yield from _of_fluids()


def _of_strips() -> Iterator[tuple[str, str, list[str]]]:
    for scene in bpy.data.scenes:
        editor: Any = scene.sequence_editor
        if editor is None:
            continue
        # Renamed in 4.4; the old name is gone since 5.0.
        strips = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
        for strip in strips:
            label = f"strip “{strip.name}” of “{scene.name}”"
            if strip.type == "MOVIE":
                yield _checked(strip.filepath, scene, label)
            elif strip.type == "IMAGE":
                for element in strip.elements:
                    # Joined as Blender does it: "//" in front means "beside the scene".
                    folder = strip.directory
                    joined = folder + ("" if folder.endswith(("/", "\\")) else "/")
                    yield _checked(joined + element.filename, scene, label)


def _of_fluids() -> Iterator[tuple[str, str, list[str]]]:
    for thing in bpy.data.objects:
        modifiers: Any = thing.modifiers  # each has what its type has
        for modifier in modifiers:
            if modifier.type != "FLUID" or modifier.fluid_type != "DOMAIN":
                continue
            domain = modifier.domain_settings
            path = _absolute(domain.cache_directory, thing)
            baked = domain.has_cache_baked_any  # else there is nothing to miss yet
            yield path, f"fluid of “{thing.name}”", _absent(path) if baked else []


def _checked(
    raw: str, owner: Any, used_by: str, *, sequence: bool = False
) -> tuple[str, str, list[str]]:
    if not raw or _packed(owner):
        return "", used_by, []
    path = _absolute(raw, owner)
    return path, used_by, _absent_sequence(path) if sequence else _absent(path)


def _absolute(raw: str, owner: Any) -> str:
    """``//`` counts from the file the data comes from: a linked one's from its library."""
    return os.path.normpath(str(bpy.path.abspath(raw, library=owner.library)))


def _packed(owner: Any) -> bool:
    """Whether the bytes travel inside the scene; also libraries of packed linked data (5.0)."""
    return (
        getattr(owner, "packed_file", None) is not None
        or bool(getattr(owner, "packed_files", ()))
        or getattr(owner, "is_archive", False)
    )


def _absent_of_image(image: Any, path: str) -> list[str]:
    if image.source == "SEQUENCE":
        return _absent_sequence(path)
    if image.source == "TILED":
        return [tile for tile in _tiles(path, (t.number for t in image.tiles)) if _absent(tile)]
    return _absent(path)


def _tiles(path: str, numbers: Iterable[int]) -> Iterator[str]:
    """The path of each tile; the tokens are Blender's (and Mari's and Mudbox's)."""
    for number in numbers:
        across, up = (number - 1001) % 10 + 1, (number - 1001) // 10 + 1
        yield path.replace("<UDIM>", str(number)).replace("<UVTILE>", f"u{across}_v{up}")


def _absent(path: str) -> list[str]:
    return [] if Path(path).exists() else [path]


def _absent_sequence(path: str) -> list[str]:
    """The path when no frame is there; Blender counts with the last digits of the name."""
    one = Path(path)
    frame = _FRAME.search(one.stem)
    if one.exists():
        return []
    if frame is None:
        return [path]
    start = re.escape(one.stem[: frame.start()])
    any_frame = re.compile(rf"{start}\d+{re.escape(frame.group(2) + one.suffix)}")
    try:
        there = any(any_frame.fullmatch(other.name) for other in one.parent.iterdir())
    except OSError:
        return [path]
    return [] if there else [path]
