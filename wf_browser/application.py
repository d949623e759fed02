"""What the browser wants of the application it is in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wf_core.host import MissingFile, SceneTag
    from wf_core.results import SaveResult
    from wf_core.workfiles import SaveRequest, Workfiles

__all__ = ["Application", "Saving", "Scene"]


@dataclass(frozen=True)
class Scene:
    """What is open.

    Attributes:
        tag: which revision it says that it is.
        path: its file; None when it was never saved.
        modified: it has changes its file lacks.
    """

    tag: SceneTag | None = None
    path: Path | None = None
    modified: bool = False


@dataclass(frozen=True)
class Saving:
    """Who is told how a save goes, on Qt's thread.

    Attributes:
        written: with what to say, when the application has written the scene.
        safe: with the result, when that is on this machine's disk.
        failed: instead, when something went wrong; the scene is as it was.
        failed_late: when it did after the scene had been written.
    """

    written: Callable[[str], None]
    safe: Callable[[SaveResult], None]
    failed: Callable[[Exception], None]
    failed_late: Callable[[Exception], None]


class Application(ABC):
    """An application with an open scene. Called on Qt's thread, which is its main thread."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As Kitsu's software record has it; "" where the extension of a file decides."""

    @property
    @abstractmethod
    def chooses_files(self) -> bool:
        """Whether what is saved is a file that a person chooses, instead of an open scene."""

    @property
    @abstractmethod
    def draws_pictures(self) -> bool:
        """Whether a picture of the scene is drawn when it is saved."""

    @abstractmethod
    def open_facade(self) -> Workfiles:
        """A facade with the settings in force; called on threads.

        Raises:
            WorkfilesError: the core cannot work here.
        """

    @abstractmethod
    def details(self) -> str:
        """Where the details of an unforeseen error are, as a sentence."""

    @abstractmethod
    def scene(self) -> Scene:
        """What is open now."""

    @abstractmethod
    def extension(self) -> str:
        """Of the file that a save would write, with its dot; "" when that is not known."""

    @abstractmethod
    def choose(self, task: str) -> None:
        """Have the open scene belong to a task from its next save on; "" leaves it to the
        scene."""

    @abstractmethod
    def chosen(self) -> str:
        """The task that was chosen so, or ""."""

    @abstractmethod
    def choose_file(self, path: Path) -> None:
        """Have this file be the scene, where files are chosen.

        Raises:
            WorkfilesError: it cannot be saved.
        """

    @abstractmethod
    def missing_files(self) -> list[MissingFile]:
        """Files the scene needs that are not on disk."""

    @abstractmethod
    def save(self, request: SaveRequest, *, patience: float | None, told: Saving) -> None:
        """Save the scene as the next revision.

        Args:
            request: what and where.
            patience: see :meth:`wf_core.workfiles.Workfiles.save`.
            told: who is told.
        """

    @abstractmethod
    def adopt(
        self,
        path: Path,
        request: SaveRequest,
        *,
        done: Callable[[SaveResult], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Make a file that lies at the next revision's path that revision."""

    @abstractmethod
    def follow(self, done: Callable[[SaveResult], None]) -> None:
        """Bring the scene up to what became of its provisional save, and tell ``done`` if
        something did."""

    @abstractmethod
    def open(self, path: Path, tag: SceneTag) -> None:
        """Open a revision in place of the scene.

        Args:
            path: its file.
            tag: which revision it is, for what does not say so itself.

        Raises:
            WorkfilesError: it cannot be read; what was open still is, or the message says so.
        """

    @abstractmethod
    def renew(self) -> None:
        """Settings or login changed: take the new ones for what is begun from now on."""
