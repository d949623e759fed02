"""Workfiles for Kitsu: the engine that saves scenes as working revisions.

Importing this package costs next to nothing; the heavy parts load when used.
"""

__version__ = "0.1.0"
