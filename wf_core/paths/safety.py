"""What must not become a path: anything that leaves its root or that some disk refuses.

A production is shared between operating systems, so every part of a path must be usable
on all of them, whatever machine checks it. The pure checks look at text alone;
:func:`resolve_inside` looks at the disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePath, PureWindowsPath
from typing import Literal

from wf_core.errors import PathError

__all__ = [
    "MAX_COMPONENT_BYTES",
    "System",
    "check_component",
    "check_local_length",
    "check_relative",
    "is_reserved_on_windows",
    "resolve_inside",
]

System = Literal["linux", "windows", "macos"]
"""The operating systems whose paths are known."""

MAX_COMPONENT_BYTES = 255
"""Longest name of a file or folder, in UTF-8 bytes (ext4, APFS and NTFS agree closely)."""

# Without the terminator: PATH_MAX in bytes, and MAX_PATH in UTF-16 units, which is what
# most applications still open on a Windows that allows more.
_MAX_PATH = {"windows": 259, "macos": 1023, "linux": 4095}

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)


def is_reserved_on_windows(part: str) -> bool:
    """Whether Windows takes ``part`` for a device, with any extension.

    >>> is_reserved_on_windows("nul.blend"), is_reserved_on_windows("null.blend")
    (True, False)
    """
    return _DEVICE.fullmatch(part.partition(".")[0].rstrip(" ")) is not None


def check_component(part: str, *, within: str = "") -> None:
    """Check one file or folder name.

    Args:
        part: the name.
        within: the path it belongs to, for the message.

    Raises:
        PathError: the name is empty, ``.`` or ``..``, too long, a device of Windows, ends in
            a dot or a space, or has a character that is forbidden or invisible.
    """
    problem = _problem(part)
    if problem:
        where = f" in “{_shown(within)}”" if within and within != part else ""
        raise PathError(
            f"“{_shown(part)}”{where} {problem}; nothing was written.",
            hint="Rename what it comes from in Kitsu, or correct the production's file tree.",
        )


def check_relative(path: str | PurePath | Iterable[str]) -> tuple[str, ...]:
    """Check a path below some root, and return its parts.

    Text may use either slash; a list of parts may not use any.

    Raises:
        PathError: it is empty, absolute, has a drive, or a part fails
            :func:`check_component`.
    """
    if isinstance(path, (str, PurePath)):
        text = str(path)
        unified = text.replace("\\", "/")
        if unified.startswith("/") or PureWindowsPath(text).drive:
            raise PathError(
                f"“{_shown(text)}” is an absolute path where one below a folder is needed; "
                "nothing was written."
            )
        parts = tuple(unified.split("/"))
    else:
        parts = tuple(path)
    if not parts:
        raise PathError("An empty path names no file; nothing was written.")
    for part in parts:
        check_component(part, within="/".join(parts))
    return parts


def check_local_length(path: PurePath, *, system: System) -> None:
    """Check that applications on ``system`` can open ``path``.

    Raises:
        PathError: over 259 characters on Windows, 1023 bytes on macOS, 4095 on Linux.
    """
    text = str(path)
    limit = _MAX_PATH[system]
    if system == "windows":
        length, unit = len(text.encode("utf-16-le", "replace")) // 2, "characters"
    else:
        length, unit = len(text.encode("utf-8", "replace")), "bytes"
    if length > limit:
        raise PathError(
            f"The path “{_shown(text)}” has {length} {unit}; {system} allows {limit}. "
            "Nothing was written.",
            hint="Use a shorter workspace folder or mount point, or a shorter name.",
        )


def resolve_inside(root: Path, relative: str | PurePath | Iterable[str]) -> Path:
    """Join ``relative`` to ``root`` on the real disk, never leaving ``root``.

    The root itself may be a symbolic link (where the workspace lies is the user's
    choice); a link below it must stay below it. What does not exist yet is fine.

    Raises:
        PathError: :func:`check_relative` refuses the path, a link leads out of the root, or
            links lead in a circle.
    """
    parts = check_relative(relative)
    path = root.joinpath(*parts)
    try:
        # Not Path.resolve, which asks the disk once more, and only before Python 3.13 says
        # that links lead in a circle.
        real = Path(os.path.realpath(path))
        with suppress(FileNotFoundError, NotADirectoryError):
            real.stat()  # links in a circle are still in it
        # A path that stays as it was has no link in it, its root neither.
        inside = real == path or real.is_relative_to(os.path.realpath(root))
    except (OSError, RecursionError) as exc:
        raise PathError(
            f"The path {path} cannot be followed on this disk. Nothing was written.",
            hint="Look for broken or circular links in the workspace.",
        ) from exc
    if not inside:
        raise PathError(
            f"{path} leads out of {root}, to {real}, through a link. Nothing was written.",
            hint="Remove the link from the workspace.",
        )
    return path


@lru_cache(maxsize=1024)
def _problem(part: str) -> str:
    if not part:
        return "is an empty part of a path"
    if part in (".", ".."):
        return "does not name a file or folder of its own"
    bad = _FORBIDDEN.search(part)
    if bad:
        return f"has the character {bad.group()!r}, which file names cannot have everywhere"
    if part[-1] in ". ":
        return "ends in a dot or a space, which Windows drops"
    if is_reserved_on_windows(part):
        return "is the name of a device on Windows"
    try:
        size = len(part.encode("utf-8"))
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if size > MAX_COMPONENT_BYTES:
        return f"has {size} bytes, and file names may have {MAX_COMPONENT_BYTES}"
    return ""


def _shown(text: str) -> str:
    """``text`` for a message: invisible characters escaped, not longer than a line."""
    if len(text) <= 120 and len(plain := _plain(text)) <= 120:
        return plain
    return f"{_plain(text[:80])[:80]}…{_plain(text[-30:])[-30:]}"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
