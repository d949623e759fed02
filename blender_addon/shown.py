"""What panels show: the last answer to each question, and what has gone wrong.

Plain values, replaced as a whole on the main thread; drawing reads them and asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import bpy

from .externals import Externals

if TYPE_CHECKING:
    from wf_core.models import Person, Task
    from wf_core.results import CheckResult, PendingSave, Presence, Revision
    from wf_core.settings import Settings
    from wf_core.workfiles import NextRevision, SceneFacts

    from .account import Login

__all__ = ["TAB", "ChosenTask", "Shown", "Transfer", "redraw", "redrawing", "tab_is_open"]

TAB = "Kitsu"
"""The tab's name in the sidebar."""


@dataclass(frozen=True)
class ChosenTask:
    """A task by its id, and as people write it."""

    id: str
    label: str


class Transfer:
    """A download under way; its thread reports to it, panels read it."""

    def __init__(self, name: str, revision: int) -> None:
        self.name, self.revision = name, revision
        self.done, self.total = 0, 0
        self._cancelled = False

    def note(self, _: str, done: int, total: int) -> None:
        self.done, self.total = done, total

    def cancel(self) -> None:
        self._cancelled = True

    def is_cancelled(self) -> bool:
        return self._cancelled

    @property
    def share(self) -> float:
        """What is here of it, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass
class Shown:
    """The last answers.

    Attributes:
        settings: those in force; None while they are not known.
        person: who is logged in.
        tasks: the account's open tasks; None until they were asked for.
        task: the task that was chosen for the open scene, where it is not the scene's own.
        facts: about the open scene.
        next: what a save would do.
        revisions: of the task, newest first; None until they were asked for.
        pending: saves of this machine that are not on the server.
        expected: ids of saves made here that nobody has seen arrive; the quick ones are never
            seen among those that wait.
        sent: bytes sent and in total of those that are being sent.
        problems: by question, why there is no answer (to date).
        transfer: the download that is under way.
        login: the login that is under way.
        checks: of the set-up.
        others: who has this file of the task open elsewhere.
        externals: what the scene needs beside its file, as it was when a save was asked for.
        notice: what happened last, for the artist to read.
    """

    settings: Settings | None = None
    person: Person | None = None
    tasks: list[Task] | None = None
    task: ChosenTask | None = None
    facts: SceneFacts | None = None
    next: NextRevision | None = None
    revisions: list[Revision] | None = None
    pending: list[PendingSave] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    sent: dict[str, tuple[int, int]] = field(default_factory=dict)
    problems: dict[str, Exception] = field(default_factory=dict)
    transfer: Transfer | None = None
    login: Login | None = None
    checks: list[CheckResult] | None = None
    others: tuple[Presence, ...] = ()
    externals: Externals = field(default_factory=Externals)
    notice: str = ""

    @property
    def needs_login(self) -> bool:
        """Whether it is known that nobody is logged in."""
        if self.settings is not None and self.settings.server is None:
            return True
        problem = self.problems.get("account")
        return problem is not None and getattr(problem, "kind", "") == "not_logged_in"

    def drawn(self) -> Shown:
        """A copy to compare with later: without clocks, which always run, and without how far
        transfers are, which is drawn in its own time."""
        return replace(
            self,
            facts=self.facts and replace(self.facts, pending=_still(self.facts.pending)),
            next=None,  # for the dialog alone
            pending=[_still(row) for row in self.pending],
            sent=dict.fromkeys(self.sent, (0, 0)),
            problems=dict(self.problems),
            others=tuple(replace(one, seen=0.0) for one in self.others),
        )


def _still(row: Any) -> Any:
    """A row of the queue with its clocks stopped; None stays None."""
    return row and replace(row, age=None, next_try=None)


@contextmanager
def redrawing(shown: Shown) -> Iterator[None]:
    """Have it drawn again where something of it that is drawn changes within: drawing any
    part of a window costs Blender the whole window."""
    before = shown.drawn()
    yield
    if shown.drawn() != before:
        redraw()


def redraw() -> None:
    """Have the sidebars of 3D viewports and the preferences drawn again; nothing else is."""
    for area in _areas():
        if area.type == "PREFERENCES":
            area.tag_redraw()
        for region in _sidebars(area):
            region.tag_redraw()


def tab_is_open() -> bool:
    """Whether the Kitsu tab is on the screen."""
    return any(
        area.spaces.active.show_region_ui and region.active_panel_category == TAB
        for area in _areas()
        for region in _sidebars(area)
    )


def _areas() -> Iterator[Any]:
    for window in bpy.context.window_manager.windows:
        yield from window.screen.areas


def _sidebars(area: Any) -> Iterator[Any]:
    """Of a 3D viewport; other areas have none of ours."""
    if area.type == "VIEW_3D":
        yield from (region for region in area.regions if region.type == "UI")
