"""Where a session lets itself be sent, and what it takes along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from scripted_server import Answer, ScriptedServer, json_answer, redirect

from wf_core.errors import BadAnswer, WorkfilesError
from wf_core.kitsu import Session, Timeouts

FAST = Timeouts(connect=1.0, read=1.0, total=2.0)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyb2JpbiJ9.c2lnbmF0dXJl"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def session_for(server: ScriptedServer) -> Session:
    return Session(server.url, bot_token=TOKEN, timeouts=FAST, retries=0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_when_a_get_is_sent_within_the_origin_then_it_follows_with_the_token(
    server: ScriptedServer, status: int
) -> None:
    server.on("GET", "/old", redirect("/new?x=1", status))
    server.on("GET", "/new", json_answer({"here": True}))
    assert session_for(server).get("old", params={"x": "1"}) == {"here": True}
    assert server.requests[1].path == "/new?x=1"
    assert server.requests[1].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["get", "put", "post", "delete", "stream"])
def test_when_sent_to_another_origin_then_nothing_goes_there(
    server: ScriptedServer, method: str, status: int
) -> None:
    with ScriptedServer() as other:
        other.everything(json_answer({"caught": True}))
        server.everything(redirect(f"{other.url}/data", status))
        session = session_for(server)
        with pytest.raises(BadAnswer, match=r"127\.0\.0\.1"):
            if method == "stream":
                with session.stream("GET", "r"):
                    pass
            elif method in ("get", "delete"):
                getattr(session, method)("r")
            else:
                getattr(session, method)("r", {})
        assert other.requests == []


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://evil.example/api", id="another host"),
        pytest.param("//evil.example/api", id="without a scheme"),
        pytest.param("https://127.0.0.1.evil.example/", id="looks alike"),
        pytest.param("https://me@evil.example/", id="user part"),
    ],
)
def test_when_sent_to_another_host_then_the_error_names_it(
    server: ScriptedServer, location: str
) -> None:
    server.everything(redirect(location))
    with pytest.raises(BadAnswer, match=r"evil\.example"):
        session_for(server).get("r")


@pytest.mark.parametrize(
    "location", ["https://[", "https://a:99999/", "http://", "ftp://a/b", "file:///a"]
)
def test_when_sent_to_no_address_at_all_then_it_is_a_bad_answer(
    server: ScriptedServer, location: str
) -> None:
    server.everything(redirect(location))
    with pytest.raises(BadAnswer):
        session_for(server).get("r")


@pytest.mark.parametrize("status", [301, 302, 303])
def test_when_a_change_is_redirected_then_it_does_not_become_a_get(
    server: ScriptedServer, status: int
) -> None:
    server.everything(redirect("/elsewhere", status))
    with pytest.raises(BadAnswer, match="nothing was changed"):
        session_for(server).post("r", {"a": 1})
    assert [request.method for request in server.requests] == ["POST"]


@pytest.mark.parametrize("status", [307, 308])
def test_when_a_change_is_redirected_and_keeps_its_method_then_it_is_sent_again(
    server: ScriptedServer, status: int
) -> None:
    server.on("POST", "/r", redirect("/elsewhere", status))
    server.on("POST", "/elsewhere", json_answer({"done": True}))
    assert session_for(server).post("r", {"a": 1}) == {"done": True}
    assert server.requests[1].json() == {"a": 1}


def test_when_a_stream_is_redirected_then_its_body_is_had_anew(server: ScriptedServer) -> None:
    server.on("POST", "/r", redirect("/elsewhere", 307))
    server.on("POST", "/elsewhere", json_answer({}))
    with session_for(server).stream("POST", "r", body=lambda: iter([b"ab", b"cd"])):
        pass
    assert [request.body for request in server.requests] == [b"abcd", b"abcd"]


def test_when_a_body_cannot_be_had_again_then_the_redirect_is_an_error(
    server: ScriptedServer,
) -> None:
    server.everything(redirect("/elsewhere", 307))
    with (
        pytest.raises(BadAnswer, match="sends this request on"),
        session_for(server).stream("POST", "r", body=iter([b"ab"])),
    ):
        pass


def test_when_redirects_go_round_then_they_end(server: ScriptedServer) -> None:
    server.everything(redirect("/r"))
    with pytest.raises(BadAnswer, match="without end"):
        session_for(server).get("r")
    assert len(server.requests) == 5


def test_when_a_redirect_has_an_endless_body_then_it_is_not_read(server: ScriptedServer) -> None:
    body = Answer(301, {"Location": "/new"}, b" " * 65536, no_length=True, repeat=10**9)
    server.on("GET", "/old", body)
    server.on("GET", "/new", json_answer({"here": True}))
    assert session_for(server).get("old") == {"here": True}


class Recorder(requests.adapters.BaseAdapter):
    """A transport that answers from a table of addresses and keeps what was sent."""

    def __init__(self, answers: dict[str, tuple[int, dict[str, str]]]) -> None:
        super().__init__()
        self.answers = answers
        self.sent: list[requests.PreparedRequest] = []
        self.proxies: list[object] = []

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:  # type: ignore[override]
        self.sent.append(request)
        self.proxies.append(options["proxies"])
        response = requests.Response()
        response.status_code, headers = self.answers[str(request.url)]
        response.headers.update(headers)
        response.raw = None
        response._content = b"{}"
        response._content_consumed = True
        response.request = request
        response.url = str(request.url)
        return response

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("start", "target", "followed"),
    [
        pytest.param("http://kitsu.lan", "https://kitsu.lan/r", True, id="upgrade"),
        pytest.param("http://kitsu.lan:80", "https://kitsu.lan:443/r", True, id="ports written"),
        pytest.param("http://kitsu.lan", "https://kitsu.lan:8443/r", False, id="another port"),
        pytest.param("http://kitsu.lan", "https://www.kitsu.lan/r", False, id="another name"),
        pytest.param("https://kitsu.lan", "http://kitsu.lan/r", False, id="downgrade"),
    ],
)
def test_when_sent_to_https_on_the_same_host_then_only_that_is_followed(
    start: str, target: str, followed: bool
) -> None:
    transport = Recorder({f"{start}/r": (301, {"Location": target}), target: (200, {})})
    session = Session(start, bot_token=TOKEN, allow_plain_http=True, adapter=transport)
    if followed:
        assert session.get("r") == {}
        assert transport.sent[1].headers["Authorization"] == f"Bearer {TOKEN}"
    else:
        with pytest.raises(WorkfilesError):
            session.get("r")
        assert len(transport.sent) == 1


# What the environment may not do


def test_when_there_is_a_netrc_then_its_login_is_not_used(
    server: ScriptedServer, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", netrc)
    server.everything(json_answer({}))
    session_for(server).get("r")
    Session(server.url, timeouts=FAST).get("r")
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in server.requests[1].headers


def test_when_a_proxy_is_set_then_plain_http_does_not_go_through_it(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as proxy:
        proxy.everything(json_answer({"caught": True}))
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        server.everything(json_answer({"direct": True}))
        assert session_for(server).get("r") == {"direct": True}
        assert proxy.requests == []


def test_when_a_proxy_is_set_then_https_goes_through_its_tunnel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.lan:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    transport = Recorder({"https://kitsu.lan/r": (200, {})})
    Session("https://kitsu.lan", bot_token=TOKEN, adapter=transport).get("r")
    assert dict(transport.proxies[0]) == {"https": "http://proxy.lan:3128"}  # type: ignore[call-overload]


def test_when_a_tunnel_is_refused_then_the_proxy_has_not_seen_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer() as proxy:
        proxy.everything(json_answer({}, 407))
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        session = Session("https://kitsu.example.com", bot_token=TOKEN, timeouts=FAST, retries=0)
        with pytest.raises(WorkfilesError):
            session.post("r", {"a": 1})
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert "authorization" not in proxy.requests[0].headers
