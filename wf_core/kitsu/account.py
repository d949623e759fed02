"""Logging in with e-mail and password, and logging out.

What the answers mean is in Zou's ``zou/app/blueprints/auth/resources.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wf_core.errors import (
    AccessError,
    BadAnswer,
    LoginFailed,
    NotFound,
    NotLoggedIn,
    Refused,
    SecondFactorNeeded,
    ServerError,
)
from wf_core.kitsu.answers import LOGIN_HINT
from wf_core.kitsu.session import Session
from wf_core.kitsu.tokens import Tokens, seconds_left
from wf_core.models import Person
from wf_core.steps import GIVE_THE_CODE

__all__ = [
    "keep_login",
    "login",
    "logout",
    "send_email_code",
    "token_seconds_left",
    "tokens_of_answer",
]

_REFUSALS = (400, 401, 409)
_FACTORS = ("totp", "email_otp", "fido", "recovery_code")


def login(
    session: Session,
    *,
    email: str,
    password: str,
    totp: str | None = None,
    email_otp: str | None = None,
    recovery_code: str | None = None,
) -> Person:
    """Log in and keep the tokens in ``session.tokens``; the password is not kept.

    Args:
        session: a session on a located server, see :func:`wf_core.kitsu.connect`.
        email: e-mail address, or the desktop login an administrator set.
        password: sent once, never stored.
        totp: code of an authenticator application.
        email_otp: code from an e-mail, see :func:`send_email_code`.
        recovery_code: one of the codes given when the second factor was set up.

    Raises:
        SecondFactorNeeded: the account has a second factor and no code was given.
        LoginFailed: wrong e-mail, password or code; too many tries; a closed account.
        ServerError: see :mod:`wf_core.errors`.
    """
    codes = {"totp": totp, "email_otp": email_otp, "recovery_code": recovery_code}
    body = {"email": email, "password": password}
    body |= {name: code.strip() for name, code in codes.items() if code and code.strip()}
    # Never repeated: every failed try counts towards locking the account.
    status, answer = session.send_with("POST", "auth/login", None, body=body, accept=_REFUSALS)
    if status in _REFUSALS or (isinstance(answer, dict) and answer.get("login") is False):
        raise _refusal(status, answer if isinstance(answer, dict) else {}, session.host)
    return keep_login(session, answer)


def keep_login(session: Session, answer: Any) -> Person:
    """Keep the tokens of a login's ``answer`` and return who logged in.

    Raises:
        LoginFailed: the account must set up a second factor first.
        BadAnswer: there are no tokens in it.
    """
    if isinstance(answer, dict) and answer.get("two_factor_authentication_required"):
        raise LoginFailed(
            f"{session.host} lets nobody in without a second factor, and your account has none.",
            hint="Log in to Kitsu in the browser once and set one up.",
        )
    session.tokens.save(session.server, tokens_of_answer(answer, host=session.host))
    try:
        return Person.model_validate(answer["user"])
    except (KeyError, TypeError, ValueError) as exc:
        raise BadAnswer(f"{session.host} did not say who logged in.") from exc


def tokens_of_answer(answer: Any, *, host: str) -> Tokens:
    """The tokens in the answer to a login.

    Raises:
        BadAnswer: there are none.
    """
    if isinstance(answer, dict):
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if isinstance(access, str) and access:
            return Tokens(access, refresh if isinstance(refresh, str) else None)
    raise BadAnswer(
        f"{host} accepted the login but gave no token.",
        hint="Check that this is the address of a Kitsu server.",
    )


def send_email_code(session: Session, *, email: str) -> None:
    """Have the server send a code by e-mail, for :func:`login`'s ``email_otp``.

    The answer is the same whether the account has this factor or not.

    Raises:
        Refused, NotFound: an older server says that there is no such account or factor.
        ServerError: see :mod:`wf_core.errors`.
    """
    session.send_with("GET", "auth/email-otp", None, params={"email": email})


def logout(session: Session) -> bool:
    """Forget the login here, and end it on the server.

    Returns:
        Whether the server confirmed; the tokens are gone from this machine either way. A
        bot's token is not touched.
    """
    if session.is_bot:
        return False
    kept = session.tokens.load(session.server)
    if kept is None:
        return False
    session.tokens.forget(session.server)
    try:
        session.send_with("GET", "auth/logout", kept.access)
    except (AccessError, NotFound, Refused, ServerError):
        return False
    return True


def token_seconds_left(session: Session, *, now: float | None = None) -> float | None:
    """Seconds until a new login is needed, by this machine's clock; None when not known.

    That is when the refresh token ends, for the access token is renewed with it.

    Raises:
        NotLoggedIn: there is no token at all.
    """
    token = session.bot_token
    if token is None:
        kept = session.tokens.load(session.server)
        if kept is None:
            raise NotLoggedIn(f"You are not logged in to {session.host}.", hint=LOGIN_HINT)
        lasting = [seconds_left(t, now=now) for t in (kept.access, kept.refresh) if t]
        known = [seconds for seconds in lasting if seconds is not None]
        return max(known) if known and len(known) == len(lasting) else None
    return seconds_left(token, now=now)


def _refusal(status: int, answer: Mapping[str, Any], host: str) -> LoginFailed:
    if answer.get("missing_OTP"):
        kinds = _factors(answer)
        return SecondFactorNeeded(
            f"{host} asks for a second factor ({_in_words(kinds)}).",
            kinds=kinds,
            hint=_factor_hint(kinds),
        )
    if answer.get("wrong_OTP"):
        return LoginFailed(
            "The code of the second factor is wrong or was used before.",
            hint="Codes change every half minute: wait for the next one; check that this "
            "machine's and the phone's clocks are right.",
        )
    if answer.get("too_many_failed_login_attemps"):
        return LoginFailed(
            f"{host} has seen too many failed logins of this account.",
            hint="Wait a minute, then try again.",
        )
    if answer.get("unactive"):
        return LoginFailed(
            "This account is closed.", hint="Ask an administrator of your Kitsu to open it."
        )
    if answer.get("default_password"):
        return LoginFailed(
            "This account still has its first password.",
            hint="Log in to Kitsu in the browser once and choose one of your own.",
        )
    if status == 409:
        return LoginFailed(
            f"{host} is not set up to check passwords.",
            hint="Log in through the browser, or tell whoever runs the server.",
        )
    return LoginFailed(
        "Wrong e-mail address or password.",
        hint="Accounts that use single sign-on log in through the browser.",
    )


def _factors(answer: Mapping[str, Any]) -> tuple[str, ...]:
    enabled = answer.get("two_factor_authentication_enabled")
    names = [name for name in enabled if name in _FACTORS] if isinstance(enabled, list) else []
    preferred = answer.get("preferred_two_factor_authentication")
    if preferred in _FACTORS:
        names = [preferred, *(name for name in names if name != preferred)]
    return tuple(dict.fromkeys(names)) or ("totp",)


def _in_words(kinds: Iterable[str]) -> str:
    words = {
        "totp": "a code of your authenticator application",
        "email_otp": "a code by e-mail",
        "fido": "a security key",
        "recovery_code": "a recovery code",
    }
    return " or ".join(words[kind] for kind in kinds)


def _factor_hint(kinds: tuple[str, ...]) -> str:
    if kinds == ("fido",):
        return "Security keys work in the browser only: log in through the browser."
    return GIVE_THE_CODE
