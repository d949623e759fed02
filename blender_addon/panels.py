"""The Kitsu tab in the sidebar of the 3D viewport."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from . import core, pictures, presence, refresh
from .choices import CHOICES
from .classes import registering
from .preferences import draw_account
from .session import current
from .shown import TAB
from .telling import paragraph, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wf_core.models import Task
    from wf_core.results import Revision
    from wf_core.workfiles import SceneState

__all__ = ["register", "scene_state", "unregister"]

_TASKS = 8
_REVISIONS = 6
_PICTURE = 5.0  # times 20 pixels
_COMMENT = 3  # lines; there is room for these beside a picture
_NARROW = 180  # pixels; there is no room for words beside a picture or a button then
_STATE_ICONS = {
    "no_task": "QUESTION",
    "unsaved": "FILE_NEW",
    "not_a_revision": "ERROR",
    "changed": "GREASEPENCIL",
    "revision": "CHECKMARK",
    "provisional": "TIME",
}
_REVISION_ICONS = {
    "committed": "CHECKMARK",
    "incomplete": "SORTTIME",
    "void": "CANCEL",
    "foreign": "FILE_HIDDEN",
}


def scene_state() -> SceneState | None:
    """The state of the open scene as it is at this moment; None while nothing is known."""
    shown = current().shown
    if shown.facts is None:
        return None
    from wf_core.workfiles import scene_state as state_of

    facts = replace(
        shown.facts,
        modified=bpy.data.is_dirty,
        online=shown.facts.online and not current().offline,
        asked=not current().offline,
        waiting=len(shown.pending),
    )
    if facts.pending is not None:
        row = next((r for r in shown.pending if r.save_id == facts.pending.save_id), None)
        facts = replace(facts, pending=row, sent=shown.sent.get(row.save_id) if row else None)
    return state_of(facts)


class _KitsuPanel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = TAB

    @staticmethod
    def width(context: bpy.types.Context) -> float:
        """Pixels of a line of text in this sidebar, before Blender's scale."""
        return context.region.width / context.preferences.system.ui_scale - 54

    @classmethod
    def logged_in(cls) -> bool:
        shown = current().shown
        if core.problem() is not None or not core.ready():
            return False
        return shown.login is None and shown.settings is not None and not shown.needs_login


class WORKFILES_PT_scene(_KitsuPanel, bpy.types.Panel):  # noqa: N801
    bl_label = "Kitsu"

    def draw_header_preset(self, _: bpy.types.Context) -> None:
        self.layout.operator("kitsu_workfiles.refresh", text="", icon="FILE_REFRESH", emboss=False)

    def draw(self, context: bpy.types.Context) -> None:
        layout, width = self.layout.column(), self.width(context)
        if not self.logged_in():
            draw_account(layout, width)
            return
        session = current()
        if session.offline:
            paragraph(layout, session.offline, icon="INTERNET_OFFLINE", width=width)
        self._draw_task(layout, width)
        self._draw_state(layout, width)
        column = layout.column(align=True)
        column.operator_context = "INVOKE_DEFAULT"
        row = column.row()
        row.scale_y = 1.4
        row.operator("kitsu_workfiles.save_revision", icon="FILE_TICK")
        if bpy.data.filepath:
            folder = column.operator("kitsu_workfiles.show_in_folder", icon="FILE_FOLDER")
            folder.filepath = bpy.data.filepath
        column.operator("kitsu_workfiles.open_in_kitsu", icon="URL")
        if session.shown.notice:
            paragraph(layout, session.shown.notice, width=width)

    @staticmethod
    def _draw_task(layout: Any, width: float) -> None:
        task = refresh.task_in_view()
        if task is not None:
            paragraph(layout, task.label, icon="OUTLINER_OB_GROUP_INSTANCE", width=width)
            if CHOICES.tasks_open:
                layout.operator("kitsu_workfiles.show_tasks", text="Keep This Task", icon="TRIA_UP")
            else:
                layout.operator("kitsu_workfiles.show_tasks", icon="DOWNARROW_HLT")

    @staticmethod
    def _draw_state(layout: Any, width: float) -> None:
        state = scene_state()
        problem = current().shown.problems.get("scene")
        if state is None:
            if problem is not None:
                paragraph(layout, said(problem), icon="ERROR", width=width)
            else:
                layout.label(text="Looking…", icon="TIME")
            return
        box = layout.box().column(align=True)
        icon = "ERROR" if state.failed else _STATE_ICONS[state.kind]
        alert = state.kind == "not_a_revision" or state.failed
        paragraph(box, state.title, icon=icon, width=width - 10, alert=alert)
        for detail in state.details:
            paragraph(box, detail, width=width - 10)
        if state.progress is not None:
            box.progress(factor=state.progress, text=f"{state.progress * 100:.0f} %")
        presence.draw(box, width=width - 10)


class WORKFILES_PT_tasks(_KitsuPanel, bpy.types.Panel):  # noqa: N801
    bl_label = "Tasks"

    @classmethod
    def poll(cls, _: bpy.types.Context) -> bool:
        return cls.logged_in() and (CHOICES.tasks_open or refresh.task_in_view() is None)

    def draw(self, context: bpy.types.Context) -> None:
        from wf_core.workfiles import words
        from wf_core.workfiles.browsing import TaskFilter, narrowed

        layout, width = self.layout.column(), self.width(context)
        layout.prop(context.window_manager, "kitsu_workfiles_task_search", text="", icon="VIEWZOOM")
        browsed = CHOICES.production[1] if CHOICES.production else "My Tasks"
        column = layout.column(align=True)
        column.menu("WORKFILES_MT_production", text=browsed, translate=False)
        if CHOICES.production is not None:
            column.menu("WORKFILES_MT_entity_type", text=CHOICES.entity_type or "All Types")
            column.menu("WORKFILES_MT_entity", text=CHOICES.entity or "All Entities")
        column.menu("WORKFILES_MT_task_type", text=CHOICES.task_type or "All Task Types")
        shown = current().shown
        problem = shown.problems.get("tasks")
        if problem is not None and not (current().offline and shown.tasks):
            paragraph(layout, said(problem), icon="ERROR", width=width)
            return
        if shown.tasks is None:
            layout.label(text=words.ASKING, icon="TIME")
            return
        by = TaskFilter(CHOICES.task_search, CHOICES.entity_type, CHOICES.entity, CHOICES.task_type)
        tasks = narrowed(shown.tasks, by)
        if not tasks:
            why = words.NO_TASK_FITS if shown.tasks else words.NO_TASK
            paragraph(layout, why, icon="INFO", width=width)
            return
        page = tasks[CHOICES.task_page * _TASKS :][:_TASKS]
        for task in page:
            self._draw_one(layout, task, width)
        _draw_pages(layout, "task_page", len(tasks), _TASKS)

    @staticmethod
    def _draw_one(layout: Any, task: Task, width: float) -> None:
        chosen = refresh.task_in_view()
        box = layout.box()
        row = box.row()
        lines = row.column(align=True)
        paragraph(lines, f"{task.place}/{task.task_type_name or ''}", width=width - 40)
        facts = ("" if CHOICES.production else task.project_name, task.task_status_name)
        small = lines.column()
        small.active = False
        paragraph(small, ", ".join(fact for fact in facts if fact), width=width - 40)
        is_chosen = chosen is not None and chosen.id == task.id
        choose = row.operator(
            "kitsu_workfiles.choose_task",
            text="",
            icon="RADIOBUT_ON" if is_chosen else "RADIOBUT_OFF",
            emboss=False,
        )
        choose.task, choose.label = task.id, task.label


class WORKFILES_PT_waiting(_KitsuPanel, bpy.types.Panel):  # noqa: N801
    bl_label = "On the Way to Kitsu"

    @classmethod
    def poll(cls, _: bpy.types.Context) -> bool:
        return cls.logged_in() and bool(current().shown.pending)

    def draw(self, context: bpy.types.Context) -> None:
        from wf_core.steps import DISCARD, RETRY
        from wf_core.workfiles import words

        layout, width = self.layout.column(), self.width(context)
        shown = current().shown
        for save in shown.pending:
            box = layout.box().column(align=True)
            number = f" v{save.revision:03d}" if save.revision else ", no number yet"
            name = "" if save.name == "main" else f" {save.name}"
            paragraph(box, f"{save.task}{name}{number}", width=width - 10)
            sent = shown.sent.get(save.save_id)
            if sent is not None and sent[1]:
                box.progress(factor=sent[0] / sent[1], text=f"{100 * sent[0] // sent[1]} %")
            elif save.error:
                paragraph(box, save.error, icon="ERROR", width=width - 10)
                if not any(step in save.error for step in (RETRY, DISCARD)):  # it says it itself
                    paragraph(box, save.hint, width=width - 10)
            else:
                paragraph(box, words.waits(save.state), icon="TIME", width=width - 10)
            buttons = box.column(align=True) if width < _NARROW else box.row(align=True)
            if save.state == "parked" or (save.error and sent is None):
                buttons.operator("kitsu_workfiles.retry_upload").save_id = save.save_id
            what = "discard_save" if save.state == "parked" else "cancel_upload"
            buttons.operator(f"kitsu_workfiles.{what}").save_id = save.save_id


class WORKFILES_PT_revisions(_KitsuPanel, bpy.types.Panel):  # noqa: N801
    bl_label = "Revisions"

    @classmethod
    def poll(cls, _: bpy.types.Context) -> bool:
        """Not while the list of tasks is open: Blender may put that one below, out of sight."""
        if not cls.logged_in() or CHOICES.tasks_open:
            return False
        return refresh.task_in_view() is not None

    def draw(self, context: bpy.types.Context) -> None:
        from wf_core.workfiles import words
        from wf_core.workfiles.browsing import revisions_matching

        layout, width = self.layout.column(), self.width(context)
        shown = current().shown
        if shown.transfer is not None:
            box = layout.box().column(align=True)
            box.progress(
                factor=shown.transfer.share,
                text=f"Getting revision {shown.transfer.revision}",
            )
            box.operator("kitsu_workfiles.cancel_get", icon="CANCEL")
        problem = shown.problems.get("revisions")
        if problem is not None and not (current().offline and shown.revisions):  # said above
            paragraph(layout, said(problem), icon="ERROR", width=width)
        if shown.revisions is None:
            if problem is None:
                layout.label(text=words.ASKING, icon="TIME")
            return
        if not shown.revisions:
            paragraph(layout, words.NO_REVISION, icon="INFO", width=width)
            return
        layout.prop(
            context.window_manager, "kitsu_workfiles_revision_search", text="", icon="VIEWZOOM"
        )
        found = revisions_matching(shown.revisions, CHOICES.revision_search)
        if not found:
            paragraph(layout, words.NO_REVISION_FITS, icon="INFO", width=width)
        page = found[CHOICES.revision_page * _REVISIONS :][:_REVISIONS]
        now = datetime.datetime.now(datetime.timezone.utc)
        for revision in page:
            self._draw_one(layout, revision, width, now)
        _draw_pages(layout, "revision_page", len(found), _REVISIONS)

    @classmethod
    def _draw_one(
        cls, layout: Any, revision: Revision, width: float, now: datetime.datetime
    ) -> None:
        from wf_core.workfiles.words import REVISION_STATES, age, size

        picked = CHOICES.picked == revision.working_file_id
        facts = current().shown.facts
        is_open = (
            facts is not None
            and facts.file != "elsewhere"
            and (facts.name, facts.revision) == (revision.name, revision.revision)
        )
        box = layout.box().column(align=True)
        picture = pictures.icon_of(revision)
        room, beside = width - 10, box
        if picture and width >= _NARROW:  # a row would make the picture as small as it likes
            beside = box.split(factor=_PICTURE * 20 / room, align=True)
            room -= _PICTURE * 20
        if picture:
            beside.template_icon(icon_value=picture, scale=_PICTURE)
        lines = beside.column(align=True)
        top = lines.row(align=True)
        name = "" if revision.name == "main" else f" {revision.name}"
        pick = top.operator(
            "kitsu_workfiles.pick_revision",
            text=f"v{revision.revision:03d}{name}{' (open)' if is_open else ''}",
            icon=_REVISION_ICONS[revision.state],
            depress=picked,
        )
        pick.working_file, pick.comment = revision.working_file_id, revision.comment
        if revision.comment:
            paragraph(lines, revision.comment, width=room, most=None if picked else _COMMENT)
        facts_line = (revision.author, age(revision.created_at, now), size(revision.size))
        small = lines.column()
        small.active = False
        paragraph(small, ", ".join(part for part in facts_line if part), width=room)
        words = REVISION_STATES[revision.state]
        if words:
            paragraph(small, words, width=room)
        if picked:
            cls._draw_buttons(box, revision, width)

    @staticmethod
    def _draw_buttons(box: Any, revision: Revision, width: float) -> None:
        if revision.base_revision:
            paragraph(box, f"Made from revision {revision.base_revision}", width=width - 10)
        box.operator_context = "INVOKE_DEFAULT"
        for idname, icon in (
            ("kitsu_workfiles.open_revision", "FILE_BLEND"),
            ("kitsu_workfiles.get_revision", "IMPORT"),
            ("kitsu_workfiles.edit_comment", "GREASEPENCIL"),
        ):
            row = box.row()
            row.enabled = revision.state in ("committed", "foreign") or icon == "GREASEPENCIL"
            button = row.operator(idname, icon=icon)
            button.task, button.name = revision.task_id, revision.name
            button.revision = revision.revision
            if icon == "GREASEPENCIL":
                button.comment = revision.comment
        if revision.path:
            folder = box.operator("kitsu_workfiles.show_in_folder", icon="FILE_FOLDER")
            folder.filepath = revision.path


def _draw_pages(layout: Any, kind: str, count: int, per_page: int) -> None:
    if count <= per_page:
        return
    page = getattr(CHOICES, kind)
    row = layout.row(align=True)
    back = row.row()
    back.enabled = page > 0
    turn = back.operator("kitsu_workfiles.turn_page", text="", icon="TRIA_LEFT")
    turn.kind, turn.page = kind, max(0, page - 1)
    first = page * per_page + 1
    middle = row.row()
    middle.alignment = "CENTER"
    middle.label(text=f"{first} to {min(count, first + per_page - 1)} of {count}")
    forth = row.row()
    forth.enabled = (page + 1) * per_page < count
    turn = forth.operator("kitsu_workfiles.turn_page", text="", icon="TRIA_RIGHT")
    turn.kind, turn.page = kind, page + 1


_CLASSES: Sequence[type] = (
    WORKFILES_PT_scene,
    WORKFILES_PT_tasks,
    WORKFILES_PT_waiting,
    WORKFILES_PT_revisions,
)

register, unregister = registering(_CLASSES)
