"""The extension's preferences, wherever the extension is installed."""

from __future__ import annotations

from typing import Any

import bpy

__all__ = ["preferences"]


def preferences() -> Any:
    """The preferences of this user (:class:`.preferences.WorkfilesPreferences`)."""
    return bpy.context.preferences.addons[__package__].preferences
