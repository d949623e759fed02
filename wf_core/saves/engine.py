"""One save, from the click to the moment the artist is free, and on to the server.

The order is the promise: checked before anything is created, planned and claimed before
anything is written, kept apart and synced before it is called saved. What follows is
delivery, which needs the artist no longer.
"""

from __future__ import annotations

import datetime
import os
import uuid
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wf_core.disk.copying import copy_exactly, fsync_file, fsync_folder, link_or_copy, linked
from wf_core.disk.growing import GrowingFile
from wf_core.disk.locks import hold, row_lock
from wf_core.errors import Cancelled, FileUnreadable
from wf_core.host import Host, SceneTag
from wf_core.saves.attempt import Attempt
from wf_core.saves.budget import Budget
from wf_core.saves.checks import Checks, Plan
from wf_core.saves.delivery import Delivery
from wf_core.saves.filing import Filing, Unfiled
from wf_core.saves.journal import Journal
from wf_core.saves.kept import check_kept, is_own_copy
from wf_core.saves.machine import boot_id, machine_name
from wf_core.saves.numbering import Numbering
from wf_core.saves.request import SaveRequest
from wf_core.saves.row import SaveRow
from wf_core.saves.settling import Settling
from wf_core.saves.spool import Spool, release, reserve
from wf_core.steps import SENT_LATER

__all__ = ["SaveEngine", "Saved"]

Report = Callable[[str, int, int], None]
Ask = Callable[[], bool]


@dataclass(frozen=True)
class Saved:
    """A save, and what was known before it."""

    row: SaveRow
    plan: Plan | Unfiled


class SaveEngine:
    """Saves scenes of any host for one account on one server.

    Attributes:
        budget: what a save may wait for the server before it goes on alone.
    """

    def __init__(
        self,
        *,
        checks: Checks,
        numbering: Numbering,
        filing: Filing,
        delivery: Delivery,
        lock_folder: Path,
        budget: Budget,
    ) -> None:
        self.checks = checks
        self.numbering = numbering
        self.filing = filing
        self.budget = budget
        self.delivery = delivery
        self.journal: Journal = delivery.journal
        self.spool: Spool = delivery.spool
        self.lock_folder = lock_folder

    def save(
        self,
        host: Host,
        request: SaveRequest,
        *,
        deliver: bool,
        kept: Callable[[SaveRow], None] | None = None,
        attempt: Attempt | None = None,
        progress: Report | None = None,
        cancel: Ask | None = None,
    ) -> Saved:
        """Save the host's scene; with ``deliver`` take it to the server as well.

        Args:
            kept: called once the bytes are kept apart: from then on the scene's file may be
                written again.
            attempt: this is one of several attempts at a save whose id is known already.

        Returns:
            The save's row, at least ``saved``: safe on this machine; and what was known of
            the task and its revisions before.

        Raises:
            WorkfilesError: nothing was saved, and what to do; the scene is as it was.
            Cancelled: stopped by the user; the message says what is safe.
        """
        save_id = str(uuid.uuid4()) if attempt is None else attempt.save_id
        # Held before the row is there: nobody may take it for one whose process has died.
        with hold(self.row_lock(save_id)) if attempt is None else nullcontext():
            with self.budget.spending():
                plan = self.checks.plan(host, request)
                if isinstance(plan, Unfiled):
                    if attempt is not None:
                        raise plan.cause
                    target = plan.place(request.name, save_id)  # it may be refused
                    row = self._begin(host, request, plan, save_id)
                    row = self._placed_unfiled(row, plan, target)
                elif attempt is not None:
                    row = self._begin(host, request, plan, save_id, renew=True)
                    row = self._attempted(row, plan, attempt)
                else:
                    row = self._begin(host, request, plan, save_id)
                    if plan.online:
                        self.filing.file_earlier(row, plan.context)
                    row = self.numbering.number(row, plan)
            deliver = deliver and row.working_file_id is not None
            # Whoever waits for the upload does not write the scene meanwhile.
            if deliver and kept is None and request.adopt is None:
                settling = self._lent(host, row)
            else:
                row = self._write(host, row, adopt=request.adopt)
                if kept is not None:
                    kept(row)
                settling = self._settled(row, delivering=deliver)
            if not deliver:
                return Saved(settling.finish(), plan)
            if settling.growing is None:
                row = settling.written()
            try:
                row = self.delivery.deliver(
                    row,
                    settling=settling,
                    guard=None if attempt is None else attempt.guard,
                    progress=_named(progress, "Uploading"),
                    cancel=cancel,
                )
            except Cancelled as exc:
                row = settling.finish()
                raise Cancelled(
                    f"Stopped. Revision {row.revision} is safe in {row.scene_path}, and not on the "
                    "server yet.",
                    hint=SENT_LATER,
                ) from exc
            except (KeyboardInterrupt, SystemExit):
                settling.stop()
                raise
            finally:
                # Whoever has the row's lock next must not meet a scene that is being written.
                settling.wait()
                # A web server's processes each keep their own connections: who never lets go
                # of one stays with a busy process while another has nothing to do.
                self.delivery.client.session.let_go()
        return Saved(row, plan)

    def row_lock(self, save_id: str) -> Path:
        """The lock file of a row: who holds it may work on the row."""
        return row_lock(self.lock_folder, save_id)

    def _begin(
        self,
        host: Host,
        request: SaveRequest,
        plan: Plan | Unfiled,
        save_id: str,
        *,
        renew: bool = False,
    ) -> SaveRow:
        now = datetime.datetime.now(datetime.timezone.utc)
        if isinstance(plan, Unfiled):
            root = plan.root
            of_task: dict[str, Any] = {
                "task_id": "",
                "task_label": plan.reference,
                "entity_id": "",
                "software_id": "",
                "reference": plan.reference,
                "software_name": plan.software_name,
                "base_task_id": plan.base_task_id,
            }
        else:
            root = plan.place(plan.highest + 1).root
            of_task = {
                "task_id": plan.context.task.id,
                "task_label": plan.context.label,
                "entity_id": plan.context.entity.id,
                "software_id": plan.software.id,
            }
        return self.journal.add(
            SaveRow(
                save_id=save_id,
                spool_path=str(self.spool.folder(root) / f"{save_id}{plan.extension}"),
                server=self.delivery.client.session.server,
                name=request.name,
                extension=plan.extension,
                comment=request.comment,
                base_revision=plan.base_revision,
                base_save_id=plan.base_save_id,
                host_name=host.name or "wf",
                host_version=host.version,
                machine=machine_name(),
                saved_at=now.isoformat(timespec="seconds"),
                atomic=True,
                boot=boot_id(),
                **of_task,
            ),
            durable=False,
            renew=renew,
        )

    def _attempted(self, row: SaveRow, plan: Plan, attempt: Attempt) -> SaveRow:
        """The row with its record, an earlier attempt's where there is one."""
        try:
            if attempt.record is not None:
                row = self.numbering.take_up(row, plan, attempt.record)
            else:
                row = self.numbering.number(row, plan, provisional=False, claimant=attempt.claimant)
            attempt.claimed(row)
        except BaseException:
            now = self.journal.get(row.save_id)
            if now is not None and now.state in ("planned", "claimed"):
                self.delivery.abandon(now)
            raise
        return row

    def _placed_unfiled(self, row: SaveRow, plan: Unfiled, target: Path) -> SaveRow:
        row = self.journal.update(
            row, provisional=True, scene_path=str(target), error=plan.cause.message
        )
        self.spool.write_sidecar(row)
        return row

    def _settled(self, row: SaveRow, *, delivering: bool) -> Settling:
        """A save whose scene is written, on its way to the disk."""
        return Settling(self, lambda: row, delivering=delivering)

    def _lent(self, host: Host, row: SaveRow) -> Settling:
        """A save that lends its scene to its upload, on its way to the disk: from the first byte
        on, where the host can be left alone with it."""
        growing = GrowingFile(Path(row.final_path or "").name)
        # Without links the scene is copied once more: nothing is lent then, and the last bytes of
        # the body would have to wait for that copy, too.
        if not (self.spool.has_links(row) and host.tell_copied(growing.copied)):
            return self._settled(self._write(host, row, lend=True), delivering=True)

        def written() -> SaveRow:
            try:
                done = self._write(host, row, lend=True)
                assert done.spool_path is not None and done.size is not None
                growing.copied(Path(done.spool_path), done.size, done.size)
            finally:
                host.tell_copied(None)
            return done

        return Settling(self, written, delivering=True, growing=growing)

    def _write(
        self, host: Host, row: SaveRow, *, adopt: Path | None = None, lend: bool = False
    ) -> SaveRow:
        target = Path(row.scene_path or row.final_path or "")
        before = host.get_tag()
        tag = SceneTag(
            server=row.server,
            task_id=row.task_id,
            name=row.name,
            revision=None if row.provisional else row.revision,
            save_id=row.save_id,
        )
        try:
            reserve(target, row.save_id, but=adopt)
            host.set_tag(tag)
            host.save_as(target)
            written = target.lstat()
            if written.st_size == 0:
                target.unlink()  # nobody's work, and in the way of the next save
                raise FileUnreadable(f"{host.name or 'The host'} wrote an empty file to {target}.")
        except BaseException as exc:
            host.set_tag(before)
            release(target, row.save_id)
            self.delivery.abandon(row)
            if isinstance(exc, OSError):
                raise FileUnreadable(f"{target} could not be written: {exc.strerror}.") from exc
            raise
        row = self.journal.update(
            row, durable=False, scene_path=str(target), written=True, boot=boot_id()
        )
        return self.set_aside(row, may_link=host.replaces_files, lend=lend)

    def set_aside(self, row: SaveRow, *, may_link: bool, lend: bool = False) -> SaveRow:
        """Keep the bytes the scene has now; the row then knows the kept file by heart.

        Args:
            may_link: whoever writes the scene replaces it, so that a link keeps its bytes.
            lend: a link will do until the save is on the server; should it have to wait, it
                gets a copy.

        Raises:
            WorkfilesError: they cannot be kept; the scene itself is written.
        """
        assert row.spool_path is not None and row.scene_path is not None
        kept = Path(row.spool_path)
        kept.unlink(missing_ok=True)
        scene = Path(row.scene_path)
        if lend and not may_link and linked(scene, kept):
            return self._known_by_heart(row, kept, "lent")
        return self._known_by_heart(row, kept, link_or_copy(scene, kept, may_link=may_link))

    def _known_by_heart(self, row: SaveRow, kept: Path, how: str) -> SaveRow:
        found = kept.lstat()
        return self.journal.update(
            row,
            durable=False,
            snapshot=how,
            device=found.st_dev,
            inode=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
        )

    def settle(self, row: SaveRow, *, kept: bool = True) -> SaveRow:
        """Put scene and kept bytes on the disk itself; from here on the save is safe. Without
        ``kept`` the scene only, for a save that is on its way to the server.

        Raises:
            Changed: the scene was written to before it had a copy.
            DiskFull, FileUnreadable, OSError: the disk did not take it.
        """
        assert row.spool_path is not None and row.scene_path is not None
        scene, copy = Path(row.scene_path), Path(row.spool_path)
        if kept and row.snapshot == "lent":
            row = self._own_copy(row, copy)
        if row.snapshot != "link":
            fsync_file(scene)
        if kept or row.snapshot == "link":
            fsync_file(copy)
        fsync_folder(scene.parent)
        known = self.journal.get(row.save_id) or row
        if not kept:
            # Whoever has lost the journal learns of the claim, and that the scene is written.
            self.spool.write_sidecar(known)
            return known
        state = known.state if known.state in ("uploaded", "committed") else "saved"
        self.spool.seal(replace(known, state=state, synced=True))
        return self.journal.update(known, state=state, synced=True)

    def _own_copy(self, row: SaveRow, kept: Path) -> SaveRow:
        """A copy in the place of a link that was to do for the time of an upload; it has the
        scene's times, so that who is killed before it is known leaves something to know it by."""
        if not is_own_copy(row):
            check_kept(row)
            half = kept.with_name(f".{row.save_id}.tmp")
            half.unlink(missing_ok=True)
            copy_exactly(kept, half)
            known = kept.lstat()
            check_kept(row)
            with suppress(OSError):  # not everybody may set times where files belong to others
                os.utime(half, ns=(known.st_atime_ns, known.st_mtime_ns))
            half.replace(kept)
        return self._known_by_heart(row, kept, "copy")


def _named(progress: Report | None, what: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(what, done, total)
