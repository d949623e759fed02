"""Knowing that the server is down, so that no save waits for it twice.

A failure to reach the server opens the circuit for some seconds: saves then go on alone
at once. It closes by itself when the time is over, or when anything reaches the server.
The state lies in the journal, so that all applications of a user share it.
"""

from __future__ import annotations

import json

from wf_core.errors import BadAnswer, ServerFault, ServerUnavailable, WorkfilesError
from wf_core.saves.journal import Journal
from wf_core.saves.machine import boot_id, monotonic

__all__ = ["Circuit"]

_OPEN_SECONDS = 20.0
_TELLING_SECONDS = 0.5


class Circuit:
    """The circuit of one server in one journal.

    Args:
        offline: this application may not use the network: open for it, and for nobody else.
    """

    def __init__(self, journal: Journal, server: str, *, offline: bool = False) -> None:
        self._journal = journal
        self._key = f"circuit:{server}"
        self._offline = offline

    def is_open(self) -> bool:
        """True while the server is known to be down."""
        if self._offline:
            return True
        stored = self._journal.recall(self._key)
        if stored is None:
            return False
        state = json.loads(stored[0])
        return bool(state["boot"] == boot_id() and monotonic() < state["until"])

    def trip(self) -> None:
        """The server could not be reached: open for a while."""
        if self._offline:
            return
        state = {"boot": boot_id(), "until": monotonic() + _OPEN_SECONDS}
        self._journal.remember(self._key, json.dumps(state), 0.0)

    def trip_if_unreachable(self, cause: WorkfilesError, *, waited: float) -> None:
        """Open the circuit when ``cause`` says that the server is down, not merely unwilling.

        Args:
            cause: what went wrong.
            waited: seconds an answer was waited for. One that did not come within a moment
                says that the server is busy, not that it is down.
        """
        timed_out = isinstance(cause, ServerUnavailable) and cause.in_doubt
        if timed_out and waited < _TELLING_SECONDS:
            return
        if isinstance(cause, (ServerUnavailable, ServerFault, BadAnswer)):
            self.trip()

    def reset(self) -> None:
        """The server answered: close at once."""
        if self._journal.recall(self._key) is not None:
            self._journal.forget_cached(self._key)
