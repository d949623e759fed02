"""What can be done with a revision, or with a save on its way, beside opening it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from . import refresh
from .classes import registering
from .opening import OfRevision
from .session import current
from .telling import browse, failures_told, notify, said, tell

if TYPE_CHECKING:
    from wf_core.workfiles import Workfiles

__all__ = ["register", "unregister"]


class WORKFILES_OT_edit_comment(OfRevision, bpy.types.Operator):  # noqa: N801
    """Change the comment of this revision in Kitsu"""

    bl_idname = "kitsu_workfiles.edit_comment"
    bl_label = "Edit Comment"

    comment: StringProperty(name="Comment", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        return set(
            context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Change")
        )

    def draw(self, _: bpy.types.Context) -> None:
        self.layout.label(text=f"Revision {self.revision} of {self.name}")
        self.layout.prop(self, "comment")

    @failures_told
    def execute(self, _: bpy.types.Context) -> set[str]:
        session, task = current(), self.reference()
        revision, name, comment = self.revision, self.name, self.comment

        def failed(problem: Exception) -> None:
            if not bpy.app.background:
                notify("The comment was not changed", said(problem))

        session.notice_online_access()
        answer = session.looker.submit(
            lambda tool: tool.comment(task, revision, comment, name=name),
            done=lambda _: refresh.revisions(),
            failed=failed,
        )
        if bpy.app.background:
            session.wait(answer)
        return {"FINISHED"}


class WORKFILES_OT_show_in_folder(bpy.types.Operator):  # noqa: N801
    """Show the folder of this file in the system's file browser"""

    bl_idname = "kitsu_workfiles.show_in_folder"
    bl_label = "Show in Folder"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})

    def execute(self, _: bpy.types.Context) -> set[str]:
        folder = Path(self.filepath).parent
        if not folder.is_dir():
            tell(self, "WARNING", f"There is no folder {folder} on this machine yet.")
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(folder))
        return {"FINISHED"}


class WORKFILES_OT_open_in_kitsu(bpy.types.Operator):  # noqa: N801
    """Open the page of the task in Kitsu"""

    bl_idname = "kitsu_workfiles.open_in_kitsu"
    bl_label = "Open in Kitsu"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _: bpy.types.Context) -> bool:
        if refresh.task_in_view() is None:
            cls.poll_message_set("Choose a task first")
            return False
        return True

    def execute(self, _: bpy.types.Context) -> set[str]:
        task = refresh.task_in_view()
        if task is not None:
            current().looker.submit(lambda tool: tool.page_of(task.id), done=_browse)
        return {"FINISHED"}


def _browse(address: str) -> None:
    browse(address)


class _OfSave:
    """What is done with a save that is not on the server yet: ``do`` is handed to the thread
    that has the journal."""

    bl_options = {"INTERNAL"}  # noqa: RUF012

    save_id: StringProperty(options={"SKIP_SAVE"})

    @failures_told
    def execute(self: Any, _: bpy.types.Context) -> set[str]:
        save_id, do = self.save_id, self.do
        answer = current().saver.submit(
            lambda tool: do(tool, save_id),
            done=lambda _: refresh.waiting(),
            failed=_did_not_work,
        )
        if bpy.app.background:
            current().wait(answer)
        return {"FINISHED"}


def _did_not_work(problem: Exception) -> None:
    if not bpy.app.background:
        notify("That did not work", said(problem))


class WORKFILES_OT_retry_upload(_OfSave, bpy.types.Operator):  # noqa: N801
    """Try to send this save again, now"""

    bl_idname = "kitsu_workfiles.retry_upload"
    bl_label = "Retry"

    @staticmethod
    def do(tool: Workfiles, save_id: str) -> None:
        tool.retry_in_background(save_id)


class WORKFILES_OT_cancel_upload(_OfSave, bpy.types.Operator):  # noqa: N801
    """Stop sending this save. It stays safe on this machine, and Retry sends it"""

    bl_idname = "kitsu_workfiles.cancel_upload"
    bl_label = "Cancel Upload"

    @staticmethod
    def do(tool: Workfiles, save_id: str) -> None:
        tool.stop_upload(save_id)


class WORKFILES_OT_discard_save(_OfSave, bpy.types.Operator):  # noqa: N801
    """Give this save up. Its number is declared void; the scene stays where it was saved"""

    bl_idname = "kitsu_workfiles.discard_save"
    bl_label = "Discard"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return set(
            context.window_manager.invoke_confirm(
                self,
                event,
                title="Give this save up?",
                message="It is not sent to Kitsu. The scene stays where it was saved.",
                confirm_text="Discard",
            )
        )

    @staticmethod
    def do(tool: Workfiles, save_id: str) -> None:
        tool.discard(save_id)


_CLASSES = (
    WORKFILES_OT_edit_comment,
    WORKFILES_OT_show_in_folder,
    WORKFILES_OT_open_in_kitsu,
    WORKFILES_OT_retry_upload,
    WORKFILES_OT_cancel_upload,
    WORKFILES_OT_discard_save,
)

register, unregister = registering(_CLASSES)
