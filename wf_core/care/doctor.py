"""Looking at the whole set-up, as a person would who was called to help."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from wf_core import kitsu
from wf_core.disk.copying import links_keep_bytes
from wf_core.errors import WorkfilesError
from wf_core.models import Person
from wf_core.results import CheckResult
from wf_core.saves.desk import Desk
from wf_core.saves.row import OPEN_STATES
from wf_core.settings import Settings
from wf_core.steps import LOG_IN, UPLOADS

__all__ = ["examine"]

_LITTLE_ROOM = 5 * 1024**3
_NEARLY_FULL = 0.9
_SOON = 24 * 3600.0  # seconds until a login ends
_KNOWN_EXTENSIONS = (".blend", ".ma", ".mb")


def examine(settings: Settings) -> list[CheckResult]:
    """Look at folders, journal, server, login, productions and queue, in that order.

    What depends on something that is broken is not looked at.
    """
    results = [_home(settings), _workspace(settings)]
    if not settings.server:
        return [
            *results,
            CheckResult(
                "server",
                False,
                "No Kitsu server is known here yet.",
                f"Use {LOG_IN} with its address.",
            ),
        ]
    try:
        desk = Desk(settings, settings.server)
    except WorkfilesError as exc:
        return [*results, _failed("server", exc)]
    try:
        return [*results, *_journal(desk), *_server(desk)]
    finally:
        desk.close()


def _home(settings: Settings) -> CheckResult:
    problem = _cannot_write(settings.home, mode=0o700)  # the journal will be in it
    if problem:
        return CheckResult("settings folder", False, problem, "Make it writable, or set WF_HOME.")
    return CheckResult(
        "settings folder", True, f"{settings.home} (profile {settings.profile_name})."
    )


def _workspace(settings: Settings) -> CheckResult:
    folder = settings.workspace
    problem = _cannot_write(folder)
    if problem:
        return CheckResult(
            "workspace", False, problem, "Make it writable, or set WF_WORKSPACE or the setting."
        )
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_ROOM:
        return CheckResult(
            "workspace",
            False,
            f"Only {free / 2**30:.1f} GiB are free in {folder}.",
            "Free some space.",
        )
    kept = "hard links" if links_keep_bytes(folder) else "copies"
    return CheckResult(
        "workspace", True, f"{folder}: {free / 2**30:.0f} GiB free, snapshots by {kept} where safe."
    )


def _journal(desk: Desk) -> Iterator[CheckResult]:
    rows = desk.journal.rows(*OPEN_STATES)
    parked = [row for row in rows if row.parked]
    if parked:
        yield CheckResult(
            "queue",
            False,
            f"{len(parked)} of {len(rows)} waiting saves need somebody: {parked[0].error}",
            f"See {UPLOADS}: each says what to do.",
        )
        return
    kept, limit = desk.spool.size(), desk.settings.profile.spool_limit
    roomy = kept < _NEARLY_FULL * limit
    yield CheckResult(
        "queue",
        roomy,
        f"{len(rows)} saves wait; {kept / 2**20:,.0f} MiB of at most {limit / 2**20:,.0f} are kept "
        "for them.",
        "" if roomy else f"See {UPLOADS}, or raise spool_limit (“wf config”).",
    )


def _server(desk: Desk) -> Iterator[CheckResult]:
    session = desk.client.session
    started = time.monotonic()
    try:
        version = kitsu.server_version(session.limited(retries=0))
    except WorkfilesError as exc:
        yield _failed("server", exc)
        return
    took = (time.monotonic() - started) * 1000
    yield CheckResult(
        "server", True, f"{session.server}, Zou {version or 'of unknown version'}, {took:.0f} ms."
    )
    try:
        person = desk.client.whoami()
    except WorkfilesError as exc:
        yield _failed("login", exc)
        return
    yield _login(session, person)
    for look in (_software, _productions):
        try:
            yield from look(desk)
        except WorkfilesError as exc:
            yield _failed(look.__name__.strip("_"), exc)


def _login(session: kitsu.Session, person: Person) -> CheckResult:
    who = f"{person.display_name} ({person.role})"
    left = kitsu.token_seconds_left(session)
    if left is None:
        return CheckResult("login", True, f"{who}.")
    if left < _SOON:
        hint = "Have a new token made in Kitsu." if session.is_bot else f"Use {LOG_IN} again."
        return CheckResult("login", False, f"{who}; it ends in {left / 3600:.0f} hours.", hint)
    return CheckResult("login", True, f"{who}, for {left / 86400:.0f} more days.")


def _software(desk: Desk) -> Iterator[CheckResult]:
    known = {ext for record in desk.client.softwares() for ext in record.extensions}
    lacking = [ext for ext in _KNOWN_EXTENSIONS if ext not in known]
    if len(lacking) == len(_KNOWN_EXTENSIONS):
        yield CheckResult(
            "software",
            False,
            f"Kitsu has no software record for {', '.join(lacking)} files.",
            "Ask an administrator to add the applications you save from.",
        )
    else:
        yield CheckResult("software", True, f"Kitsu knows {', '.join(sorted(known))}.")


def _productions(desk: Desk) -> Iterator[CheckResult]:
    for production in desk.client.productions():
        full = desk.client.production(production.id)
        label = f"production {full.name}"
        if full.file_tree and "working" in full.file_tree:
            yield CheckResult(label, True, "Has a file tree for working files.")
        else:
            yield CheckResult(
                label,
                False,
                "Has no file tree, so its scenes have no path and cannot be saved.",
                f'An administrator can set one: wf tree "{full.name}" --set default',
            )


def _cannot_write(folder: Path, *, mode: int = 0o777) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".wf-probe-"):
            return ""
    except OSError as exc:
        return f"{folder} cannot be written: {exc.strerror or os.strerror(exc.errno or 0)}."


def _failed(name: str, exc: WorkfilesError) -> CheckResult:
    return CheckResult(name, False, exc.message, exc.hint)
