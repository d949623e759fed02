"""The Blender extension: its wheels, its zips, and the index that a studio hosts."""
