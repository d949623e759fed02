"""Who else has the scene open: colleagues are told of this Blender, and shown here. A hint,
never a lock; every look at the shared workspace is taken on a thread."""

from __future__ import annotations

import datetime
import threading
from typing import TYPE_CHECKING, Any

from .session import current
from .telling import paragraph

if TYPE_CHECKING:
    from wf_core.host import SceneTag
    from wf_core.results import Presence
    from wf_core.workfiles import Announcement, Workfiles

__all__ = ["announce", "draw", "look", "register", "unregister"]

_STOP_SECONDS = 0.2  # a note that is not gone by then grows old by itself
_LONGEST = 2  # lines; what a note says is its writer's


class _Announcer:
    """The announcement of the open scene, of which there is one at a time."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: Announcement | None = None
        self._scene: tuple[str, str] | None = None
        self._over = False

    def change(self, tool: Workfiles, tag: SceneTag | None, application: str) -> None:
        """Announce the scene with this tag instead of the one before. On a thread."""
        scene = (tag.task_id, tag.name) if tag is not None else None
        if scene == self._scene:
            return
        self._take_back()
        announced = tool.announce(tag, application=application)
        with self._guard:
            self._open = announced
            self._scene = scene if announced is not None else None
        if self._over:
            self._take_back()

    def stop(self) -> None:
        """Announce nothing any more. On any thread."""
        self._over = True
        self._take_back()

    def _take_back(self) -> None:
        with self._guard:
            announced, self._open, self._scene = self._open, None, None
        if announced is not None:
            announced.stop()


_announcer = _Announcer()


def announce() -> None:
    """Tell colleagues which scene is open here now."""
    host, announcer = current().host, _announcer
    tag = host.get_tag() if host.current_path() is not None else None
    name = host.name
    current().looker.submit(lambda tool: announcer.change(tool, tag, name), topic="announce")


def look(task: str, name: str) -> None:
    """Ask who else has this file of a task open."""

    def show(others: list[Presence]) -> None:
        current().shown.others = tuple(others)

    def fail(_: Exception) -> None:
        current().shown.others = ()

    current().look(
        lambda tool: tool.who_is_here(task, name=name), show, topic="others", failed=fail
    )


def draw(layout: Any, *, width: float) -> None:
    """A line for everybody who has the scene open elsewhere."""
    from wf_core.workfiles.words import open_elsewhere

    now = datetime.datetime.now().astimezone()
    for one in current().shown.others:
        paragraph(layout, open_elsewhere(one, now), icon="USER", width=width, most=_LONGEST)


def register() -> None:
    global _announcer
    _announcer = _Announcer()


def unregister() -> None:
    """The workspace may be a share that does not answer: that is not waited for."""
    ending = threading.Thread(target=_announcer.stop, name="workfiles-leave", daemon=True)
    ending.start()
    ending.join(_STOP_SECONDS)
