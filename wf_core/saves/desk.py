"""Everything a save needs for one server, put together in one place."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from wf_core.errors import FileUnreadable, ServerError
from wf_core.kitsu import (
    FileTokenStore,
    KitsuClient,
    Session,
    Timeouts,
    TokenStore,
    locate_server,
)
from wf_core.kitsu.address import is_among, normalise_server
from wf_core.saves.budget import Budget
from wf_core.saves.checks import RECENT_SECONDS, Checks
from wf_core.saves.circuit import Circuit
from wf_core.saves.delivery import Delivery
from wf_core.saves.engine import SaveEngine
from wf_core.saves.filing import Filing
from wf_core.saves.journal import Journal
from wf_core.saves.numbering import Numbering
from wf_core.saves.placing import Placing
from wf_core.saves.queue import Queue
from wf_core.saves.records import Records
from wf_core.saves.recovery import open_journal
from wf_core.saves.spool import Spool
from wf_core.settings import Settings

__all__ = ["Desk", "timeouts_of"]


class Desk:
    """The parts, wired: ``client``, ``journal``, ``records``, ``engine``, ``queue`` and the rest.

    Args:
        settings: where things lie and how long to wait.
        server: address of the server; a bot's token is used for the settings' own server only.
        offline: why the network may not be used; empty when it may.
        login_home: folder whose login is used, WF_HOME by default.
        api: an address at which others have found the API; where ``server`` means just that
            one, nobody is asked where it is.
        sidecars: as :class:`Spool` has it.
        for_run: as :class:`Records` has it.

    Raises:
        UsageError: the address is not usable.
        DiskFull, FileUnreadable, PathError: WF_HOME cannot be written.
    """

    def __init__(
        self,
        settings: Settings,
        server: str,
        *,
        offline: str = "",
        login_home: Path | None = None,
        api: str = "",
        sidecars: bool = True,
        for_run: bool = False,
    ) -> None:
        self.settings = settings
        self._for_run = for_run
        self.spool = Spool(settings.home, sidecars=sidecars)
        self.journal = open_journal(settings.journal_path, self.spool)
        tokens = FileTokenStore(login_home or settings.home)

        def is_known(address: str) -> bool:
            return address == api or _was_found(tokens, address)

        try:
            located = _located(self.journal, settings, server, is_known, offline=offline)
            own = located == _located(
                self.journal, settings, settings.server or server, is_known, offline=offline
            )
            session = Session(
                located,
                tokens=tokens,
                bot_token=settings.token if own else None,
                timeouts=timeouts_of(settings),
                allow_plain_http=_plain_allowed(settings, located),
                offline=offline,
            )
        except BaseException:
            self.journal.close()
            raise
        self.client = KitsuClient(session)
        self.circuit = Circuit(self.journal, session.server, offline=bool(offline))
        self.records = self._records(self.client)
        self.placing = Placing(settings, self.records)
        self.delivery = Delivery(
            client=self.client,
            journal=self.journal,
            spool=self.spool,
            circuit=self.circuit,
            placing=self.placing,
            lock_folder=settings.lock_folder,
        )
        self.filing = Filing(records=self.records, placing=self.placing, delivery=self.delivery)
        self.engine = self.engine_within(settings.profile.offline_budget, task_known=RECENT_SECONDS)
        self.queue = Queue(
            engine=self.engine,
            filing=self.filing,
            server=session.server,
            connections=settings.profile.upload_connections,
        )

    def engine_within(
        self, seconds: float, *, known: float = RECENT_SECONDS, task_known: float | None = None
    ) -> SaveEngine:
        """The engine of saves that wait for the server at most ``seconds``.

        Args:
            seconds: after them a save goes on under a provisional name.
            known: seconds for which the highest number, once read, need not be asked for.
            task_known: the same of the task; the settings' ``cache_seconds`` by default.
        """
        budget = Budget(seconds)
        client = KitsuClient(
            self.client.session.limited(
                read=seconds / 2, total=seconds / 2, retries=0, left=budget.left
            )
        )
        records = self._records(client, budget, task_known)
        placing = Placing(self.settings, records)
        return SaveEngine(
            checks=Checks(
                records=records,
                placing=placing,
                spool=self.spool,
                spool_limit=self.settings.profile.spool_limit,
                journal=self.journal,
                known_seconds=known,
            ),
            numbering=Numbering(self.delivery, self.settings.lock_folder, budget, client),
            filing=Filing(records=records, placing=placing, delivery=self.delivery),
            delivery=self.delivery,
            lock_folder=self.settings.lock_folder,
            budget=budget,
        )

    def _records(
        self, client: KitsuClient, budget: Budget | None = None, task_age: float | None = None
    ) -> Records:
        return Records(
            client=client,
            journal=self.journal,
            circuit=self.circuit,
            lock_folder=self.settings.lock_folder,
            max_age=self.settings.profile.cache_seconds,
            task_age=task_age,
            for_run=self._for_run,
            budget=budget,
        )

    def close(self) -> None:
        self.journal.close()
        self.client.session.close()


def timeouts_of(settings: Settings) -> Timeouts:
    """The time-outs of one request by the settings."""
    total = settings.profile.timeout
    return Timeouts(connect=min(5.0, total), read=min(30.0, total), total=total)


def _located(
    journal: Journal,
    settings: Settings,
    server: str,
    is_known: Callable[[str], bool],
    *,
    offline: str = "",
) -> str:
    """Where the API of ``server`` is: asked once and kept, as a person may give the address
    of Kitsu's web interface. While nobody answers the address counts as it is."""
    key = f"api:{server}"
    kept = journal.recall(key)
    if kept is not None:
        return kept[0]
    plain = normalise_server(server, allow_plain_http=_plain_allowed(settings, server))
    circuit = Circuit(journal, plain)
    if offline or is_known(plain) or circuit.is_open():
        return plain
    # A save may be what waits for this, and two addresses are tried.
    patience = settings.profile.offline_budget / 2
    try:
        located = locate_server(
            server,
            allow_plain_http=_plain_allowed(settings, server),
            timeouts=Timeouts(connect=patience, read=patience, total=patience),
            retries=0,
        )
    except ServerError as exc:
        circuit.trip_if_unreachable(exc, waited=patience)
        return plain
    for known in (key, f"api:{located}"):
        journal.remember(known, located, time.time())
    if located != plain:
        journal.rehome(plain, located)  # saves made before anybody could tell
    return located


def _was_found(tokens: TokenStore, address: str) -> bool:
    """Whether the API was found at just this address by a login, which is kept under it. With
    logins at both places where a Kitsu can have its API, it has moved in between."""
    root = address.removesuffix("/api")
    try:
        return [each for each in (root, f"{root}/api") if tokens.load(each)] == [address]
    except FileUnreadable:
        return False


def _plain_allowed(settings: Settings, server: str) -> bool:
    return is_among(server, settings.profile.allow_plain_http)
