"""The fence: which of several attempts at one row may touch its record.

Whoever claims a record says so in the claim itself, in its marker. An attempt that goes on with
another's record writes (owner, attempt) into ``data.workfiles.fence`` before it sends a byte,
which counts more than the marker. Each looks at the fence again before its last bytes are sent
and before it commits, unless it did so a moment ago. A worker that was frozen for longer than
the moment so finds the fence of the attempt that took its place, and stops. Who takes over from
another owner waits for longer than the moment first: an attempt that has just looked at its own
fence has sent its last bytes by then.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from wf_core.kitsu import KitsuClient
from wf_core.models import WorkingFile
from wf_core.saves import marker
from wf_core.saves.machine import boot_id, boottime, machine_name
from wf_core.saves.parking import Parked
from wf_core.saves.row import SaveRow

__all__ = ["Fence", "Stale", "claimant_of", "owner_of"]

MOMENT_SECONDS = 2.0
"""For so long a fence that was read counts as just read."""
TAKEOVER_SECONDS = 5.0
"""How long who takes over from another owner waits before it sends anything."""


class Stale(Parked):
    """Another attempt has the record by now."""

    kind = "stale"

    def __init__(self) -> None:
        super().__init__(
            "Another attempt at this row has taken over, so this one stopped. Nothing was sent "
            "over it."
        )


def owner_of(home: Path) -> str:
    """Who the attempts of one folder of a run's journal are by: for people the machine, and
    what tells it from another of the same name. Within one owner the row's lock decides."""
    place = f"{machine_name()}\0{boot_id()}\0{home.resolve()}"
    return f"{machine_name()}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def claimant_of(owner: str) -> str:
    """What an owner's claims carry in their marker, see :mod:`wf_core.saves.marker`."""
    return owner.rpartition("-")[2]


class Fence:
    """The fence of one attempt.

    Args:
        client: the server.
        owner: see :func:`owner_of`.
        save_id: the row's save.
        attempt: the lowest number the attempt may have.
        earlier: the record as an earlier attempt left it, None where this one claims it.

    Attributes:
        attempt: the number of this attempt, higher than any seen on the record.
        took_over: whether the record was another owner's before.
    """

    def __init__(
        self,
        client: KitsuClient,
        *,
        owner: str,
        save_id: str,
        attempt: int,
        earlier: WorkingFile | None,
    ) -> None:
        self._client = client
        self._owner = owner
        self._save_id = save_id
        self._earlier = earlier
        theirs = _fence_of(earlier) if earlier is not None else {}
        self.attempt = max(attempt, _number(theirs.get("attempt")) + 1)
        self.took_over = earlier is not None and not self._owns(earlier)
        self._seen = float("-inf")

    def take(self, row: SaveRow) -> None:
        """Put the fence up. The caller holds the row's lock.

        Raises:
            Stale: another attempt put up its own meanwhile.
            WorkfilesError: the server does not take it.
        """
        assert row.working_file_id is not None
        if self._earlier is None and row.mark == self._save_id:
            self._seen = boottime()  # just claimed, and the claim says by whom
            return
        data = (self._earlier.data or {}) if self._earlier is not None else {}
        fence = {"owner": self._owner, "attempt": self.attempt}
        facts = {"schema": 1, "save_id": self._save_id, "fence": fence}
        self._client.update_working_file(row.working_file_id, data={**data, "workfiles": facts})
        if self.took_over:
            time.sleep(TAKEOVER_SECONDS)
            self._look(row)
        self._seen = boottime()

    def check(self, row: SaveRow) -> None:
        """Make sure that the fence is still this attempt's.

        Raises:
            Stale: it is not.
            WorkfilesError: the server cannot be asked.
        """
        if boottime() - self._seen >= MOMENT_SECONDS:
            self._look(row)
            self._seen = boottime()

    def _look(self, row: SaveRow) -> None:
        assert row.working_file_id is not None
        record = self._client.working_file(row.working_file_id)
        found = _fence_of(record)
        if not self._owns(record) or found.get("attempt", self.attempt) != self.attempt:
            raise Stale

    def _owns(self, record: WorkingFile) -> bool:
        """Whether the record is this owner's: by its fence, else by who claimed it."""
        found = _fence_of(record)
        if found:
            return found.get("owner") == self._owner
        return marker.claimant(record.comment) == claimant_of(self._owner)


def _fence_of(record: WorkingFile) -> dict[str, Any]:
    found = marker.workfiles_data(record).get("fence")
    return found if isinstance(found, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
