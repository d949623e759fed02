"""Whether what the records promise is what the server and this disk have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress

from wf_core.care.headway import Headway
from wf_core.disk.copying import sha256_of
from wf_core.disk.files import in_words
from wf_core.errors import (
    Cancelled,
    FileUnreadable,
    IntegrityError,
    NoFileTree,
    NotFound,
    PathError,
    WorkfilesError,
)
from wf_core.kitsu.transfer import fetch_hash, stored_length
from wf_core.models import TaskContext, WorkingFile
from wf_core.results import Problem, VerifyResult
from wf_core.saves import marker
from wf_core.saves.desk import Desk

__all__ = ["verify"]

Report = Callable[[str, int, int], None]
Ask = Callable[[], bool]


def verify(
    desk: Desk,
    context: TaskContext,
    records: list[WorkingFile],
    *,
    deep: bool,
    progress: Report | None = None,
    cancel: Ask | None = None,
) -> VerifyResult:
    """Compare records with stored lengths, local files and, when ``deep``, stored hashes.

    A verification that was stopped, or that the server went away from, is gone on with by the
    next one within a day; what has changed on the server since is looked at again.

    Raises:
        Cancelled: the user stopped it; nothing was changed.
        ServerError, AccessError: the server cannot be asked.
    """
    problems = list(_shared_paths(records))
    how = "deep" if deep else "lengths"
    headway = Headway(desk.journal, f"{desk.client.session.server} {context.task.id} {how}")
    try:
        for number, record in enumerate(records):
            if cancel is not None and cancel():
                raise Cancelled(
                    f"Stopped after {number} of {len(records)} revisions; nothing was changed.",
                    hint="The next verification goes on from there.",
                )
            found = headway.found_before(record)
            if found is None:
                found = list(_look_at(desk, context, record, deep, progress, cancel))
                headway.note(record, found)
            problems += found
            if progress is not None:
                progress("Verifying", number + 1, len(records))
    except BaseException:
        with suppress(WorkfilesError):  # the reason to stop is the one to tell
            headway.write()
        raise
    headway.finish()
    return VerifyResult(checked=len(records), problems=problems, resumed=headway.resumed)


def _look_at(
    desk: Desk,
    context: TaskContext,
    record: WorkingFile,
    deep: bool,
    progress: Report | None,
    cancel: Ask | None,
) -> Iterator[Problem]:
    state = marker.state_of(record)
    if state == "incomplete":
        yield _problem(
            "incomplete",
            record,
            "is claimed, but its bytes have not arrived (wf sync sends them, or the next save has "
            "the number)",
        )
        return
    if state == "void":
        yield _problem("void", record, "is a number that was given up")
        return
    data = marker.workfiles_data(record)
    size, sha256 = data.get("size"), data.get("sha256")
    stored = stored_length(desk.client.session, record.id)
    if state == "foreign":
        what = "has no bytes on the server" if stored is None else "has no hash to compare with"
        yield _problem("foreign", record, f"was made by another tool and {what}")
        return
    if stored is None:
        yield _problem("missing", record, "has no bytes on the server")
        return
    if stored != size:
        kind = "truncated" if isinstance(size, int) and stored < size else "replaced"
        yield _problem(kind, record, f"has {stored} bytes on the server instead of {size}")
        return
    if deep:
        bytes_done = None if progress is None else _hashing(progress, record)
        try:
            found = fetch_hash(
                desk.client.session, record.id, size=size, progress=bytes_done, cancel=cancel
            )
        except (IntegrityError, NotFound) as exc:
            yield _problem("replaced", record, f"changed while it was read: {exc.message}")
            return
        if found.sha256 != sha256:
            yield _problem("replaced", record, "has other bytes on the server than were saved")
    try:
        local = desk.placing.local_of(context, record)
    except (PathError, NoFileTree) as exc:
        yield _problem("bad-path", record, f"cannot be found here: {exc.message.rstrip('.')}")
        return
    try:
        with in_words(local, writing=False):
            same = not local.is_file() or (
                local.stat().st_size == size and (not deep or sha256_of(local) == sha256)
            )
    except (FileUnreadable, PathError) as exc:
        why = exc.message.rstrip(".")
        yield _problem("unreadable-here", record, f"cannot be compared with its file here: {why}")
        return
    if not same:
        yield _problem("changed-here", record, f"has another file on this disk, at {local}")


def _hashing(progress: Report, record: WorkingFile) -> Callable[[int, int], None]:
    return lambda done, total: progress(f"Reading revision {record.revision}", done, total)


def _shared_paths(records: list[WorkingFile]) -> Iterator[Problem]:
    """Committed revisions whose paths are the same on some disk (case does not tell)."""
    places: dict[str, list[WorkingFile]] = defaultdict(list)
    for record in sorted(records, key=lambda each: each.revision):
        if marker.state_of(record) == "committed" and record.path:
            places[record.path.casefold()].append(record)
    for sharing in places.values():
        for record in sharing[1:]:
            first = sharing[0]
            yield _problem(
                "shared-path",
                record,
                f"has the same path as revision {first.revision} of {first.name}",
            )


def _problem(kind: str, record: WorkingFile, what: str) -> Problem:
    return Problem(
        kind=kind,
        name=record.name,
        revision=record.revision,
        working_file_id=record.id,
        message=f"Revision {record.revision} of “{record.name}” {what}.",
    )
