"""The detached uploader: what goes on when the application has quit.

One process per journal, started by whoever leaves a save behind, ended by itself when
nothing is left to do. It needs the core's dependencies only, and gets its ``sys.path`` on
the command line, because applications run Python isolated and ignore PYTHONPATH.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from wf_core.disk.locks import Lock
from wf_core.errors import WorkfilesError
from wf_core.kitsu import RedactSecrets
from wf_core.saves.desk import Desk
from wf_core.saves.journal import Journal
from wf_core.saves.recovery import open_journal
from wf_core.saves.row import OPEN_STATES, SaveRow
from wf_core.saves.spool import Spool
from wf_core.settings import Settings, load

__all__ = ["main", "run", "start", "use_interpreter"]

log = logging.getLogger(__name__)

_LOCK = "uploader.lock"
_LONGEST_NAP = 5.0
_SHORTEST_NAP = 0.25
_LARGEST_LOG = 1024 * 1024  # bytes; one older log is kept

_children: list[subprocess.Popen[bytes]] = []
_interpreter: list[Path] = []


def use_interpreter(python: Path) -> None:
    """Run uploaders of this process with ``python``: for applications whose own program is what
    ``sys.executable`` names. It must be of the same version as the one in this process."""
    _interpreter[:] = [python]


def start(settings: Settings) -> bool:
    """Start an uploader unless one is running already; False when one is.

    The new process has a session (Windows: a process group) of its own and no terminal,
    so that neither closing a window nor quitting the application ends it. Where no process can be
    started, False: whoever saved has a safe save, and the next start sends it.
    """
    try:
        return _start(settings)
    except OSError as exc:
        log.warning("no uploader could be started: %s", exc)
        return False


def _start(settings: Settings) -> bool:
    _children[:] = [child for child in _children if child.poll() is None]
    lock = Lock(settings.lock_folder / _LOCK)
    if not lock.acquire():
        return False
    lock.release()
    settings.log_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    code = (
        f"import sys; sys.path[:] = {[path for path in sys.path if path]!r}; "
        "from wf_core.saves.uploader import main; sys.exit(main())"
    )
    # An isolated Python (Blender's) ignores variables meant for others, such as Maya's
    # PYTHONHOME; so must its child, which could not start with them.
    command = [_program(), *(["-I"] if sys.flags.isolated else []), "-c", code]
    log_file = settings.log_folder / "uploader.log"
    if log_file.exists() and log_file.stat().st_size > _LARGEST_LOG:
        log_file.replace(log_file.with_suffix(".log.1"))
    with log_file.open("ab") as output:
        best, *others = _detached()
        try:
            child = _popen(command, output, settings.home, best)
        except PermissionError:
            if not others:
                raise
            child = _popen(command, output, settings.home, others[0])
    _children.append(child)
    return True


def _popen(
    command: list[str], output: BinaryIO, folder: Path, options: dict[str, Any]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, **options
    )


def _detached() -> tuple[dict[str, Any], ...]:
    """The arguments of ``subprocess.Popen`` for a process that outlives its parent, and those for
    where the system forbids the first ones."""
    if sys.platform != "win32":
        return ({"start_new_session": True},)
    # DETACHED_PROCESS: no console; BREAKAWAY: outlive a job object that kills its members. A job
    # may forbid that, and CreateProcess then fails: a process that ends with the job sends some.
    alone = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
    flags = (alone | subprocess.CREATE_BREAKAWAY_FROM_JOB, alone)
    return tuple({"creationflags": one} for one in flags)


def _program() -> str:
    return str(_interpreter[0]) if _interpreter else sys.executable


def main() -> int:
    """Entry of the detached process: the settings come from its environment."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactSecrets())
    run(load())
    return 0


def run(settings: Settings) -> None:
    """Work until nothing is left; returns at once when another uploader is running."""
    lock = Lock(settings.lock_folder / _LOCK)
    while lock.acquire():
        try:
            _work(settings)
        finally:
            lock.release()
        # Who saves while this one ends starts no other, as the lock is held: so it looks again
        # once it holds it no more.
        if not _is_left(settings):
            return


def _work(settings: Settings) -> None:
    """Pass after pass, until one leaves nothing."""
    desks: dict[str, Desk] = {}
    try:
        while (wait := _pass(settings, desks)) is not None:
            time.sleep(min(_LONGEST_NAP, max(_SHORTEST_NAP, wait)))
    finally:
        for desk in desks.values():
            desk.close()


def _pass(settings: Settings, desks: dict[str, Desk]) -> float | None:
    """One pass over all servers; seconds until the next makes sense, None when all is done."""
    waits: list[float] = []
    for server in _servers(settings):
        desk = desks.get(server)
        if desk is None or not desk.journal.is_in_place():
            if desk is not None:
                desk.close()
            desk = desks[server] = Desk(settings, server)
        try:
            result = desk.queue.work(everything=False)
        except WorkfilesError as exc:
            log.warning("%s: %s", server, exc)
            waits.append(_LONGEST_NAP)
            continue
        if result.committed:
            log.info("%s: %d committed, %d left", server, result.committed, result.pending)
        waits += [row.waits() for row in _left(desk.journal, server)]
    return min(waits) if waits else None


def _left(journal: Journal, server: str) -> list[SaveRow]:
    """The saves of a server that are not done, and wait for nobody."""
    rows = [row for row in journal.rows(*OPEN_STATES, server=server) if row.parked is None]
    return rows + journal.unchecked(server=server)


def _servers(settings: Settings) -> list[str]:
    with _journal(settings) as journal:
        return journal.servers()


def _is_left(settings: Settings) -> bool:
    """Whether there is anything to do."""
    with _journal(settings) as journal:
        return any(_left(journal, server) for server in journal.servers())


def _journal(settings: Settings) -> closing[Journal]:
    return closing(open_journal(settings.journal_path, Spool(settings.home)))
