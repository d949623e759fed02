"""What a caller asks for when it saves, and the checks that need nothing but the request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wf_core.errors import InputError
from wf_core.paths import check_name

__all__ = ["SaveRequest", "check_comment", "check_request"]

_LONGEST_COMMENT = 20_000


@dataclass(frozen=True)
class SaveRequest:
    """The arguments of a save, the same for every host and for ``wf save``.

    Attributes:
        task: UUID, path-like reference or page address of the task.
        name: which of the task's files ("main" and the named ones beside it).
        comment: what changed; may be empty.
        software: name of Kitsu's software record; by default the host's, else the one
            whose extension the file has.
        base_revision: revision the scene was opened from; by default the scene's tag.
        if_behind: what to do when somebody committed a revision after ``base_revision``.
        adopt: the file at the next revision's path may be there already if it is this one,
            which the host then leaves where it lies (see ``saves.adopted``).
    """

    task: str
    name: str = "main"
    comment: str = ""
    software: str | None = None
    base_revision: int | None = None
    if_behind: Literal["save", "fail"] = "save"
    adopt: Path | None = None


def check_request(request: SaveRequest) -> None:
    """Refuse what cannot be saved whatever the scene.

    Raises:
        PathError: the name is not usable.
        InputError: comment or base revision is not usable.
    """
    check_name(request.name)
    check_comment(request.comment)
    if request.base_revision is not None and request.base_revision < 0:
        raise InputError("A base revision is 0 or higher.")


def check_comment(comment: str) -> None:
    """Refuse a comment the server cannot store.

    Raises:
        InputError: it holds a NUL character (PostgreSQL stores none), halves of characters (of
            a command line that is no UTF-8), or is far too long.
    """
    if "\0" in comment:
        raise InputError("The comment holds a NUL character, which Kitsu cannot store.")
    if any("\ud800" <= character <= "\udfff" for character in comment):
        raise InputError("The comment holds something that is no text (UTF-8). Nothing was saved.")
    if len(comment) > _LONGEST_COMMENT:
        raise InputError(
            f"The comment has {len(comment)} characters; at most {_LONGEST_COMMENT} are kept."
        )
