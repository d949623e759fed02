"""Blender without a window: ``blender --command kitsu_workfiles save SCENE --task ...``."""

from __future__ import annotations

__all__ = ["register", "unregister"]


def register() -> None:
    """Add the command to Blender's own."""


def unregister() -> None:
    """Take the command away again."""
