"""Copies that are exact or are not there at all.

A working file may be many gigabytes, may be written by an application at this very moment,
and may lie on a disk that is nearly full. These functions copy it as cheaply as the file
system allows (shared blocks, then inside the kernel, holes kept), never write over a file
they did not create, leave nothing half-made behind, and notice when the original changed
under them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from wf_core.disk import syscalls
from wf_core.disk.files import (
    create_new,
    file_error,
    fsync_file,
    fsync_folder,
    fsync_handle,
    in_words,
    open_flags,
    open_regular,
    rename_exclusive,
)
from wf_core.errors import Cancelled, FileUnreadable

__all__ = [
    "copy_exactly",
    "file_error",
    "fsync_file",
    "fsync_folder",
    "link_or_copy",
    "linked",
    "links_keep_bytes",
    "rename_exclusive",
    "sha256_of",
]

ByteProgress = Callable[[int, int], None]
"""Called with bytes done and bytes in total."""

Cancel = Callable[[], bool]
"""Asked between chunks whether to stop."""

_CHUNK = 16 * 1024 * 1024
_HAND_CHUNK = 1024 * 1024

_TRY_ANOTHER_WAY = frozenset(
    {
        errno.EXDEV,
        errno.ENOSYS,
        errno.EINVAL,
        errno.EOPNOTSUPP,
        errno.ENOTSUP,
        errno.EPERM,
        errno.EBADF,
        errno.ETXTBSY,
    }
)
_Way = Callable[[int, int, int, int], int]
"""Copies (original, copy, offset, count) and returns how many bytes it managed."""

_links_proven: set[int] = set()  # devices on which a probe of hard links succeeded


def copy_exactly(
    source: Path,
    target: Path,
    *,
    progress: ByteProgress | None = None,
    cancel: Cancel | None = None,
    sync: bool = False,
) -> Literal["reflink", "copy"]:
    """Copy the bytes of ``source`` to the new file ``target``.

    ``target`` is created exclusively; a symbolic link there counts as a file. Holes stay
    holes. The copy has the permissions of the original as far as the process's umask
    allows, and its owner may always write it.

    Args:
        source: a file; a symbolic link is followed.
        target: does not exist; its folder does.
        progress: called with bytes done and in total; holes count as done.
        cancel: asked between chunks of at most 16 MiB.
        sync: return only when file and folder entry are on the disk.

    Returns:
        "reflink" when the copy shares its blocks with the original, else "copy".

    Raises:
        FileUnreadable: ``source`` is missing, not a file, unreadable, or was being written
            while it was copied (its size or modification time moved).
        PathTaken: ``target`` is there already.
        PathError: ``target`` cannot be made (no folder, no permission, name too long).
        DiskFull: no room, over quota, or larger than the file system allows.
        Cancelled: ``cancel`` said so.

    After any error there is no ``target`` that this call made.
    """
    _stop_if(cancel, target)
    with _opened(source) as (original, before), _ours(target) as made:
        with in_words(target, writing=True):
            how = _started(original, target, made, mode=before.st_mode & 0o666 | 0o600)
        copy = made[0]
        if how == "copy":
            _copy_data(original, copy, before.st_size, source, target, progress, cancel)
        elif progress is not None:
            progress(before.st_size, before.st_size)
        _stop_if(cancel, target)
        _refuse_if_changed(source, before, os.fstat(original), os.fstat(copy).st_size)
        if sync:
            with in_words(target, writing=True):
                fsync_handle(copy)
            fsync_folder(target.parent)
    return how


def link_or_copy(
    source: Path,
    target: Path,
    *,
    may_link: bool,
    progress: ByteProgress | None = None,
    cancel: Cancel | None = None,
    sync: bool = False,
) -> Literal["link", "reflink", "copy"]:
    """Keep the bytes that ``source`` has now under the new name ``target``.

    A hard link costs nothing but keeps those bytes only while nobody rewrites the file in
    place; ask for one only where whoever writes ``source`` replaces it. A link is made only
    where a probe showed that links of this folder behave so; otherwise as ``copy_exactly``.

    Raises:
        WorkfilesError: as ``copy_exactly``.
    """
    if may_link and links_keep_bytes(target.parent) and linked(source, target):
        if sync:
            fsync_file(target)
            fsync_folder(target.parent)
        if progress is not None:
            size = target.stat().st_size
            progress(size, size)
        return "link"
    return copy_exactly(source, target, progress=progress, cancel=cancel, sync=sync)


def links_keep_bytes(folder: Path) -> bool:
    """Whether a hard link in ``folder`` keeps its bytes when the other name is replaced.

    Tried, not looked up: some network and user-space file systems copy, follow the name, or
    report link counts and inode numbers that mean nothing. A success is remembered per
    device for the life of the process.
    """
    probe = folder / f".wf-probe-{uuid.uuid4().hex}"
    link, newer = probe.with_suffix(".link"), probe.with_suffix(".new")
    try:
        device = folder.stat().st_dev
        if device in _links_proven:
            return True
        _write_new(probe, b"old")
        os.link(probe, link)
        first, second = probe.lstat(), link.lstat()
        same = (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
        counted = first.st_nlink == second.st_nlink == 2
        _write_new(newer, b"new")
        newer.replace(probe)
        kept = link.read_bytes() == b"old" and probe.read_bytes() == b"new"
        works = same and counted and kept and link.lstat().st_nlink == 1
    except OSError:
        return False
    finally:
        for leftover in (probe, link, newer):
            with suppress(OSError):  # the answer counts; a folder that refuses said so above
                leftover.unlink()
    if works:
        _links_proven.add(device)
    return works


def sha256_of(
    path: Path, *, progress: ByteProgress | None = None, cancel: Cancel | None = None
) -> str:
    """The SHA-256 of a file, in hex, read in constant memory.

    Raises:
        FileUnreadable: missing, not a file, or unreadable.
        Cancelled: ``cancel`` said so.
    """
    digest = hashlib.sha256()
    done = 0
    with _opened(path) as (handle, before):
        while True:
            _stop_if(cancel, path)
            with in_words(path, writing=False):
                data = os.read(handle, _HAND_CHUNK)
            if not data:
                return digest.hexdigest()
            digest.update(data)
            done += len(data)
            if progress is not None:
                progress(done, max(done, before.st_size))


@contextmanager
def _opened(source: Path) -> Iterator[tuple[int, os.stat_result]]:
    handle, status = open_regular(source)
    try:
        yield handle, status
    finally:
        os.close(handle)


@contextmanager
def _ours(target: Path) -> Iterator[list[int]]:
    """Holds the handle of the file being made; removes that file when the making failed."""
    made: list[int] = []
    try:
        yield made
    except BaseException:
        for handle in made:
            ours = os.fstat(handle)
            os.close(handle)
            with suppress(OSError):  # the error that brought us here is the one to tell
                there = target.lstat()
                if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                    target.unlink()
        raise
    for handle in made:
        with in_words(target, writing=True):
            os.close(handle)  # network file systems report a full disk only here


def _started(
    original: int, target: Path, made: list[int], *, mode: int
) -> Literal["reflink", "copy"]:
    """Make the file, with shared blocks where that works, else still empty."""
    if syscalls.clone_to(original, target):
        try:
            made.append(os.open(target, os.O_RDWR | open_flags("O_NOFOLLOW", "O_CLOEXEC")))
        except OSError:
            target.unlink()
            raise
        return "reflink"
    made.append(create_new(target, mode=mode))
    return "reflink" if syscalls.clone_into(original, made[0]) else "copy"


def _write_new(path: Path, content: bytes) -> None:
    with os.fdopen(create_new(path, mode=0o600), "wb") as file:
        file.write(content)


def linked(source: Path, target: Path) -> bool:
    """Give ``source`` a second name: whether that is a hard link now. For a short while, and for
    who looks at inode, size and time before it trusts it: whether it keeps its bytes was not tried.

    Raises:
        FileUnreadable: ``source`` is missing. PathTaken: ``target`` is there.
    """
    with in_words(source, writing=False):
        first = source.lstat()
        real = source
        if stat.S_ISLNK(first.st_mode):
            # Python's follow_symlinks=True does not follow on Linux.
            real = source.resolve(strict=True)
            first = real.lstat()
        if not stat.S_ISREG(first.st_mode):
            return False  # the copy says what is wrong with it
    try:
        os.link(real, target)
    except FileExistsError as exc:
        raise file_error(exc, target, writing=True) from exc
    except OSError:
        return False
    with in_words(target, writing=True):
        second = target.lstat()
        if (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino):
            return True
        target.unlink()  # replaced between the two calls, or the file system lies
    return False


def _copy_data(
    original: int,
    copy: int,
    size: int,
    source: Path,
    target: Path,
    progress: ByteProgress | None,
    cancel: Cancel | None,
) -> None:
    ways: list[_Way] = list(_WAYS)
    try:
        for start, end in _data_ranges(original, size):
            offset = start
            while offset < end:
                _stop_if(cancel, target)
                count = _some_copied(ways, original, copy, offset, min(_CHUNK, end - offset))
                if not count:
                    raise _changed(source)
                offset += count
                if progress is not None:
                    progress(offset, size)
        os.ftruncate(copy, size)  # a hole at the end is made by length alone
    except OSError as exc:
        if exc.errno == errno.EIO:  # the one fault that may be either file's
            raise FileUnreadable(
                f"{source} could not be copied to {target}: {exc.strerror}.",
                hint="Check both disks; nothing was changed.",
            ) from exc
        raise file_error(exc, target, writing=True) from exc
    if progress is not None:
        progress(size, size)


def _some_copied(
    ways: list[_Way],
    original: int,
    copy: int,
    offset: int,
    count: int,
) -> int:
    """Bytes copied by the first way that works here; the ways that do not are dropped."""
    while len(ways) > 1:
        try:
            done = ways[0](original, copy, offset, count)
        except OSError as exc:
            if exc.errno not in _TRY_ANOTHER_WAY:
                raise
            done = 0
        if done:
            return done
        # Some file systems answer 0 where they mean "not here".
        del ways[0]
    return ways[0](original, copy, offset, count)


def _by_hand(original: int, copy: int, offset: int, count: int) -> int:
    os.lseek(original, offset, os.SEEK_SET)
    data = memoryview(os.read(original, min(count, _HAND_CHUNK)))
    os.lseek(copy, offset, os.SEEK_SET)
    written = 0
    while written < len(data):
        written += os.write(copy, data[written:])
    return written


if sys.platform == "linux":

    def _by_range(original: int, copy: int, offset: int, count: int) -> int:
        return os.copy_file_range(original, copy, count, offset, offset)

    def _by_sendfile(original: int, copy: int, offset: int, count: int) -> int:
        os.lseek(copy, offset, os.SEEK_SET)
        return os.sendfile(copy, original, offset, count)

    _WAYS: tuple[_Way, ...] = (_by_range, _by_sendfile, _by_hand)
else:
    _WAYS = (_by_hand,)


def _data_ranges(handle: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has data, as (start, end); the whole file where that is not told."""
    if sys.platform == "win32":
        yield 0, size
        return
    position = 0
    while position < size:
        try:
            start = os.lseek(handle, position, os.SEEK_DATA)
            end = os.lseek(handle, start, os.SEEK_HOLE)
        except OSError as exc:
            if exc.errno == errno.ENXIO:
                return  # nothing but a hole from here to the end
            break
        yield start, min(end, size)
        position = end
    if position < size:
        yield position, size


def _stop_if(cancel: Cancel | None, path: Path) -> None:
    if cancel is not None and cancel():
        raise Cancelled(f"Stopped as asked, before {path.name} was complete. Nothing was changed.")


def _refuse_if_changed(
    source: Path, before: os.stat_result, after: os.stat_result, copied: int
) -> None:
    was, now = (before.st_size, before.st_mtime_ns), (after.st_size, after.st_mtime_ns)
    if was != now or copied != before.st_size:
        raise _changed(source)


def _changed(source: Path) -> FileUnreadable:
    return FileUnreadable(
        f"{source} was being written while it was copied, so the copy was thrown away.",
        hint="Wait until the other program has finished writing, then try again.",
    )
