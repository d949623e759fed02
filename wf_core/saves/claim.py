"""Obtaining a number nobody else can get.

The server's own numbering (revision 0) is never used: it finishes a request long after the
client stopped listening, and asking again then makes a second record. With an explicit
number, asked for again while in doubt, the unique key of Zou's table (name, task, entity,
revision) decides, and the marker in the comment tells whose the record is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from wf_core.errors import (
    BadAnswer,
    InputError,
    NotLoggedIn,
    PathTaken,
    Refused,
    ServerFault,
    ServerUnavailable,
    WorkfilesError,
)
from wf_core.kitsu.files import LAST_REVISION
from wf_core.models import WorkingFile
from wf_core.saves import marker

__all__ = [
    "ClaimUnresolved",
    "ClaimedElsewhere",
    "Claimer",
    "Registry",
    "newest",
]

_T = TypeVar("_T")

_PASSING = (ServerUnavailable, ServerFault, BadAnswer, NotLoggedIn)
"""Failures that may pass: the claim is not lost by them, only unresolved."""

_MOST_ROUNDS = 40
_MOST_UNHEARD = 3  # refused connections after which waiting longer is useless
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0


class Registry(Protocol):
    """The part of the client that claims need."""

    def create_working_file(
        self, task_id: str, *, name: str, revision: int, software_id: str, comment: str
    ) -> WorkingFile: ...

    def last_revisions(self, task_id: str) -> dict[str, WorkingFile]: ...

    def entity_working_files(
        self, entity_id: str, *, task_id: str | None = None, name: str | None = None
    ) -> list[WorkingFile]: ...


class ClaimUnresolved(WorkfilesError):
    """No number within the time given.

    Attributes:
        revision: the number last asked for, None when none could be planned.
        doubt: the server may have given it, or may yet.
        cause: what stood in the way.
    """

    kind = "claim_unresolved"
    exit_code = 75

    def __init__(self, cause: WorkfilesError, *, revision: int | None, doubt: bool) -> None:
        super().__init__(cause.message, hint=cause.hint)
        self.cause = cause
        self.revision = revision
        self.doubt = doubt


class ClaimedElsewhere(WorkfilesError):
    """Another attempt at the same save has the number already."""

    kind = "claimed_elsewhere"

    def __init__(self) -> None:
        super().__init__("Another attempt at this save has claimed its number; this one stopped.")


@dataclass(frozen=True)
class Claimer:
    """Claims the next revision of one (task, name) for one save.

    Attributes:
        registry: the server.
        task_id, entity_id, name, software_id: what the revision is of.
        comment: the artist's comment, without a marker.
        save_id: whose claim it is.
        claimant: which of several attempts at the save this is, "" where there is only one.
        patience: seconds after which the claim is given up as unresolved.
    """

    registry: Registry
    task_id: str
    entity_id: str
    name: str
    software_id: str
    comment: str
    save_id: str
    patience: float
    claimant: str = ""

    def reserve(self, plan: Callable[[int], None], known: int) -> int:
        """Choose the number to ask for, and write it down; nobody is asked yet.

        Args:
            plan: as for :meth:`claim`.
            known: the highest number known.

        Raises:
            PathTaken: a file is in the number's place, and the number is free.
            ClaimUnresolved: the numbers had to be read anew, and could not be.
        """
        return self._planned(plan, known, time.monotonic() + self.patience)

    def claim(
        self,
        *,
        plan: Callable[[int], None],
        planned: int | None = None,
        doubt: bool = False,
        known: int | None = None,
    ) -> WorkingFile:
        """The claimed record.

        Args:
            plan: called with each number before it is asked for; writes it to the disk, or
                raises PathTaken where another file is in the number's place.
            planned: a number that was reserved, or asked for by an earlier try; None to take
                the next.
            doubt: it was asked for, and the answer was lost.
            known: the highest number, where it was read a moment ago; else it is read now.

        Raises:
            ClaimUnresolved: the server cannot be reached, or does not answer, in time.
            ClaimedElsewhere: another attempt at this save has the number.
            WorkfilesError: the server refuses for good.
        """
        give_up = time.monotonic() + self.patience
        pause = _FIRST_PAUSE
        number, doubt_now = planned, doubt
        for _ in range(_MOST_ROUNDS):
            if number is None:
                number = self._planned(plan, known, give_up)
            record = self._ask(number, doubt_now, give_up)
            if record is not None:
                return record
            number, doubt_now, known = None, False, None
            time.sleep(random.uniform(0, pause))
            pause = min(_LONGEST_PAUSE, pause * 1.5)
        raise ClaimUnresolved(
            ServerUnavailable(
                f"{_MOST_ROUNDS} numbers in a row were taken by others before this save got one.",
                in_doubt=False,
            ),
            revision=None,
            doubt=False,
        )

    def _planned(self, plan: Callable[[int], None], known: int | None, give_up: float) -> int:
        """The next number, written down. Where its file is there already although the number
        seemed free, somebody else may just have been given it: then it is read anew."""
        number = self._next(known, give_up)
        while True:
            try:
                plan(number)
            except PathTaken:
                fresh = self._next(None, give_up)
                if fresh <= number:
                    raise
                number = fresh
            else:
                return number

    def _next(self, known: int | None, give_up: float) -> int:
        if known is None:
            last = self._persist(
                lambda: newest(self.registry, self.task_id, self.name), None, give_up
            )
            known = last.revision if last else 0
        number = max(known, 0) + 1
        if number > LAST_REVISION:
            raise InputError(
                f"“{self.name}” of this task already has revision {number - 1}, the highest a "
                "Kitsu server can store.",
                hint="Ask an administrator to remove that record, or save under another name.",
            )
        return number

    def _ask(self, number: int, doubt: bool, give_up: float) -> WorkingFile | None:
        """Ask for ``number`` until it is certain whose it is: the record, or None: another's."""
        asked = doubt
        patience = _Patience(give_up)
        while True:
            try:
                return self.registry.create_working_file(
                    self.task_id,
                    name=self.name,
                    revision=number,
                    software_id=self.software_id,
                    comment=marker.attach(self.comment, self.save_id, self.claimant),
                )
            except Refused as exc:
                if "already exists" not in exc.message:
                    raise
                return self._holder(number, asked, exc, give_up)
            except _PASSING as exc:
                asked = asked or not _certainly_not_done(exc)
                if not patience.wait_after(exc):
                    raise ClaimUnresolved(exc, revision=number, doubt=asked) from exc

    def _holder(
        self, number: int, asked: bool, refusal: Refused, give_up: float
    ) -> WorkingFile | None:
        """Whose the number is after "already exists": the record if mine, None if another's."""
        if not asked:
            last = self._persist(
                lambda: newest(self.registry, self.task_id, self.name), number, give_up
            )
            if last is not None and last.revision > number:
                return None
            if last is not None and last.revision == number:
                return self._if_mine(last)
        records = self._persist(
            lambda: self.registry.entity_working_files(
                self.entity_id, task_id=self.task_id, name=self.name
            ),
            number,
            give_up,
        )
        for record in records:
            if record.revision == number:
                return self._if_mine(record)
        raise InputError(
            f"The server says that revision {number} already exists, but shows no such record. "
            "Nothing was claimed.",
            hint="Its database refuses the record for another reason; its log says which.",
        ) from refusal

    def _if_mine(self, record: WorkingFile) -> WorkingFile | None:
        if not marker.carries(record.comment, self.save_id):
            return None
        if marker.claimant(record.comment) != self.claimant:
            raise ClaimedElsewhere
        return record

    def _persist(self, read: Callable[[], _T], number: int | None, give_up: float) -> _T:
        """Read, again and again while the server is not available and there is time."""
        patience = _Patience(give_up)
        while True:
            try:
                return read()
            except _PASSING as exc:
                if not patience.wait_after(exc):
                    raise ClaimUnresolved(exc, revision=number, doubt=number is not None) from exc


class _Patience:
    """How long to go on asking: until ``give_up``, sooner where nobody listens at all."""

    def __init__(self, give_up: float) -> None:
        self._give_up = give_up
        self._pause = _FIRST_PAUSE
        self._unheard = 0

    def wait_after(self, exc: WorkfilesError) -> bool:
        """Pause before the next try; False when there shall be none."""
        if isinstance(exc, NotLoggedIn):
            return False
        wait = random.uniform(self._pause / 2, self._pause)
        if isinstance(exc, ServerUnavailable):
            wait = max(wait, exc.retry_after or 0.0)
            self._unheard += _certainly_not_done(exc) and exc.retry_after is None
        if self._unheard > _MOST_UNHEARD or time.monotonic() + wait >= self._give_up:
            return False
        time.sleep(wait)
        self._pause = min(_LONGEST_PAUSE, self._pause * 2)
        return True


def _certainly_not_done(exc: WorkfilesError) -> bool:
    """Whether the request was not carried out and never will be; else it is in doubt."""
    return isinstance(exc, NotLoggedIn) or (isinstance(exc, ServerUnavailable) and not exc.in_doubt)


def newest(registry: Registry, task_id: str, name: str) -> WorkingFile | None:
    """The record with the highest number of (task, name), or None when there is none."""
    return registry.last_revisions(task_id).get(name)
