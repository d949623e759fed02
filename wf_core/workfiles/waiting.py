"""What people read about a save that is not on the server yet: the same in every application."""

from __future__ import annotations

import datetime

from wf_core.results import PendingSave
from wf_core.saves.recovery import UNSURE
from wf_core.saves.row import OPEN_STATES, SaveRow
from wf_core.steps import DISCARD, RETRY, SAVE_ELSEWHERE

__all__ = ["hint_for", "pending"]


def pending(row: SaveRow) -> PendingSave:
    """The row as ``wf status`` and the applications show it."""
    return PendingSave(
        save_id=row.save_id,
        task=row.task_label,
        name=row.name,
        revision=row.revision if row.working_file_id else None,
        state="parked" if row.parked else row.state,  # type: ignore[arg-type]
        path=row.scene_path or row.final_path or "",
        size=row.size,
        attempts=row.attempts,
        error=row.error,
        next_try=row.waits() if row.next_try is not None and row.state in OPEN_STATES else None,
        age=_age(row),
        hint=hint_for(row),
    )


def hint_for(row: SaveRow) -> str:
    """What to do about a save that waits, in one or two sentences; of one that does not wait (any
    more), nothing."""
    if row.state not in OPEN_STATES:
        return ""
    if row.parked and row.parked != UNSURE and row.is_unfiled:
        return SAVE_ELSEWHERE
    if row.parked:
        return _PARKED.get(
            row.parked, f"Clear what the error names, then {RETRY}. {DISCARD} gives it up."
        )
    if row.state in ("planned", "claimed"):
        return "It is being saved, or its application died, and it goes on by itself."
    if row.is_unfiled:
        return f"It is filed under its task when the server answers; {RETRY} tries at once."
    return f"It is tried again by itself; {RETRY} tries at once."


_PARKED = {
    UNSURE: f"Look at the file: if it is whole, {RETRY} sends it; if not, {DISCARD} gives it up.",
    "permission_denied": f"Ask to be assigned to the task, then {RETRY}. {DISCARD} gives it up.",
    "path_taken": f"Move the file in its place away, then {RETRY}.",
    "changed": f"Save its scene again as a new revision, then {DISCARD}.",
    "stopped": f"{RETRY} sends it. {DISCARD} gives it up.",
    "parked": f"Save its scene again as a new revision, then {DISCARD}.",
    "no_file_tree": f"Ask for a file tree of the production, then {RETRY}.",
    "not_found": (
        f"If the task is gone for good, save its scene to another task, then {DISCARD}; "
        f"else {RETRY}."
    ),
}


def _age(row: SaveRow) -> float | None:
    try:
        saved = datetime.datetime.fromisoformat(row.saved_at)
    except ValueError:
        return None
    if saved.tzinfo is None:
        return None
    return max(0.0, (datetime.datetime.now(datetime.timezone.utc) - saved).total_seconds())
