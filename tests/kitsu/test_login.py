"""Logging in and out: by scripted answers for every failure, and for real."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from live_kitsu import LiveKitsu
from scripted_server import Answer, ScriptedServer, closed_port, html_error, json_answer

from wf_core.errors import (
    BadAnswer,
    LoginFailed,
    NotLoggedIn,
    SecondFactorNeeded,
    ServerFault,
    ServerUnavailable,
)
from wf_core.kitsu import (
    KitsuClient,
    MemoryTokenStore,
    Session,
    Timeouts,
    Tokens,
    login,
    logout,
    send_email_code,
    token_seconds_left,
)
from wf_core.private_kitsu import KitsuInfo

FAST = Timeouts(connect=1.0, read=1.0, total=2.0)
EXPIRES_2027 = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4MDAwMDAwMDB9.c2lnbmF0dXJl"  # 1800000000


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            json_answer({"login": False, "message": "Wrong email or password."}, 400),
            "Wrong e-mail address or password",
            id="wrong",
        ),
        pytest.param(
            json_answer({"login": False, "wrong_OTP": True, "message": "x"}, 400),
            "code of the second factor is wrong",
            id="wrong code",
        ),
        pytest.param(
            json_answer({"login": False, "too_many_failed_login_attemps": True}, 400),
            "too many failed logins",
            id="locked",
        ),
        pytest.param(
            json_answer({"login": False, "unactive": True}, 401), "account is closed", id="closed"
        ),
        pytest.param(
            json_answer({"login": False, "default_password": True, "token": "t"}, 400),
            "first password",
            id="default password",
        ),
        pytest.param(
            json_answer({"login": False}, 400), "Wrong e-mail address or password", id="older"
        ),
        pytest.param(
            json_answer({"login": False}, 409), "not set up to check passwords", id="no strategy"
        ),
        pytest.param(
            json_answer(
                {"login": True, "access_token": "a", "two_factor_authentication_required": True}
            ),
            "lets nobody in without a second factor",
            id="second factor enforced",
        ),
        pytest.param(json_answer("odd", 400), "Wrong e-mail address or password", id="odd body"),
        pytest.param(html_error(400), "Wrong e-mail address or password", id="HTML"),
    ],
)
def test_when_a_login_fails_then_the_reason_is_told_apart(
    server: ScriptedServer, answer: Answer, words: str
) -> None:
    server.everything(answer)
    session = Session(server.url, timeouts=FAST)
    with pytest.raises(LoginFailed) as raised:
        login(session, email="robin@example.com", password="secret-word")
    assert words in str(raised.value)
    assert "secret-word" not in str(raised.value)
    assert len(server.requests) == 1
    assert not session.has_token


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        pytest.param(
            {
                "preferred_two_factor_authentication": "email_otp",
                "two_factor_authentication_enabled": ["recovery_code", "totp", "email_otp"],
            },
            ("email_otp", "recovery_code", "totp"),
            id="preferred first",
        ),
        pytest.param(
            {"two_factor_authentication_enabled": ["recovery_code", "fido"]},
            ("recovery_code", "fido"),
            id="no preference",
        ),
        pytest.param({}, ("totp",), id="an older server says nothing"),
        pytest.param(
            {
                "preferred_two_factor_authentication": "pigeon",
                "two_factor_authentication_enabled": "totp",
            },
            ("totp",),
            id="odd values",
        ),
    ],
)
def test_when_a_second_factor_is_missing_then_its_kinds_are_told(
    server: ScriptedServer, body: dict[str, Any], kinds: tuple[str, ...]
) -> None:
    server.everything(json_answer({"login": False, "missing_OTP": True, **body}, 400))
    with pytest.raises(SecondFactorNeeded) as raised:
        login(Session(server.url, timeouts=FAST), email="a@example.com", password="x")
    assert raised.value.kinds == kinds


@pytest.mark.parametrize("code", ["totp", "email_otp", "recovery_code"])
def test_when_a_code_is_given_then_it_goes_with_the_password(
    server: ScriptedServer, code: str
) -> None:
    server.everything(
        json_answer({"access_token": "a", "refresh_token": "r", "user": {"id": "p1"}})
    )
    session = Session(server.url, timeouts=FAST)
    login(session, email="a@example.com", password="x", **{code: " 123456 "})
    assert server.requests[0].json() == {
        "email": "a@example.com",
        "password": "x",
        code: "123456",
    }
    assert session.tokens.load(session.server) == Tokens("a", "r")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (json_answer({"login": True}), BadAnswer),
        (json_answer([]), BadAnswer),
        (html_error(200), BadAnswer),
        (html_error(500), ServerFault),
        (html_error(503), ServerUnavailable),
    ],
    ids=["no token", "a list", "HTML", "500", "503"],
)
def test_when_the_server_misbehaves_then_it_is_no_wrong_password(
    server: ScriptedServer, answer: Answer, kind: type[Exception]
) -> None:
    server.everything(answer)
    with pytest.raises(kind):
        login(Session(server.url, timeouts=FAST), email="a@example.com", password="x")
    assert [request.method for request in server.requests] == ["POST"]


def test_when_a_code_by_email_is_wanted_then_the_server_is_asked(server: ScriptedServer) -> None:
    server.everything(json_answer({"success": True}))
    send_email_code(Session(server.url, timeouts=FAST), email="a+b@example.com")
    assert server.requests[0].path == "/auth/email-otp?email=a%2Bb%40example.com"


def test_when_the_server_is_away_then_logging_out_still_forgets() -> None:
    address = f"http://127.0.0.1:{closed_port()}"
    session = Session(address, timeouts=FAST)
    session.tokens.save(session.server, Tokens("a", "b"))
    assert logout(session) is False
    assert not session.has_token


def test_when_nobody_or_a_bot_logs_out_then_the_server_is_not_asked(
    server: ScriptedServer,
) -> None:
    assert logout(Session(server.url)) is False
    assert logout(Session(server.url, bot_token="b")) is False
    assert server.requests == []


@pytest.mark.parametrize(
    ("access", "refresh", "expected"),
    [
        (EXPIRES_2027, None, 1000.0),
        (EXPIRES_2027, EXPIRES_2027, 1000.0),
        (EXPIRES_2027, "opaque", None),
        ("opaque", None, None),
    ],
)
def test_when_tokens_say_when_they_end_then_the_time_left_is_known(
    access: str, refresh: str | None, expected: float | None
) -> None:
    session = Session("https://kitsu.example.com")
    session.tokens.save(session.server, Tokens(access, refresh))
    assert token_seconds_left(session, now=1_799_999_000.0) == expected


def test_when_a_bots_token_says_when_it_ends_then_the_time_left_is_known() -> None:
    session = Session("https://kitsu.example.com", bot_token=EXPIRES_2027)
    assert token_seconds_left(session, now=1_800_000_010.0) == -10.0


def test_when_nobody_is_logged_in_then_no_time_is_left() -> None:
    with pytest.raises(NotLoggedIn):
        token_seconds_left(Session("https://kitsu.example.com"))


# For real


@pytest.mark.server
def test_when_a_person_logs_in_and_out_then_the_token_ends_with_it(zou: KitsuInfo) -> None:
    session = Session(zou.url)
    person = login(session, email=zou.artist2_email, password=zou.artist2_password)
    assert person.email == zou.artist2_email
    left = token_seconds_left(session)
    assert left is not None and left > 86_400
    kept = session.tokens.load(session.server)
    assert kept is not None
    assert logout(session) is True
    # Without the refresh token, which releases around 0.20 go on taking.
    session.tokens.save(session.server, Tokens(kept.access))
    with pytest.raises(NotLoggedIn):
        KitsuClient(session).whoami()


@pytest.mark.server
def test_when_the_password_is_wrong_then_it_says_so(zou: KitsuInfo) -> None:
    with pytest.raises(LoginFailed, match="Wrong e-mail address or password"):
        login(Session(zou.url), email="nobody@example.com", password="wrong")


@pytest.mark.server
@pytest.mark.parametrize("token", ["", "not-a-token", EXPIRES_2027])
def test_when_the_token_is_missing_or_broken_then_a_login_is_asked_for(
    zou: KitsuInfo, token: str
) -> None:
    session = Session(zou.url, bot_token=token or None)
    with pytest.raises(NotLoggedIn, match="Use “Log In”"):
        KitsuClient(session).whoami()


@pytest.mark.server
def test_when_the_access_token_is_broken_then_the_refresh_token_gives_a_new_one(
    zou: KitsuInfo,
) -> None:
    session = Session(zou.url)
    login(session, email=zou.artist2_email, password=zou.artist2_password)
    kept = session.tokens.load(session.server)
    assert kept is not None
    for broken in ("broken", EXPIRES_2027):
        session.tokens.save(session.server, Tokens(broken, kept.refresh))
        assert KitsuClient(session).whoami().email == zou.artist2_email
        fresh = session.tokens.load(session.server)
        assert fresh is not None and fresh.access not in (broken, kept.access)


@pytest.mark.server
def test_when_an_account_has_a_second_factor_then_each_way_in_works(zou: KitsuInfo) -> None:
    password = "a password of its own"
    email = LiveKitsu(zou).fresh_person(password)["email"]
    session = Session(zou.url, timeouts=WHILE_CODES_ARE_HASHED)
    login(session, email=email, password=password)
    secret, recovery_codes = add_second_factor(session)

    with pytest.raises(SecondFactorNeeded) as raised:
        login(Session(zou.url), email=email, password=password)
    assert raised.value.kinds[0] == "totp"
    assert set(raised.value.kinds) == {"totp", "recovery_code"}

    with pytest.raises(LoginFailed, match="code of the second factor is wrong"):
        login(Session(zou.url), email=email, password=password, totp="000000")

    with_code = Session(zou.url, tokens=MemoryTokenStore())
    person = login(with_code, email=email, password=password, totp=totp(secret))
    assert person.email == email
    assert KitsuClient(with_code).whoami().email == email

    with_recovery = Session(zou.url, timeouts=WHILE_CODES_ARE_HASHED, tokens=MemoryTokenStore())
    login(with_recovery, email=email, password=password, recovery_code=recovery_codes[0])
    assert KitsuClient(with_recovery).whoami().email == email


WHILE_CODES_ARE_HASHED = Timeouts(read=300.0, total=300.0)
"""Zou hashes the recovery codes slowly on purpose: seconds on an idle machine, minutes on a
busy one."""


def add_second_factor(session: Session) -> tuple[str, list[str]]:
    """Give the account an authenticator application: its secret, and the recovery codes."""
    secret = session.put("auth/totp", {})["otp_secret"]
    codes = session.post("auth/totp", {"totp": totp(secret)})["otp_recovery_codes"]
    return secret, codes


def totp(secret: str) -> str:
    """The code of an authenticator application now (RFC 6238 with SHA-1, 30 s, 6 digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
