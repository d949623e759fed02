"""The facade adapters call: one object, every operation, plain answers.

Built on ``saves`` (the life of a save), ``kitsu`` (the server) and ``paths``. The command
line, the Blender extension and the Maya plug-in hold no decision of their own that the
others would need: it lives here or below.
"""

from __future__ import annotations

from typing import Any

from wf_core.errors import NoFileTree
from wf_core.results import CheckResult
from wf_core.saves.presence import Announcement
from wf_core.saves.request import SaveRequest
from wf_core.workfiles.account import AccountOperations
from wf_core.workfiles.following import FollowingOperations, NextRevision, patience_for
from wf_core.workfiles.operations import Cancel, Progress
from wf_core.workfiles.pictures import PictureOperations
from wf_core.workfiles.presence import PresenceOperations
from wf_core.workfiles.relay import RelayedHost
from wf_core.workfiles.revisions import Brought, RevisionOperations
from wf_core.workfiles.saving import SaveOperations
from wf_core.workfiles.scene import SceneFacts, SceneState, scene_state

__all__ = [
    "Announcement",
    "Brought",
    "Cancel",
    "NextRevision",
    "Progress",
    "RelayedHost",
    "SaveRequest",
    "SceneFacts",
    "SceneState",
    "Workfiles",
    "patience_for",
    "scene_state",
]


class Workfiles(
    AccountOperations,
    SaveOperations,
    RevisionOperations,
    FollowingOperations,
    PictureOperations,
    PresenceOperations,
):
    """One artist, one server, one journal. Close it, or use it as a context manager.

    Args:
        settings: see :func:`wf_core.settings.load`.
        offline: why the network may not be used; empty when it may.
    """

    def __enter__(self) -> Workfiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def doctor(self) -> list[CheckResult]:
        """Look at the whole set-up; never raises for what it finds."""
        from wf_core.care import examine  # only who asks pays for it

        return examine(self.settings)

    def file_tree(self, production: str) -> dict[str, Any] | None:
        """The file tree of a production, or None when it has none."""
        return self._production(production).file_tree

    def set_file_tree(self, production: str, tree: dict[str, Any]) -> None:
        """Give a production a file tree. Needs the rights of a manager.

        Raises:
            NoFileTree: the tree cannot render working files.
            PermissionDenied: this account may not.
        """
        if "working" not in tree:
            raise NoFileTree(
                "That tree says nothing about working files, so it was not set.",
                hint="A tree needs a “working” mode with folder_path and file_name templates.",
            )
        self.desk.client.set_file_tree(self._production(production).id, tree)
