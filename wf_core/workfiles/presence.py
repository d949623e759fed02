"""Who else has a scene open: told, never enforced."""

from __future__ import annotations

from wf_core.errors import WorkfilesError
from wf_core.host import SceneTag
from wf_core.models import TaskContext
from wf_core.results import Presence
from wf_core.saves.placing import Place
from wf_core.saves.presence import Announcement, present
from wf_core.workfiles.operations import Operations

__all__ = ["PresenceOperations"]


class PresenceOperations(Operations):
    """Announce an open scene, and ask who else has it open."""

    def announce(self, tag: SceneTag | None, *, application: str) -> Announcement | None:
        """Tell colleagues that share the workspace that a scene is open here, until ``stop()`` of
        what is returned, or the end of this process.

        Adapters call it after a scene was opened or saved, and stop the announcement before.

        Args:
            tag: the scene's.
            application: the name of what it is open in.

        Returns:
            None where the scene belongs to no task, or nothing is known of it now.
        """
        if tag is None or not tag.task_id:
            return None
        try:
            place = self._some_place(self.find_task(tag.task_id), tag.name)
        except WorkfilesError:
            return None  # a hint nobody gets is no reason to bother the artist
        return Announcement(place.root, task_id=tag.task_id, name=tag.name, application=application)

    def who_is_here(self, task: str, *, name: str = "main") -> list[Presence]:
        """Who has a scene of the task open elsewhere, the longest first: by what applications
        that share this workspace say, so nobody listed may still have it open.

        Raises:
            WorkfilesError: the task cannot be told.
        """
        context = self.find_task(task)
        try:
            place = self._some_place(context, name)
        except WorkfilesError:
            return []  # without a place there is nobody at it
        return present(place.root, task_id=context.task.id, name=name)

    def _some_place(self, context: TaskContext, name: str) -> Place:
        """Any place of the file: they all lie under one root."""
        return self.desk.placing.of(
            context, name=name, revision=1, extension=".scene", software=None
        )
