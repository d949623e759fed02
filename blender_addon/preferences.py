"""The preferences of the extension."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty

__all__ = ["preferences", "register", "unregister"]


class WorkfilesPreferences(bpy.types.AddonPreferences):
    """What a user decides for Blender; server, workspace and mounts are every application's."""

    bl_idname = __package__

    trust_scripts: BoolProperty(
        name="Trust scripts in scenes",
        description="Let scenes opened from Kitsu run the Python scripts and drivers embedded "
        "in them. Leave it off unless you know who saves to your productions",
        default=False,
    )


def preferences() -> WorkfilesPreferences:
    """The preferences of this user."""
    return bpy.context.preferences.addons[__package__].preferences


def register() -> None:
    bpy.utils.register_class(WorkfilesPreferences)


def unregister() -> None:
    bpy.utils.unregister_class(WorkfilesPreferences)
