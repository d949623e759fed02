"""Registering a module's classes with Blender, and taking them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import bpy

__all__ = ["registering"]


def registering(classes: Sequence[type[Any]]) -> tuple[Callable[[], None], Callable[[], None]]:
    """``register()`` and ``unregister()`` for these classes, the second in the opposite order.

    As ``bpy.utils.register_classes_factory``, which the stubs of Blender 4.2 know wrongly.
    """

    def register() -> None:
        for cls in classes:
            bpy.utils.register_class(cls)

    def unregister() -> None:
        for cls in reversed(classes):
            bpy.utils.unregister_class(cls)

    return register, unregister
