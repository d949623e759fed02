"""Save New Revision: the dialog, the save, and what is said afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from wf_core.errors import PathTaken, WorkfilesError

from . import core, externals, pictures, presence, refresh
from .classes import registering
from .options import preferences
from .session import OFFLINE, current
from .shown import redraw
from .telling import failures_told, notify, own_operator, paragraph, said, tell

if TYPE_CHECKING:
    from wf_core.results import SaveResult
    from wf_core.workfiles import NextRevision, SaveRequest, Workfiles

    from .externals import Externals

__all__ = ["look_ahead", "register", "unregister"]

_DIALOG_WIDTH = 460
_PREVIEW_SECONDS = 0.25
"""The dialog waits so long for the path of what would be saved; it opens without it then."""


def _names(_self: object, _context: bpy.types.Context, _typed: str) -> list[str]:
    upcoming = current().shown.next
    return list(upcoming.names) if upcoming is not None else ["main"]


def _name_changed(self: Any, _: bpy.types.Context) -> None:
    """Blender gives the operator's properties, not the operator."""
    if self.task and not bpy.app.background:
        look_ahead(self.task, self.name)


def look_ahead(task: str, name: str) -> None:
    """Ask what a save would do, and which of the files that were found beside the scene lie
    outside the production; wait a moment for the answer."""
    session = current()
    host, session.shown.next = session.host, None
    tag, beside = host.get_tag(), session.shown.externals

    def ask(tool: Workfiles) -> tuple[NextRevision, Externals]:
        upcoming = tool.next_revision(task, name=name, tag=tag, software=host.name)
        return upcoming, replace(beside, outside=beside.outside_of(upcoming))

    def show(answer: tuple[NextRevision, Externals]) -> None:
        session.shown.next, session.shown.externals = answer

    answer = session.look(ask, show, topic="next")
    session.prepare()
    session.main_thread.serve(answer, seconds=_PREVIEW_SECONDS)


class WORKFILES_OT_save_revision(bpy.types.Operator):  # noqa: N801  (Blender's naming)
    """Save the open scene as the next revision of its task in Kitsu"""

    bl_idname = "kitsu_workfiles.save_revision"
    bl_label = "Save New Revision"
    bl_options = {"INTERNAL"}  # noqa: RUF012  (Blender's way)

    task: StringProperty(
        name="Task",
        description="UUID, path-like reference or page address of the task; "
        "by default the open scene's",
        options={"SKIP_SAVE"},
    )
    name: StringProperty(
        name="File",
        description="Which of the task's files: main, or one of those beside it",
        default="main",
        search=_names,
        search_options={"SUGGESTION"},
        update=_name_changed,
        options={"SKIP_SAVE"},
    )
    comment: StringProperty(
        name="Comment", description="What changed", default="", options={"SKIP_SAVE"}
    )
    software: StringProperty(
        name="Software",
        description="Name of Kitsu's software record; Blender by default",
        options={"SKIP_SAVE"},
    )
    base_revision: IntProperty(
        name="Base Revision",
        description="The revision this one was made from; 0: what the scene says",
        min=0,
        options={"SKIP_SAVE"},
    )
    if_behind: EnumProperty(
        name="If Behind",
        description="What to do when somebody saved a revision after the one this scene is from",
        items=(("save", "Save", "Save anyway"), ("fail", "Fail", "Do not save")),
        default="save",
        options={"SKIP_SAVE"},
    )
    no_wait: BoolProperty(
        name="Do Not Wait",
        description="Return once the scene is safe here; it is sent in the background",
        default=False,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _: bpy.types.Context) -> bool:
        problem = core.problem()
        if problem is not None:
            cls.poll_message_set(f"{problem.message} {problem.hint}")
            return False
        if not bpy.app.background and current().shown.needs_login:
            cls.poll_message_set("Log in to Kitsu first, in the preferences of this extension")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        self.no_wait = True
        shown, task = current().shown, refresh.task_in_view()
        if not self.task:
            if task is None:
                tell(self, "WARNING", "Choose the task of this scene first, in the Kitsu tab.")
                return {"CANCELLED"}
            self.task = task.id
        options = preferences()
        shown.externals = externals.look() if options.list_missing else externals.Externals()
        if not self.properties.is_property_set("name") and shown.facts is not None:
            self.name = shown.facts.name  # the change has it looked ahead
        else:
            look_ahead(self.task, self.name)
        urgent = any(concern.urgent for concern in shown.externals.concerns())
        if not (options.ask_before_saving or urgent):
            return self.execute(context)
        return set(
            context.window_manager.invoke_props_dialog(
                self, width=_DIALOG_WIDTH, confirm_text="Save"
            )
        )

    def check(self, _: bpy.types.Context) -> bool:
        return True

    def draw(self, _: bpy.types.Context) -> None:
        shown = current().shown
        column = self.layout.column()
        upcoming = shown.next
        task = refresh.task_in_view()
        column.label(text=upcoming.label if upcoming else task.label if task else self.task)
        typed = column.row()
        typed.activate_init = True  # the dialog opens with the cursor in it
        typed.prop(self, "comment")
        column.prop(self, "name")
        column.separator()
        problem = shown.problems.get("next")
        if problem is not None:
            paragraph(column, said(problem), icon="ERROR", width=_DIALOG_WIDTH)
        elif upcoming is None:
            from wf_core.workfiles.words import NEXT_UNKNOWN

            paragraph(column, NEXT_UNKNOWN, icon="TIME", width=_DIALOG_WIDTH)
        else:
            self._draw_next(column, upcoming)
        if current().offline:
            paragraph(column, OFFLINE, icon="INTERNET_OFFLINE", width=_DIALOG_WIDTH)
        presence.draw(column, width=_DIALOG_WIDTH)
        externals.draw(column, shown.externals.concerns(), width=_DIALOG_WIDTH)

    def _draw_next(self, column: bpy.types.UILayout, upcoming: NextRevision) -> None:
        column.label(text=f"Revision {upcoming.revision}", icon="FILE_TICK")
        paragraph(column, str(upcoming.path), width=_DIALOG_WIDTH)
        from wf_core.workfiles.words import about_next

        for kind, text in about_next(upcoming):
            icon = "INTERNET_OFFLINE" if kind == "offline" else "ERROR"
            paragraph(column, text, icon=icon, width=_DIALOG_WIDTH)

    def execute(self, _: bpy.types.Context) -> set[str]:
        session = current()
        release = self.no_wait and not bpy.app.background
        try:
            request = self._request()
            written = session.save(
                request,
                wait=not self.no_wait,
                release=release,
                patience=self._patience(),
                done=_saved,
                failed=_failed_late,
            )
        except PathTaken as exc:
            if release:
                self._offer_adoption(exc)
            else:
                tell(self, "ERROR", said(exc))
            return {"CANCELLED"}
        except (WorkfilesError, core.CoreUnavailable) as exc:
            tell(self, "ERROR", said(exc))
            return {"CANCELLED"}
        from wf_core.workfiles import words

        number = written.tag.revision if written.tag else None
        name = written.written.name if written.written else ""
        saved = words.saved(number, name)
        self.report({"INFO"}, saved)
        session.shown.notice = saved
        session.shown.task = None  # it is the scene's own now
        if not bpy.app.background:
            if written.tag and preferences().pictures:
                picture = pictures.draw_viewport()
                if picture is not None:
                    pictures.keep(written.tag.save_id, picture)
            refresh.scene()
            refresh.waiting()
        return {"FINISHED"}

    def _request(self) -> SaveRequest:
        core.load()
        from wf_core.workfiles import SaveRequest

        task = self.task or refresh.task_of_scene()
        return SaveRequest(
            task=task,
            name=self.name,
            comment=self.comment,
            software=self.software or None,
            base_revision=self.base_revision or None,
            if_behind=self.if_behind,
        )

    def _patience(self) -> float | None:
        """Seconds a person may wait for one answer; scripts that wait anyway have the settings'."""
        if not self.no_wait:
            return None
        from wf_core.workfiles import patience_for

        upcoming = current().shown.next
        return patience_for(upcoming.answer_seconds if upcoming else None)

    def _offer_adoption(self, exc: PathTaken) -> None:
        upcoming = current().shown.next
        if upcoming is None or not upcoming.path.exists():
            tell(self, "ERROR", said(exc))
            return
        own_operator("adopt_file")(
            "INVOKE_DEFAULT",
            filepath=str(upcoming.path),
            task=self.task,
            name=self.name,
            comment=self.comment,
        )


class WORKFILES_OT_adopt_file(bpy.types.Operator):  # noqa: N801
    """Make the file that lies at the next revision's path that revision, as it is on the disk"""

    bl_idname = "kitsu_workfiles.adopt_file"
    bl_label = "Adopt File as Revision"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    task: StringProperty(options={"SKIP_SAVE"})
    name: StringProperty(default="main", options={"SKIP_SAVE"})
    comment: StringProperty(name="Comment", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        return set(
            context.window_manager.invoke_props_dialog(
                self, width=_DIALOG_WIDTH, confirm_text="Adopt"
            )
        )

    def draw(self, _: bpy.types.Context) -> None:
        column = self.layout.column()
        paragraph(
            column,
            "A file that is not a revision lies where the next revision belongs. It was left "
            "alone, and the open scene was not saved:",
            icon="ERROR",
            width=_DIALOG_WIDTH,
        )
        paragraph(column, self.filepath, width=_DIALOG_WIDTH)
        paragraph(
            column,
            "Adopt makes this file the revision, as it is on the disk. Then save the open scene "
            "again: it becomes the one after it.",
            width=_DIALOG_WIDTH,
        )
        column.prop(self, "comment")

    @failures_told
    def execute(self, _: bpy.types.Context) -> set[str]:
        core.load()
        from wf_core.workfiles import SaveRequest

        request = SaveRequest(task=self.task, name=self.name, comment=self.comment)
        result = current().adopt(Path(self.filepath), request)
        self.report({"INFO"}, f"Revision {result.revision} is {Path(result.path).name}")
        _saved(result)
        return {"FINISHED"}


def _saved(result: SaveResult) -> None:
    """The save is safe: on this machine's disk, and on its way."""
    from wf_core.workfiles import words

    shown = current().shown
    if shown.facts is not None and shown.facts.task_id == result.task_id:
        # what the server adds may take a while, or not come at all
        shown.facts = replace(
            shown.facts,
            name=result.name,
            has_file=True,
            revision=result.revision,
            provisional=result.revision is None,
            given_up=False,
            file="same",
            online=result.revision is not None,
        )
    # that a number is missing is said by the state of the scene, for as long as it is so
    shown.notice = words.is_safe(result.revision) if result.revision else ""
    if bpy.app.background:
        return
    shown.expected.add(result.save_id)
    refresh.waiting()
    refresh.scene()
    redraw()


def _failed_late(problem: Exception) -> None:
    """Blender has written the scene, but it could not be kept or put onto the disk."""
    notify("Saving the revision failed", said(problem))
    refresh.scene()


_CLASSES = (WORKFILES_OT_save_revision, WORKFILES_OT_adopt_file)

register, unregister = registering(_CLASSES)
