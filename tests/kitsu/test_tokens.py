"""Tokens: refreshed once, kept private, shared between processes, shown to nobody."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scripted_server import Answer, Request, ScriptedServer, json_answer

from wf_core.errors import FileUnreadable, NotLoggedIn
from wf_core.kitsu import (
    FileTokenStore,
    MemoryTokenStore,
    RedactSecrets,
    Session,
    Timeouts,
    Tokens,
    TokenStore,
)
from wf_core.kitsu.redact import plain_words, redact
from wf_core.kitsu.tokens import expiry

FAST = Timeouts(connect=1.0, read=5.0, total=10.0)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4MDAwMDAwMDB9.c2lnbmF0dXJl"  # {"exp": 1800000000}
posix_only = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def kitsu_with(valid: set[str], refreshed: str = "new") -> Callable[[Request], Answer]:
    """A server that takes the tokens in ``valid``, and adds one to them on a refresh."""

    def answer(request: Request) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.route == "/auth/refresh-token":
            if token != "refresh":
                return json_answer({"msg": "Token has expired"}, 401)
            valid.add(refreshed)
            return json_answer({"access_token": refreshed})
        if token in valid:
            return json_answer({"token": token, "size": request.length})
        return json_answer({"msg": "Token has expired"}, 401)

    return answer


def store_with(server: ScriptedServer, tokens: Tokens) -> MemoryTokenStore:
    store = MemoryTokenStore()
    store.save(server.url, tokens)
    return store


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_when_a_token_has_expired_then_it_is_refreshed_once_and_the_request_sent_again(
    server: ScriptedServer, method: str
) -> None:
    server.everything(kitsu_with(set()))
    store = store_with(server, Tokens("old", "refresh"))
    session = Session(server.url, tokens=store, timeouts=FAST)
    call = getattr(session, method)
    answer = call("r") if method in ("get", "delete") else call("r", {"a": 1})
    assert answer["token"] == "new"
    assert [request.route for request in server.requests] == ["/r", "/auth/refresh-token", "/r"]
    assert store.load(server.url) == Tokens("new", "refresh")


def test_when_a_stream_meets_an_expired_token_then_the_whole_body_is_sent_again(
    server: ScriptedServer,
) -> None:
    server.everything(kitsu_with(set()))
    session = Session(
        server.url, tokens=store_with(server, Tokens("old", "refresh")), timeouts=FAST
    )
    with session.stream("POST", "file", body=lambda: iter([b"x" * 1000, b"y" * 1000])) as answer:
        assert answer.json() == {"token": "new", "size": 2000}


def test_when_the_body_of_a_stream_cannot_be_had_again_then_a_new_login_is_asked_for(
    server: ScriptedServer,
) -> None:
    server.everything(kitsu_with(set()))
    session = Session(
        server.url, tokens=store_with(server, Tokens("old", "refresh")), timeouts=FAST
    )
    with pytest.raises(NotLoggedIn), session.stream("POST", "file", body=iter([b"x"])):
        pass
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param(Tokens("old", "refresh-too-old"), id="refresh token expired"),
        pytest.param(Tokens("old"), id="no refresh token"),
    ],
)
def test_when_a_refresh_is_impossible_then_a_new_login_is_asked_for(
    server: ScriptedServer, tokens: Tokens
) -> None:
    server.everything(kitsu_with(set()))
    with pytest.raises(NotLoggedIn, match="Use “Log In”"):
        Session(server.url, tokens=store_with(server, tokens), timeouts=FAST).get("r")


def test_when_the_new_token_is_refused_too_then_it_ends_there(server: ScriptedServer) -> None:
    server.everything(json_answer({"msg": "no"}, 401))
    server.on("GET", "/auth/refresh-token", json_answer({"access_token": "new"}))
    with pytest.raises(NotLoggedIn):
        Session(server.url, tokens=store_with(server, Tokens("old", "refresh")), timeouts=FAST).get(
            "r"
        )
    assert len(server.requests) == 3


def test_when_another_process_has_refreshed_then_its_token_is_taken(
    server: ScriptedServer,
) -> None:
    store = store_with(server, Tokens("old", "refresh"))

    def answer(request: Request) -> Answer:
        if request.headers["authorization"] == "Bearer theirs":
            return json_answer({"token": "theirs"})
        store.save(server.url, Tokens("theirs", "refresh"))  # meanwhile, elsewhere
        return json_answer({"msg": "Token has expired"}, 401)

    server.everything(answer)
    assert Session(server.url, tokens=store, timeouts=FAST).get("r") == {"token": "theirs"}
    assert [request.route for request in server.requests] == ["/r", "/r"]


def test_when_many_threads_meet_an_expired_token_then_one_refreshes(
    server: ScriptedServer,
) -> None:
    server.everything(kitsu_with(set()))
    session = Session(
        server.url, tokens=store_with(server, Tokens("old", "refresh")), timeouts=FAST
    )
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(session.get("r")["token"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["new"] * 8
    refreshes = [r for r in server.requests if r.route == "/auth/refresh-token"]
    assert len(refreshes) == 1


def test_when_a_bots_token_is_refused_then_nothing_is_refreshed(server: ScriptedServer) -> None:
    server.everything(json_answer({"msg": "Token has been revoked"}, 401))
    store = store_with(server, Tokens("of a person", "refresh"))
    with pytest.raises(NotLoggedIn):
        Session(server.url, tokens=store, bot_token=" bot ", timeouts=FAST).get("r")
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer bot"]


# The file


def test_when_tokens_are_kept_then_another_store_finds_them(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    FileTokenStore(home).save("https://one.example/api", Tokens("a", "b"))
    FileTokenStore(home).save("https://two.example", Tokens("c"))
    store = FileTokenStore(home)
    assert store.load("https://one.example/api") == Tokens("a", "b")
    assert store.load("https://two.example") == Tokens("c", None)
    assert store.load("https://three.example") is None
    assert store.servers() == ("https://one.example/api", "https://two.example")
    store.forget("https://one.example/api")
    store.forget("https://never.example")
    assert FileTokenStore(home).servers() == ("https://two.example",)
    assert sorted(path.name for path in home.iterdir()) == ["credentials.json", "credentials.lock"]


@posix_only
def test_when_the_file_is_made_then_it_and_its_folder_are_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    old = os.umask(0)
    try:
        FileTokenStore(home).save("s", Tokens("a"))
    finally:
        os.umask(old)
    assert stat.S_IMODE((home / "credentials.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@posix_only
def test_when_others_could_read_the_file_then_it_is_made_private_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    FileTokenStore(tmp_path).save("s", Tokens("a"))
    (tmp_path / "credentials.json").chmod(0o644)
    assert FileTokenStore(tmp_path).load("s") == Tokens("a")
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text


@posix_only
def test_when_others_could_change_the_folder_then_it_is_made_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    FileTokenStore(tmp_path).save("s", Tokens("a"))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@posix_only
def test_when_a_link_was_planted_then_it_is_neither_read_nor_written_through(
    tmp_path: Path,
) -> None:
    home, target = tmp_path / "home", tmp_path / "target.json"
    home.mkdir(mode=0o700)
    target.write_text('{"servers": {"s": {"access": "planted"}}}', encoding="utf-8")
    (home / "credentials.json").symlink_to(target)
    store = FileTokenStore(home)
    with pytest.raises(FileUnreadable, match="it is a link"):
        store.load("s")
    with pytest.raises(FileUnreadable):
        store.save("s", Tokens("mine"))
    assert "planted" in target.read_text(encoding="utf-8")
    assert "mine" not in target.read_text(encoding="utf-8")


@posix_only
def test_when_a_pipe_was_planted_then_nothing_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "credentials.json")
    with pytest.raises(FileUnreadable, match="not a plain file"):
        FileTokenStore(tmp_path).load("s")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"servers": []}', '{"servers": {"s": {}}}', '{"servers": {"s": 1}}', "\x00"],
)
def test_when_the_file_is_damaged_then_nobody_is_logged_in_and_it_heals(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    store = FileTokenStore(tmp_path)
    assert store.load("s") is None
    store.save("s", Tokens("a"))
    assert store.load("s") == Tokens("a")
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == 1


def test_when_processes_save_at_once_then_no_login_is_lost(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from wf_core.kitsu.credentials import FileTokenStore\n"
        "from wf_core.kitsu.tokens import Tokens\n"
        "store = FileTokenStore(Path(sys.argv[1]))\n"
        "for n in range(10): store.save(f'{sys.argv[2]}-{n}', Tokens('a'))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(number)])
        for number in range(4)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert len(FileTokenStore(tmp_path).servers()) == 40


def test_when_another_process_changes_the_file_then_the_session_sees_it(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.everything(kitsu_with({"first", "second"}))
    session = Session(server.url, tokens=FileTokenStore(tmp_path), timeouts=FAST)
    assert not session.has_token
    FileTokenStore(tmp_path).save(server.url, Tokens("first"))
    assert session.get("r")["token"] == "first"
    FileTokenStore(tmp_path).save(server.url, Tokens("second"))
    assert session.get("r")["token"] == "second"


def test_when_a_store_is_asked_to_hold_the_refresh_then_saving_inside_works(
    tmp_path: Path,
) -> None:
    stores: list[TokenStore] = [FileTokenStore(tmp_path), MemoryTokenStore()]
    for store in stores:
        with store.refreshing():
            store.save("s", Tokens("a"))
        assert store.load("s") == Tokens("a")


# Nobody sees them


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param(JWT, 1800000000.0, id="a date"),
        pytest.param("a.b.c", None, id="not base64 JSON"),
        pytest.param("bot-token", None, id="no parts"),
        pytest.param("a.e30.c", None, id="no date"),
        pytest.param("a.W10.c", None, id="a list"),
        pytest.param("a.é.c", None, id="not ASCII"),
    ],
)
def test_when_a_token_is_looked_at_then_only_its_date_is_read(
    token: str, expected: float | None
) -> None:
    assert expiry(token) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"token {JWT}!", "token [hidden]!"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        ("https://me:secret@kitsu.example.com/api", "https://[hidden]@kitsu.example.com/api"),
        ('{"password": "secret", "email": "a@b.c"}', '{"password": "[hidden]", "email": "a@b.c"}'),
        ("access_token=abc&x=1", "access_token=[hidden]&x=1"),
        ("refresh_token: abc", "refresh_token: [hidden]"),
        ("the bearer of this letter", "the bearer [hidden] this letter"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_when_a_text_is_redacted_then_secrets_are_gone(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_when_foreign_words_are_long_then_they_are_cut() -> None:
    assert plain_words("word " * 200, limit=20) == "word word word word…"
    assert plain_words("\x1b[1;31mred\x1b[0m") == "red"


def test_when_things_are_shown_then_tokens_are_not_in_them(server: ScriptedServer) -> None:
    tokens = Tokens(JWT, "refresh-secret")
    store = store_with(server, tokens)
    session = Session(server.url, tokens=store, bot_token="bot-secret")
    shown = repr([tokens, store, session, vars(session)["_wire"]])
    assert not any(secret in shown for secret in (JWT, "refresh-secret", "bot-secret"))


def test_when_everything_is_logged_then_no_secret_is_in_the_log(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(RedactSecrets())
    server.everything(kitsu_with(set(), refreshed=JWT))
    store = store_with(server, Tokens("old-secret", "refresh"))
    session = Session(server.url, tokens=store, timeouts=FAST, retries=0)
    session.get("r")
    store.save(server.url, Tokens("broken-secret"))
    with pytest.raises(NotLoggedIn) as raised:
        session.get("r")
    logging.getLogger("other").error("went wrong with %s", f"Bearer {JWT}", exc_info=raised.value)
    written = caplog.text + str(raised.value) + repr(raised.value)
    assert "/r" in written
    for secret in (JWT, "old-secret", "broken-secret"):
        assert secret not in written
