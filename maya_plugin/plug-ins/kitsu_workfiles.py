"""Workfiles for Kitsu: the plug-in file, which Maya loads.

What it does is in the package ``kitsu_workfiles_maya``, in this module's folder ``scripts``.
"""

from __future__ import annotations

from maya.api import OpenMaya

NAME = "kitsu_workfiles"


def maya_useNewAPI() -> None:
    """Tells Maya that this plug-in speaks its Python API 2.0."""


def initializePlugin(plugin: OpenMaya.MObject) -> None:
    """Called by Maya when the plug-in is loaded."""
    from kitsu_workfiles_maya import bootstrap

    bootstrap.run()
    from kitsu_workfiles_maya import loading

    OpenMaya.MFnPlugin(plugin, "Workfiles for Kitsu", bootstrap.version(), "Any")
    loading.load(plugin=NAME)


def uninitializePlugin(plugin: OpenMaya.MObject) -> None:
    """Called by Maya when the plug-in is unloaded."""
    from kitsu_workfiles_maya import loading

    loading.unload()
