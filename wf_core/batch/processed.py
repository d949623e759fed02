"""The file of a row: the scene itself, or what its script has made of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from wf_core.batch.children import Children
from wf_core.batch.pictures import keep_picture
from wf_core.batch.run import Row
from wf_core.disk.files import in_words

__all__ = ["RowFile"]


class RowFile:
    """Makes the file once, however often it is asked for.

    Args:
        row: the row.
        children: who runs its script.
        log: where the application's words go.
        picture: where a small picture of it goes, None where none is wanted.
    """

    def __init__(self, row: Row, children: Children, log: Path, picture: Path | None) -> None:
        self._row = row
        self._children = children
        self._log = log
        self._picture = picture
        self._made: Path | None = None

    def file(self, place: Callable[[], Path]) -> Path:
        """The file to save.

        Args:
            place: gives the folder in which the revision will lie. A processed file is written
                there, hidden, so that the application makes its relative links for that place.

        Raises:
            WorkfilesError: the script came to nothing.
        """
        scene = Path(self._row.scene)
        if not self._row.script:
            return scene
        if self._made is None:
            folder = place()
            with in_words(folder, writing=True):
                folder.mkdir(parents=True, exist_ok=True)
            out = folder / f".wf-{uuid.uuid4().hex}{scene.suffix}"
            try:
                self._children.process(
                    scene,
                    script=Path(self._row.script),
                    arguments=self._row.arguments,
                    out=out,
                    log=self._log,
                    picture=self._picture,
                )
            except BaseException:
                with suppress(OSError):  # the first error is the one to tell
                    out.unlink(missing_ok=True)
                raise
            self._made = out
        return self._made

    def keep_picture(self) -> None:
        """Keep the picture inside the file that was saved, if it has one and its script has made
        none."""
        file = self._made if self._row.script else Path(self._row.scene)
        if file is not None and self._picture is not None:
            keep_picture(file, self._picture)

    def discard(self) -> None:
        """Remove what was made; the revision has its own copy."""
        if self._made is not None:
            self._made.unlink(missing_ok=True)
            self._made = None
