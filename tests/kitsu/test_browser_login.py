"""Logging in through the browser, with a test in the browser's place."""

from __future__ import annotations

import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from scripted_server import ScriptedServer, html_error, json_answer

from wf_core.errors import Cancelled, LoginFailed
from wf_core.kitsu import (
    BrowserLoginUnavailable,
    KitsuClient,
    Session,
    Timeouts,
    Tokens,
    login,
    login_with_browser,
    offers_browser_login,
)
from wf_core.private_kitsu import KitsuInfo

FAST = Timeouts(connect=1.0, read=2.0, total=4.0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that offers the login and trades any code for tokens."""
    with ScriptedServer() as running:
        refused = json_answer({"message": "code missing"}, 400)
        traded = json_answer({"access_token": "a", "refresh_token": "r", "user": {"id": "p1"}})
        running.on("POST", "/auth/app-login/token", refused, traded)
        yield running


class Browser:
    """Stands where the user's browser is: opens the page, and then visits the application."""

    def __init__(self, visit: Callable[[dict[str, str]], list[dict[str, str]]]) -> None:
        self._visit = visit
        self.page = ""
        self.query: dict[str, str] = {}
        self.answers: list[tuple[int, str]] = []
        self._thread: threading.Thread | None = None

    def __call__(self, page: str) -> bool:
        self.page = page
        self.query = {key: values[0] for key, values in parse_qs(urlsplit(page).query).items()}
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return True

    def _run(self) -> None:
        for query in self._visit(self.query):
            self.answers.append(get(int(self.query["port"]), f"/?{urlencode(query)}"))

    def close(self) -> None:
        if self._thread is not None:
            self._thread.join()


def get(port: int, path: str, host: str | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def session_for(server: ScriptedServer) -> Session:
    return Session(server.url, timeouts=FAST, retries=0)


def test_when_the_user_agrees_then_the_code_is_traded_for_tokens(server: ScriptedServer) -> None:
    browser = Browser(lambda query: [{"code": "the-code", "state": query["state"]}])
    session = session_for(server)
    person = login_with_browser(session, open_browser=browser, app_name="Blender 5.0")
    browser.close()
    assert person.id == "p1"
    assert session.tokens.load(session.server) == Tokens("a", "r")
    assert browser.page.startswith(f"{server.url}/app-login?")
    assert browser.query["app_name"] == "Blender 5.0"
    assert 1024 <= int(browser.query["port"]) <= 65535
    assert len(browser.query["code_challenge"]) == 43
    assert browser.answers[0][0] == 200
    assert "You are logged in" in browser.answers[0][1]
    body = server.requests[1].json()
    assert body["code"] == "the-code"
    assert 43 <= len(body["code_verifier"]) <= 128


def test_when_the_api_is_below_the_web_interface_then_the_page_is_not(
    server: ScriptedServer,
) -> None:
    server.on(
        "POST",
        "/api/auth/app-login/token",
        json_answer({}, 400),
        json_answer({"access_token": "a", "user": {"id": "p1"}}),
    )
    browser = Browser(lambda query: [{"code": "c", "state": query["state"]}])
    login_with_browser(Session(f"{server.url}/api", timeouts=FAST), open_browser=browser)
    browser.close()
    assert browser.page.startswith(f"{server.url}/app-login?")


def test_when_strangers_visit_first_then_they_change_nothing(server: ScriptedServer) -> None:
    browser = Browser(
        lambda query: [
            {},
            {"code": "planted", "state": "guessed"},
            {"code": "planted"},
            {"error": "access_denied", "state": "guessed"},
            {"code": "the-code", "state": query["state"]},
        ]
    )
    login_with_browser(session_for(server), open_browser=browser)
    browser.close()
    assert [status for status, _ in browser.answers] == [404, 404, 404, 404, 200]
    assert server.requests[1].json()["code"] == "the-code"


def test_when_a_page_of_another_name_leads_here_then_it_is_not_served(
    server: ScriptedServer,
) -> None:
    statuses: list[int] = []

    def visit(query: dict[str, str]) -> list[dict[str, str]]:
        path = "/?" + urlencode({"code": "planted", "state": query["state"]})
        statuses.append(get(int(query["port"]), path, host="rebound.example:80")[0])
        return [{"code": "the-code", "state": query["state"]}]

    browser = Browser(visit)
    login_with_browser(session_for(server), open_browser=browser)
    browser.close()
    assert statuses == [404]
    assert server.requests[1].json()["code"] == "the-code"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param({"error": "access_denied"}, "refused in the browser", id="refused"),
        pytest.param({"error": "server_error"}, "reported a failure", id="failed"),
        pytest.param({}, "reported a failure", id="no code"),
        pytest.param({"code": "c" * 129}, "reported a failure", id="an endless code"),
    ],
)
def test_when_the_user_or_the_page_says_no_then_it_failed(
    server: ScriptedServer, reply: dict[str, str], words: str
) -> None:
    browser = Browser(lambda query: [{**reply, "state": query["state"]}])
    session = session_for(server)
    with pytest.raises(LoginFailed, match=words):
        login_with_browser(session, open_browser=browser)
    browser.close()
    assert "Not logged in" in browser.answers[0][1]
    assert len(server.requests) == 1
    assert not session.has_token


def test_when_the_code_is_too_old_then_it_says_so(server: ScriptedServer) -> None:
    server.on("POST", "/auth/app-login/token", json_answer({"login": False}, 400))
    browser = Browser(lambda query: [{"code": "old", "state": query["state"]}])
    with pytest.raises(LoginFailed, match="does not take the code"):
        login_with_browser(session_for(server), open_browser=browser)
    browser.close()


def test_when_nobody_answers_then_the_wait_ends(server: ScriptedServer) -> None:
    started = time.monotonic()
    with pytest.raises(LoginFailed, match="in time"):
        login_with_browser(session_for(server), open_browser=lambda page: True, timeout=0.3)
    assert time.monotonic() - started < 5


def test_when_the_wait_is_cancelled_then_it_ends(server: ScriptedServer) -> None:
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        login_with_browser(
            session_for(server), open_browser=lambda page: True, cancel=lambda: next(asked)
        )


def test_when_the_wait_is_over_then_the_port_is_closed(server: ScriptedServer) -> None:
    browser = Browser(lambda query: [{"code": "c", "state": query["state"]}])
    login_with_browser(session_for(server), open_browser=browser)
    browser.close()
    with pytest.raises(ConnectionRefusedError):
        get(int(browser.query["port"]), "/")


def no_browser(page: str) -> bool:
    raise webbrowser.Error("could not locate runnable browser")


@pytest.mark.parametrize("opener", [no_browser, lambda page: False], ids=["raises", "says no"])
def test_when_there_is_no_browser_then_another_login_is_offered(
    server: ScriptedServer, opener: Callable[[str], object]
) -> None:
    with pytest.raises(BrowserLoginUnavailable, match="e-mail address and password"):
        login_with_browser(session_for(server), open_browser=opener)


@pytest.mark.parametrize("status", [404, 405])
def test_when_the_server_is_too_old_then_no_browser_opens(status: int) -> None:
    with ScriptedServer() as server:
        server.everything(html_error(status))
        opened: list[str] = []
        with pytest.raises(BrowserLoginUnavailable, match="too old"):
            login_with_browser(session_for(server), open_browser=opened.append)
        assert opened == []


@pytest.mark.server
def test_when_a_real_server_is_asked_then_the_login_works_where_it_is_offered(
    zou: KitsuInfo,
) -> None:
    in_the_browser = Session(zou.url)
    login(in_the_browser, email=zou.artist_email, password=zou.artist_password)

    def consent(query: dict[str, str]) -> list[dict[str, str]]:
        minted = in_the_browser.post(
            "auth/app-login/code", {"code_challenge": query["code_challenge"]}
        )
        return [{"code": minted["code"], "state": query["state"]}]

    application = Session(zou.url)
    browser = Browser(consent)
    if zou.version.startswith("0."):
        assert not offers_browser_login(application)
        with pytest.raises(BrowserLoginUnavailable):
            login_with_browser(application, open_browser=browser)
        return
    person = login_with_browser(application, open_browser=browser)
    browser.close()
    assert person.email == zou.artist_email
    assert KitsuClient(application).whoami().email == zou.artist_email
