"""Blender as the core sees it: bpy turned into plain values, and nothing more.

Written for Blender 4.2 to 5.2, with and without a window.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import bpy

from wf_core.errors import DiskFull, FileUnreadable, PathError, PathTaken, UsageError
from wf_core.host import Host, MissingFile, SceneTag

from .blendfile import is_whole
from .dependencies import missing_files
from .main_thread import MainThread
from .tag import read_tag, write_tag

__all__ = ["BlenderHost"]

T = TypeVar("T")

_wm: Any = bpy.ops.wm  # operators can be called and have a poll(), which stubs do not know

_LONGEST_PATH = 1023  # bytes: FILE_MAX of Blender is 1024; a longer path is cut off silently
_TIGHT = 1024**3  # bytes free below which a save is rehearsed, beside the size of the scene
_FULL = 64 * 1024**2  # bytes free below which an unexplained failure is put down to the disk


class BlenderHost(Host):
    """The running Blender.

    Make it on the main thread. In a window it serves calls from other threads until
    :meth:`close`.

    Args:
        trusted: whether scenes may run the scripts embedded in them when they are opened.
        main_thread: what reaches the main thread; one of its own by default.
    """

    def __init__(self, *, trusted: bool = False, main_thread: MainThread | None = None) -> None:
        self.trusted = trusted
        self._main_thread = main_thread or MainThread()
        self._main_thread.start()

    def close(self) -> None:
        """Serve other threads no more; call it on the main thread."""
        self._main_thread.stop()

    @property
    def name(self) -> str:
        return "Blender"

    @property
    def version(self) -> str:
        return ".".join(str(part) for part in bpy.app.version)

    @property
    def extensions(self) -> tuple[str, ...]:
        return (".blend",)

    @property
    def replaces_files(self) -> bool:
        """True: Blender writes beside the file and renames."""
        return True

    def current_path(self) -> Path | None:
        return Path(bpy.data.filepath) if bpy.data.filepath else None

    def is_modified(self) -> bool:
        """Whether there are unsaved changes; constantly True without a window, where Blender
        does not keep track."""
        return bool(bpy.data.is_dirty)

    def check_savable(self) -> None:
        """Refuse while Blender itself would not save, such as inside a modal dialog."""
        if not _wm.save_as_mainfile.poll():
            raise UsageError(
                "Blender cannot save at this moment.",
                hint="Finish what is going on in Blender, then save again.",
            )

    def save_as(self, path: Path) -> None:
        """Save as Blender's own Save As would: compression and the handling of relative
        paths are the user's.

        With little room on the disk the scene is written twice: a copy first, which changes
        nothing in Blender when it fails. That is because Blender may report a save as finished,
        and take on its name, although the disk was full and the end of the file is missing.
        """
        if os.path.lexists(path):
            raise PathTaken(f"{path} is there already; it was left as it is.")
        if "\0" in str(path):
            raise PathError(f"{str(path)!r} cannot be the name of a file.")
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise PathError(
                f"The path is longer than the {_LONGEST_PATH} bytes Blender can handle: {path}"
            )
        if not path.parent.is_dir():
            raise PathError(f"{path} cannot be saved: {path.parent} is not a folder.")
        if self._room(path) < _TIGHT + self._last_size():
            rehearsal = path.with_name(f".{uuid.uuid4().hex}.blend")
            try:
                self._write(rehearsal, copy=True)
            finally:
                with suppress(OSError):  # what went wrong, if anything, was raised above
                    rehearsal.unlink()
        self._write(path, copy=False)

    def open(self, path: Path) -> None:
        """Open a scene, with its scripts off unless this host was made ``trusted``.

        Files that a scene needs and that are missing do not make it fail.
        """
        if not path.is_file():
            raise FileUnreadable(
                f"{path} is not a file." if path.exists() else f"There is no file {path}."
            )
        loaded: list[bool] = []

        def note(*_: Any) -> None:
            loaded.append(True)

        background = bpy.app.background
        load_ui = not background and bpy.context.preferences.filepaths.use_load_ui
        handlers = bpy.app.handlers.load_post
        # Blender drops handlers without this mark before it calls them for the new file.
        handlers.append(bpy.app.handlers.persistent(note))
        try:
            words = _told(
                _wm.open_mainfile,
                filepath=str(path),
                load_ui=load_ui,
                use_scripts=self.trusted,
            )
        finally:
            handlers.remove(note)
        if not loaded:
            raise FileUnreadable(
                f"Blender {self.version} cannot open {path.name}: "
                f"{words or 'it gave no reason'}. The scene that was open is still open.",
                hint="It may come from a newer Blender, or be damaged; get the revision again.",
            )

    def get_tag(self) -> SceneTag | None:
        return read_tag()

    def set_tag(self, tag: SceneTag | None) -> None:
        write_tag(tag)

    def missing_files(self) -> list[MissingFile]:
        return missing_files()

    def thumbnail(self, path: Path, *, size: int = 512) -> bool:
        """False: without a window Blender draws nothing."""
        return False

    def run_on_main_thread(self, function: Callable[[], T]) -> T:
        """Run ``function`` on the main thread.

        Raises:
            UsageError: called from another thread of a Blender without a window, whose
                main thread never looks.
        """
        return self._main_thread.call(function)

    def _write(self, path: Path, *, copy: bool) -> None:
        """Let Blender save, and believe only what is on the disk afterwards."""
        words = _told(_wm.save_as_mainfile, filepath=str(path), check_existing=False, copy=copy)
        adopted = copy or self.current_path() == path
        try:
            if adopted and is_whole(path):
                return
        except OSError as exc:
            words = words or exc.strerror or str(exc)
        room = self._room(path)
        with suppress(OSError):  # a half-written file of ours; the error below is what counts
            path.unlink()
        advice = "Nothing that was there before was changed."
        if not copy and self.current_path() == path:
            # It took on the name of a file that is not there: nothing takes that back, but
            # it must not count as saved.
            bpy.ops.ed.undo_push(message="Save failed")
            advice += " The scene is only in Blender's memory now: save it again."
        if os.strerror(errno.ENOSPC) in words or room < _FULL + self._last_size():
            raise DiskFull(
                f"Blender could not save {path.name}: there is no room for it in "
                f"{path.parent} ({room // 1024**2} MiB are free). {advice}",
                hint="Free some space on that disk, then save again.",
            )
        words = words or "what it wrote has no end"
        raise PathError(f"Blender could not save {path}: {words}. {advice}")

    def _last_size(self) -> int:
        """Bytes of the scene's file, as a guess at what the next one needs; 0 when unknown."""
        current = self.current_path()
        try:
            return current.stat().st_size if current else 0
        except OSError:
            return 0

    @staticmethod
    def _room(path: Path) -> int:
        """Bytes free where ``path`` is to lie; 0 when that cannot be told."""
        try:
            return shutil.disk_usage(path.parent).free
        except OSError:
            return 0


def _told(operator: Callable[..., set[str]], **arguments: Any) -> str:
    """Call an operator of Blender; what it complained about, or nothing."""
    try:
        answer = operator(**arguments)
    except RuntimeError as exc:
        lines = (line.removeprefix("Error: ").strip() for line in str(exc).splitlines())
        return "; ".join(line for line in lines if line).rstrip(".") or "it gave no reason"
    return "" if "FINISHED" in answer else "it was called off"
