"""How a task, a revision and a save on its way are put in a few lines. Plain values."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wf_core.workfiles import words

if TYPE_CHECKING:
    from wf_core.models import Task
    from wf_core.results import PendingSave, Revision

__all__ = ["Card", "of_revision", "of_save", "of_task"]


@dataclass(frozen=True)
class Card:
    """One row of a list.

    Attributes:
        title: in bold.
        text: below it, as many lines as the list has room for.
        small: last, paler.
        badge: at the right of the title.
        warns: the badge, or without one the text, is a warning.
        progress: 0 to 1; None for no bar.
        tip: all of it, while the mouse is over it.
        picture: the working file whose picture is shown; None for a list without pictures.
    """

    title: str
    text: str = ""
    small: str = ""
    badge: str = ""
    warns: bool = False
    progress: float | None = None
    tip: str = ""
    picture: str | None = None

    @property
    def spoken(self) -> str:
        """For screen readers, and for finding a row by typing."""
        parts = (self.title, self.badge, self.text, self.small)
        return ", ".join(part for part in parts if part)


def of_task(task: Task) -> Card:
    """A task to choose."""
    small = ", ".join(part for part in (task.project_name, task.task_status_name) if part)
    title = "/".join(part for part in (task.place, task.task_type_name) if part)
    return Card(title, small=small, tip=task.label)


def of_revision(revision: Revision, *, is_open: bool) -> Card:
    """A revision, its age as of now."""
    number = f"v{revision.revision:03d}"
    title = number if revision.name == "main" else f"{number} {revision.name}"
    now = datetime.datetime.now(datetime.timezone.utc)
    facts = (revision.author, words.age(revision.created_at, now), words.size(revision.size))
    state = words.REVISION_STATES[revision.state]
    base = f"Made from revision {revision.base_revision}" if revision.base_revision else ""
    tip = (revision.comment, base, revision.path)
    return Card(
        title,
        text=revision.comment,
        small=", ".join(fact for fact in facts if fact),
        badge=state or ("open" if is_open else ""),
        warns=bool(state),
        tip="\n".join(part for part in tip if part),
        picture=revision.working_file_id,
    )


def of_save(save: PendingSave, sent: tuple[int, int] | None) -> Card:
    """A save that is not on the server yet."""
    number = f"v{save.revision:03d}" if save.revision else "no number yet"
    name = "" if save.name == "main" else f" {save.name}"
    facts = [words.size(save.size)]
    progress = None
    if sent is not None and sent[1]:
        progress = min(1.0, sent[0] / sent[1])
        facts.append(f"{progress * 100:.0f} % sent")
    text = "" if progress is not None else save.error or words.waits(save.state)
    return Card(
        f"{save.task}{name} {number}",
        text=text,
        small=", ".join(fact for fact in facts if fact),
        badge="stopped" if save.state == "parked" else "",
        warns=save.state == "parked" or bool(save.error and progress is None),
        progress=progress,
        tip="\n".join(part for part in (save.path, save.error, save.hint) if part),
    )
