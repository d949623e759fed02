"""Opening revisions: from the disk when the file is there and right, else brought here first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty, StringProperty

from wf_core.errors import Cancelled, WorkfilesError

from . import refresh
from .classes import registering
from .options import preferences
from .session import current
from .shown import Transfer, redraw
from .telling import failures_told, in_a_window, notify, own_operator, paragraph, said, tell

if TYPE_CHECKING:
    from concurrent.futures import Future

    from wf_core.workfiles import Brought, Workfiles

__all__ = ["OfRevision", "register", "unregister"]

_DIALOG_WIDTH = 460


def _bring(task: str, name: str, revision: int, then: Callable[[Brought], None]) -> Future[Brought]:
    """Have a revision on this disk, then call ``then`` on the main thread."""
    session = current()
    transfer = session.shown.transfer = Transfer(name, revision)

    def work(tool: Workfiles) -> Brought:
        return tool.bring(
            task, revision, name=name, progress=transfer.note, cancel=transfer.is_cancelled
        )

    def over() -> None:
        if session.shown.transfer is transfer:
            session.shown.transfer = None
        redraw()

    def done(brought: Brought) -> None:
        over()
        then(brought)

    def failed(problem: Exception) -> None:
        over()
        if not bpy.app.background and not isinstance(problem, Cancelled):
            notify(f"Revision {revision} is not here", said(problem))

    session.notice_online_access()
    return session.fetcher.submit(work, done=done, failed=failed, topic="bring")


class OfRevision:
    """The arguments of what is done with one revision."""

    bl_options = {"INTERNAL"}  # noqa: RUF012  (Blender's way)

    task: StringProperty(
        name="Task",
        description="UUID, path-like reference or page address of the task; "
        "by default the open scene's",
        options={"SKIP_SAVE"},
    )
    name: StringProperty(name="File", default="main", options={"SKIP_SAVE"})
    revision: IntProperty(name="Revision", min=1, options={"SKIP_SAVE"})

    def reference(self) -> str:
        """The task. Raises WorkfilesError when none is given and the scene names none."""
        return self.task or refresh.task_of_scene()


class WORKFILES_OT_open_revision(OfRevision, bpy.types.Operator):  # noqa: N801
    """Open this revision, from this disk or from Kitsu. Saving it makes the next revision"""

    bl_idname = "kitsu_workfiles.open_revision"
    bl_label = "Open Revision"

    def invoke(self, _: bpy.types.Context, __: bpy.types.Event) -> set[str]:
        try:
            _bring(self.reference(), self.name, self.revision, _open_in_window)
        except WorkfilesError as exc:
            tell(self, "ERROR", said(exc))
            return {"CANCELLED"}
        return {"FINISHED"}

    @failures_told
    def execute(self, _: bpy.types.Context) -> set[str]:
        """For scripts: waits, asks nothing, and drops unsaved changes as opening a file does."""
        session = current()
        host = session.host
        answer = _bring(self.reference(), self.name, self.revision, lambda _: None)
        brought = session.wait(answer)
        host.trusted = preferences().trust_scripts
        host.open(brought.path)
        if brought.as_saved is False:
            tell(self, "WARNING", f"{brought.path.name} is not what was saved as this revision.")
        return {"FINISHED"}


class WORKFILES_OT_get_revision(OfRevision, bpy.types.Operator):  # noqa: N801
    """Bring this revision to this disk without opening it"""

    bl_idname = "kitsu_workfiles.get_revision"
    bl_label = "Get Revision"

    @failures_told
    def execute(self, _: bpy.types.Context) -> set[str]:
        session, revision = current(), self.revision

        def told(brought: Brought) -> None:
            kind = "was brought" if brought.downloaded else "is"
            session.shown.notice = f"Revision {revision} {kind} here: {brought.path}"

        answer = _bring(self.reference(), self.name, revision, told)
        if bpy.app.background:
            session.wait(answer)
        return {"FINISHED"}


class WORKFILES_OT_cancel_get(bpy.types.Operator):  # noqa: N801
    """Stop bringing the revision here; nothing of it stays behind"""

    bl_idname = "kitsu_workfiles.cancel_get"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, _: bpy.types.Context) -> set[str]:
        transfer = current().shown.transfer
        if transfer is not None:
            transfer.cancel()
        return {"FINISHED"}


class WORKFILES_OT_open_as_it_is(bpy.types.Operator):  # noqa: N801
    """Open the file although it is not what was saved as the revision"""

    bl_idname = "kitsu_workfiles.open_as_it_is"
    bl_label = "Open the File as It Is"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        return set(
            context.window_manager.invoke_props_dialog(
                self, width=_DIALOG_WIDTH, confirm_text="Open"
            )
        )

    def draw(self, _: bpy.types.Context) -> None:
        from wf_core.workfiles.words import OPEN_CHANGED

        column = self.layout.column()
        paragraph(
            column,
            OPEN_CHANGED,
            icon="ERROR",
            width=_DIALOG_WIDTH,
        )
        paragraph(column, self.filepath, width=_DIALOG_WIDTH)

    def execute(self, _: bpy.types.Context) -> set[str]:
        _open_with_prompt(self.filepath)
        return {"FINISHED"}


def _open_in_window(brought: Brought) -> None:
    with in_a_window():
        if brought.as_saved is False:
            own_operator("open_as_it_is")("INVOKE_DEFAULT", filepath=str(brought.path))
        else:
            _open_with_prompt(str(brought.path))


def _open_with_prompt(filepath: str) -> None:
    """Blender's own way: it asks about unsaved changes, and says itself what it cannot read."""
    bpy.ops.wm.open_mainfile(
        "INVOKE_DEFAULT",
        filepath=filepath,
        display_file_selector=False,
        load_ui=bpy.context.preferences.filepaths.use_load_ui,
        use_scripts=preferences().trust_scripts,
    )


_CLASSES = (
    WORKFILES_OT_open_revision,
    WORKFILES_OT_get_revision,
    WORKFILES_OT_cancel_get,
    WORKFILES_OT_open_as_it_is,
)

register, unregister = registering(_CLASSES)
