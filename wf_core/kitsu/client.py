"""The client: every operation on a Kitsu server that working files need."""

from __future__ import annotations

from wf_core.kitsu.files import FileRoutes
from wf_core.kitsu.people import PeopleRoutes
from wf_core.kitsu.pictures import PictureRoutes
from wf_core.kitsu.productions import ProductionRoutes

__all__ = ["KitsuClient"]


class KitsuClient(FileRoutes, ProductionRoutes, PeopleRoutes, PictureRoutes):
    """Typed methods over a :class:`~wf_core.kitsu.Session`; they return models.

    Each may raise what the session raises: ``NotLoggedIn``, ``PermissionDenied``,
    ``NotFound``, ``Refused``, ``ServerUnavailable``, ``ServerFault``, ``BadAnswer``. The
    docstrings name only what means something of its own there.
    """
