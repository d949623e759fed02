"""What the facade answers: plain values, whose ``as_json`` is the ``--json`` of ``wf``.

The field names are a promise to other tools; they change only with a major version.
Sizes are bytes, times are the server's ISO 8601 in UTC, hashes are SHA-256 in hex.
What is not known (yet) is None.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = [
    "CheckResult",
    "GetResult",
    "LaterRevision",
    "PathResult",
    "PendingSave",
    "Presence",
    "Problem",
    "PublishResult",
    "Revision",
    "RevisionState",
    "SaveResult",
    "SpoolResult",
    "SyncResult",
    "VerifyResult",
]

RevisionState = Literal["committed", "incomplete", "void", "foreign"]
SaveState = Literal["committed", "pending"]
RowState = Literal[
    "planned", "claimed", "saved", "uploaded", "parked", "committed", "abandoned", "discarded"
]


@dataclass(frozen=True)
class _Value:
    def as_json(self) -> dict[str, Any]:
        """The value as a JSON-ready dictionary."""
        return asdict(self)


@dataclass(frozen=True)
class LaterRevision(_Value):
    """A revision that was committed after the one a scene comes from."""

    revision: int
    author: str
    created_at: str | None
    comment: str


@dataclass(frozen=True)
class SaveResult(_Value):
    """One save: ``committed`` on the server, or ``pending`` and safe on this machine.

    ``task_id`` is None while nothing is known of the task. ``behind`` is what somebody saved
    after the revision the scene comes from. ``known_for`` is the age in seconds of what was
    remembered of the task, where the save had to do with that.
    """

    save_id: str
    working_file_id: str | None
    task_id: str | None
    name: str
    revision: int | None
    path: str
    sha256: str | None
    size: int
    state: SaveState
    provisional: bool
    behind: LaterRevision | None = None
    known_for: float | None = None


@dataclass(frozen=True)
class Revision(_Value):
    """One revision of a task as the list shows it (see ``RevisionState``)."""

    working_file_id: str
    task_id: str
    name: str
    revision: int
    comment: str
    author: str
    created_at: str | None
    state: RevisionState
    sha256: str | None
    size: int | None
    path: str | None
    base_revision: int | None


@dataclass(frozen=True)
class PendingSave(_Value):
    """A save that waits, in one of the first five states (see ``RowState``); what became of it,
    where it was tried again or given up: ``committed``, ``discarded``, or ``abandoned`` where its
    scene turned out to have never been written.

    ``next_try`` is seconds from now, or None. ``age`` is seconds since it was saved, by this
    machine's clock: for people, it orders nothing. ``hint`` says what to do about it.
    """

    save_id: str
    task: str
    name: str
    revision: int | None
    state: RowState
    path: str
    size: int | None
    attempts: int
    error: str | None
    next_try: float | None
    age: float | None = None
    hint: str = ""


@dataclass(frozen=True)
class Presence(_Value):
    """Somebody has a scene open, as an application on ``machine`` says itself.

    ``since`` is that machine's time (ISO 8601, UTC), ``seen`` the seconds since the
    application last said so.
    """

    user: str
    machine: str
    application: str
    since: str
    seen: float


@dataclass(frozen=True)
class SpoolResult(_Value):
    """The bytes kept for saves that are not on the server yet, and how many may be."""

    size: int
    limit: int


@dataclass(frozen=True)
class SyncResult(_Value):
    committed: int
    pending: int
    parked: int


@dataclass(frozen=True)
class GetResult(_Value):
    """A downloaded revision; ``checked`` says how sure its bytes are."""

    path: str
    revision: int
    sha256: str
    checked: Literal["hash", "length"]


@dataclass(frozen=True)
class PathResult(_Value):
    """Where a revision lies here (``path``) and in the production's tree (``server_path``);
    whether the server was asked just now (``current``), or what is remembered had to do."""

    path: str
    server_path: str
    revision: int
    current: bool = True


@dataclass(frozen=True)
class PublishResult(_Value):
    output_file_id: str
    working_file_id: str
    output_type: str
    name: str
    revision: int
    path: str | None


@dataclass(frozen=True)
class Problem(_Value):
    """One finding of ``verify``. ``kind`` is a stable word, ``message`` a sentence."""

    kind: str
    name: str
    revision: int
    working_file_id: str
    message: str


@dataclass(frozen=True)
class VerifyResult(_Value):
    """``resumed`` of the ``checked`` revisions were looked at by an earlier verification that
    was stopped."""

    checked: int
    problems: list[Problem] = field(default_factory=list)
    resumed: int = 0


@dataclass(frozen=True)
class CheckResult(_Value):
    """One line of ``doctor``: what was looked at, whether it is well, what to do."""

    name: str
    ok: bool
    message: str
    hint: str = ""
