"""The preferences: the account, where things lie, what happens on open and save, a check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from . import core, refresh
from .classes import registering
from .session import current
from .shown import redraw
from .telling import notify, paragraph, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from wf_core.results import CheckResult
    from wf_core.settings import Settings
    from wf_core.workfiles import Workfiles

__all__ = ["draw_account", "register", "unregister"]

_ROOM_FOR_LOGIN = 200  # pixels
_SIDE_BY_SIDE = 400  # pixels
_SYSTEM = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")


class WorkfilesPreferences(bpy.types.AddonPreferences):
    """What a user decides for Blender; server, workspace and mounts are every application's."""

    bl_idname = __package__

    ask_before_saving: BoolProperty(
        name="Ask for a comment",
        description="The shortcut and the buttons show a dialog before they save. Off: they save "
        "at once, without a comment",
        default=True,
    )
    list_missing: BoolProperty(
        name="List external files",
        description="Before saving, list files that cannot be found, linked files outside the "
        "production, and images that are not packed",
        default=True,
    )
    pictures: BoolProperty(
        name="Draw a picture",
        description="Draw the viewport after saving, for the list of revisions",
        default=True,
    )
    send_pictures: BoolProperty(
        name="Send the picture to Kitsu",
        description="Make the picture the preview of the task in Kitsu, with the comment of the "
        "revision",
        default=False,
    )
    look_on_open: BoolProperty(
        name="Look for newer revisions",
        description="Ask Kitsu about the scene when a file is opened",
        default=True,
    )
    trust_scripts: BoolProperty(
        name="Trust scripts in scenes",
        description="Let scenes opened from Kitsu run the Python scripts and drivers embedded "
        "in them. Leave it off unless you know who saves to your productions",
        default=False,
    )

    def draw(self, context: bpy.types.Context) -> None:
        refresh.seen()
        scale = context.preferences.system.ui_scale
        width = context.region.width / scale - 60
        layout = self.layout
        box = layout.box().column()
        box.label(text="Account", icon="USER")
        draw_account(box, width)
        self._draw_places(layout.box().column(), width)
        side_by_side = width >= _SIDE_BY_SIDE
        columns = layout.row() if side_by_side else layout.column()
        column = columns.box().column()
        column.label(text="On Save", icon="FILE_TICK")
        column.prop(self, "ask_before_saving")
        column.prop(self, "list_missing")
        column.prop(self, "pictures")
        row = column.row()
        row.active = self.pictures
        row.prop(self, "send_pictures")
        column = columns.box().column()
        column.label(text="On Open", icon="FILE_FOLDER")
        column.prop(self, "look_on_open")
        column.prop(self, "trust_scripts")
        if self.trust_scripts:
            paragraph(
                column,
                "Scenes from Kitsu may run any Python code on this machine.",
                icon="ERROR",
                width=width / 2 - 20 if side_by_side else width,
                alert=True,
            )
        self._draw_checks(layout.box().column(), width)

    @staticmethod
    def _draw_places(box: Any, width: float) -> None:
        settings = current().shown.settings
        row = box.row()
        row.label(text="Workspace", icon="FILE_FOLDER")
        row.operator("kitsu_workfiles.set_workspace", text="Change…")
        if settings is None:
            box.label(text="Not read yet.")
            return
        paragraph(box, str(settings.workspace), width=width)
        row = box.row()
        row.label(text="Mount Points", icon="NETWORK_DRIVE")
        row.operator("kitsu_workfiles.add_mount", text="Add…")
        if not settings.profile.mounts:
            text = "None: everything lies in the workspace, in the folders of the file tree."
            paragraph(box, text, width=width)
        for number, mount in enumerate(settings.profile.mounts):
            row = box.row()
            here = getattr(mount, _SYSTEM) or "not mounted on this system"
            paragraph(row.column(), f"{mount.server}  →  {here}", width=width - 40)
            remove = row.operator("kitsu_workfiles.remove_mount", text="", icon="X")
            remove.number = number

    @staticmethod
    def _draw_checks(box: Any, width: float) -> None:
        row = box.row()
        row.label(text="Set-up", icon="CHECKMARK")
        row.operator("kitsu_workfiles.check_setup")
        shown = current().shown
        problem = shown.problems.get("checks")
        if problem is not None:
            paragraph(box, said(problem), icon="ERROR", width=width)
        elif shown.checks is None:
            box.label(text="Not checked in this session.")
        for check in shown.checks or ():
            text = f"{check.name}: {check.message} {'' if check.ok else check.hint}".rstrip()
            paragraph(box, text, icon="CHECKMARK" if check.ok else "ERROR", width=width)


def draw_account(box: Any, width: float) -> None:
    """Who is logged in where, and the way in or out."""
    session = current()
    shown = session.shown
    problem = core.problem()
    server = shown.settings.server if shown.settings else None
    if problem is not None:
        paragraph(box, said(problem), icon="ERROR", width=width, alert=True)
        return
    if session.offline:
        paragraph(box, session.offline, icon="INTERNET_OFFLINE", width=width)
    if shown.login is not None:
        if shown.login.in_browser:
            paragraph(box, "Waiting for your answer in the browser…", icon="TIME", width=width)
            box.operator("kitsu_workfiles.cancel_login")
        else:
            paragraph(box, f"Logging in to {shown.login.server}…", icon="TIME", width=width)
        return
    if shown.person is not None:
        paragraph(box, f"{shown.person.display_name}, {server}", icon="CHECKMARK", width=width)
        box.operator("kitsu_workfiles.logout")
        return
    account = shown.problems.get("account")
    if account is not None and not shown.needs_login:
        paragraph(box, said(account), icon="ERROR", width=width)
    elif shown.settings is None:
        box.label(text="Loading…", icon="TIME")
        return
    elif shown.needs_login:
        paragraph(box, "Nobody is logged in.", icon="INFO", width=width)
    elif server:
        paragraph(box, f"Server: {server}", width=width)
    column = box.column(align=True)
    column.enabled = not session.offline
    browser = "Log In through the Browser" if width >= _ROOM_FOR_LOGIN else "Log In with Browser"
    column.operator("kitsu_workfiles.login_browser", text=browser, icon="URL")
    column.operator("kitsu_workfiles.login", text="Log In with E-mail…", icon="USER")


def _change(change: Callable[[Settings], dict[str, Any]]) -> None:
    """Write settings, on a thread, then use them."""
    session = current()

    def work(tool: Workfiles) -> None:
        from wf_core.settings import load, remember

        remember(tool.settings, **change(load()))

    def done(_: None) -> None:
        session.renew()
        refresh.everything()

    def failed(problem: Exception) -> None:
        notify("The settings were not changed", said(problem))

    answer = session.saver.submit(work, done=done, failed=failed)
    if bpy.app.background:
        session.wait(answer)


class WORKFILES_OT_set_workspace(bpy.types.Operator):  # noqa: N801
    """Choose the folder under which scenes lie that no mount point claims"""

    bl_idname = "kitsu_workfiles.set_workspace"
    bl_label = "Use as Workspace"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _: bpy.types.Context) -> set[str]:
        folder = Path(self.directory)
        _change(lambda _: {"workspace": folder})
        return {"FINISHED"}


class WORKFILES_OT_add_mount(bpy.types.Operator):  # noqa: N801
    """Say where this machine has a folder of the production's file tree"""

    bl_idname = "kitsu_workfiles.add_mount"
    bl_label = "Add Mount Point"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    server: StringProperty(
        name="In the file tree", description="Such as /prods", options={"SKIP_SAVE"}
    )
    folder: StringProperty(name="On this machine", subtype="DIR_PATH", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _: bpy.types.Event) -> set[str]:
        return set(context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Add"))

    def execute(self, _: bpy.types.Context) -> set[str]:
        mount = {"server": self.server.strip(), _SYSTEM: bpy.path.abspath(self.folder)}

        def added(settings: Settings) -> dict[str, Any]:
            known = [m.model_dump(exclude_none=True) for m in settings.profile.mounts]
            return {"mounts": [*known, mount]}

        _change(added)
        return {"FINISHED"}


class WORKFILES_OT_remove_mount(bpy.types.Operator):  # noqa: N801
    """Forget this mount point; no file is touched"""

    bl_idname = "kitsu_workfiles.remove_mount"
    bl_label = "Remove Mount Point"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    number: IntProperty(options={"SKIP_SAVE"})

    def execute(self, _: bpy.types.Context) -> set[str]:
        number = self.number

        def less(settings: Settings) -> dict[str, Any]:
            known = [m.model_dump(exclude_none=True) for m in settings.profile.mounts]
            return {"mounts": [m for n, m in enumerate(known) if n != number]}

        _change(less)
        return {"FINISHED"}


class WORKFILES_OT_check_setup(bpy.types.Operator):  # noqa: N801
    """Look at folders, journal, server, login and productions, as wf doctor does"""

    bl_idname = "kitsu_workfiles.check_setup"
    bl_label = "Check My Set-up"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, _: bpy.types.Context) -> set[str]:
        session = current()

        def show(checks: list[CheckResult]) -> None:
            session.shown.checks = checks

        session.look(lambda tool: tool.doctor(), show, topic="checks")
        redraw()
        return {"FINISHED"}


_CLASSES = (
    WORKFILES_OT_set_workspace,
    WORKFILES_OT_add_mount,
    WORKFILES_OT_remove_mount,
    WORKFILES_OT_check_setup,
    WorkfilesPreferences,
)

register, unregister = registering(_CLASSES)
