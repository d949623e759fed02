"""One save as the journal keeps it, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wf_core.saves.machine import boot_id, monotonic

__all__ = ["GIVEN_UP", "OPEN_STATES", "SaveRow", "State"]

State = Literal[
    "planned", "claimed", "saved", "uploaded", "committed", "abandoned", "void", "discarded"
]

OPEN_STATES: tuple[State, ...] = ("planned", "claimed", "saved", "uploaded")
"""States of saves that are not finished. ``abandoned`` is a claim whose save never came
about: its number is used by the next save of this journal, or declared void."""

GIVEN_UP: tuple[State, ...] = ("abandoned", "void", "discarded")
"""States of saves that will not be in Kitsu."""


@dataclass(frozen=True)
class SaveRow:
    """One save. Paths are local; sizes are bytes; what is not known yet is None.

    Attributes:
        seq: order of the saves on this machine (the client's clock orders nothing).
        revision: planned, then claimed number; None for a provisional save.
        claim_doubt: a claim for ``revision`` was sent and its answer lost.
        working_file_id: the claimed record.
        claim_id: the save whose marker the record carries, where the claim was taken over
            from a save that never came about; None: this save's own.
        final_path: where the revision belongs; None while the number is not known.
        scene_path: where the scene was written: the final path or a provisional one.
        spool_path: the bytes of the moment, kept apart until they are on the server.
        snapshot: how they are: link, reflink, copy; lent: a link for the time of an upload
            that somebody waits for, who so does not write the scene.
        written: the application finished writing; ``synced``: file and spool are on the disk.
        parked: kind of the error nothing but a person can clear, else None.
        next_try: on the monotonic clock of ``boot``; None: at once.
        checked: how often the stored bytes were looked at after the commit.
        reference: the task as the caller named it, for a save made while nothing was known of
            it (an *unfiled* one); None once the task is known.
        software_name: the software the caller named, while the save is unfiled.
        base_task_id: the task ``base_revision`` is of, while the save is unfiled.
        base_save_id: the save the scene comes from, where that one had no number yet.
    """

    save_id: str
    server: str
    task_id: str
    task_label: str
    entity_id: str
    name: str
    extension: str
    software_id: str
    comment: str
    host_name: str
    host_version: str
    machine: str
    saved_at: str
    seq: int = 0
    person_id: str = ""
    state: State = "planned"
    revision: int | None = None
    claim_doubt: bool = False
    working_file_id: str | None = None
    claim_id: str | None = None
    base_revision: int | None = None
    final_path: str | None = None
    server_path: str | None = None
    scene_path: str | None = None
    provisional: bool = False
    spool_path: str | None = None
    snapshot: str | None = None
    device: int | None = None
    inode: int | None = None
    size: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    written: bool = False
    synced: bool = False
    atomic: bool = False
    boot: str = ""
    attempts: int = 0
    error: str | None = None
    parked: str | None = None
    next_try: float | None = None
    checked: int = 0
    thumbnail: str | None = None
    reference: str | None = None
    software_name: str | None = None
    base_task_id: str | None = None
    base_save_id: str | None = None

    @property
    def scope(self) -> tuple[str, str, str]:
        """What numbers are given out per: (server, task, name)."""
        return (self.server, self.task_id, self.name)

    @property
    def is_unfiled(self) -> bool:
        """Whether the task is not known yet, only what the caller called it."""
        return self.reference is not None

    def may_be_filed_before(self, name: str) -> bool:
        """Whether this may turn out to be a save of the same file as a later one of ``name``,
        which then has to wait for its number."""
        hopes = self.state == "saved" and self.parked is None
        return self.is_unfiled and hopes and self.name == name

    @property
    def mark(self) -> str:
        """The id whose marker the record's comment carries until the commit."""
        return self.claim_id or self.save_id

    def is_finished(self) -> bool:
        """Whether nothing is left to do about this save, not even to look at it again."""
        return self.state in ("void", "discarded") or (
            self.state == "committed" and self.checked >= 2
        )

    def waits(self) -> float:
        """Seconds until this row may be tried again; 0.0 when it is due."""
        if self.next_try is None or self.boot != boot_id():
            return 0.0
        return max(0.0, self.next_try - monotonic())
