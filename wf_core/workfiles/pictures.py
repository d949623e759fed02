"""Pictures of revisions: those made on this machine, and those the server has."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from wf_core.errors import NotFound
from wf_core.saves import marker
from wf_core.saves.row import SaveRow
from wf_core.workfiles.operations import Operations

__all__ = ["PictureOperations"]

_MOST_FETCHED = 24  # by one call; the newest first
_MOST_KEPT = 1000
"""On this machine; one that Blender draws has half a mebibyte."""


class PictureOperations(Operations):
    """The pictures beside a list of revisions."""

    def picture_path(self, save_id: str) -> Path:
        """Where the picture of a save lies, or is to lie, on this machine; its folder exists."""
        folder = self.settings.home / "pictures"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder / f"{save_id}.png"

    def pictures(self, task: str, known: frozenset[str] = frozenset()) -> dict[str, Path]:
        """The pictures of a task's revisions, by the id of their working file.

        Those the server has are brought here, the newest first and not all at once.

        Args:
            task: the task.
            known: working files whose picture the caller has.
        """
        context = self.find_task(task)
        found: dict[str, Path] = {}
        fetched = 0
        records = sorted(self.desk.client.working_files(context.task.id), key=lambda r: -r.revision)
        for record in records:
            facts = marker.workfiles_data(record)
            if record.id in known or not isinstance(facts.get("save_id"), str):
                continue
            own = self.picture_path(Path(facts["save_id"]).name)
            preview = facts.get("thumbnail")
            if not own.exists() and isinstance(preview, str) and fetched < _MOST_FETCHED:
                fetched += 1
                try:
                    own.write_bytes(self.desk.client.thumbnail(preview))
                except NotFound:
                    continue  # removed from Kitsu since
            if own.exists():
                found[record.id] = own
        for row in self._open_rows_of(context.task.id):
            own = self.picture_path(row.save_id)
            if row.working_file_id and own.exists():
                found[row.working_file_id] = own
        self._keep_latest(found.values())
        return found

    def _keep_latest(self, shown: Iterable[Path]) -> None:
        """Remove the oldest pictures where there are many: the server has those it was sent."""
        wanted = set(shown)
        with suppress(OSError):  # another application may be at it as well
            here = list(os.scandir(self.settings.home / "pictures"))
            here.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
            for entry in here[_MOST_KEPT:]:
                if Path(entry.path) not in wanted:
                    Path(entry.path).unlink()

    def send_picture(self, save_id: str) -> None:
        """Make the picture of a committed save the preview of its task, and note that in the
        revision's record.

        Raises:
            NotFound: there is no picture, or the revision is not on the server.
            WorkfilesError: the server does not take it.
        """
        row, picture = self.desk.journal.get(save_id), self.picture_path(save_id)
        if row is None or row.working_file_id is None or row.state != "committed":
            raise NotFound("That revision is not on the server yet, so it has no picture there.")
        if not picture.exists():
            raise NotFound("No picture of that revision was made on this machine.")
        client = self.desk.client
        task = client.task(row.task_id)
        text = f"{row.name} v{row.revision or 0:03d}: {row.comment}".rstrip(": ")
        preview = client.add_preview(
            row.task_id,
            task_status_id=task.task_status_id or "",
            comment=text,
            picture=picture.read_bytes(),
        )
        record = client.working_file(row.working_file_id)
        facts = {**marker.workfiles_data(record), "thumbnail": preview}
        client.update_working_file(record.id, data={**(record.data or {}), "workfiles": facts})
        self.desk.journal.update(row, thumbnail=preview)

    def _open_rows_of(self, task_id: str) -> list[SaveRow]:
        rows = self.desk.journal.rows("saved", "uploaded", "claimed")
        return [row for row in rows if row.task_id == task_id]
