"""The facade adapters call: one object, every operation, plain answers.

Built on ``saves`` (the life of a save), ``kitsu`` (the server) and ``paths``. The command
line, the Blender extension and the Maya plug-in hold no decision of their own that the
others would need: it lives here or below.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from wf_core import kitsu
from wf_core import settings as settings_module
from wf_core.care import examine, verify
from wf_core.disk.copying import sha256_of
from wf_core.disk.locks import hold
from wf_core.errors import (
    NoFileTree,
    NotFound,
    NotLoggedIn,
    PathTaken,
    UsageError,
)
from wf_core.host import Host
from wf_core.kitsu.transfer import download
from wf_core.models import OutputType, Person, Production, Task, TaskContext, WorkingFile
from wf_core.results import (
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
from wf_core.saves import marker, uploader
from wf_core.saves.desk import Desk, timeouts_of
from wf_core.saves.journal import OPEN_STATES, SaveRow
from wf_core.saves.request import SaveRequest, check_comment
from wf_core.settings import Settings

__all__ = ["Cancel", "Progress", "SaveRequest", "Workfiles"]

Progress = Callable[[str, int, int], None]
"""Called with (what is going on, done, total); bytes for transfers, counts otherwise."""

Cancel = Callable[[], bool]
"""Asked now and then whether to stop; True stops, with everything safe."""

_LOOKS_PER_SAVE = 5


class Workfiles:
    """One artist, one server, one journal. Close it, or use it as a context manager.

    Args:
        settings: see :func:`wf_core.settings.load`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._desk: Desk | None = None

    def __enter__(self) -> Workfiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the journal and the connections; saves under way are not disturbed."""
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    @property
    def desk(self) -> Desk:
        """The parts behind this facade, made when first needed.

        Raises:
            NotLoggedIn: no server is known yet.
        """
        if self._desk is None:
            if not self.settings.server:
                raise NotLoggedIn(
                    "No Kitsu server is known here yet.", hint="Run wf login with its address."
                )
            self._desk = Desk(self.settings, self.settings.server)
        return self._desk

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
    ) -> Person:
        """Log in with e-mail and password, and with a second factor where the account has one.

        Only tokens are kept, never the password.

        Raises:
            SecondFactorNeeded: ask for a code and call again.
            LoginFailed, UsageError, ServerError: as the names say; nothing is changed.
        """
        session = self._new_session(server)
        person = kitsu.login(
            session,
            email=email,
            password=password,
            totp=totp,
            email_otp=email_otp,
            recovery_code=recovery_code,
        )
        self._settle_server(session)
        return person

    def login_with_browser(
        self, server: str, *, open_browser: Callable[[str], Any], cancel: Cancel | None = None
    ) -> Person:
        """Log in through the browser: single sign-on and every second factor come with it.

        Args:
            server: address of the server.
            open_browser: shows the address it is given to the user.
            cancel: asked while waiting for the user.

        Raises:
            BrowserLoginUnavailable: the server has no such page; use :meth:`login`.
            LoginFailed, Cancelled, ServerError: as the names say; nothing is changed.
        """
        session = self._new_session(server)
        person = kitsu.login_with_browser(session, open_browser=open_browser, cancel=cancel)
        self._settle_server(session)
        return person

    def logout(self) -> None:
        """Forget the tokens, here and on the server where it can be reached."""
        kitsu.logout(self.desk.client.session)

    def whoami(self) -> Person:
        """Who is logged in."""
        return self.desk.client.whoami()

    def _new_session(self, server: str) -> kitsu.Session:
        return kitsu.connect(
            server,
            tokens=kitsu.FileTokenStore(self.settings.home),
            plain_http_hosts=self.settings.profile.allow_plain_http,
            timeouts=timeouts_of(self.settings),
        )

    def _settle_server(self, session: kitsu.Session) -> None:
        settings_module.remember(self.settings, server=session.server)
        self.close()
        self.settings = self.settings.model_copy(
            update={"profile": self.settings.profile.model_copy(update={"server": session.server})}
        )

    # tasks

    def tasks(self, *, production: str | None = None, everyone: bool = False) -> list[Task]:
        """The account's open tasks, or with ``everyone`` all of the production(s).

        Args:
            production: name or id of the production to keep to.
        """
        client = self.desk.client
        wanted = self._production(production) if production else None
        if everyone:
            productions = [wanted] if wanted else client.productions()
            return [task for p in productions for task in client.production_tasks(p.id)]
        mine = client.my_tasks()
        return [task for task in mine if wanted is None or task.project_id == wanted.id]

    def find_task(self, reference: str) -> TaskContext:
        """The task that ``reference`` names, with everything around it.

        Raises:
            NotFound, AmbiguousReference: none or several do.
        """
        return self.desk.records.context(reference)

    def _production(self, reference: str) -> Production:
        return kitsu.find_production(self.desk.client, reference)

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
        """Save the host's scene as the next working revision of its task.

        Args:
            host: the application, or a :class:`wf_core.filehost.FileHost`.
            request: task, name, comment and the rest.
            wait: with it the answer is committed, or pending where the server could not take
                the save now; without, the save is safe here and sent in the background.
            progress: see :data:`Progress`.
            cancel: see :data:`Cancel`; a save that is safe already stays in the queue.

        Raises:
            WorkfilesError: nothing was saved; the scene is as it was.
            Cancelled: as its message says.
        """
        desk = self.desk
        row = desk.engine.save(host, request, deliver=wait, progress=progress, cancel=cancel)
        if row.state == "committed":
            desk.queue.look_again(at_most=_LOOKS_PER_SAVE)
        else:
            uploader.start(self.settings)
        return SaveResult(
            save_id=row.save_id,
            working_file_id=row.working_file_id,
            task_id=row.task_id,
            name=row.name,
            revision=row.revision if row.working_file_id else None,
            path=row.scene_path or "",
            sha256=row.sha256,
            size=row.size or 0,
            state="committed" if row.state == "committed" else "pending",
            provisional=row.provisional,
        )

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
            IntegrityError: the server's bytes are not those that were saved.
        """
        context = self.find_task(task)
        record = self._choose(context, name, revision)
        data = marker.workfiles_data(record)
        own = self.desk.placing.local_of(context, record)
        target = own if to is None else to / own.name if to.is_dir() else to
        sha256, size = data.get("sha256"), data.get("size")
        if sha256 and target.is_file() and not target.is_symlink():
            if sha256_of(target) == sha256:
                return GetResult(str(target), record.revision, sha256, "hash")
            raise PathTaken(
                f"{target} is there already with other contents, so it was left alone.",
                hint="Name another place with --to.",
            )
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

    def path(
        self,
        task: str,
        *,
        name: str = "main",
        revision: int | None = None,
        software: str | None = None,
    ) -> PathResult:
        """Where a revision lies, or where the next one will; nothing is created."""
        context = self.find_task(task)
        records = self.desk.records
        newest = records.revisions(context.task.id)[0].get(name)
        number = revision or max(newest.revision if newest else 0, 0) + 1
        known = software or (records.software_of(newest) if newest else None) or "Blender"
        record = records.software(known, "")
        place = self.desk.placing.of(
            context, name=name, revision=number, extension=record.extension, software=record
        )
        return PathResult(str(place.local), place.server, number)

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

    # the queue

    def status(self) -> list[PendingSave]:
        """The saves that are not committed, oldest first."""
        return [_pending(row) for row in self.desk.journal.rows(*OPEN_STATES)]

    def sync(self, *, progress: Progress | None = None, cancel: Cancel | None = None) -> SyncResult:
        """Try every save that waits, parked ones too, and tidy up behind those that arrived."""
        self.desk.circuit.reset()
        return self.desk.queue.work(everything=True, progress=progress, cancel=cancel)

    def retry(self, save_id: str) -> PendingSave:
        """Try one save again, whatever it was parked for. Raises NotFound."""
        row = self._row(save_id)
        with hold(self.desk.engine.row_lock(row.save_id), wait=2.0) as mine:
            if mine:
                row = self.desk.journal.update(row, parked=None, next_try=None, synced=True)
                row = self.desk.queue.advance(row)
        return _pending(row)

    def discard(self, save_id: str) -> PendingSave:
        """Give one save up: its number is declared void, its kept copy removed. The scene
        file itself stays where it was saved.

        Raises:
            NotFound: no such save waits.
            UsageError: it is being sent at this moment.
            WorkfilesError: the server cannot be told now; nothing is changed.
        """
        row = self._row(save_id)
        with hold(self.desk.engine.row_lock(row.save_id), wait=2.0) as mine:
            if not mine:
                raise UsageError("That save is being sent at this moment; nothing was changed.")
            desk = self.desk
            if row.working_file_id is not None:
                try:
                    record = desk.client.working_file(row.working_file_id)
                except NotFound:
                    pass
                else:
                    desk.delivery.declare_void(row, record)
            desk.journal.update(row, state="discarded", error=None)
            desk.spool.empty(row)
        return _pending(row)

    def _row(self, save_id: str) -> SaveRow:
        rows = [row for row in self.desk.journal.find(save_id) if row.state in OPEN_STATES]
        if len(rows) != 1:
            waiting = [row.save_id for row in self.desk.journal.rows(*OPEN_STATES)]
            what = "No save that waits" if not rows else "More than one save that waits"
            raise NotFound(
                f"{what} has an id that starts with “{save_id}”.",
                suggestions=waiting[:8],
                hint="wf status lists them.",
            )
        return rows[0]

    # care

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
        context = self.find_task(task)
        records = self._records(context, name)
        return verify(self.desk, context, records, deep=deep, progress=progress, cancel=cancel)

    def doctor(self) -> list[CheckResult]:
        """Look at the whole set-up; never raises for what it finds."""
        return examine(self.settings)

    def file_tree(self, production: str) -> dict[str, Any] | None:
        """The file tree of a production, or None when it has none."""
        return self._production(production).file_tree

    def set_file_tree(self, production: str, tree: dict[str, Any]) -> None:
        """Give a production a file tree. Needs the rights of a manager.

        Raises:
            NoFileTree: the tree cannot render working files.
            PermissionDenied: this account may not.
        """
        if "working" not in tree:
            raise NoFileTree(
                "That tree says nothing about working files, so it was not set.",
                hint="A tree needs a “working” mode with folder_path and file_name templates.",
            )
        self.desk.client.set_file_tree(self._production(production).id, tree)


def _pending(row: SaveRow) -> PendingSave:
    return PendingSave(
        save_id=row.save_id,
        task=row.task_label,
        name=row.name,
        revision=row.revision if row.working_file_id else None,
        state="parked" if row.parked else row.state,  # type: ignore[arg-type]
        path=row.scene_path or row.final_path or "",
        size=row.size,
        attempts=row.attempts,
        error=row.error,
        next_try=row.waits() if row.next_try is not None else None,
    )
