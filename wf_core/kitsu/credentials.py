"""Tokens in a file of the user's own, safe with several processes.

The file is ``credentials.json`` in the folder of the settings (``WF_HOME``), mode 0600. It is
replaced as a whole and never followed through a link, so that a planted link can neither be
read nor overwritten. On Windows the folder's access list does what the modes do elsewhere.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from wf_core.disk.locks import Lock
from wf_core.errors import FileUnreadable
from wf_core.kitsu.tokens import Tokens, TokenStore
from wf_core.steps import LOG_IN

__all__ = ["FileTokenStore"]

log = logging.getLogger(__name__)

_LONGEST = 1024 * 1024  # bytes; tokens are a few hundred each
_LOCK_WAIT = 10.0  # seconds
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_POSIX = os.name == "posix"


class FileTokenStore(TokenStore):
    """The tokens of all servers in ``folder/credentials.json``.

    Args:
        folder: the folder of the settings; made when first needed, for its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "credentials.json"
        self._lock = _ProcessLock(folder / "credentials.lock")
        self._seen: tuple[int, int, int] | None = None
        self._cached: dict[str, Tokens] = {}

    def __repr__(self) -> str:
        return f"<FileTokenStore {self._path}>"

    def load(self, server: str) -> Tokens | None:
        return self._read().get(server)

    def save(self, server: str, tokens: Tokens) -> None:
        self._change({server: tokens})

    def forget(self, server: str) -> None:
        if server in self._read():
            self._change({server: None})

    def servers(self) -> tuple[str, ...]:
        return tuple(sorted(self._read()))

    @contextmanager
    def refreshing(self) -> Iterator[None]:
        self._make_folder()
        with self._lock.held():
            yield

    def _read(self) -> dict[str, Tokens]:
        try:
            status = os.lstat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            self._seen, self._cached = None, {}
            return {}
        except OSError as exc:
            raise self._unreadable("it cannot be read") from exc
        version = (status.st_mtime_ns, status.st_ino, status.st_size)
        if version != self._seen:
            self._cached = self._parse(self._content())
            self._seen = version
        return self._cached

    def _content(self) -> bytes:
        """The bytes of the file, once it is certain to be a file of this user alone."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        # A pipe in its place must not make the open wait.
        flags |= getattr(os, "O_NONBLOCK", 0)
        try:
            if self._path.is_symlink():
                raise self._unreadable("it is a link")
            handle = os.open(self._path, flags)
        except FileNotFoundError:
            return b""
        except OSError as exc:
            raise self._unreadable("it cannot be read") from exc
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise self._unreadable("it is not a plain file")
            if _POSIX:
                if status.st_uid != os.geteuid():
                    raise self._unreadable("it belongs to another user")
                if status.st_mode & 0o077:
                    os.fchmod(file.fileno(), 0o600)
                    log.warning("%s could be read by others; it is private again.", self._path)
            return file.read(_LONGEST)

    def _unreadable(self, why: str) -> FileUnreadable:
        return FileUnreadable(
            f"The file of your logins, {self._path}, is not used: {why}.",
            hint=f"Remove it, then use {LOG_IN} again.",
        )

    def _parse(self, content: bytes) -> dict[str, Tokens]:
        if not content:
            return {}
        try:
            entries = json.loads(content)["servers"].items()
            return {
                server: Tokens(entry["access"], entry.get("refresh")) for server, entry in entries
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s is damaged; log in again.", self._path)
            return {}

    def _change(self, changes: dict[str, Tokens | None]) -> None:
        self._make_folder()
        with self._lock.held():
            tokens = {**self._read(), **changes}
            document = {
                "schema": 1,
                "servers": {
                    server: {"access": entry.access, "refresh": entry.refresh}
                    for server, entry in sorted(tokens.items())
                    if entry is not None
                },
            }
            # mkstemp makes a new file, readable by its owner only, whatever the umask.
            handle, name = tempfile.mkstemp(prefix=".credentials-", dir=self._folder)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(document, file, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                _replace(name, self._path)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(name).unlink()
                raise

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _POSIX:
            status = self._folder.stat()
            if status.st_uid == os.geteuid() and status.st_mode & 0o022:
                self._folder.chmod(status.st_mode & 0o700)
                log.warning("%s could be changed by others; it is private again.", self._folder)


def _replace(source: str, target: Path) -> None:
    """os.replace; on Windows a reader of the target is waited for."""
    for attempt in range(50):
        try:
            Path(source).replace(target)
        except PermissionError:
            if _POSIX or attempt == 49:
                raise
            time.sleep(0.02)
        else:
            return


class _ProcessLock:
    """A lock between threads and processes; the system releases it with the process.

    When somebody holds it for ten seconds, work goes on without it: two refreshes at once do no
    harm, while an artist that waits for a frozen process does. The same where the disk of the
    folder has no locks at all.
    """

    def __init__(self, path: Path) -> None:
        self._lock = Lock(path)
        self._threads = RLock()
        self._depth = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._threads:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._acquire()
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._lock.release()

    def _acquire(self) -> None:
        path = self._lock.path
        try:
            if not self._lock.acquire(wait=_LOCK_WAIT):
                log.warning("%s is held for too long; going on without it.", path)
        except OSError as exc:
            if exc.errno in _NO_LOCKS:
                log.warning("%s: this disk has no locks; going on without.", path)
                return
            raise FileUnreadable(
                f"The lock beside your logins, {path}, cannot be opened.",
                hint="Remove it, and check that the folder is yours.",
            ) from exc
