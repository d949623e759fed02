"""What an application shows beside its scene: which revision it is, and which comes next."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from wf_core.disk.copying import sha256_of
from wf_core.errors import PathError, WorkfilesError
from wf_core.host import SceneTag
from wf_core.models import TaskContext
from wf_core.paths import check_name, parse_path
from wf_core.saves import marker
from wf_core.saves.gauge import Gauge, gauge_folder
from wf_core.saves.lists import ProductionLists
from wf_core.saves.neighbours import contexts_of
from wf_core.saves.row import GIVEN_UP, OPEN_STATES, SaveRow
from wf_core.workfiles.operations import Operations
from wf_core.workfiles.scene import FileState, SceneFacts
from wf_core.workfiles.waiting import pending

__all__ = ["FollowingOperations", "NextRevision", "patience_for"]

_LEAST_PATIENCE = 0.25
_MOST_PATIENCE = 1.0


@dataclass(frozen=True)
class NextRevision:
    """What a save would do now.

    Attributes:
        task_id, label, name: whose revision it is.
        revision: the number it would most likely get; somebody else may take it first.
        path: where it would lie on this machine.
        names: the names the task has files of.
        base_revision: the revision the scene comes from, None when of another file or none.
        newest: the highest complete revision; None when there is none or it is not known.
        newest_by, newest_comment: who saved it, and what they said.
        taken: another file lies at ``path``: it is not a revision, and never written over.
        online: the server said so; else it is what was last heard.
        answer_seconds: how long the server took to answer; None when it did not.
        production: the folders on this machine that everything of its production lies below.
    """

    task_id: str
    label: str
    name: str
    revision: int
    path: Path
    names: tuple[str, ...]
    base_revision: int | None
    newest: int | None
    newest_by: str
    newest_comment: str
    taken: bool
    online: bool
    answer_seconds: float | None
    production: tuple[Path, ...] = ()

    def is_outside(self, path: Path) -> bool:
        """Whether a file lies in none of the production's folders, so that colleagues and
        farms may not have it; False where those are not known. Links count as where they lie
        and as where they lead."""
        spelled = {Path(os.path.normpath(path)), Path(os.path.realpath(path))}
        return bool(self.production) and not any(
            one.is_relative_to(folder)
            for one in spelled
            for own in self.production
            for folder in (own, Path(os.path.realpath(own)))
        )

    @property
    def behind(self) -> int:
        """How many complete revisions came after the one the scene comes from."""
        return max(0, (self.newest or 0) - self.base_revision) if self.base_revision else 0


def patience_for(answer_seconds: float | None) -> float:
    """Seconds a save with a person at it may wait for one answer of the server.

    Four times what it takes to read (it writes more slowly), within bounds; a server that
    takes longer than the upper bound to read is not waited for: the number then follows.
    """
    if answer_seconds is None or answer_seconds > _MOST_PATIENCE:
        return _LEAST_PATIENCE
    return min(_MOST_PATIENCE, max(_LEAST_PATIENCE, 4 * answer_seconds))


class FollowingOperations(Operations):
    """Looking at the scene an application has open."""

    _hashes: dict[tuple[str, int, int, int], str] | None = None

    def next_revision(
        self,
        task: str,
        *,
        name: str = "main",
        tag: SceneTag | None = None,
        software: str,
        extension: str = "",
    ) -> NextRevision:
        """What saving the scene as ``name`` of the task would do; nothing is created. Reads
        everything a save needs to know, so that the save itself has only the number to ask.

        Args:
            task: the task.
            name: which of its files.
            tag: the scene's.
            software: the application's name; "" where the extension decides.
            extension: of the file that would be saved; the application's own by default.

        Raises:
            WorkfilesError: it could not be saved, and why.
        """
        check_name(name)
        records = self.desk.records
        context = self.find_task(task)
        record = records.software(software, extension)
        started = time.monotonic()
        latest, online = records.revisions(context.task.id)
        took = time.monotonic() - started
        self.desk.placing.check_distinct(context, name, record, latest)
        newest = latest.get(name)
        highest = max(newest.revision, 0) if newest else 0
        if not online:
            highest = max(highest, records.highest_here(context.task.id, name))
        place = self.desk.placing.of(
            context,
            name=name,
            revision=highest + 1,
            extension=extension or record.extension,
            software=record,
        )
        complete = newest
        if newest is not None and online:
            complete = records.newest_committed(context, name, newest)
        base = None
        if tag is not None and (tag.task_id, tag.name) == (context.task.id, name):
            base = self._revision_of(tag)
        return NextRevision(
            task_id=context.task.id,
            label=context.label,
            name=name,
            revision=highest + 1,
            path=place.local,
            names=tuple(sorted(latest)) or ("main",),
            base_revision=base,
            newest=complete.revision if complete else None,
            newest_by=records.author(complete) if complete else "",
            newest_comment=marker.detach(complete.comment) if complete else "",
            taken=place.local.exists(),
            online=online,
            answer_seconds=took if online else None,
            production=self.desk.placing.production_of(context),
        )

    def facts_of_scene(
        self, tag: SceneTag | None, path: Path | None, *, task: str | None = None
    ) -> SceneFacts:
        """What is known of the scene with this tag in this file.

        Args:
            tag: as the scene carries it.
            path: its file; None when it was never saved.
            task: the task a person chose, where it is not the tag's.

        Asks the server for the newest revisions; whether the scene has changes its file lacks
        is for the application to add.
        """
        server = self.desk.client.session.server
        other_server = ""
        if tag is not None and tag.server != server:
            other_server = tag.server
            tag = None
        row = self._row_of(tag, path)
        if row is not None and row.server != server:
            row = None
        rows = self.desk.journal.rows(*OPEN_STATES)
        facts = SceneFacts(
            has_file=path is not None,
            other_server=other_server,
            waiting=len(rows),
            online=not self.desk.circuit.is_open(),
        )
        reference = task or (row.task_id if row else None) or (tag.task_id if tag else None)
        if reference is None:
            return facts
        context = self.find_task(reference)
        facts = replace(facts, task_id=context.task.id, task_label=context.label)
        if context.task.id not in (row and row.task_id, tag and tag.task_id):
            return facts  # another task was chosen for this scene
        if row is not None and row.state in OPEN_STATES:
            sent = Gauge(gauge_folder(self.settings.home), row.save_id).read()
            facts = replace(facts, pending=pending(row), sent=sent)
        name = row.name if row else tag.name if tag else "main"
        revision = row.revision if row else tag.revision if tag else None
        given_up = row is not None and row.state in GIVEN_UP
        facts = replace(facts, name=name, given_up=given_up)
        if row is not None and row.working_file_id is None:
            return replace(facts, provisional=not given_up)
        facts = replace(facts, revision=revision, file=self._file_state(row, tag, path))
        return self._with_newest(facts, reference, name)

    def guess_task(self, path: Path) -> TaskContext | None:
        """The one task of this account whose file ``path`` would be; None when there is none
        such. Asks the server."""
        try:
            server_path = self.desk.placing.mounts.to_server(path)
        except PathError:
            return None
        software = next(
            (s for s in self.desk.records.softwares() if s.extension == path.suffix.lower()), None
        )
        client = self.desk.client
        mine = client.my_tasks()
        found: list[TaskContext] = []
        for project_id in dict.fromkeys(task.project_id for task in mine):
            production = client.production(project_id)
            try:
                parsed = parse_path(server_path, production.file_tree)
            except WorkfilesError:
                continue  # not of this production, or in a way nobody can tell
            tasks = [task for task in mine if task.project_id == project_id]
            for context in contexts_of(client, production, tasks, ProductionLists(project_id)):
                try:
                    place = self.desk.placing.of(
                        context,
                        name=parsed.name,
                        revision=parsed.revision,
                        extension=path.suffix,
                        software=software,
                    )
                except WorkfilesError:
                    continue  # a task that has no path at all
                if place.local == path:
                    found.append(context)
        return found[0] if len(found) == 1 else None

    def _revision_of(self, tag: SceneTag) -> int | None:
        """The tag's revision; of a provisional save the one it has been given since."""
        if tag.revision is not None:
            return tag.revision
        row = self.desk.journal.get(tag.save_id)
        return row.revision if row is not None and row.working_file_id is not None else None

    def _row_of(self, tag: SceneTag | None, path: Path | None) -> SaveRow | None:
        """The save this scene is: the one at its path, else the one its tag names."""
        if path is not None:
            row = self.desk.journal.at_path(str(path))
            if row is not None:
                return row
        return self.desk.journal.get(tag.save_id) if tag is not None else None

    def _file_state(
        self, row: SaveRow | None, tag: SceneTag | None, path: Path | None
    ) -> FileState | None:
        if path is None:
            return None
        if not path.exists():
            return "missing"
        if row is not None:
            if str(path) not in (row.scene_path, row.final_path):
                return "elsewhere"
            found = path.stat()
            if (row.size, row.mtime_ns) == (found.st_size, found.st_mtime_ns):
                return "same"
            return "same" if row.sha256 and self._hash(path) == row.sha256 else "changed"
        return self._file_state_by_record(tag, path)

    def _file_state_by_record(self, tag: SceneTag | None, path: Path) -> FileState | None:
        """As the server's record has it: for a revision another machine saved."""
        assert tag is not None
        if tag.revision is None:
            return "elsewhere"
        context = self.find_task(tag.task_id)
        try:
            records = self.desk.client.entity_working_files(
                context.entity.id, task_id=context.task.id, name=tag.name
            )
            record = next((r for r in records if r.revision == tag.revision), None)
            if record is None or self.desk.placing.local_of(context, record) != path:
                return "elsewhere"
        except WorkfilesError:
            return None  # not to be told without the server
        sha256 = marker.workfiles_data(record).get("sha256")
        return None if not sha256 else "same" if self._hash(path) == sha256 else "changed"

    def _hash(self, path: Path) -> str:
        """The hash of a file, computed once for each state of it."""
        found = path.stat()
        key = (str(path), found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._hashes if self._hashes is not None else {}
        if key not in known:
            known[key] = sha256_of(path)
        self._hashes = known
        return known[key]

    def _with_newest(self, facts: SceneFacts, task: str, name: str) -> SceneFacts:
        records = self.desk.records
        context = self.find_task(task)
        latest, online = records.revisions(context.task.id)
        facts = replace(facts, online=online)
        newest = latest.get(name)
        if newest is None:
            return facts
        try:
            complete = records.newest_committed(context, name, newest)
        except WorkfilesError:
            return facts
        if complete is None:
            return facts
        return replace(facts, newest=complete.revision, newest_by=records.author(complete))
