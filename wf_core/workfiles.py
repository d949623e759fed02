"""The facade adapters call: one object, every operation, plain answers.

Built on ``saves`` (the life of a save), ``kitsu`` (the server) and ``paths``. The command
line, the Blender extension and the Maya plug-in hold no decision of their own that the
others would need: it lives here or below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .host import Host
from .models import Person, Task, TaskContext
from .results import (
    CheckResult,
    GetResult,
    PathResult,
    PendingSave,
    PublishResult,
    Revision,
    SaveResult,
    SyncResult,
    VerifyResult,
)
from .settings import Settings

__all__ = ["Cancel", "Progress", "SaveRequest", "Workfiles"]

Progress = Callable[[str, int, int], None]
"""Called with (what is going on, done, total); bytes for transfers, counts otherwise."""

Cancel = Callable[[], bool]
"""Asked now and then whether to stop; True stops, with everything safe."""


@dataclass(frozen=True)
class SaveRequest:
    """The arguments of a save, the same for every host and for ``wf save``.

    Attributes:
        task: UUID, path-like reference or page address of the task.
        name: which of the task's files ("main" and the named ones beside it).
        comment: what changed; may be empty.
        software: name of Kitsu's software record; by default the host's, else the one
            whose extension the file has.
        base_revision: revision the scene was opened from; by default the scene's tag.
        if_behind: what to do when somebody committed a revision after ``base_revision``.
    """

    task: str
    name: str = "main"
    comment: str = ""
    software: str | None = None
    base_revision: int | None = None
    if_behind: Literal["save", "fail"] = "save"


class Workfiles:
    """One artist, one server, one journal. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings) -> None: ...

    # account
    def login(
        self,
        server: str,
        *,
        email: str,
        password: str,
        totp: str | None = None,
        email_otp: str | None = None,
        recovery_code: str | None = None,
    ) -> Person: ...
    def login_with_browser(
        self, server: str, *, open_browser: Callable[[str], Any], cancel: Cancel | None = None
    ) -> Person: ...
    def logout(self) -> None: ...
    def whoami(self) -> Person: ...

    # tasks
    def tasks(self, *, production: str | None = None, everyone: bool = False) -> list[Task]: ...
    def find_task(self, reference: str) -> TaskContext: ...

    # revisions
    def save(
        self,
        host: Host,
        request: SaveRequest,
        *,
        wait: bool = True,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> SaveResult:
        """With ``wait`` the answer is committed, or pending where the server could not
        take it now; without, the save is safe on this machine and sent in the background."""

    def list_revisions(self, task: str, *, name: str | None = None) -> list[Revision]: ...
    def get(
        self,
        task: str,
        *,
        name: str = "main",
        revision: int | None = None,
        to: Path | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> GetResult:
        """Without ``revision`` the newest committed one; ``to``: a file, or a folder."""

    def path(
        self,
        task: str,
        *,
        name: str = "main",
        revision: int | None = None,
        software: str | None = None,
    ) -> PathResult: ...
    def comment(self, task: str, revision: int, text: str, *, name: str = "main") -> Revision: ...
    def publish(
        self, task: str, revision: int, output_type: str, *, name: str = "main"
    ) -> PublishResult: ...

    # the queue
    def status(self) -> list[PendingSave]: ...
    def sync(
        self, *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> SyncResult: ...
    def retry(self, save_id: str) -> PendingSave: ...
    def discard(self, save_id: str) -> PendingSave: ...

    # care
    def verify(
        self,
        task: str,
        *,
        name: str | None = None,
        deep: bool = False,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> VerifyResult: ...
    def doctor(self) -> list[CheckResult]: ...
    def set_file_tree(self, production: str, tree: dict[str, Any]) -> None: ...
    def close(self) -> None: ...
