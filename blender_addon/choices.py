"""What the artist typed and picked in the Kitsu tab: search words, pages, the picked revision.

Kept in this module, not in Blender's data: properties of the window manager are written into
.blend files. They are properties all the same, with a getter and a setter, so that Blender
can draw fields for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from .shown import redraw

if TYPE_CHECKING:
    from wf_core.results import Revision

__all__ = ["CHOICES", "SEARCHES", "Choices", "register", "unregister"]

SEARCHES = {
    "task_search": ("Search Tasks", "Words that occur in the task's name or status"),
    "revision_search": ("Search Revisions", "Words that occur in number, comment, author, state"),
}


@dataclass
class Choices:
    """The choices.

    Attributes:
        task_search, revision_search: what was typed.
        task_page, revision_page: which page of each list is shown, from 0.
        production: (id, name) of the production that is browsed; None: one's own tasks.
        entity_type, entity, task_type: how far it is narrowed.
        picked: id of the picked revision's working file.
        tasks_open: the list of tasks is shown although the scene has one.
    """

    task_search: str = ""
    revision_search: str = ""
    task_page: int = 0
    revision_page: int = 0
    production: tuple[str, str] | None = None
    entity_type: str = ""
    entity: str = ""
    task_type: str = ""
    picked: str = ""
    tasks_open: bool = False
    production_names: list[tuple[str, str]] = field(default_factory=list)

    def picked_of(self, revisions: list[Revision] | None) -> Revision | None:
        """The picked revision, if it is among these."""
        return next((r for r in revisions or () if r.working_file_id == self.picked), None)


CHOICES = Choices()


def _search(attribute: str, title: str, description: str) -> Any:
    def get(_: object) -> str:
        return str(getattr(CHOICES, attribute))

    def put(_: object, value: str) -> None:
        setattr(CHOICES, attribute, value)
        setattr(CHOICES, attribute.replace("search", "page"), 0)
        redraw()

    return StringProperty(
        name=title, description=description, get=get, set=put, options={"TEXTEDIT_UPDATE"}
    )


def register() -> None:
    for attribute, words in SEARCHES.items():
        setattr(bpy.types.WindowManager, f"kitsu_workfiles_{attribute}", _search(attribute, *words))


def unregister() -> None:
    CHOICES.__dict__.update(vars(Choices()))
    for attribute in SEARCHES:
        delattr(bpy.types.WindowManager, f"kitsu_workfiles_{attribute}")
