"""Where the saves of a run are kept on one machine: apart from every artist's.

A run has a journal of its own below WF_HOME, on the machine's own disk: what is in it is
finished by the run, and no ``wf sync`` or application ever sees it.
"""

from __future__ import annotations

from wf_core.batch.run import Run
from wf_core.errors import InputError, NotLoggedIn
from wf_core.saves.desk import Desk
from wf_core.settings import Settings

__all__ = ["desk_for", "server_of", "settings_for"]

_CACHE_SECONDS = 3600.0
"""A run reads what renders its paths as it begins; a person's save wants to know sooner."""


def settings_for(settings: Settings, name: str) -> Settings:
    """The settings of the person or bot, with a journal of its own for the run ``name``."""
    profile = settings.profile.model_copy(
        update={"cache_seconds": max(_CACHE_SECONDS, settings.profile.cache_seconds)}
    )
    return settings.model_copy(update={"home": settings.home / "batch" / name, "profile": profile})


def server_of(settings: Settings) -> str:
    """The server of the settings.

    Raises:
        NotLoggedIn: none is known yet.
    """
    if not settings.server:
        raise NotLoggedIn(
            "No Kitsu server is known here yet.",
            hint="Run wf login with its address, or set WF_SERVER and WF_TOKEN.",
        )
    return settings.server


def desk_for(settings: Settings, run: Run) -> Desk:
    """The parts that the run's saves need on this machine.

    Raises:
        NotLoggedIn: no server is known here.
        InputError: the run is of another server.
    """
    desk = Desk(
        settings_for(settings, run.id),
        server_of(settings),
        login_home=settings.home,
        api=run.server,
        # Who loses the journal does its rows again: each finds its claim by the mark of its save.
        sidecars=False,
        for_run=True,
    )
    if desk.client.session.server != run.server:
        found = desk.client.session.server
        desk.close()
        raise InputError(
            f"This run saves to {run.server}, but this is {found}. Nothing was done.",
            hint="Log in there, or set WF_SERVER.",
        )
    return desk
