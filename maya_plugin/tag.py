"""Where the scene's tag lives inside a Maya scene: under one key of ``fileInfo``.

It is saved with the scene, belongs to no node, is not exported, and that of a reference is not
the scene's own. Maya shows values with their special characters escaped, so the value is made
of characters that have no need of it (percent-encoding, RFC 3986).

The tag is not the artist's work: setting it is not recorded for undo, and the scene counts as
modified no more than before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode

from wf_core.host import SceneTag

from . import calls

__all__ = ["KEY", "read_tag", "write_tag"]

KEY = "kitsu_workfiles"


def read_tag() -> SceneTag | None:
    """The tag in the open scene; None when there is none, or something else under its key."""
    value = calls.file_info(KEY)
    if not value:
        return None
    return SceneTag.from_mapping(dict(parse_qsl(value, keep_blank_values=True)))


def write_tag(tag: SceneTag | None) -> None:
    """Put the tag into the open scene, or take it out."""
    if tag is None and calls.file_info(KEY) is None:
        return
    with _unnoticed():
        if tag is None:
            calls.remove_file_info(KEY)
        else:
            calls.set_file_info(KEY, urlencode(tag.to_mapping()))


@contextmanager
def _unnoticed() -> Iterator[None]:
    """Nothing done meanwhile is recorded for undo, or makes the scene count as modified."""
    modified, recording = calls.is_modified(), calls.undo_recording()
    if recording:
        calls.set_undo_recording(False)
    try:
        yield
    finally:
        if recording:
            calls.set_undo_recording(True)
        if calls.is_modified() != modified:
            calls.set_modified(modified)
