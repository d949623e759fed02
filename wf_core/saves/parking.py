"""Why a save waits for a person, beyond what the tree of errors says already.

The kind of such an error is what the journal row is parked with.
"""

from __future__ import annotations

from wf_core.errors import ServerError, WorkfilesError
from wf_core.saves.row import SaveRow
from wf_core.steps import DISCARD

__all__ = ["Busy", "Changed", "Parked", "Stopped"]


class Busy(ServerError):
    kind = "busy"


class Parked(WorkfilesError):
    kind = "parked"


class Stopped(Parked):
    kind = "stopped"

    def __init__(self) -> None:
        super().__init__("The upload was stopped by hand. The save is safe on this machine.")


class Changed(Parked):
    kind = "changed"

    def __init__(self, row: SaveRow) -> None:
        super().__init__(
            f"The kept copy of this save was written to after it was saved, so it was not "
            f"sent. The scene is at {row.scene_path}.",
            hint=f"Save that scene again as a new revision, then {DISCARD}.",
        )
