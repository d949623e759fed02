"""What an application must offer to save its scenes as working revisions.

An adapter implements :class:`Host` with mostly one-line methods. Everything is abstract
(but for what few can: to follow a renamed file, to tell how far a copy has come): a method an
adapter forgot is an error when the host is made, not a silent no-op later.
:class:`wf_core.filehost.FileHost` is the host without an application; the contract
suite in ``tests/contract`` runs against every host.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from wf_core.errors import UsageError

__all__ = ["Copied", "Host", "MissingFile", "SceneTag"]

T = TypeVar("T")

Copied = Callable[[Path, int, int], None]
"""Told of a file that is being copied: where it is, how many of its bytes are there for good, from
the first one on, and how many it will have."""


class SceneTag(BaseModel):
    """What travels inside the scene: which task and revision it is.

    ``save_id`` identifies the save that wrote this scene, also while its number is not
    known yet. ``revision`` is None for a provisional save.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    server: str
    task_id: str
    name: str = "main"
    revision: int | None = None
    save_id: str = ""

    def to_mapping(self) -> dict[str, str]:
        """The tag as flat strings, the only thing every application can store."""
        plain = self.model_dump()
        return {key: "" if value is None else str(value) for key, value in plain.items()}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, str]) -> SceneTag | None:
        """Read a tag back; None when the mapping is not one (never raises)."""
        if not mapping.get("task_id") or not mapping.get("server"):
            return None
        revision = mapping.get("revision", "")
        return cls(
            server=mapping["server"],
            task_id=mapping["task_id"],
            name=mapping.get("name") or "main",
            revision=int(revision) if revision.isdecimal() else None,
            save_id=mapping.get("save_id", ""),
        )


@dataclass(frozen=True)
class MissingFile:
    """An external file the scene refers to that is not on this disk."""

    path: str
    used_by: str


class Host(ABC):
    """An application, or the absence of one, as the core sees it.

    Unless said otherwise methods are called on the application's main thread, and raise
    :class:`wf_core.errors.WorkfilesError` for what an artist can do something about.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The application's name as Kitsu's software record has it, e.g. "Blender"."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The application's version, e.g. "5.0.1"."""

    @property
    @abstractmethod
    def extensions(self) -> tuple[str, ...]:
        """Extensions it writes, with the dot, the preferred one for this scene first."""

    @property
    @abstractmethod
    def replaces_files(self) -> bool:
        """True when saving replaces the file (new inode), so that a hard link keeps the
        bytes of the moment; False when it rewrites in place, or is not known."""

    @property
    def can_follow(self) -> bool:
        """Whether :meth:`follow` works here: an ability not every application has."""
        return False

    def follow(self, path: Path) -> None:
        """Make ``path`` the file of the open scene without reading or writing it, and without
        changing whether the scene counts as modified. The file has the bytes of the last save.

        Raises:
            UsageError: this application cannot (see :attr:`can_follow`).
        """
        raise UsageError(f"{self.name or 'This host'} cannot change a scene's name by itself.")

    @abstractmethod
    def current_path(self) -> Path | None:
        """The file of the open scene; None when it was never saved."""

    @abstractmethod
    def is_modified(self) -> bool:
        """Whether the open scene has changes its file lacks. True when not known."""

    @abstractmethod
    def check_savable(self) -> None:
        """Refuse, before anything is created, a scene that cannot be saved now.

        Raises:
            WorkfilesError: what is in the way, and what to do.
        """

    @abstractmethod
    def save_as(self, path: Path) -> None:
        """Write the open scene to ``path`` and make that the scene's file.

        The parent folder exists, ``path`` does not. After a failure the scene's name,
        modified state and tag are what they were.

        Raises:
            WorkfilesError: the application could not write the file.
        """

    def tell_copied(self, copied: Copied | None) -> bool:
        """Have :meth:`save_as` say from now on how far it has come, where all it does is to copy
        a file: an ability of hosts without an application. None ends it.

        Returns:
            Whether it will; ``save_as`` may be called on any thread then.
        """
        return False

    @abstractmethod
    def open(self, path: Path) -> None:
        """Open ``path``, with scripts in the scene off unless the user trusts them.

        Raises:
            WorkfilesError: the file cannot be read by this application.
        """

    @abstractmethod
    def get_tag(self) -> SceneTag | None:
        """The tag inside the open scene, or None."""

    @abstractmethod
    def set_tag(self, tag: SceneTag | None) -> None:
        """Put the tag into the open scene (None removes it), without changing whether
        the scene counts as modified."""

    @abstractmethod
    def missing_files(self) -> list[MissingFile]:
        """External files the scene needs that are not on disk; empty when none."""

    @abstractmethod
    def thumbnail(self, path: Path, *, size: int = 512) -> bool:
        """Write a PNG of the scene, at most ``size`` pixels wide, to ``path``; False when
        this host cannot make one now (not an error)."""

    @abstractmethod
    def run_on_main_thread(self, function: Callable[[], T]) -> T:
        """Run ``function`` on the main thread and return its result; callable from any."""
