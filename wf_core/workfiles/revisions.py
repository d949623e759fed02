"""The revisions of a task: list, get, comment, publish, verify."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wf_core.disk.copying import sha256_of
from wf_core.disk.files import in_words
from wf_core.errors import NoFileTree, NotFound, PathTaken
from wf_core.kitsu.transfer import download
from wf_core.models import OutputType, TaskContext, WorkingFile
from wf_core.paths import ServerPath
from wf_core.results import GetResult, PathResult, PublishResult, Revision, VerifyResult
from wf_core.saves import marker
from wf_core.saves.records import GONE
from wf_core.saves.request import check_comment
from wf_core.saves.row import State
from wf_core.steps import ANOTHER_PLACE
from wf_core.workfiles.operations import Cancel, Operations, Progress

__all__ = ["Brought", "RevisionOperations"]

_WRITTEN_STATES: tuple[State, ...] = ("saved", "uploaded", "committed")


@dataclass(frozen=True)
class Brought:
    """A revision on this disk, ready to be opened.

    Attributes:
        path: where it lies.
        as_saved: whether the file is, byte for byte, what was saved as the revision; None where
            nobody knows what that was.
        downloaded: it was not here before.
    """

    path: Path
    as_saved: bool | None
    downloaded: bool


class RevisionOperations(Operations):
    """What is there already."""

    def list_revisions(self, task: str, *, name: str | None = None) -> list[Revision]:
        """The task's revisions, newest first; those of one ``name``, or of all."""
        context = self.find_task(task)
        records = self._records(context, name)
        authors = self.desk.records.authors(records)
        return [self._revision(context, record, authors) for record in records]

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
        """Bring a revision to this disk.

        Args:
            task: the task.
            name: which of its files.
            revision: its number; the newest complete one when not given.
            to: a file or an existing folder; the revision's own place when not given.
            progress: see :data:`Progress`.
            cancel: see :data:`Cancel`.

        Raises:
            NotFound: there is no such revision, or its bytes are not on the server.
            PathTaken: another file is in the way; it was left alone.
            PathError: there can be no file.
            IntegrityError: the server's bytes are not those that were saved.
        """
        context = self.find_task(task)
        record = self._choose(context, name, revision)
        data = marker.workfiles_data(record)
        sha256, size = data.get("sha256"), data.get("size")
        target = self.desk.placing.local_of(context, record) if to is None else to
        with in_words(target, writing=True):
            if to is not None and to.is_dir():
                target = to / self._file_name(context, record)
            if sha256 and target.is_file() and not target.is_symlink():
                if sha256_of(target) == sha256:
                    return GetResult(str(target), record.revision, sha256, "hash")
                raise PathTaken(
                    f"{target} is there already with other contents, so it was left alone.",
                    hint=f"Name {ANOTHER_PLACE}.",
                )
        with in_words(target.parent, writing=True):
            target.parent.mkdir(parents=True, exist_ok=True)
        done = download(
            self.desk.client.session,
            record.id,
            target,
            size=size if isinstance(size, int) else None,
            sha256=sha256 if isinstance(sha256, str) else None,
            progress=None if progress is None else lambda d, t: progress("Downloading", d, t),
            cancel=cancel,
        )
        return GetResult(str(done.path), record.revision, done.sha256, done.checked)

    def _file_name(self, context: TaskContext, record: WorkingFile) -> str:
        """What the record's file is called, whether this machine has its folder or not."""
        if record.path and marker.state_of(record) == "committed":
            parts = ServerPath.parse(record.path).parts
            if parts:
                return parts[-1]
        return self.desk.placing.local_of(context, record).name

    def bring(
        self,
        task: str,
        revision: int,
        *,
        name: str = "main",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Brought:
        """Have a revision in its own place on this disk, to be opened. A file that is there is
        never written over: ``as_saved`` tells whether it is the right one.

        A revision saved on this machine needs no server.

        Raises:
            NotFound, IntegrityError, Cancelled: as :meth:`get`.
        """
        context = self.find_task(task)
        for row in self.desk.journal.of_scope(
            (self.desk.client.session.server, context.task.id, name), *_WRITTEN_STATES
        ):
            here = Path(row.final_path or row.scene_path or "")
            if row.revision == revision and row.working_file_id and here.is_file():
                found = here.stat()
                untouched = (row.size, row.mtime_ns) == (found.st_size, found.st_mtime_ns)
                same = untouched or (row.sha256 is not None and sha256_of(here) == row.sha256)
                return Brought(here, same, downloaded=False)
        record = self._choose(context, name, revision)
        here = self.desk.placing.local_of(context, record)
        if here.is_file():
            sha256 = marker.workfiles_data(record).get("sha256")
            same_as = sha256_of(here) == sha256 if isinstance(sha256, str) else None
            return Brought(here, same_as, downloaded=False)
        got = self.get(task, name=name, revision=revision, progress=progress, cancel=cancel)
        return Brought(Path(got.path), got.checked == "hash" or None, downloaded=True)

    def path(
        self,
        task: str,
        *,
        name: str = "main",
        revision: int | None = None,
        software: str | None = None,
    ) -> PathResult:
        """Where a revision lies, or where the next one will; nothing is created. Without the server
        it is where the revision would lie by what is remembered of the task."""
        context = self.find_task(task)
        records = self.desk.records
        latest, current = records.revisions(context.task.id)
        newest = latest.get(name)
        number = revision or max(newest.revision if newest else 0, 0) + 1
        like = newest
        if revision is not None and software is None:
            own = self._known_record(context, name, revision)
            if own is not None and own.path and marker.state_of(own) == "committed":
                local = self.desk.placing.local_of(context, own)
                return PathResult(str(local), own.path, revision, current)
            like = own or newest
        known = software or (records.software_of(like) if like else None) or "Blender"
        record = records.software(known, "")
        place = self.desk.placing.of(
            context, name=name, revision=number, extension=record.extension, software=record
        )
        return PathResult(str(place.local), place.server, number, current)

    def _known_record(self, context: TaskContext, name: str, revision: int) -> WorkingFile | None:
        """The record of a revision; None where there is none, or the server does not say."""
        try:
            records = self._records(context, name)
        except GONE:
            return None
        return next((record for record in records if record.revision == revision), None)

    def comment(self, task: str, revision: int, text: str, *, name: str = "main") -> Revision:
        """Change the comment of a revision; a save's marker in it is kept.

        Raises:
            NotFound: there is no such revision.
            PermissionDenied: the server does not let this account change it.
        """
        check_comment(text)
        context = self.find_task(task)
        record = self._choose(context, name, revision, any_state=True)
        suffix = marker.of(record.comment)
        changed = self.desk.client.set_comment(record.id, text + suffix)
        return self._revision(context, changed, self.desk.records.authors([changed]))

    def publish(
        self, task: str, revision: int, output_type: str, *, name: str = "main"
    ) -> PublishResult:
        """Record a revision as the source of the next output file of its entity.

        Raises:
            NotFound: no such revision or output type.
            NoFileTree: the production's tree has no output paths.
        """
        context = self.find_task(task)
        record = self._choose(context, name, revision)
        kind = self._output_type(output_type)
        if "output" not in (context.production.file_tree or {}):
            raise NoFileTree(
                f"The file tree of {context.production.name} says nothing about output files, so "
                "the server cannot give them a path. Nothing was published.",
                hint="Ask an administrator to add an “output” mode (wf tree).",
            )
        made = self.desk.client.create_output_file(
            context.entity.id,
            working_file_id=record.id,
            output_type_id=kind.id,
            task_type_id=context.task_type.id,
            name=name,
            comment=marker.detach(record.comment),
        )
        return PublishResult(
            output_file_id=made.id,
            working_file_id=record.id,
            output_type=kind.name,
            name=made.name,
            revision=made.revision,
            path=made.path,
        )

    def output_types(self) -> list[str]:
        """The names of what can be published, sorted."""
        return sorted((kind.name for kind in self.desk.client.output_types()), key=str.casefold)

    def _output_type(self, reference: str) -> OutputType:
        kinds = self.desk.client.output_types()
        for kind in kinds:
            if reference.casefold() in (
                kind.id,
                kind.name.casefold(),
                (kind.short_name or "").casefold(),
            ):
                return kind
        names = sorted(kind.name for kind in kinds)
        raise NotFound(
            f"Kitsu has no output type “{reference}”; it has: {', '.join(names) or 'none'}.",
            suggestions=names,
        )

    def _records(self, context: TaskContext, name: str | None) -> list[WorkingFile]:
        client = self.desk.client
        if name is None:
            records = client.working_files(context.task.id)
        else:
            records = client.entity_working_files(
                context.entity.id, task_id=context.task.id, name=name
            )
        visible = [record for record in records if record.revision >= 0]
        return sorted(visible, key=lambda r: (r.revision, r.created_at or ""), reverse=True)

    def _choose(
        self, context: TaskContext, name: str, revision: int | None, *, any_state: bool = False
    ) -> WorkingFile:
        records = self._records(context, name)
        for record in records:
            state = marker.state_of(record)
            usable = state in ("committed", "foreign")
            if revision is None and usable:
                return record
            if record.revision == revision:
                if usable or any_state:
                    return record
                why = "was given up" if state == "void" else "has not arrived on the server yet"
                raise NotFound(f"Revision {revision} of “{name}” {why}.")
        which = f"revision {revision}" if revision is not None else "complete revision"
        has = ", ".join(str(record.revision) for record in records[:8]) or "none"
        raise NotFound(
            f"“{name}” of {context.label} has no {which}; it has: {has}.",
            suggestions=[str(record.revision) for record in records[:8]],
        )

    def _revision(
        self, context: TaskContext, record: WorkingFile, authors: dict[str, str]
    ) -> Revision:
        data = marker.workfiles_data(record)
        size = data.get("size")
        base = data.get("base_revision")
        return Revision(
            working_file_id=record.id,
            task_id=context.task.id,
            name=record.name,
            revision=record.revision,
            comment=marker.detach(record.comment),
            author=authors.get(record.person_id or "", ""),
            created_at=record.created_at,
            state=marker.state_of(record),
            sha256=data.get("sha256"),
            size=size if isinstance(size, int) else record.size,
            path=self.desk.placing.shown(record),
            base_revision=base if isinstance(base, int) else None,
        )

    def verify(
        self,
        task: str,
        *,
        name: str | None = None,
        deep: bool = False,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> VerifyResult:
        """Compare records, stored lengths, local files and with ``deep`` stored hashes."""
        from wf_core.care import verify  # only who verifies pays for it

        context = self.find_task(task)
        records = self._records(context, name)
        return verify(self.desk, context, records, deep=deep, progress=progress, cancel=cancel)
