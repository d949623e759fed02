"""Where the scene's tag lives inside a .blend file.

In one hidden text data-block. It is saved with the file and read back whatever is loaded
of the interface, is not tied to one of several scenes, does not come along when a scene or
a collection is appended elsewhere, and is not exported. (Custom properties of scenes are:
glTF and USD would carry the server's address out of the studio. Properties of the window
manager are lost when a file is opened without its interface.)

Undo reaches into text data-blocks. The tag is not the artist's work but says where the
file came from, so it is put back after every undo and redo. Those handlers are not
persistent on purpose: Blender drops them when another file is opened, which is exactly
when that tag no longer holds.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

from wf_core.host import SceneTag

__all__ = ["read_tag", "write_tag"]

_TEXT = ".workfiles"  # names that begin with a dot are hidden in Blender's menus
_MARK = "kitsu_workfiles_tag"


def read_tag() -> SceneTag | None:
    """The tag in the open file; None when there is none, or something else by that name."""
    text = bpy.data.texts.get((_TEXT, None))  # the local one, never a linked file's
    if text is None:
        return None
    try:
        mapping = json.loads(text.as_string())
    except ValueError:
        return None
    if not isinstance(mapping, dict):
        return None
    return SceneTag.from_mapping({str(key): str(value) for key, value in mapping.items()})


def write_tag(tag: SceneTag | None) -> None:
    """Put the tag into the open file, or take it out; the file counts as changed no more
    than before."""
    _put(tag)
    _keep_through_undo(tag)


def _put(tag: SceneTag | None) -> None:
    text = bpy.data.texts.get((_TEXT, None))
    if tag is None:
        if text is not None:
            bpy.data.texts.remove(text)
        return
    content = json.dumps(tag.to_mapping(), indent=1, sort_keys=True, ensure_ascii=False)
    if text is None:
        text = bpy.data.texts.new(_TEXT)
    if text.as_string() != content:
        text.from_string(content)


def _keep_through_undo(tag: SceneTag | None) -> None:
    def put_back(*_: Any) -> None:
        _put(tag)

    setattr(put_back, _MARK, True)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        for ours in [handler for handler in handlers if hasattr(handler, _MARK)]:
            handlers.remove(ours)
        handlers.append(put_back)
