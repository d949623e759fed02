"""The few system calls that Python does not offer, each with an honest "not here".

A copy that shares its blocks with the original (a reflink) and a rename that refuses to
replace have a different name on every system. Each function here says whether it did the
work, so that the caller can go on with the next best way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path

__all__ = ["clone_into", "clone_to", "rename_keeping"]

_CLONE = 0x40049409  # FICLONE of linux/fs.h: _IOW(0x94, 9, int)
_AT_FDCWD = -100 if sys.platform == "linux" else -2
_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCL = 4  # macOS, sys/stdio.h
_CLONE_NOOWNERCOPY = 2  # macOS, sys/clonefile.h

_NOT_OFFERED = frozenset(
    {
        errno.ENOSYS,
        errno.EINVAL,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.ENOTTY,
        errno.EXDEV,
        errno.EPERM,
        errno.EBADF,
        errno.ETXTBSY,
    }
)
"""What kernels and file systems answer when they have the call but not for these files."""


def clone_into(source: int, target: int) -> bool:
    """Make the open file ``target`` share all blocks of the open file ``source``.

    False where the system or the file system cannot, with ``target`` as it was.

    Raises:
        OSError: it can, but it failed (no room, a broken disk).
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _CLONE, source)
    except OSError as exc:
        if exc.errno in _NOT_OFFERED:
            return False
        raise
    return True


def clone_to(source: int, target: Path) -> bool:
    """Create ``target`` as a file that shares all blocks of the open file ``source``.

    This is the macOS way, where the clone makes the file itself, and only if there is none.
    False where the system or the file system cannot.

    Raises:
        FileExistsError: ``target`` is there already.
        OSError: it can, but it failed.
    """
    if sys.platform != "darwin":
        return False
    clone = getattr(_libc(), "fclonefileat", None)
    if clone is None:
        return False
    return _called(clone(source, _AT_FDCWD, _c_path(target), _CLONE_NOOWNERCOPY), target)


def rename_keeping(source: Path, target: Path) -> bool:
    """Rename ``source`` to ``target`` in one step that never replaces a file.

    False where the system or the file system has no such step, with nothing changed.

    Raises:
        FileExistsError: ``target`` is there already; both are as they were.
        OSError: it has, but it failed.
        ValueError: a name contains a NUL.
    """
    if sys.platform == "win32":
        source.rename(target)  # there, a plain rename already refuses to replace
        return True
    libc = _libc()
    old, new = _c_path(source), _c_path(target)
    if sys.platform == "linux":
        rename = getattr(libc, "renameat2", None)
        arguments = (_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE)
    else:
        rename = getattr(libc, "renamex_np", None)
        arguments = (old, new, _RENAME_EXCL)
    if rename is None:
        return False
    return _called(rename(*arguments), target)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _c_path(path: Path) -> bytes:
    encoded = os.fsencode(path)
    if b"\0" in encoded:  # C would take what stands before it for the whole name
        raise ValueError("embedded null byte")
    return encoded


def _called(answer: int, target: Path) -> bool:
    if answer == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_OFFERED:
        return False
    raise OSError(code, os.strerror(code), str(target))
