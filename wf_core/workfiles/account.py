"""Who is logged in, and their tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wf_core import kitsu
from wf_core import settings as settings_module
from wf_core.models import Person, Production, Task
from wf_core.saves.desk import timeouts_of
from wf_core.workfiles.operations import Cancel, Operations

__all__ = ["AccountOperations"]


class AccountOperations(Operations):
    """Log in and out, and list tasks."""

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

    def send_email_code(self, server: str, *, email: str) -> None:
        """Have the server send a code by e-mail, for :meth:`login`'s ``email_otp``.

        Raises:
            Refused, NotFound: an older server says that there is no such account or factor.
            UsageError, ServerError: as the names say.
        """
        session = self._new_session(server)
        try:
            kitsu.send_email_code(session, email=email)
        finally:
            session.close()

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

    def productions(self) -> list[Production]:
        """The open productions this account may see."""
        return self.desk.client.productions()

    def tasks(self, *, production: str | None = None, everyone: bool = False) -> list[Task]:
        """The account's open tasks, or with ``everyone`` all of the production(s).

        Args:
            production: name or id of the production to keep to.
        """
        client = self.desk.client
        wanted = self._production(production) if production else None
        if everyone:
            productions = [wanted] if wanted else client.productions()
            return [task for p in productions for task in client.named_production_tasks(p.id)]
        mine = client.my_tasks()
        return [task for task in mine if wanted is None or task.project_id == wanted.id]
