"""Small dealings with files that must not go wrong, and the words for when they do.

Whatever the system answers about a file is turned into the core's errors here, in one
place (:func:`file_error`), so that the same fault reads the same wherever it is met.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wf_core.disk import syscalls
from wf_core.errors import DiskFull, FileUnreadable, PathError, PathTaken, WorkfilesError

__all__ = [
    "create_new",
    "file_error",
    "fsync_file",
    "fsync_folder",
    "fsync_handle",
    "half_made",
    "in_words",
    "make_shared_folder",
    "open_flags",
    "open_regular",
    "rename_exclusive",
]

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR})
_NO_PERMISSION = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_ROOM_ON_WINDOWS = frozenset({39, 112, 1295})  # HANDLE_DISK_FULL, DISK_FULL, DISK_QUOTA


def file_error(exc: OSError | ValueError, path: Path, *, writing: bool) -> WorkfilesError:
    """The error of the core, in words for people, for what the system said about ``path``.

    Args:
        exc: what was caught; a ValueError is Python's word for a NUL inside a path.
        path: the file it is about.
        writing: whether it was to be made or written, rather than read.
    """
    if not isinstance(exc, OSError):
        return PathError(f"{str(path)!r} cannot be the name of a file.")
    code = exc.errno
    if code in _NO_ROOM or getattr(exc, "winerror", None) in _NO_ROOM_ON_WINDOWS:
        return DiskFull(
            f"There is no room for {path.name} in {path.parent}. Nothing that was there before "
            "was changed.",
            hint="Free some space on that disk, then try again.",
        )
    if code == errno.ENAMETOOLONG:
        return PathError(f"The path {path} is too long for this system.")
    if not writing:
        if code in _NO_FOLDER:
            return FileUnreadable(f"There is no file {path}.")
        if code in _NO_PERMISSION:
            return FileUnreadable(
                f"{path} may not be read by this account.",
                hint="Check its permissions, or whether another program holds it open.",
            )
        return FileUnreadable(f"{path} could not be read: {exc.strerror}.")
    if code == errno.EEXIST:
        return PathTaken(f"{path} is there already; it was left as it is.")
    if code in _NO_FOLDER:
        return PathError(f"{path} cannot be made: {path.parent} is not a folder.")
    if code in _NO_PERMISSION:
        return PathError(
            f"{path} may not be written by this account.",
            hint=f"Check the permissions of {path.parent}.",
        )
    return PathError(f"{path} could not be written: {exc.strerror}.")


@contextmanager
def in_words(path: Path, *, writing: bool) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as exc:
        raise file_error(exc, path, writing=writing) from exc


def create_new(target: Path, *, mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.open(target, flags | open_flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"), mode)


def open_regular(path: Path, *, follow: bool = True) -> tuple[int, os.stat_result]:
    """Open a file for reading: no folder, and no pipe or device, whoever has put it there.

    Args:
        follow: a symbolic link may lead to the file.

    Returns:
        Its handle, which the caller closes, and what the system knows of it.

    Raises:
        FileUnreadable: missing, no permission, or not a file.
    """
    # Without O_NONBLOCK a named pipe would keep us waiting for its writer.
    flags = open_flags("O_CLOEXEC", "O_BINARY", "O_NONBLOCK")
    flags |= 0 if follow else open_flags("O_NOFOLLOW")
    with in_words(path, writing=False):
        if path.is_dir():  # Windows opens no folder at all, with a misleading error
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        handle = os.open(path, os.O_RDONLY | flags)
        status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise FileUnreadable(f"{path} is not a file.")
    return handle, status


def half_made(path: Path, owner: str) -> Path:
    """Where a file is made before it gets its name: beside it, on the same disk, hidden.

    Args:
        owner: who makes it (the id of a save): so it is known whose the leftover is when
            that process was killed.
    """
    return path.with_name(f".{owner}.part")


def make_shared_folder(folder: Path) -> None:
    """Make a folder for everybody who may write to its parent; nothing happens when it is
    there. Nobody can move or remove what is another's in it (the sticky bit).

    Raises:
        OSError: it cannot be made, or is something else, a symbolic link for one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        if folder.is_symlink() or not folder.is_dir():
            raise
        return
    if os.name != "posix":
        return  # the access list of the parent is inherited
    parent = folder.parent.stat()
    with suppress(OSError):  # of that group only where this account is a member
        os.chown(folder, -1, parent.st_gid)
    with suppress(OSError):  # a disk that has no modes
        folder.chmod(stat.S_IMODE(parent.st_mode) & 0o777 | stat.S_ISVTX)


def rename_exclusive(source: Path, target: Path) -> None:
    """Rename a file of ours within its file system, never replacing another.

    Raises:
        PathTaken: ``target`` is there already; both are as they were.
        WorkfilesError: the rename failed otherwise; ``source`` is still there.
    """
    with in_words(target, writing=True):
        if syscalls.rename_keeping(source, target):
            return
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:
            # No links either (FAT, some network disks). The name is taken by a file of our
            # own first, then that one is replaced: another's file never is.
            os.close(create_new(target, mode=0o600))
            try:
                source.replace(target)
            except OSError:
                target.unlink()
                raise
        else:
            source.unlink()


def fsync_file(path: Path) -> None:
    """Return when the file's bytes are on the disk, as far as the system can promise.

    Raises:
        DiskFull: the system found only now that there is no room.
        FileUnreadable: the file is gone or the disk failed.
    """
    # Windows flushes only through a handle that may write.
    access = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
    with in_words(path, writing=False):
        handle = os.open(path, access | open_flags("O_CLOEXEC", "O_BINARY"))
        try:
            fsync_handle(handle)
        finally:
            os.close(handle)


def fsync_folder(path: Path) -> None:
    """Return when the entries of the folder are on the disk; nothing to do on Windows.

    Raises:
        WorkfilesError: the folder is gone or the disk failed.
    """
    if sys.platform == "win32":
        return
    with in_words(path, writing=False):
        handle = os.open(path, os.O_RDONLY | open_flags("O_CLOEXEC", "O_DIRECTORY"))
        try:
            fsync_handle(handle)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
                raise  # else: a file system that cannot sync folders
        finally:
            os.close(handle)


def open_flags(*names: str) -> int:
    """The flags of ``os.open`` this system has; the others are 0."""
    value = 0
    for name in names:
        value |= getattr(os, name, 0)
    return value


def fsync_handle(handle: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
        except OSError:
            pass  # network disks know only the plain call
        else:
            return
    os.fsync(handle)
