"""``wf login``, ``wf logout`` and ``wf whoami``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wf_core.cli.options import JsonOption, session_of
from wf_core.errors import SecondFactorNeeded, UsageError

if TYPE_CHECKING:
    from wf_core.cli.context import Session
    from wf_core.models import Person
    from wf_core.workfiles import Workfiles

__all__ = ["login", "logout", "whoami"]


def login(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of Kitsu.")],
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="E-MAIL", help="Log in with e-mail and password."),
    ] = None,
    otp: Annotated[
        str | None,
        typer.Option("--otp", metavar="CODE", help="Code of the second factor."),
    ] = None,
    recovery_code: Annotated[
        str | None,
        typer.Option("--recovery-code", metavar="CODE", help="Instead of a second factor."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Log in: through the browser, or with --email and a password.

    Only tokens are kept, never the password.
    """
    session = session_of(context)
    by_password = email is not None
    if not by_password and (otp or recovery_code or password_stdin):
        raise UsageError(
            "--otp, --recovery-code and --password-stdin belong to a login with a password.",
            hint="Give --email too.",
        )
    with session.workfiles() as workfiles:
        if email is None:
            person = _through_browser(session, workfiles, url)
        else:
            password = _password(session, email, from_stdin=password_stdin)
            codes = _Codes(session, workfiles, url, email, otp=otp, recovery_code=recovery_code)
            person = _with_password(workfiles, url, email, password, codes)
    session.forget_settings()
    server = session.settings.server or url
    session.output.result(
        _account(person, server),
        lambda: session.output.line(f"Logged in to {server} as {person.display_name}."),
    )


def logout(context: typer.Context, as_json: JsonOption = False) -> None:
    """Forget the login on this machine, and end it on the server."""
    session = session_of(context)
    if session.settings.token:
        raise UsageError(
            "WF_TOKEN is what speaks for you here, not a login; nothing was changed.",
            hint="Unset it, then log out.",
        )
    with session.workfiles() as workfiles:
        workfiles.logout()
    server = session.settings.server
    session.output.result(
        {"server": server, "logged_in": False},
        lambda: session.output.line(f"Logged out of {server}."),
    )


def whoami(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show who is logged in, and where."""
    session = session_of(context)
    with session.workfiles() as workfiles:
        person = workfiles.whoami()
    account = _account(person, session.settings.server or "")
    session.output.result(
        account,
        lambda: session.output.pairs(
            [
                ("Name", person.display_name),
                ("E-mail", person.email or ""),
                ("Role", person.role),
                ("Server", account["server"]),
            ]
        ),
    )


def _account(person: Person, server: str) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.display_name,
        "email": person.email,
        "role": person.role,
        "is_bot": person.is_bot,
        "server": server,
    }


def _through_browser(session: Session, workfiles: Workfiles, url: str) -> Person:
    from wf_core.kitsu import BrowserLoginUnavailable

    def open_browser(address: str) -> bool:
        import webbrowser

        session.output.note("Log in on this page of your browser (Ctrl-C stops waiting):")
        session.output.note(address)
        return webbrowser.open(address)

    try:
        with session.long_operation() as (_, cancel):
            return workfiles.login_with_browser(url, open_browser=open_browser, cancel=cancel)
    except BrowserLoginUnavailable as unavailable:
        if not session.can_ask:
            raise
        session.output.note(f"{unavailable.message} Log in with e-mail address and password.")
    email = session.ask("E-mail address:")
    password = _password(session, email, from_stdin=False)
    return _with_password(workfiles, url, email, password, _Codes(session, workfiles, url, email))


def _password(session: Session, email: str, *, from_stdin: bool) -> str:
    if from_stdin:
        password = session.stdin.readline().rstrip("\r\n")
        if not password:
            raise UsageError("There is no password on standard input; nobody was logged in.")
        return password
    if not session.can_ask:
        raise UsageError(
            "There is no terminal to ask for the password on.",
            hint="Give it on standard input with --password-stdin, or use a bot's token "
            "in WF_TOKEN.",
        )
    return session.ask_secret(f"Password of {email}:")


class _Codes:
    """Where the code of a second factor comes from: the command line, or a question."""

    def __init__(
        self,
        session: Session,
        workfiles: Workfiles,
        url: str,
        email: str,
        *,
        otp: str | None = None,
        recovery_code: str | None = None,
    ) -> None:
        self._session = session
        self._workfiles = workfiles
        self._url = url
        self._email = email
        self._otp = otp
        self.recovery_code = recovery_code

    def answer(self, needed: SecondFactorNeeded) -> dict[str, str]:
        """The argument of the second call, for one of the factors the account has.

        Raises:
            SecondFactorNeeded: ``needed``, when there is no way to get a code.
        """
        by_code = [kind for kind in needed.kinds if kind in ("totp", "email_otp")]
        if not by_code:
            raise needed
        kind = by_code[0]
        if self._otp:
            return {kind: self._otp}
        if kind == "email_otp":
            self._workfiles.send_email_code(self._url, email=self._email)
        if not self._session.can_ask:
            raise needed
        where = "your authenticator application" if kind == "totp" else "the e-mail just sent"
        return {kind: self._session.ask(f"Code from {where}:")}


def _with_password(
    workfiles: Workfiles, url: str, email: str, password: str, codes: _Codes
) -> Person:
    try:
        return workfiles.login(
            url, email=email, password=password, recovery_code=codes.recovery_code
        )
    except SecondFactorNeeded as needed:
        # The server names the account's factors only when asked without a code (which does
        # not count as a failed login).
        return workfiles.login(url, email=email, password=password, **codes.answer(needed))
