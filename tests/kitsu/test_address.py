"""Addresses as people paste them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scripted_server import (
    Answer,
    ScriptedServer,
    broken_json,
    html_error,
    json_answer,
    redirect,
)

from wf_core.errors import (
    BadAnswer,
    NotFound,
    PermissionDenied,
    Refused,
    ServerFault,
    UsageError,
    WorkfilesError,
)
from wf_core.kitsu import Timeouts, connect, locate_server
from wf_core.kitsu.address import api_candidates, host_of, is_loopback, normalise_server
from wf_core.settings import Profile, Settings
from wf_core.workfiles import Workfiles

ID = "b35b7fb5-df86-5776-b181-68564193d36a"
FAST = Timeouts(connect=2.0, read=2.0, total=4.0)
ZOU = json_answer({"api": "Zou", "version": "1.0.97"})


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        pytest.param("https://kitsu.example.com", "https://kitsu.example.com", id="bare"),
        pytest.param("https://kitsu.example.com/", "https://kitsu.example.com", id="slash"),
        pytest.param("https://kitsu.example.com/api/", "https://kitsu.example.com/api", id="api"),
        pytest.param("kitsu.example.com", "https://kitsu.example.com", id="no scheme"),
        pytest.param(
            "  HTTPS://Kitsu.Example.com/api ", "https://kitsu.example.com/api", id="case"
        ),
        pytest.param("localhost:8080", "http://localhost:8080", id="loopback without scheme"),
        pytest.param("http://127.0.0.1:5000/", "http://127.0.0.1:5000", id="bare Zou"),
        pytest.param("http://[::1]:5000", "http://[::1]:5000", id="IPv6 loopback"),
        pytest.param(
            f"https://kitsu.example.com/productions/{ID}/assets/tasks/{ID}?x=1#y",
            "https://kitsu.example.com/api",
            id="page",
        ),
        pytest.param(
            "https://a.example/kitsu/my-tasks", "https://a.example/kitsu/api", id="prefix"
        ),
        pytest.param(
            "https://a.example/api/data/tasks", "https://a.example/api", id="route below the api"
        ),
    ],
)
def test_when_an_address_is_pasted_then_it_becomes_the_api_address(
    pasted: str, expected: str
) -> None:
    assert normalise_server(pasted) == expected


@pytest.mark.parametrize(
    ("pasted", "complaint"),
    [
        pytest.param("", "not the address", id="empty"),
        pytest.param("ftp://kitsu.example.com", "not the address", id="other scheme"),
        pytest.param("https://", "not the address", id="no host"),
        pytest.param("https://kitsu.example.com:99999", "not the address", id="no such port"),
        pytest.param("https://kitsu example.com", "not the address", id="blank"),
        pytest.param("https://me:secret@kitsu.example.com", "user name", id="credentials"),
        pytest.param("http://kitsu.example.com", "Plain http", id="plain http elsewhere"),
        pytest.param("http://127.0.0.1.example.com", "Plain http", id="looks like loopback"),
    ],
)
def test_when_an_address_cannot_be_used_then_it_is_refused(pasted: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as raised:
        normalise_server(pasted)
    assert "secret" not in str(raised.value)


def test_when_plain_http_is_allowed_then_it_is_taken() -> None:
    assert normalise_server("http://kitsu.lan/api", allow_plain_http=True) == "http://kitsu.lan/api"


def test_when_a_prefix_is_given_then_the_api_is_looked_for_below_it_first() -> None:
    assert api_candidates("https://a.example/kitsu") == (
        "https://a.example/kitsu/api",
        "https://a.example/kitsu",
        "https://a.example/api",
        "https://a.example",
    )


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("kitsu.localhost", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost.example.com", False),
        ("0.0.0.0", False),
        ("192.168.0.7", False),
        ("", False),
    ],
)
def test_when_a_host_is_judged_then_only_this_machine_is_loopback(
    host: str, expected: bool
) -> None:
    assert is_loopback(host) is expected


def test_when_an_address_has_no_host_then_host_of_is_empty() -> None:
    assert host_of("Demo/Props/Lamp") == "demo"
    assert host_of("https://[broken") == ""


@pytest.mark.parametrize(
    ("api", "pasted"),
    [
        pytest.param("/api/", "", id="Kitsu installation"),
        pytest.param("/", "", id="bare Zou"),
        pytest.param("/api/", f"/productions/{ID}/shots/tasks/{ID}", id="page"),
        pytest.param("/", f"/productions/{ID}/shots/tasks/{ID}", id="page over a bare Zou"),
    ],
)
def test_when_a_kitsu_is_there_then_its_api_is_found(api: str, pasted: str) -> None:
    with ScriptedServer() as server:
        server.everything(html_error(404))
        server.on("GET", api, ZOU)
        found = locate_server(server.url + pasted, timeouts=FAST)
        assert found == (server.url + api).rstrip("/")
        assert all("authorization" not in request.headers for request in server.requests)


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (html_error(200), UsageError, "is not a Kitsu server"),
        (json_answer({"api": "something else"}), UsageError, "is not a Kitsu server"),
        (json_answer(["Zou"]), UsageError, "is not a Kitsu server"),
        (json_answer({"message": "who are you?"}, 401), PermissionDenied, "lets nobody in"),
        (html_error(403), PermissionDenied, "lets nobody in"),
        (html_error(404), NotFound, "There is no Kitsu at"),
        (html_error(410), NotFound, "There is no Kitsu at"),
        (html_error(400), Refused, r"refuses to say .* \(400\)"),
        (json_answer({}, 422), Refused, r"refuses to say .* \(422\)"),
        (broken_json(), BadAnswer, "something else"),
        (Answer(body=b"0" * (1 << 20), repeat=1024), BadAnswer, "without end"),
    ],
)
def test_when_it_is_no_kitsu_then_the_error_is_of_the_answers_class(
    answer: Answer, error: type[WorkfilesError], sentence: str
) -> None:
    # An endless answer is read for a while: 256 MiB, on however slow a machine.
    timeouts = replace(FAST, total=120.0) if answer.repeat > 1 else FAST
    with ScriptedServer() as server:
        server.everything(answer)
        with pytest.raises(error, match=sentence) as raised:
            locate_server(server.url, timeouts=timeouts, retries=0)
    assert raised.value.hint


@pytest.mark.parametrize("elsewhere", [403, 404])
def test_when_only_part_of_a_web_site_answers_then_the_gateway_is_what_is_told(
    elsewhere: int,
) -> None:
    with ScriptedServer() as server:
        server.everything(html_error(elsewhere))
        server.on("GET", "/", html_error(200))
        with pytest.raises(PermissionDenied if elsewhere == 403 else UsageError):
            locate_server(server.url, timeouts=FAST, retries=0)


def test_when_it_fails_just_now_then_it_is_not_taken_for_something_else() -> None:
    with ScriptedServer() as server:
        server.everything(html_error(500))
        with pytest.raises(ServerFault):
            locate_server(server.url, timeouts=FAST, retries=0)


def test_when_the_address_leads_elsewhere_then_the_other_host_is_named() -> None:
    with ScriptedServer() as server:
        server.everything(redirect("https://kitsu.elsewhere.example/"))
        with pytest.raises(BadAnswer, match=r"kitsu\.elsewhere\.example"):
            locate_server(server.url, timeouts=FAST)


def test_when_plain_http_is_allowed_for_a_host_then_only_for_that_one() -> None:
    with pytest.raises(UsageError, match="Plain http"):
        connect("http://kitsu.lan", plain_http_hosts=("other.lan",))


@pytest.mark.parametrize("allowed", ["fd00::5", "[fd00::5]", " FD00::5 "])
def test_when_plain_http_is_allowed_for_an_address_then_saves_may_go_there(
    allowed: str, tmp_path: Path
) -> None:
    profile = Profile(
        server="http://[fd00::5]:8080/api", workspace=tmp_path, allow_plain_http=(allowed,)
    )
    settings = Settings(home=tmp_path / "home", profile=profile)

    with Workfiles(settings, offline="Nobody is to be asked.") as workfiles:
        assert workfiles.desk.client.session.server == "http://[fd00::5]:8080/api"
