"""What is looked at before a save creates anything: task, name, path, room, colleagues."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from wf_core.errors import Behind, DiskFull, NotLoggedIn, PathError, WorkfilesError
from wf_core.host import Host
from wf_core.models import Software, TaskContext, WorkingFile
from wf_core.results import LaterRevision
from wf_core.saves import marker
from wf_core.saves.filing import Unfiled
from wf_core.saves.journal import Journal
from wf_core.saves.placing import Place, Placing
from wf_core.saves.records import GONE, Records
from wf_core.saves.request import SaveRequest, check_request
from wf_core.saves.spool import Spool
from wf_core.steps import LOG_IN, UPLOADS

__all__ = ["RECENT_SECONDS", "Checks", "Plan"]

_ROOM_TO_SPARE = 64 * 1024 * 1024
RECENT_SECONDS = 10.0
"""A number that is older than it should be costs one refused request, no more: scripts that
save one file after the other need not ask for it each time."""


@dataclass(frozen=True)
class Plan:
    """What is known of a save before anything is created.

    Attributes:
        newest: the record with the highest number of this (task, name), of any state.
        highest: the highest number known, 0 when there is none.
        online: the server said so just now; else it is what was last heard.
        base_save_id: the save the scene comes from, where that one has no number yet.
        later: what was committed after the base; None when nothing was, or no base is known.
        adopt: the one file that may be in the revision's place already.
    """

    context: TaskContext
    software: Software
    name: str
    extension: str
    base_revision: int | None
    newest: WorkingFile | None
    highest: int
    online: bool
    placing: Placing
    base_save_id: str | None = None
    later: LaterRevision | None = None
    adopt: Path | None = None
    _places: dict[int, Place] = field(default_factory=dict, repr=False, compare=False)

    def place(self, revision: int) -> Place:
        """Where that revision lies. Raises as :meth:`Placing.of`."""
        if revision not in self._places:
            self._places[revision] = self.placing.of(
                self.context,
                name=self.name,
                revision=revision,
                extension=self.extension,
                software=self.software,
            )
        return self._places[revision]


@dataclass(frozen=True)
class Checks:
    """The checks of one server's saves.

    Attributes:
        spool_limit: bytes the spool may hold.
        known_seconds: for so long the highest number, once read, counts as known.
    """

    records: Records
    placing: Placing
    spool: Spool
    spool_limit: int
    journal: Journal
    known_seconds: float = RECENT_SECONDS

    def plan(self, host: Host, request: SaveRequest) -> Plan | Unfiled:
        """Look at everything that can be known before the save.

        Returns:
            The plan; an :class:`Unfiled` where the server is away and nothing is remembered of
            the task.

        Raises:
            WorkfilesError: this cannot be saved; nothing was created.
        """
        check_request(request)
        host.check_savable()
        try:
            context = self.records.context(request.task)
            software = self.records.software(request.software or host.name, host.extensions[0])
        except GONE as exc:
            if not self.records.has_login:
                raise NotLoggedIn(
                    "Nobody is logged in here, and the task is not known. Nothing was saved.",
                    hint=f"Use {LOG_IN}, then save again.",
                ) from exc
            return self._unfiled(host, request, exc)
        try:
            return self._planned(host, request, context, software)
        except PathError:
            # Whoever has renamed what made the path unusable wants that to count at once.
            newer = self.records.newer(context)
            if newer is None:
                raise
            return self._planned(host, request, newer, software)

    def _planned(
        self, host: Host, request: SaveRequest, context: TaskContext, software: Software
    ) -> Plan:
        base, base_save_id = self._base(host, request, context.task.id)
        must_be_new = (
            request.if_behind == "fail" and base is not None
        ) or self.records.has_abandoned(context.task.id, request.name)
        latest, online = self.records.revisions(
            context.task.id, max_age=0.0 if must_be_new else self.known_seconds
        )
        self.placing.check_distinct(context, request.name, software, latest)
        newest = latest.get(request.name)
        highest = max(newest.revision, 0) if newest else 0
        if not online:
            highest = max(highest, self.records.highest_here(context.task.id, request.name))
        plan = Plan(
            context=context,
            software=software,
            name=request.name,
            extension=host.extensions[0],
            base_revision=base,
            newest=newest,
            highest=highest,
            online=online,
            placing=self.placing,
            base_save_id=base_save_id,
            adopt=request.adopt,
        )
        plan = replace(plan, later=self._later(plan))
        if request.if_behind == "fail":
            _refuse_if_behind(plan)
        self.check_room(plan.place(plan.highest + 1).root, _size_of(host.current_path()))
        return plan

    def _unfiled(self, host: Host, request: SaveRequest, cause: WorkfilesError) -> Unfiled:
        tag = host.get_tag()
        base, base_save_id = self._base(host, request, tag.task_id if tag else "")
        root = self.placing.workspace
        self.check_room(root, _size_of(host.current_path()))
        return Unfiled(
            reference=request.task,
            software_name=request.software or host.name or None,
            extension=host.extensions[0],
            base_revision=base,
            base_task_id=tag.task_id if tag and request.base_revision is None else None,
            base_save_id=base_save_id,
            root=root,
            placing=self.placing,
            cause=cause,
        )

    def _base(
        self, host: Host, request: SaveRequest, task_id: str
    ) -> tuple[int | None, str | None]:
        """The revision the scene comes from, as the caller says, else as the scene itself does;
        or the save that has no number yet."""
        if request.base_revision is not None:
            return request.base_revision, None
        tag = host.get_tag()
        # A scene that was saved before its task was known names none: the journal tells which.
        if tag is None or tag.name != request.name or tag.task_id not in ("", task_id):
            return None, None
        if tag.revision is not None or not tag.save_id:
            return tag.revision, None
        base = self.journal.get(tag.save_id)
        if base is not None and base.working_file_id is not None and base.task_id == task_id:
            return base.revision, None
        return None, tag.save_id

    def _later(self, plan: Plan) -> LaterRevision | None:
        """The newest usable revision, where it is later than the scene's base."""
        if plan.base_revision is None or plan.highest <= plan.base_revision:
            return None
        if plan.newest is None:
            return None
        try:
            found = self.records.newest_committed(plan.context, plan.name, plan.newest)
        except GONE:
            return None  # what cannot be read now is no reason to keep anybody waiting
        if found is None or found.revision <= plan.base_revision:
            return None
        return LaterRevision(
            revision=found.revision,
            author=self.records.author(found),
            created_at=found.created_at,
            comment=marker.detach(found.comment),
        )

    def check_room(self, root: Path, size: int) -> None:
        """Refuse what there is no room for. Raises DiskFull."""
        needed = 2 * size + _ROOM_TO_SPARE
        while not root.exists():
            root = root.parent
        free = shutil.disk_usage(root).free
        if free < needed:
            raise DiskFull(
                f"There is not enough room under {root}: {_mib(needed)} are needed, {_mib(free)} "
                "are free. Nothing was saved.",
                hint="Free some space, then save again.",
            )
        if not self.spool.has_room(size, limit=self.spool_limit):
            raise DiskFull(
                f"Saves that wait for the server already take {_mib(self.spool.size())} here, and "
                f"the limit is {_mib(self.spool_limit)}. Nothing was saved, nothing was dropped.",
                hint=f"See {UPLOADS} for what holds them up, or raise spool_limit (“wf config”).",
            )


def _refuse_if_behind(plan: Plan) -> None:
    later = plan.later
    if later is None:
        return
    said = f" (“{later.comment}”)" if later.comment else ""
    raise Behind(
        f"{later.author} saved revision {later.revision}{said} after revision "
        f"{plan.base_revision}, which this scene comes from. Nothing was saved.",
        hint="Look at it first, or save anyway with --if-behind save.",
        later=later,
    )


def _size_of(source: Path | None) -> int:
    try:
        return 0 if source is None else source.stat().st_size
    except OSError:
        return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
