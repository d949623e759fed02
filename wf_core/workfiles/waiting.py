"""What people read about a save that is not on the server yet: the same in every application."""

from __future__ import annotations

import datetime

from wf_core.results import PendingSave
from wf_core.saves.journal import SaveRow
from wf_core.saves.recovery import UNSURE

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
        next_try=row.waits() if row.next_try is not None else None,
        age=_age(row),
        hint=hint_for(row),
    )


def hint_for(row: SaveRow) -> str:
    """What to do about a save that waits, in one or two sentences."""
    short = row.save_id[:8]
    retry, discard = f"“wf retry {short}”", f"“wf discard {short}”"
    if row.parked == UNSURE:
        return f"Look at the file: if it is whole, {retry} sends it; if not, {discard} gives it up."
    if row.parked and row.is_unfiled:
        return f"“wf retry {short} --task TASK” files it under the right task."
    if row.parked in _PARKED:
        return _PARKED[row.parked].format(retry=retry, discard=discard)
    if row.parked:
        return f"Clear what the error names, then {retry}. {discard} gives it up."
    if row.state in ("planned", "claimed"):
        return "It is being saved, or its application died: “wf sync” finds out."
    if row.is_unfiled:
        return "It is filed under its task when the server answers; “wf sync” tries at once."
    return "It is tried again by itself; “wf sync” tries at once."


_PARKED = {
    "permission_denied": ("Ask to be assigned to the task, then {retry}. {discard} gives it up."),
    "path_taken": "Move the file in its place away, then {retry}.",
    "changed": "Save its scene again as a new revision, then {discard}.",
    "stopped": "{retry} sends it. {discard} gives it up.",
    "parked": "Save its scene again as a new revision, then {discard}.",
    "no_file_tree": "Ask for a file tree of the production (“wf tree”), then {retry}.",
    "not_found": (
        "If the task is gone for good, save its scene to another task, then {discard}; "
        "else {retry}."
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
