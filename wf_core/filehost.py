"""The host without an application: any file, saved as it lies on the disk.

It is what ``wf save FILE`` uses, and what makes working revisions out of files of
applications that have no adapter.
"""

from __future__ import annotations

import os
import re
import stat
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from typing import TypeVar

from wf_core.disk.copying import copy_exactly
from wf_core.disk.files import half_made, in_words, rename_exclusive
from wf_core.errors import FileUnreadable
from wf_core.host import Copied, Host, MissingFile, SceneTag

__all__ = ["FileHost", "extension_of"]

T = TypeVar("T")

_EXTENSION = re.compile(r"\.[A-Za-z0-9_+-]{1,16}")
_WRAPPERS = frozenset({".gz", ".bz2", ".xz", ".zst", ".lz4"})


def extension_of(path: PurePath) -> str:
    """The extension a working file of this name has: lower case, with its dot.

    A compressed tar archive keeps both parts (``.tar.gz``); of any other name only the
    last part counts, because the rest is the name (``lamp.v2.blend``).

    Raises:
        FileUnreadable: there is none, or not one that a file name can end in everywhere.
    """
    last = path.suffix
    if not _EXTENSION.fullmatch(last):
        has = f"“{last}” for an extension" if last else "no extension"
        raise FileUnreadable(
            f"{path.name} has {has}, so what kind of file it is cannot be told.",
            hint="Give the file its application's extension, such as .blend, then try again.",
        )
    if last.lower() in _WRAPPERS and PurePath(path.stem).suffix.lower() == ".tar":
        return f".tar{last.lower()}"
    return last.lower()


class FileHost(Host):
    """A file as if it were the open scene of an application.

    Saving copies it; from then on the copy is the file that counts, as with an
    application's Save As. A plain file has no room for a tag, so the tag lives as long as
    this object, or until another file is opened.

    Args:
        source: the file to save.
        software: name of Kitsu's software record; empty when the extension decides.
        version: version of the software, when known.

    Raises:
        FileUnreadable: missing, not a file, empty, no permission, or without an extension.
    """

    def __init__(self, source: Path, *, software: str = "", version: str = "") -> None:
        self._software = software
        self._version = version
        self._path, self._extension = _looked_at(source)
        self._tag: SceneTag | None = None
        self._copied: Copied | None = None

    @property
    def name(self) -> str:
        return self._software

    @property
    def version(self) -> str:
        return self._version

    @property
    def extensions(self) -> tuple[str, ...]:
        return (self._extension,)

    @property
    def replaces_files(self) -> bool:
        """False: whoever writes this file next may rewrite it in place."""
        return False

    @property
    def can_follow(self) -> bool:
        """True: which file counts is all there is to it."""
        return True

    def follow(self, path: Path) -> None:
        self._path = path

    def current_path(self) -> Path:
        return self._path

    def is_modified(self) -> bool:
        """False: the file is the scene, there is nothing it could lack."""
        return False

    def check_savable(self) -> None:
        """Refuse a file that is missing, empty, not a file, or not ours to read by now."""
        _looked_at(self._path)

    def tell_copied(self, copied: Copied | None) -> bool:
        # Windows renames no file that somebody has open, as whoever is told will have it.
        if os.name != "posix":
            return False
        self._copied = copied
        return True

    def save_as(self, path: Path) -> None:
        """Copy the file to ``path``, which appears whole or not at all.

        Like an application's save it does not wait for the disk; who needs the file to
        survive a power cut syncs it.

        Raises:
            WorkfilesError: as :func:`wf_core.disk.copying.copy_exactly`; FileUnreadable also when
                the file has become empty.
        """
        source, _ = _looked_at(self._path)
        half = half_made(path, self._tag.save_id if self._tag else uuid.uuid4().hex)
        self._copy(source, half)
        try:
            rename_exclusive(half, path)
        except BaseException:
            with suppress(OSError):  # the rename's error is the one to tell
                half.unlink()
            raise
        self._path = path

    def _copy(self, source: Path, target: Path) -> None:
        """As :func:`copy_exactly`, telling how far it has come."""
        tell = self._copied
        copy_exactly(source, target, progress=None if tell is None else partial(tell, target))

    def open(self, path: Path) -> None:
        self._path, self._extension = _looked_at(path)
        self._tag = None

    def get_tag(self) -> SceneTag | None:
        return self._tag

    def set_tag(self, tag: SceneTag | None) -> None:
        self._tag = tag

    def missing_files(self) -> list[MissingFile]:
        """Empty: what is inside the file is its application's to know."""
        return []

    def thumbnail(self, path: Path, *, size: int = 512) -> bool:
        """False: there is nothing here that could draw it."""
        return False

    def run_on_main_thread(self, function: Callable[[], T]) -> T:
        """Run it here: without an application no thread is special."""
        return function()


def _looked_at(path: Path) -> tuple[Path, str]:
    """The absolute path and the extension of a file that can be saved."""
    with in_words(path, writing=False):
        absolute = path.absolute()
        found = absolute.stat()
        if stat.S_ISDIR(found.st_mode):
            raise FileUnreadable(f"{path} is a folder, not a file.")
        if not stat.S_ISREG(found.st_mode):
            raise FileUnreadable(f"{path} is not a file.")
        extension = extension_of(absolute)
        if not found.st_size:
            raise FileUnreadable(
                f"{path} is empty.",
                hint="Save it in its application first; an empty file is no working file.",
            )
        absolute.open("rb", buffering=0).close()  # whether it may be read
    return absolute, extension
