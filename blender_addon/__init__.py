"""Working files for Kitsu, inside Blender: bpy on one side, the core's facade on the other.

Importing this package touches nothing of Blender. :mod:`blender_addon.host` is what the
core sees of the application.
"""
