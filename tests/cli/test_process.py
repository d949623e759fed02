"""The real process: its streams, signals, terminal and log."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.running import Process
from tests.scripted_server import ScriptedServer, hang, json_answer
from wf_core.cli.interrupts import Interrupts

ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")
pytestmark = ON_POSIX

TOKEN = "bot-token-of-a-test"


def test_when_the_reader_leaves_then_the_command_ends_quietly(process: Process) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with process.start("config", stdout=writing, stderr=subprocess.PIPE) as started:
            _, err = started.communicate(timeout=60)
    finally:
        os.close(writing)

    assert (started.returncode, err) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_when_the_output_s_disk_is_full_then_the_code_is_5_and_a_sentence_says_so(
    process: Process,
) -> None:
    with (
        open("/dev/full", "w", encoding="utf-8") as full,  # noqa: PTH123
        process.start("config", stdout=full, stderr=subprocess.PIPE) as started,
    ):
        _, err = started.communicate(timeout=60)

    assert started.returncode == 5
    assert err.startswith("wf: The result could not be written")
    assert "Traceback" not in err


SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}


@pytest.mark.parametrize("number", SIGNALS.values(), ids=SIGNALS)
def test_when_stopped_while_it_asks_a_hanging_server_then_it_ends_at_once(
    number: signal.Signals, process: Process
) -> None:
    with ScriptedServer() as server:
        server.everything(hang())
        with process.start(
            "whoami",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            environ={"WF_SERVER": server.url, "WF_TOKEN": TOKEN},
        ) as started:
            server.wait_for_requests(1, 30)
            started.send_signal(number)
            out, err = started.communicate(timeout=20)

    assert (started.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert "safe" in err


def test_when_something_runs_that_can_stop_in_order_then_the_first_signal_only_asks() -> None:
    interrupts = Interrupts()
    with interrupts.installed(), interrupts.in_order():
        signal.raise_signal(signal.SIGTERM)
        assert interrupts.cancel()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_when_nothing_runs_then_the_first_signal_interrupts() -> None:
    interrupts = Interrupts()
    with interrupts.installed(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert not interrupts.cancel()


def test_when_a_signal_is_ignored_then_it_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts().installed():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_when_stdin_is_no_terminal_then_a_password_is_not_asked_for(process: Process) -> None:
    ran = process("login", "http://127.0.0.1:9", "--email", "artist@example.com")

    assert (ran.code, ran.out) == (2, "")
    assert "--password-stdin" in ran.err


def test_when_stdin_is_no_terminal_then_a_discard_needs_a_yes(process: Process) -> None:
    ran = process("discard", "1f0e", WF_SERVER="http://127.0.0.1:9")

    assert (ran.code, ran.out) == (2, "")
    assert "--yes" in ran.err


def at_a_terminal(process: Process, *arguments: str, answers: list[tuple[str, str]]) -> str:
    """Run a command on a pseudo-terminal, answering each question; returns what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = process.command(arguments)
        os.execve(command[0], command, dict(process.environ))
    shown = ""
    remaining = list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux reports that the other side has closed
            break
        if not piece:
            break
        shown += piece.decode("utf-8", "replace")
        if remaining and remaining[0][0] in shown:
            os.write(terminal, (remaining.pop(0)[1] + "\n").encode())
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return f"{shown}\n[exit {os.waitstatus_to_exitcode(status)}]"


USER = {"id": "p1", "full_name": "Robin Artist", "email": "artist@example.com"}
LOGGED_IN = json_answer(
    {"login": True, "user": USER, "access_token": "aaa.bbb.ccc", "refresh_token": "ddd.eee.fff"}
)
SECOND_FACTOR = json_answer(
    {
        "login": False,
        "missing_OTP": True,
        "preferred_two_factor_authentication": "totp",
        "two_factor_authentication_enabled": ["totp"],
    },
    400,
)
PASSWORD = "a secret that nobody may see"


def test_when_logging_in_at_a_terminal_then_the_password_is_asked_for_and_never_shown(
    process: Process, home: Path
) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))
        server.on("POST", "/auth/login", SECOND_FACTOR, LOGGED_IN)
        shown = at_a_terminal(
            process,
            *("login", server.url, "--email", "artist@example.com"),
            answers=[("Password", PASSWORD), ("Code", "123456")],
        )
        sent = [request.json() for request in server.requests if request.method == "POST"]

    assert "Logged in to" in shown
    assert "[exit 0]" in shown
    assert PASSWORD not in shown
    assert sent == [
        {"email": "artist@example.com", "password": PASSWORD},
        {"email": "artist@example.com", "password": PASSWORD, "totp": "123456"},
    ]
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in kept if PASSWORD.encode() in path.read_bytes()] == []


def test_when_a_server_has_no_login_page_then_the_terminal_asks_for_e_mail_and_password(
    process: Process,
) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/", json_answer({"api": "Zou", "version": "0.20.50"}))
        server.on("POST", "/auth/app-login/token", json_answer({"message": "no"}, 404))
        server.on("POST", "/auth/login", LOGGED_IN)
        shown = at_a_terminal(
            process,
            *("login", server.url),
            answers=[("E-mail", "artist@example.com"), ("Password", PASSWORD)],
        )

    assert "too old" in shown
    assert "Logged in to" in shown
    assert "[exit 0]" in shown


def test_when_a_server_has_no_login_page_then_a_script_is_told_what_to_use(
    process: Process,
) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/", json_answer({"api": "Zou", "version": "0.20.50"}))
        server.on("POST", "/auth/app-login/token", json_answer({"message": "no"}, 404))
        ran = process("login", server.url, "--json")

    assert ran.code == 3
    assert ran.error["kind"] == "browser_login_unavailable"
    assert "--email" in ran.error["hint"]


@pytest.mark.slow
def test_when_the_browser_brings_a_code_then_it_is_traded_for_tokens(
    process: Process, tmp_path: Path
) -> None:
    browser = tmp_path / "browser.py"
    browser.write_text(
        "import sys, urllib.parse, urllib.request\n"
        "query = urllib.parse.parse_qs(urllib.parse.urlsplit(sys.argv[1]).query)\n"
        "port, state = query['port'][0], query['state'][0]\n"
        "address = f'http://127.0.0.1:{port}/?code=c0de&state={state}'\n"
        "urllib.request.urlopen(address, timeout=30).read()\n",
        encoding="utf-8",
    )
    with ScriptedServer() as server:
        server.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))
        server.on(
            "POST", "/auth/app-login/token", json_answer({"message": "no code"}, 400), LOGGED_IN
        )
        ran = process(*("login", server.url, "--json"), BROWSER=f"{sys.executable} {browser} %s &")
        traded = [r.json() for r in server.requests if r.route == "/auth/app-login/token"][-1]

    assert (ran.code, ran.document["email"]) == (0, "artist@example.com")
    assert traded["code"] == "c0de"
    assert f"{server.url}/app-login?" in ran.err


SECRETS_ON_STDIN = {
    "a line": f"{PASSWORD}\n",
    "no end of line": PASSWORD,
    "Windows": f"{PASSWORD}\r\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("stdin", SECRETS_ON_STDIN.values(), ids=SECRETS_ON_STDIN)
def test_when_the_password_comes_on_standard_input_then_nothing_is_asked(
    stdin: str, process: Process
) -> None:
    with ScriptedServer() as server:
        server.on("GET", "/", json_answer({"api": "Zou", "version": "1.0.97"}))
        server.on("POST", "/auth/login", SECOND_FACTOR, LOGGED_IN)
        ran = process(
            *("login", server.url, "--email", "artist@example.com", "--password-stdin"),
            *("--otp", "123456", "--json"),
            stdin=stdin,
        )
        sent = [request.json() for request in server.requests if request.method == "POST"]

    assert (ran.code, ran.document["server"]) == (0, server.url)
    assert [body["password"] for body in sent] == [PASSWORD, PASSWORD]
    assert sent[1]["totp"] == "123456"


@pytest.mark.slow
def test_when_a_discard_is_declined_at_a_terminal_then_nothing_is_asked_of_the_server(
    process: Process,
) -> None:
    quiet = Process({**process.environ, "WF_SERVER": "http://127.0.0.1:9"})

    shown = at_a_terminal(quiet, "discard", "1f0e", answers=[("[y/N]", "n")])

    assert "nothing was changed" in shown
    assert "[exit 2]" in shown
