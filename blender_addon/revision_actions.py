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
    from concurrent.futures import Future

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
    """The argument of what is done with a save that is not on the server yet."""

    bl_options = {"INTERNAL"}  # noqa: RUF012

    save_id: StringProperty(options={"SKIP_SAVE"})

    @failures_told
    def finish(self: Any, answer: Future[None]) -> set[str]:
        if bpy.app.background:
            current().wait(answer)
        return {"FINISHED"}

    @staticmethod
    def failed(problem: Exception) -> None:
        if not bpy.app.background:
            notify("That did not work", said(problem))


class WORKFILES_OT_retry_upload(_OfSave, bpy.types.Operator):  # noqa: N801
    """Try to send this save again, now"""

    bl_idname = "kitsu_workfiles.retry_upload"
    bl_label = "Retry"

    def execute(self, _: bpy.types.Context) -> set[str]:
        save_id = self.save_id
        return self.finish(
            current().saver.submit(
                lambda tool: tool.retry_in_background(save_id),
                done=lambda _: refresh.waiting(),
                failed=self.failed,
            )
        )


class WORKFILES_OT_cancel_upload(_OfSave, bpy.types.Operator):  # noqa: N801
    """Stop sending this save. It stays safe on this machine, and Retry sends it"""

    bl_idname = "kitsu_workfiles.cancel_upload"
    bl_label = "Cancel Upload"

    def execute(self, _: bpy.types.Context) -> set[str]:
        save_id = self.save_id
        return self.finish(
            current().saver.submit(
                lambda tool: tool.stop_upload(save_id),
                done=lambda _: refresh.waiting(),
                failed=self.failed,
            )
        )


_CLASSES = (
    WORKFILES_OT_edit_comment,
    WORKFILES_OT_show_in_folder,
    WORKFILES_OT_open_in_kitsu,
    WORKFILES_OT_retry_upload,
    WORKFILES_OT_cancel_upload,
)

register, unregister = registering(_CLASSES)
