"""Maya as the browser sees it. Main thread only, but for making a facade."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wf_browser.application import Application, Saving, Scene
from wf_core.errors import UsageError

from .saving import save_scene
from .session import open_facade
from .telling import DETAILS

if TYPE_CHECKING:
    from wf_core.host import MissingFile, SceneTag
    from wf_core.results import SaveResult
    from wf_core.workfiles import SaveRequest, Workfiles

    from .session import Session

__all__ = ["MayaApplication"]


class MayaApplication(Application):
    """The running Maya and its open scene."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._host = session.host

    @property
    def name(self) -> str:
        return self._host.name

    @property
    def chooses_files(self) -> bool:
        return False

    @property
    def draws_pictures(self) -> bool:
        return True

    def open_facade(self) -> Workfiles:
        return open_facade()

    def details(self) -> str:
        return DETAILS

    def scene(self) -> Scene:
        host = self._host
        return Scene(host.get_tag(), host.current_path(), host.is_modified())

    def extension(self) -> str:
        return self._host.extensions[0]

    def choose(self, task: str) -> None:
        self._session.chosen = task or None

    def chosen(self) -> str:
        return self._session.chosen or ""

    def choose_file(self, path: Path) -> None:
        """Not in Maya: its scene is what it has open."""
        raise UsageError(f"Maya saves the scene it has open. Open {path.name} in it first.")

    def missing_files(self) -> list[MissingFile]:
        return self._host.missing_files()

    def save(self, request: SaveRequest, *, patience: float | None, told: Saving) -> None:
        """Maya writes the scene before this comes back."""
        try:
            said = save_scene(
                self._session, request, patience=patience, done=told.safe, failed=told.failed_late
            )
        except Exception as exc:  # noqa: BLE001  (told to the person who asked for it)
            told.failed(exc)
        else:
            told.written(said)

    def adopt(
        self,
        path: Path,
        request: SaveRequest,
        *,
        done: Callable[[SaveResult], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._session.scene_saver.adopt(self._host, path, request, done=done, failed=failed)

    def follow(self, done: Callable[[SaveResult], None]) -> None:
        self._session.scene_saver.follow(self._host, done=done)

    def open(self, path: Path, tag: SceneTag) -> None:
        self._host.open(path)

    def renew(self) -> None:
        self._session.renew()
