"""Choosing: the task of the scene, what is browsed, a revision, a page of a list."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from . import refresh
from .choices import CHOICES
from .classes import registering
from .session import current
from .shown import ChosenTask, redraw

__all__ = ["register", "unregister"]

_STEPS = (
    ("production", "Production", "The production to browse"),
    ("entity_type", "Type", "Keep to entities of one type"),
    ("entity", "Entity", "Keep to one entity"),
    ("task_type", "Task Type", "Keep to one type of task"),
)
_LONGEST_MENU = 60


class WORKFILES_OT_choose_task(bpy.types.Operator):  # noqa: N801
    """Make this the task of the open scene; its next revision is saved there"""

    bl_idname = "kitsu_workfiles.choose_task"
    bl_label = "Choose Task"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    task: StringProperty(description="UUID of the task", options={"SKIP_SAVE"})
    label: StringProperty(options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _: bpy.types.Context, properties: Any) -> str:
        return f"{properties.label}\n{cls.__doc__}"

    def execute(self, _: bpy.types.Context) -> set[str]:
        CHOICES.tasks_open = False
        CHOICES.revision_page, CHOICES.picked = 0, ""
        refresh.choose_task(ChosenTask(self.task, self.label))
        return {"FINISHED"}


class WORKFILES_OT_show_tasks(bpy.types.Operator):  # noqa: N801
    """Show the list of tasks in the place of the revisions, or hide it again"""

    bl_idname = "kitsu_workfiles.show_tasks"
    bl_label = "Change Task"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, _: bpy.types.Context) -> set[str]:
        CHOICES.tasks_open = not CHOICES.tasks_open
        if CHOICES.tasks_open:
            refresh.tasks()
        redraw()
        return {"FINISHED"}


class WORKFILES_OT_browse(bpy.types.Operator):  # noqa: N801
    """Narrow the list of tasks"""

    bl_idname = "kitsu_workfiles.browse"
    bl_label = "Browse"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    step: EnumProperty(items=_STEPS, options={"SKIP_SAVE"})
    value: StringProperty(options={"SKIP_SAVE"})
    label: StringProperty(options={"SKIP_SAVE"})

    def execute(self, _: bpy.types.Context) -> set[str]:
        CHOICES.task_page = 0
        steps = [step for step, _, _ in _STEPS]
        for later in steps[steps.index(self.step) + 1 :]:
            setattr(CHOICES, later, "")
        if self.step == "production":
            CHOICES.production = (self.value, self.label) if self.value else None
            current().shown.tasks = None
            refresh.tasks()
        else:
            setattr(CHOICES, self.step, self.value)
        redraw()
        return {"FINISHED"}


class WORKFILES_OT_pick_revision(bpy.types.Operator):  # noqa: N801
    """Pick this revision, for the buttons below the list"""

    bl_idname = "kitsu_workfiles.pick_revision"
    bl_label = "Pick Revision"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    working_file: StringProperty(options={"SKIP_SAVE"})
    comment: StringProperty(options={"SKIP_SAVE"})

    @classmethod
    def description(cls, _: bpy.types.Context, properties: Any) -> str:
        return properties.comment or "No comment"

    def execute(self, _: bpy.types.Context) -> set[str]:
        CHOICES.picked = "" if CHOICES.picked == self.working_file else self.working_file
        redraw()
        return {"FINISHED"}


class WORKFILES_OT_turn_page(bpy.types.Operator):  # noqa: N801
    """Show another part of the list"""

    bl_idname = "kitsu_workfiles.turn_page"
    bl_label = "Turn Page"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    kind: EnumProperty(
        items=(("task_page", "Tasks", ""), ("revision_page", "Revisions", "")),
        options={"SKIP_SAVE"},
    )
    page: IntProperty(min=0, options={"SKIP_SAVE"})

    def execute(self, _: bpy.types.Context) -> set[str]:
        setattr(CHOICES, self.kind, self.page)
        redraw()
        return {"FINISHED"}


class WORKFILES_OT_refresh(bpy.types.Operator):  # noqa: N801
    """Ask Kitsu again"""

    bl_idname = "kitsu_workfiles.refresh"
    bl_label = "Refresh"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, _: bpy.types.Context) -> set[str]:
        refresh.everything()
        return {"FINISHED"}


class WORKFILES_MT_production(bpy.types.Menu):  # noqa: N801
    bl_label = "Production"

    def draw(self, _: bpy.types.Context) -> None:
        _item(self.layout, "production", "", "My Tasks")
        self.layout.separator()
        for production_id, name in CHOICES.production_names:
            _item(self.layout, "production", production_id, name)
        if not CHOICES.production_names:
            none = current().shown.tasks is not None
            self.layout.label(text="No production has you on its team" if none else "Not read yet")


class _StepMenu:
    step = ""
    anything = ""

    def draw(self: Any, _: bpy.types.Context) -> None:
        from wf_core.workfiles.browsing import values_of

        tasks = current().shown.tasks or []
        kind = CHOICES.entity_type if self.step in ("entity", "task_type") else ""
        values = values_of(tasks, self.step, entity_type=kind)
        _item(self.layout, self.step, "", self.anything)
        self.layout.separator()
        for value in values[:_LONGEST_MENU]:
            _item(self.layout, self.step, value, value)
        if len(values) > _LONGEST_MENU:
            self.layout.label(text=f"{len(values) - _LONGEST_MENU} more: use the search field")


class WORKFILES_MT_entity_type(_StepMenu, bpy.types.Menu):  # noqa: N801
    bl_label = "Type"
    step, anything = "entity_type", "All Types"


class WORKFILES_MT_entity(_StepMenu, bpy.types.Menu):  # noqa: N801
    bl_label = "Entity"
    step, anything = "entity", "All Entities"


class WORKFILES_MT_task_type(_StepMenu, bpy.types.Menu):  # noqa: N801
    bl_label = "Task Type"
    step, anything = "task_type", "All Task Types"


def _item(layout: Any, step: str, value: str, label: str) -> None:
    item = layout.operator("kitsu_workfiles.browse", text=label, translate=False)
    item.step, item.value, item.label = step, value, label


_CLASSES = (
    WORKFILES_OT_choose_task,
    WORKFILES_OT_show_tasks,
    WORKFILES_OT_browse,
    WORKFILES_OT_pick_revision,
    WORKFILES_OT_turn_page,
    WORKFILES_OT_refresh,
    WORKFILES_MT_production,
    WORKFILES_MT_entity_type,
    WORKFILES_MT_entity,
    WORKFILES_MT_task_type,
)

register, unregister = registering(_CLASSES)
