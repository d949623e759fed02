"""The File menu, the menu in the top bar, and the shortcut."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import Any

import bpy

from . import panels, refresh
from .choices import CHOICES
from .classes import registering
from .session import current
from .shown import TAB

__all__ = ["register", "unregister"]

_keymap_items: list[tuple[Any, Any]] = []


class WORKFILES_MT_kitsu(bpy.types.Menu):  # noqa: N801
    bl_label = "Kitsu"

    def draw(self, _: bpy.types.Context) -> None:
        refresh.seen()
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        task, state = refresh.task_in_view(), panels.scene_state()
        if task is not None:
            layout.label(text=task.label)
        if state is not None:
            layout.label(text=state.title)
        if task is not None or state is not None:
            layout.separator()
        layout.operator("kitsu_workfiles.save_revision", icon="FILE_TICK")
        layout.menu("WORKFILES_MT_open", icon="FILE_FOLDER")
        browsed = f"Tasks of {CHOICES.production[1]}" if CHOICES.production else "My Tasks"
        layout.menu("WORKFILES_MT_tasks", text=browsed, icon="OUTLINER_OB_GROUP_INSTANCE")
        layout.operator("kitsu_workfiles.open_in_kitsu", icon="URL")
        layout.separator()
        layout.operator("kitsu_workfiles.show_tab", icon="MENU_PANEL")
        layout.operator("kitsu_workfiles.refresh", icon="FILE_REFRESH")


class WORKFILES_MT_open(bpy.types.Menu):  # noqa: N801
    bl_label = "Open Revision"

    def draw(self, _: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        usable = [
            revision
            for revision in current().shown.revisions or ()
            if revision.state in ("committed", "foreign")
        ]
        for revision in usable[:_MOST]:
            name = "" if revision.name == "main" else f" {revision.name}"
            comment = revision.comment.partition("\n")[0][:_COMMENT]
            item = layout.operator(
                "kitsu_workfiles.open_revision",
                text=f"v{revision.revision:03d}{name}  {comment}",
                translate=False,
            )
            item.task, item.name = revision.task_id, revision.name
            item.revision = revision.revision
        if not usable:
            layout.label(text="No revision of this scene's task is known")
        elif len(usable) > _MOST:
            layout.label(text=f"{len(usable) - _MOST} more in the Kitsu tab")


class WORKFILES_MT_tasks(bpy.types.Menu):  # noqa: N801
    bl_label = "My Tasks"

    def draw(self, _: bpy.types.Context) -> None:
        layout, tasks = self.layout, current().shown.tasks
        for task in (tasks or [])[:_MOST]:
            item = layout.operator("kitsu_workfiles.choose_task", text=task.label, translate=False)
            item.task, item.label = task.id, task.label
        if not tasks:
            layout.label(text="No open task is known")
        elif len(tasks) > _MOST:
            layout.label(text=f"{len(tasks) - _MOST} more in the Kitsu tab")


_MOST = 20
_COMMENT = 60  # characters
_DRAWN = 0.1  # seconds


class WORKFILES_OT_show_tab(bpy.types.Operator):  # noqa: N801
    """Show the Kitsu tab in the sidebar of the 3D viewport"""

    bl_idname = "kitsu_workfiles.show_tab"
    bl_label = "Show Kitsu Tab"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if _viewport(context) is None:
            cls.poll_message_set("There is no 3D viewport in this workspace")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        area = _viewport(context)
        if area is None:
            return {"CANCELLED"}
        was_open = area.spaces.active.show_region_ui
        area.spaces.active.show_region_ui = True
        turn = functools.partial(_turn_to_tab, area.as_pointer())
        turn()
        if not was_open:  # a sidebar has no tabs before it was drawn
            bpy.app.timers.register(turn, first_interval=_DRAWN)
        return {"FINISHED"}


def _turn_to_tab(pointer: int) -> None:
    """Of the viewport with this address, if it is there still: areas come and go."""
    windows = bpy.context.window_manager.windows
    areas: list[Any] = [area for window in windows for area in window.screen.areas]
    for region in (r for area in areas if area.as_pointer() == pointer for r in area.regions):
        if region.type == "UI":
            with suppress(AttributeError):  # to be read only, before some release
                region.active_panel_category = TAB
            region.tag_redraw()


def _viewport(context: bpy.types.Context) -> Any:
    areas = [area for area in context.screen.areas if area.type == "VIEW_3D"]
    return max(areas, key=lambda area: area.width * area.height, default=None)


def _in_file_menu(self: Any, _: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("WORKFILES_MT_kitsu", icon="FILE_TICK")


def _in_top_bar(self: Any, _: bpy.types.Context) -> None:
    self.layout.menu("WORKFILES_MT_kitsu")


def _menus() -> list[tuple[Any, Any]]:
    types: Any = bpy.types
    return [
        (types.TOPBAR_MT_file, _in_file_menu),
        (types.TOPBAR_MT_editor_menus, _in_top_bar),
    ]


_CLASSES = (WORKFILES_OT_show_tab, WORKFILES_MT_open, WORKFILES_MT_tasks, WORKFILES_MT_kitsu)

_register_classes, _unregister_classes = registering(_CLASSES)


def register() -> None:
    _register_classes()
    for menu, draw in _menus():
        menu.append(draw)
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is not None:  # there is none without a window
        keymap = keyconfig.keymaps.new(name="Window", space_type="EMPTY")
        item = keymap.keymap_items.new(
            "kitsu_workfiles.save_revision", "K", "PRESS", ctrl=True, alt=True
        )
        _keymap_items.append((keymap, item))


def unregister() -> None:
    for keymap, item in _keymap_items:
        keymap.keymap_items.remove(item)
    _keymap_items.clear()
    for menu, draw in _menus():
        menu.remove(draw)
    _unregister_classes()
