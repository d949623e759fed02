"""Maya as the core sees it: maya.cmds turned into plain values, and nothing more.

Written for Maya 2024 to 2027, with and without a window.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from wf_core.disk.files import create_new, in_words
from wf_core.errors import DiskFull, FileUnreadable, PathError, UsageError, WorkfilesError
from wf_core.host import Host, MissingFile, SceneTag

from . import calls
from .dependencies import missing_files
from .main_thread import MainThread
from .mayafile import EXTENSIONS, TYPES, is_whole, kind_of
from .rewriting import RewriteWatch
from .tag import read_tag, write_tag

__all__ = ["MayaHost"]

T = TypeVar("T")

_FULL = 64 * 1024**2  # bytes free below which an unexplained failure is put down to the disk
_KEPT = "The scene is as it was, and nothing that was there before was changed."
_UNKNOWN = ("unknown", "unknownDag", "unknownTransform")


@dataclass(frozen=True)
class _Before:
    """What Maya says of the scene, to be said again when a save fails."""

    name: str
    kind: str
    modified: bool

    @classmethod
    def now(cls) -> _Before:
        return cls(calls.scene_name(), calls.file_type(), calls.is_modified())

    def restore(self) -> str:
        """Put back what differs; what Maya complained about, or nothing."""
        steps: tuple[tuple[Callable[[], object], object, Callable[[], None]], ...] = (
            (calls.scene_name, self.name, lambda: calls.rename_scene(self.name)),
            (calls.file_type, self.kind, lambda: calls.set_file_type(self.kind)),
            (calls.is_modified, self.modified, lambda: calls.set_modified(self.modified)),
        )
        complaints = []
        for question, value, put_back in steps:
            try:
                if question() != value:
                    put_back()
            except RuntimeError as exc:
                complaints.append(_words(exc))
        return "; ".join(complaints)


class MayaHost(Host):
    """The running Maya.

    Make it on the main thread. In a window it serves calls from other threads until
    :meth:`close`.

    Args:
        trusted: whether scenes may run the script nodes embedded in them when they are opened.
        main_thread: what reaches the main thread; one of its own by default.
    """

    def __init__(self, *, trusted: bool = False, main_thread: MainThread | None = None) -> None:
        self.trusted = trusted
        self._main_thread = main_thread or MainThread()
        self._main_thread.start()
        self._rewriting = RewriteWatch()

    def close(self) -> None:
        """Serve other threads no more, and take back what was registered with Maya."""
        self._rewriting.close()
        self._main_thread.stop()

    @property
    def name(self) -> str:
        return "Maya"

    @property
    def version(self) -> str:
        return calls.version()

    @property
    def extensions(self) -> tuple[str, ...]:
        """That of the scene's own type first; no other while the scene has unknown nodes, which
        only a file of the same type keeps."""
        own = EXTENSIONS.get(calls.file_type())
        if own is None:
            return tuple(TYPES)
        if _unknown_nodes():
            return (own,)
        return (own, *(extension for extension in TYPES if extension != own))

    @property
    def replaces_files(self) -> bool:
        """Whether all that was seen of Maya saving over files here was that it replaced them;
        False until it was seen to."""
        return self._rewriting.replaces

    @property
    def can_follow(self) -> bool:
        """True: Maya can be told another name for the scene without writing it."""
        return True

    def follow(self, path: Path) -> None:
        """Go on under another name; whether the scene has changes stays as it was."""
        modified = calls.is_modified()
        calls.rename_scene(path.as_posix())
        if calls.is_modified() != modified:
            calls.set_modified(modified)

    def current_path(self) -> Path | None:
        name = calls.scene_name()
        return Path(name) if name else None

    def is_modified(self) -> bool:
        return calls.is_modified()

    def check_savable(self) -> None:
        """Refuse a scene that Maya would save as another type with loss."""
        kind, unknown = calls.file_type(), _unknown_nodes()
        if unknown and kind not in EXTENSIONS:
            raise UsageError(
                f"This scene is of the type {kind} and has nodes of plug-ins that are not loaded "
                f"({_some(unknown)}); saved as a Maya scene it would lose them.",
                hint="Load their plug-ins, or delete the nodes, then save again.",
            )

    def save_as(self, path: Path) -> None:
        """Save under another name, as the type that its extension says.

        Maya can only rename the scene first and then write it: what it says of the scene is put
        back when that fails, and what it says of the save is not believed before the file was
        looked at.
        """
        kind = TYPES.get(path.suffix.lower())
        if kind is None:
            raise PathError(f"{path.name} is not the name of a Maya scene (.ma or .mb).")
        unknown = _unknown_nodes()
        if unknown and kind != calls.file_type():
            raise UsageError(
                f"This scene has nodes of plug-ins that are not loaded ({_some(unknown)}); Maya "
                f"cannot save it as {path.suffix} without losing them. Nothing was saved.",
                hint="Load their plug-ins, or save it as the type it is.",
            )
        with in_words(path, writing=True):  # everything the disk has against it, before Maya
            os.close(create_new(path, mode=0o666))
            path.unlink()
        size, before = self._last_size(), _Before.now()
        try:
            try:
                calls.rename_scene(path.as_posix())
                calls.save_scene(kind)
                words = _complaint_about(path)
            except RuntimeError as exc:
                words = _words(exc)
            if words:
                raise self._failure(path, words, size)
        except BaseException as exc:
            complaint = before.restore()
            if complaint and isinstance(exc, WorkfilesError):
                raise PathError(
                    f"{exc.message.removesuffix(_KEPT)}Maya then could not give the scene its old "
                    f"name back ({complaint}); nothing that was there before was changed.",
                    hint="Look at the scene's name before you save it with Maya itself.",
                ) from exc
            raise

    def open(self, path: Path) -> None:
        """Open a scene, with its script nodes off unless this host was made ``trusted``.

        Files that a scene needs and that are missing do not make it fail. What cannot be a
        scene is refused without Maya, which would close the open one before it found out.
        """
        if not path.is_file():
            raise FileUnreadable(
                f"{path} is not a file." if path.exists() else f"There is no file {path}."
            )
        with in_words(path, writing=False):
            kind = kind_of(path)
            if kind is None or not is_whole(path):
                what = "is no Maya scene" if kind is None else "is cut short"
                raise FileUnreadable(
                    f"{path.name} {what}. The scene that was open is still open.",
                    hint="It may be damaged; get the revision again.",
                )
        opened: list[bool] = []
        before = calls.scene_name()
        callback = calls.add_callback("after open", lambda: opened.append(True))
        try:
            calls.open_scene(path.as_posix(), kind=kind, scripts=self.trusted)
        except RuntimeError as exc:
            # Raised too for a scene that was read but for a part of it, such as the nodes
            # of a plug-in that is not there: then it is open, and saving keeps what it is.
            if not opened:
                still = "still open" if calls.scene_name() == before else "closed"
                raise FileUnreadable(
                    f"Maya {self.version} cannot open {path.name}: {_words(exc)}. The scene that "
                    f"was open is {still}.",
                    hint="It may come from a newer Maya, or be damaged; get the revision again.",
                ) from exc
        finally:
            calls.remove_callback(callback)

    def get_tag(self) -> SceneTag | None:
        return read_tag()

    def set_tag(self, tag: SceneTag | None) -> None:
        write_tag(tag)

    def missing_files(self) -> list[MissingFile]:
        return missing_files()

    def thumbnail(self, path: Path, *, size: int = 512) -> bool:
        """What the active viewport shows; False without a window or a viewport."""
        if calls.is_batch():
            return False
        modified = calls.is_modified()
        try:
            calls.playblast_frame(
                path.as_posix(), frame=calls.current_time(), width=size, height=size * 9 // 16
            )
        except RuntimeError:
            return False  # no panel with a viewport is open
        finally:
            if calls.is_modified() != modified:
                calls.set_modified(modified)
        return path.is_file()

    def run_on_main_thread(self, function: Callable[[], T]) -> T:
        """Run ``function`` on the main thread.

        Raises:
            UsageError: called from another thread of a Maya without a window, whose main
                thread never looks.
        """
        return self._main_thread.call(function)

    def _failure(self, path: Path, words: str, last_size: int) -> WorkfilesError:
        """The error for a save that left no whole file; what there is of it is removed."""
        try:
            room = shutil.disk_usage(path.parent).free
        except OSError:
            room = 0
        with suppress(OSError):  # a half-written file of ours; the error below is what counts
            path.unlink()
        if room < _FULL + last_size:
            return DiskFull(
                f"Maya could not save {path.name}: there is no room for it in {path.parent} "
                f"({room // 1024**2} MiB are free). {_KEPT}",
                hint="Free some space on that disk, then save again.",
            )
        return PathError(f"Maya could not save {path}: {words}. {_KEPT}")

    def _last_size(self) -> int:
        """Bytes of the scene's file, as a guess at what the next one needs; 0 when unknown."""
        current = self.current_path()
        try:
            return current.stat().st_size if current else 0
        except OSError:
            return 0


def _complaint_about(path: Path) -> str:
    """What is wrong with a save that Maya reported as done, or nothing."""
    if Path(calls.scene_name()) != path:
        return f"it gave the scene the name {calls.scene_name() or 'of a new one'} instead"
    try:
        return "" if is_whole(path) else "what it wrote has no end"
    except FileNotFoundError:
        return "it wrote no file; a script of this Maya may have called the save off"
    except OSError as exc:
        return exc.strerror or str(exc)


def _unknown_nodes() -> list[str]:
    """Nodes that came from plug-ins which are not loaded."""
    known = set(calls.known_node_types())
    return [node for kind in _UNKNOWN if kind in known for node in calls.nodes(kind)]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _words(exc: RuntimeError) -> str:
    lines = (line.strip() for line in str(exc).splitlines())
    return "; ".join(line for line in lines if line).rstrip(".") or "it gave no reason"
