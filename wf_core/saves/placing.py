"""Where a revision lies: the production's tree, and this machine's disks.

Joins what ``paths`` knows (pure rules) with the settings' mount points and the real disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from wf_core.errors import NoFileTree, PathError
from wf_core.models import Software, TaskContext, WorkingFile
from wf_core.paths import (
    LocalPath,
    Mounts,
    RevisionPath,
    check_names,
    production_folders,
    provisional_name,
    resolve_inside,
    revision_path,
    slug,
)
from wf_core.saves import marker
from wf_core.saves.records import Records
from wf_core.saves.row import SaveRow
from wf_core.settings import Settings

__all__ = ["UNFILED", "Place", "Placing"]

UNFILED = "unfiled"
"""Folder of the workspace in which saves wait whose task is not known yet."""
_LONGEST_REFERENCE = 100
_LONGEST_UNFILED = 200


@dataclass(frozen=True)
class Place:
    """Where one revision belongs.

    Attributes:
        local: the file on this machine.
        root: the workspace or mount point it lies under, which it never leaves.
        server: its path in the production's tree, with extension.
        recorded: what the server itself writes into a new record: no extension.
    """

    local: Path
    root: Path
    server: str
    recorded: str


class Placing:
    """Places of one server's revisions on this machine."""

    def __init__(self, settings: Settings, records: Records) -> None:
        self._settings = settings
        self.records = records

    @cached_property
    def mounts(self) -> Mounts:
        """The mount points in force. Raises PathError where the settings contradict."""
        return Mounts(self._settings.profile.mounts, workspace=self._settings.workspace)

    def of(
        self,
        context: TaskContext,
        *,
        name: str,
        revision: int,
        extension: str,
        software: Software | None,
    ) -> Place:
        """The place of a revision of the task.

        Raises:
            NoFileTree: the production has no usable tree.
            PathError: the path may not be used; the message says why.
        """
        if not context.production.file_tree:
            raise NoFileTree(
                f"The production {context.production.name} has no file tree, so its scenes have no "
                "path. Nothing was saved.",
                hint="An administrator can set one: "
                f'wf tree "{context.production.name}" --set default',
            )
        found = revision_path(
            context.production.file_tree,
            context,
            name=name,
            revision=revision,
            software=software,
            extension=extension,
        )
        return self._place(found)

    def check_distinct(
        self,
        context: TaskContext,
        name: str,
        software: Software,
        newest: Mapping[str, WorkingFile],
    ) -> None:
        """Refuse a file whose path would be another task's or another name's.

        Args:
            newest: the newest record of each of the task's names.

        Raises:
            PathError: the message says whose, and what to change.
            NoFileTree: the production has no usable tree.
        """
        check_names(newest, name)
        if not context.production.file_tree:
            return  # said better where the place is asked for
        clash = self.records.clash(
            context,
            name,
            software,
            settled=lambda: self._is_in_place(context, software, newest.get(name)),
        )
        if clash:
            raise PathError(clash[0], hint=clash[1])

    @staticmethod
    def _is_in_place(context: TaskContext, software: Software, record: WorkingFile | None) -> bool:
        """Whether a revision was saved where the tree has it today. It was compared with the
        neighbours then; of two files that have come to share a path since, it is the later one
        that gives way."""
        if record is None or record.software_id != software.id or not record.path:
            return False
        if marker.state_of(record) != "committed":
            return False
        try:
            found = revision_path(
                context.production.file_tree,
                context,
                name=record.name,
                revision=record.revision,
                software=software,
                extension=PurePosixPath(record.path).suffix,
            )
        except (NoFileTree, PathError):
            return False
        return found.server_path == record.path

    def of_row(self, row: SaveRow) -> Place:
        """The place of a save whose number is known by now. Raises as :meth:`of`."""
        assert row.revision is not None
        return self.of(
            self.records.context(row.task_id),
            name=row.name,
            revision=row.revision,
            extension=row.extension,
            software=self.records.software_by_id(row.software_id),
        )

    def production_of(self, context: TaskContext) -> tuple[Path, ...]:
        """The folders on this machine that everything of the task's production lies below; none
        where its tree or the mount points do not say."""
        found: dict[Path, None] = {}
        for folder in production_folders(context.production.file_tree, context):
            with suppress(PathError):  # of a part of the tree that this machine does not have
                found[self._resolve(self.mounts.locate(folder))] = None
        return tuple(found)

    def provisional(self, place: Place, *, save_id: str) -> Path:
        """The file of a save without a number, beside the place it expects."""
        return place.local.with_name(provisional_name(place.local.name, save_id))

    def unfiled(self, reference: str, name: str, extension: str, *, save_id: str) -> Path:
        """The file of a save whose task is not known, named so that people recognise it.

        Raises:
            PathError: a link in the workspace leads elsewhere.
        """
        readable = f"{slug(reference)[-_LONGEST_REFERENCE:].strip('_') or 'task'}_{name}"
        file_name = provisional_name(readable[:_LONGEST_UNFILED] + extension, save_id)
        return resolve_inside(self._settings.workspace, f"{UNFILED}/{file_name}")

    @property
    def workspace(self) -> Path:
        """Where lies what no mount point claims."""
        return self._settings.workspace

    def local_of(self, context: TaskContext, record: WorkingFile) -> Path:
        """Where the record's revision lies, or would lie, on this machine.

        A committed record says it itself; of others it is rendered anew.

        Raises:
            NoFileTree, PathError: no path can be had for it.
        """
        if record.path and marker.state_of(record) == "committed":
            return self._resolve(self.mounts.locate(record.path))
        software = self.records.software_by_id(record.software_id or "")
        place = self.of(
            context,
            name=record.name,
            revision=record.revision,
            extension=software.extension if software else "",
            software=software,
        )
        return place.local

    def shown(self, record: WorkingFile) -> str | None:
        """The record's path on this machine for a list; None where it has no usable one."""
        if not record.path:
            return None
        try:
            return str(self.mounts.to_local(record.path))
        except PathError:
            return None

    def _place(self, found: RevisionPath) -> Place:
        located = self.mounts.locate(found.server_path)
        return Place(
            local=self._resolve(located),
            root=Path(located.root),
            server=found.server_path,
            recorded=found.server_record_path,
        )

    @staticmethod
    def _resolve(located: LocalPath) -> Path:
        return resolve_inside(Path(located.root), located.parts)
