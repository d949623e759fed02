"""Saving the open scene, by whichever way somebody asked for it in Maya. Main thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from wf_core.results import SaveResult
    from wf_core.workfiles import SaveRequest

    from .session import Session

__all__ = ["save_scene"]

_PICTURE_WIDTH = 960  # pixels; Kitsu shows previews at about that size


def save_scene(
    session: Session,
    request: SaveRequest,
    *,
    patience: float | None,
    done: Callable[[SaveResult], None],
    failed: Callable[[Exception], None],
) -> str:
    """Save, and have a picture of the scene drawn when that is out of the way.

    Args:
        request, patience, done, failed: see :meth:`.session.Session.save`.

    Returns:
        What to say of it.

    Raises:
        WorkfilesError: nothing was saved; the scene is as it was.
    """
    from wf_core.workfiles import words

    written = session.save(request, patience=patience, done=done, failed=failed)
    session.chosen = None  # it is the scene's own now

    def draw(path: Path) -> None:
        session.host.thumbnail(path, size=_PICTURE_WIDTH)  # without a viewport there is none

    if written.tag is not None:
        save_id = written.tag.save_id
        session.looker.submit(lambda tool: tool.picture_path(save_id), done=draw)
    number = written.tag.revision if written.tag else None
    return words.saved(number, written.written.name if written.written else "")
