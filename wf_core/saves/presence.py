"""Who has a task's scene open: a hint for colleagues, never a lock.

An application that opens a scene leaves a note in the workspace its colleagues share, and
touches it every minute. A note whose owner died says so by itself: on the same machine the
operating system has taken the owner's lock back, elsewhere the note grows old. Nothing here
keeps anybody from anything, and no failure of it is told to the artist.

    <workspace or mount point>/.wf-presence/<task id>/<note id>.json
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import json
import logging
import os
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from wf_core.disk.files import make_shared_folder, open_flags
from wf_core.disk.locks import Lock
from wf_core.results import Presence
from wf_core.saves.machine import boot_id, machine_name

__all__ = ["Announcement", "present"]

log = logging.getLogger(__name__)

_FOLDER = ".wf-presence"
_BEAT_SECONDS = 60.0
_OLD_SECONDS = 300.0
_LONGEST_NOTE = 16 * 1024


class Announcement:
    """The note of one open scene: there until :meth:`stop`, or until this process is gone.

    Args:
        root: the workspace or mount point the task's files lie under.
        task_id, name: whose scene is open.
        application: what it is open in.
    """

    def __init__(self, root: Path, *, task_id: str, name: str, application: str) -> None:
        self._note = root / _FOLDER / task_id / f"{uuid.uuid4()}.json"
        self._lock = Lock(self._note.with_suffix(".lock"))
        self._over = threading.Event()
        self._facts = {
            "schema": 1,
            "name": name,
            "user": _user(),
            "machine": machine_name(),
            "application": application,
            "pid": os.getpid(),
            "boot": boot_id(),
            "since": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        }
        try:
            self._begin()
        except OSError as exc:
            log.info("%s: nobody is told of the open scene: %s", self._note.parent, exc)
            return
        self._thread = threading.Thread(target=self._beat, name="wf-presence", daemon=True)
        self._thread.start()

    def __enter__(self) -> Announcement:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the note away; nothing happens when it is gone already."""
        self._over.set()
        self._lock.release()
        for path in (self._note, self._lock.path):
            with contextlib.suppress(OSError):
                path.unlink()

    def _begin(self) -> None:
        for folder in (self._note.parent.parent, self._note.parent):
            make_shared_folder(folder)
        self._lock.acquire()  # before the note is there: without it the note counts as dead
        half = self._note.with_suffix(".tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | open_flags("O_NOFOLLOW", "O_CLOEXEC")
        with os.fdopen(os.open(half, flags, 0o644), "w", encoding="utf-8") as stream:
            json.dump(self._facts, stream)
        half.replace(self._note)

    def _beat(self) -> None:
        while not self._over.wait(_BEAT_SECONDS):
            try:
                os.utime(self._note)  # without a time: that of the disk's own server counts
            except OSError as exc:
                log.info("%s: %s", self._note, exc)


def present(root: Path, *, task_id: str, name: str) -> list[Presence]:
    """Who has a scene of (task, name) open elsewhere, the longest first; this process is left
    out. Notes of owners that are gone are removed on the way, where that is allowed.
    """
    folder = root / _FOLDER / task_id
    if folder.is_symlink() or folder.parent.is_symlink():
        return []
    found = []
    now = _now_of(folder)
    for note in sorted(folder.glob("*.json")):
        facts = _read(note)
        if facts is None or facts["name"] != name:
            continue
        here = (facts["machine"], facts["boot"]) == (machine_name(), boot_id())
        if here and facts["pid"] == os.getpid():
            continue
        try:
            silent = max(0.0, now - note.stat().st_mtime)
        except OSError:
            continue  # taken away just now
        if silent > _OLD_SECONDS or (here and _is_dead(note)):
            with contextlib.suppress(OSError):
                note.unlink()
                note.with_suffix(".lock").unlink()
            continue
        found.append(
            Presence(
                user=facts["user"],
                machine=facts["machine"],
                application=facts["application"],
                since=facts["since"],
                seen=silent,
            )
        )
    return sorted(found, key=lambda one: one.since)


def _is_dead(note: Path) -> bool:
    """Whether the owner, on this machine, has given its lock back; False when not known."""
    path = note.with_suffix(".lock")
    if not path.is_file():
        return True
    lock = Lock(path)
    try:
        free = lock.acquire()
    except OSError:
        return False  # another account's, or a disk without locks: its age decides
    lock.release()
    return free


def _read(note: Path) -> dict[str, Any] | None:
    """A note's facts, None where they are none: anybody may have put a file there."""
    try:
        handle = os.open(note, os.O_RDONLY | open_flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
        with os.fdopen(handle, "rb") as stream:
            facts = json.loads(stream.read(_LONGEST_NOTE))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or not isinstance(facts.get("pid"), int):
        return None
    texts = ("name", "user", "machine", "application", "boot", "since")
    return facts if all(isinstance(facts.get(key), str) for key in texts) else None


def _now_of(folder: Path) -> float:
    """The time by the clock that dates the notes: of the disk's server, not of this machine."""
    with contextlib.suppress(OSError), tempfile.NamedTemporaryFile(dir=folder) as probe:
        return os.fstat(probe.fileno()).st_mtime
    return time.time()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody"
