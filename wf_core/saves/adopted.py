"""A file that lies where a revision belongs, without being one, as the scene to save.

Applications' own ways of counting up (Blender's Save Incremental) write the next number's
path without asking the server. Such a file is never written over; it can become the revision
whose place it has.
"""

from __future__ import annotations

from pathlib import Path

from wf_core.errors import PathTaken
from wf_core.filehost import FileHost

__all__ = ["AdoptedFile"]


class AdoptedFile(FileHost):
    """The file at ``source``, which stays where it lies.

    Args:
        source, software, version: as for :class:`FileHost`.
        replaced: whether the application that has it open replaces files when it saves.
    """

    def __init__(
        self, source: Path, *, software: str = "", version: str = "", replaced: bool = False
    ) -> None:
        super().__init__(source, software=software, version=version)
        self._replaced = replaced

    @property
    def replaces_files(self) -> bool:
        return self._replaced

    def save_as(self, path: Path) -> None:
        """Nothing is written: the file is there already.

        Raises:
            PathTaken: the revision belongs somewhere else.
        """
        if path != self.current_path():
            raise PathTaken(
                f"{self.current_path()} cannot become a revision where it lies: the next one "
                f"belongs at {path}. Nothing was changed.",
                hint="Save the open scene as a new revision instead.",
            )
