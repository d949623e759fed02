"""Everything a save needs for one server, put together in one place."""

from __future__ import annotations

import logging

from wf_core.kitsu import FileTokenStore, KitsuClient, Session
from wf_core.saves.circuit import Circuit
from wf_core.saves.delivery import Delivery
from wf_core.saves.engine import SaveEngine
from wf_core.saves.placing import Placing
from wf_core.saves.queue import Queue
from wf_core.saves.records import Records
from wf_core.saves.recovery import open_journal
from wf_core.saves.spool import Spool
from wf_core.settings import Settings

__all__ = ["Desk"]

log = logging.getLogger(__name__)


class Desk:
    """The parts, wired: ``client``, ``journal``, ``records``, ``engine``, ``queue`` and the rest.

    Args:
        settings: where things lie and how long to wait.
        server: address of the server; a bot's token is used for the settings' own server only.

    Raises:
        UsageError: the address is not usable.
        OSError, sqlite3.OperationalError: WF_HOME cannot be written.
    """

    def __init__(self, settings: Settings, server: str) -> None:
        session = Session(
            server,
            tokens=FileTokenStore(settings.home),
            bot_token=settings.token if server == settings.server else None,
            allow_plain_http=_plain_allowed(settings, server),
        )
        self.settings = settings
        self.client = KitsuClient(session)
        self.spool = Spool(settings.home)
        self.journal = open_journal(settings.journal_path, self.spool)
        self.circuit = Circuit(self.journal, session.server)
        self.records = Records(
            client=self.client,
            journal=self.journal,
            circuit=self.circuit,
            max_age=settings.profile.cache_seconds,
        )
        self.placing = Placing(settings, self.records)
        self.delivery = Delivery(
            client=self.client,
            journal=self.journal,
            spool=self.spool,
            circuit=self.circuit,
            placing=self.placing,
            lock_folder=settings.lock_folder,
        )
        self.engine = SaveEngine(
            records=self.records,
            delivery=self.delivery,
            lock_folder=settings.lock_folder,
            budget=settings.profile.offline_budget,
            spool_limit=settings.profile.spool_limit,
        )
        self.queue = Queue(
            engine=self.engine,
            server=session.server,
            connections=settings.profile.upload_connections,
        )

    def close(self) -> None:
        self.journal.close()
        self.client.session.close()


def _plain_allowed(settings: Settings, server: str) -> bool:
    host = server.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return host.lower() in {allowed.lower() for allowed in settings.profile.allow_plain_http}
