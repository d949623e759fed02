"""What all groups of operations share: the settings, and the parts for one server."""

from __future__ import annotations

from collections.abc import Callable

from wf_core.errors import NotLoggedIn
from wf_core.kitsu import find_production
from wf_core.models import Production, TaskContext
from wf_core.saves.desk import Desk
from wf_core.settings import Settings
from wf_core.steps import LOG_IN

__all__ = ["Cancel", "Operations", "Progress"]

Progress = Callable[[str, int, int], None]
"""Called with (what is going on, done, total); bytes for transfers, counts otherwise."""

Cancel = Callable[[], bool]
"""Asked now and then whether to stop; True stops, with everything safe."""


class Operations:
    """The base of the facade.

    Args:
        settings: see :func:`wf_core.settings.load`.
        offline: why the network may not be used, as people should read it; empty when it may.
            Saves then go on under provisional names and wait.
    """

    def __init__(self, settings: Settings, *, offline: str = "") -> None:
        self.settings = settings
        self.offline = offline
        self._desk: Desk | None = None

    def close(self) -> None:
        """Give back the journal and the connections; saves under way are not disturbed."""
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    @property
    def desk(self) -> Desk:
        """The parts behind this facade, made when first needed, and anew where the journal was
        deleted or set aside since: others work with another one by now.

        Raises:
            NotLoggedIn: no server is known yet.
        """
        if self._desk is not None and not self._desk.journal.is_in_place():
            self._desk = None  # not closed: another thread may be in the middle of a save
        if self._desk is None:
            if not self.settings.server:
                raise NotLoggedIn(
                    "No Kitsu server is known here yet.", hint=f"Use {LOG_IN} with its address."
                )
            self._desk = Desk(self.settings, self.settings.server, offline=self.offline)
        return self._desk

    def find_task(self, reference: str) -> TaskContext:
        """The task that ``reference`` names, with everything around it.

        Raises:
            NotFound, AmbiguousReference: none or several do.
        """
        return self.desk.records.context(reference)

    def page_of(self, task: str) -> str:
        """The address of the task's page in Kitsu's web interface.

        The route is that of Kitsu's own router; the API lies below the web interface.
        """
        context = self.find_task(task)
        web = self.desk.client.session.server.removesuffix("/api")
        kind = "episodes" if context.kind == "episode" else f"{context.kind}s"
        return f"{web}/productions/{context.production.id}/{kind}/tasks/{context.task.id}"

    def _production(self, reference: str) -> Production:
        return find_production(self.desk.client, reference)
