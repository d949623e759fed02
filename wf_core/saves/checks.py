"""What is looked at before a save creates anything: task, name, path, room, colleagues."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from wf_core.errors import Behind, DiskFull
from wf_core.host import Host
from wf_core.models import Software, TaskContext, WorkingFile
from wf_core.saves import marker
from wf_core.saves.placing import Place, Placing
from wf_core.saves.records import Records
from wf_core.saves.request import SaveRequest, check_request
from wf_core.saves.spool import Spool

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
    known_seconds: float = RECENT_SECONDS

    def plan(self, host: Host, request: SaveRequest) -> Plan:
        """Look at everything that can be known before the save.

        Raises:
            WorkfilesError: this cannot be saved; nothing was created.
        """
        check_request(request)
        host.check_savable()
        extension = host.extensions[0]
        context = self.records.context(request.task)
        software = self.records.software(request.software or host.name, extension)
        base = _base(host, request, context)
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
            extension=extension,
            base_revision=base,
            newest=newest,
            highest=highest,
            online=online,
            placing=self.placing,
            adopt=request.adopt,
        )
        if request.if_behind == "fail":
            self._refuse_if_behind(plan)
        place = plan.place(plan.highest + 1)
        self._check_room(place, _size_of(host.current_path()))
        return plan

    def _refuse_if_behind(self, plan: Plan) -> None:
        if plan.newest is None or plan.base_revision is None:
            return
        latest = self.records.newest_committed(plan.context, plan.name, plan.newest)
        if latest is None or latest.revision <= plan.base_revision:
            return
        comment = marker.detach(latest.comment)
        said = f" (“{comment}”)" if comment else ""
        raise Behind(
            f"{self.records.author(latest)} saved revision {latest.revision}{said} after revision "
            f"{plan.base_revision}, which this scene comes from. Nothing was saved.",
            hint="Look at it first, or save anyway with --if-behind save.",
        )

    def _check_room(self, place: Place, size: int) -> None:
        needed = 2 * size + _ROOM_TO_SPARE
        root = place.root
        while not root.exists():
            root = root.parent
        free = shutil.disk_usage(root).free
        if free < needed:
            raise DiskFull(
                f"There is not enough room under {root}: {_mib(needed)} are needed, {_mib(free)} "
                "are free. Nothing was saved.",
                hint="Free some space, then save again.",
            )
        spooled = self.spool.size()
        if spooled + size > self.spool_limit:
            raise DiskFull(
                f"Saves that wait for the server already take {_mib(spooled)} here, and the limit "
                f"is {_mib(self.spool_limit)}. Nothing was saved, nothing was dropped.",
                hint="Run wf sync to send them, or raise spool_limit in the settings.",
            )


def _base(host: Host, request: SaveRequest, context: TaskContext) -> int | None:
    """The revision the scene comes from: as the caller says, else as the scene itself does."""
    if request.base_revision is not None:
        return request.base_revision
    tag = host.get_tag()
    same = tag is not None and (tag.task_id, tag.name) == (context.task.id, request.name)
    return tag.revision if tag is not None and same else None


def _size_of(source: Path | None) -> int:
    try:
        return 0 if source is None else source.stat().st_size
    except OSError:
        return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
