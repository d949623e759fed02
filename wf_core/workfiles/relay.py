"""A host whose scene lives on another thread than the save.

An application's scene may be touched on its main thread only, and the main thread must not
wait for a server. So a save runs on a thread of its own with this in place of the host, and
only what touches the scene goes over to the main thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wf_core.host import Host, MissingFile, SceneTag

__all__ = ["RelayedHost"]

T = TypeVar("T")


class RelayedHost(Host):
    """The same application, to be used from another thread.

    Make it on the main thread: what cannot change during a save is read then.

    Args:
        host: the application; its ``run_on_main_thread`` is what carries calls over.

    Attributes:
        written: the path the scene was written to, once it was.
        tag: the tag it was written with.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._name, self._version = host.name, host.version
        self._extensions, self._replaces = host.extensions, host.replaces_files
        self._path = host.current_path()
        self.tag = host.get_tag()
        self.written: Path | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> str:
        return self._version

    @property
    def extensions(self) -> tuple[str, ...]:
        return self._extensions

    @property
    def replaces_files(self) -> bool:
        return self._replaces

    def current_path(self) -> Path | None:
        return self.written or self._path

    def is_modified(self) -> bool:
        return self.run_on_main_thread(self._host.is_modified)

    def check_savable(self) -> None:
        self.run_on_main_thread(self._host.check_savable)

    def save_as(self, path: Path) -> None:
        """Have the scene written, with the tag set last, in one go."""
        tag = self.tag

        def write() -> None:
            before = self._host.get_tag()
            self._host.set_tag(tag)
            try:
                self._host.save_as(path)
            except BaseException:
                self._host.set_tag(before)
                raise
            self.written = path  # before the main thread goes on: it looks at this

        self.run_on_main_thread(write)

    def open(self, path: Path) -> None:
        self.run_on_main_thread(lambda: self._host.open(path))

    def get_tag(self) -> SceneTag | None:
        return self.tag

    def set_tag(self, tag: SceneTag | None) -> None:
        """Remember the tag; it goes into the scene with the save, or takes one back that did."""
        self.tag = tag
        if self.written is not None:
            self.run_on_main_thread(lambda: self._host.set_tag(tag))

    def missing_files(self) -> list[MissingFile]:
        return self.run_on_main_thread(self._host.missing_files)

    def thumbnail(self, path: Path, *, size: int = 512) -> bool:
        return self.run_on_main_thread(lambda: self._host.thumbnail(path, size=size))

    def run_on_main_thread(self, function: Callable[[], T]) -> T:
        return self._host.run_on_main_thread(function)
