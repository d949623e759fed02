"""A private Kitsu comes up whatever its predecessor went through, and goes away whole."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
import requests
from live_kitsu import LiveKitsu, unique

from wf_core.errors import InputError
from wf_core.private_kitsu import KitsuInfo, PrivateKitsu, processes, services
from wf_core.private_kitsu.home import Home

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, zou_env: Path) -> Iterator[PrivateKitsu]:
    """One for all of this file, apart from the one of the other tests; it has been up once."""
    home = tmp_path_factory.mktemp("private") / "kitsu"
    server = PrivateKitsu(home, zou_env=zou_env, fast=True, workers=1)
    try:
        server.up()
        yield server
    finally:
        server.down()


def recorded(server: PrivateKitsu) -> dict[str, processes.Identity]:
    document = json.loads(Home(server.home).processes.read_text())
    return {name: processes.Identity(**part) for name, part in document["processes"].items()}


def ours(server: PrivateKitsu) -> list[processes.Identity]:
    """Every process of this home, children included, found without what it recorded."""
    home = Home(server.home)
    found = []
    for marker, programs in (
        (home.gunicorn_conf, ["python", "gunicorn"]),
        (home.redis_conf, ["redis", "valkey"]),
        (home.postgres, ["postgres"]),
    ):
        found += processes.find(str(marker), programs)
    return found


def kill(process: processes.Identity) -> None:
    os.kill(process.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_alive(process), 10)


def command(server: PrivateKitsu, zou_env: Path, *arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "wf_core.private_kitsu",
        *arguments,
        "--fast",
        "--workers=1",
        "--home",
        str(server.home),
        "--zou-env",
        str(zou_env),
    ]


def test_when_up_already_then_up_changes_nothing(server: PrivateKitsu) -> None:
    first = server.up()
    before = recorded(server)
    lines: list[str] = []

    again = server.up(lines.append)

    assert again == first
    assert recorded(server) == before
    assert lines == []
    assert server.status().state == "up"
    assert server.status().url == first.url


@pytest.mark.parametrize(
    "victims",
    [
        pytest.param(["postgres"], id="database"),
        pytest.param(["redis"], id="redis"),
        pytest.param(["zou"], id="web server, its workers orphaned"),
        pytest.param(["postgres", "redis", "zou"], id="everything"),
    ],
)
def test_when_parts_were_killed_then_up_brings_them_back_with_the_data(
    server: PrivateKitsu, victims: list[str]
) -> None:
    production = LiveKitsu(server.up()).production(unique("Kept"))
    before = recorded(server)
    for name in victims:
        kill(before[name])
    assert server.status().state in ("broken", "down")

    info = server.up()

    names = [record["name"] for record in LiveKitsu(info).get("data/projects")]
    assert production["name"] in names
    assert recorded(server).keys() == before.keys()
    assert not set(recorded(server).values()) & set(before.values())


def test_when_the_record_is_lost_then_down_still_finds_what_was_started(
    server: PrivateKitsu,
) -> None:
    server.up()
    Home(server.home).processes.unlink()

    assert server.down()

    assert ours(server) == []


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("{", id="cut short"),
        pytest.param("[]", id="not an object"),
        pytest.param('{"processes": {"zou": {"pid": "x"}}}', id="not a process"),
    ],
)
def test_when_the_record_is_damaged_then_it_counts_as_none(
    server: PrivateKitsu, record: str
) -> None:
    server.down()
    Home(server.home).processes.write_text(record)

    assert server.status().state == "down"
    assert not server.down()


@pytest.mark.parametrize("same_start", [False, True], ids=["recycled pid", "same start as well"])
def test_when_a_recorded_pid_is_a_foreign_process_then_it_is_not_touched(
    server: PrivateKitsu, same_start: bool
) -> None:
    server.down()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as foreign:
        found = processes.identify(foreign.pid)
        assert found is not None
        fields = asdict(found) | ({} if same_start else {"started": "1"})
        parts = dict.fromkeys(("postgres", "redis", "zou"), fields)
        Home(server.home).processes.write_text(json.dumps({"processes": parts}))
        (server.home / "postgres" / "postmaster.pid").write_text(f"{foreign.pid}\n")

        server.up()
        server.down()

        assert foreign.poll() is None
        foreign.kill()


def test_when_two_start_it_at_once_then_both_get_the_same_one(
    server: PrivateKitsu, zou_env: Path
) -> None:
    server.down()
    starters = [
        subprocess.Popen(command(server, zou_env, "up", "--json"), stdout=subprocess.PIPE)
        for _ in range(2)
    ]

    answers = [json.loads(starter.communicate()[0]) for starter in starters]

    assert [starter.returncode for starter in starters] == [0, 0]
    assert answers[0] == answers[1]
    masters = recorded(server)
    assert len(ours(server)) == len(masters) + 1  # and the web server's worker


def test_when_reset_then_it_is_as_seeded_and_files_are_gone(server: PrivateKitsu) -> None:
    info = server.up()
    LiveKitsu(info).production(unique("Gone"))
    leftover = server.home / "previews" / "files" / "leftover"
    leftover.parent.mkdir(parents=True, exist_ok=True)
    leftover.write_bytes(b"bytes of an upload")

    again = server.reset()

    assert again == info
    names = {record["name"] for record in LiveKitsu(again).get("data/projects")}
    assert names == {"Demo", "Demo Series", "Demo Plain", "Demo Bare"}
    assert not leftover.exists()


def test_when_several_are_the_first_to_log_in_then_all_can(server: PrivateKitsu) -> None:
    info = server.reset()
    body = {"email": info.artist_email, "password": info.artist_password}

    def log_in(_: int) -> int:
        return requests.post(f"{info.url}/auth/login", json=body, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(log_in, range(8))) == [200] * 8


def test_when_down_then_nothing_is_left_running(server: PrivateKitsu) -> None:
    info = server.up()
    assert len(ours(server)) == 4

    assert server.down()

    assert ours(server) == []
    assert server.status().state == "down"
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", int(info.url.rpartition(":")[2])))
    assert not server.down()


def test_when_its_port_was_taken_meanwhile_then_it_moves(server: PrivateKitsu) -> None:
    server.down()
    port = int(json.loads((server.home / "kitsu.json").read_text())["port"])
    with socket.create_server(("127.0.0.1", port)):
        info = server.up()

    assert info.url != f"http://127.0.0.1:{port}"
    assert LiveKitsu(info).get("data/projects")


@pytest.mark.parametrize("part", ["database_port", "redis_port"])
def test_when_a_free_port_is_taken_before_it_is_used_then_another_is_found(
    part: str, server: PrivateKitsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.down()
    port = int(json.loads((server.home / "kitsu.json").read_text())[part])
    found = services.free_port
    too_early = [port]
    monkeypatch.setattr(
        services,
        "free_port",
        lambda preferred: too_early.pop() if preferred in too_early else found(preferred),
    )

    with socket.create_server(("127.0.0.1", port)):
        info = server.up()

    assert too_early == []
    assert json.loads((server.home / "kitsu.json").read_text())[part] != port
    assert LiveKitsu(info).get("data/projects")


def test_when_up_then_only_loopback_listens_and_secrets_are_private(server: PrivateKitsu) -> None:
    info = server.up()

    assert (server.home / "kitsu.json").stat().st_mode & 0o777 == 0o600
    assert info.password not in repr(info)
    for process in ours(server):
        line = " ".join(processes.command_of(process.pid))
        for secret in json.loads((server.home / "kitsu.json").read_text()).values():
            assert isinstance(secret, int) or secret not in line


@pytest.mark.slow
def test_when_the_first_starts_were_killed_then_each_next_one_gets_further(
    tmp_path: Path, zou_env: Path
) -> None:
    server = PrivateKitsu(tmp_path / "kitsu", zou_env=zou_env, fast=True, workers=1)
    try:
        for moment in ("making the database", "filling it", "starting Zou"):
            assert was_killed_while(command(server, zou_env, "up", "--json"), moment), moment

        info = server.up()

        names = {record["name"] for record in LiveKitsu(info).get("data/projects")}
        assert names == set(info.productions)
    finally:
        server.down()
        assert ours(server) == []


def was_killed_while(arguments: list[str], moment: str) -> bool:
    """Run a command and kill it as soon as it says that it has come to ``moment``."""
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stderr is not None
        reached = any(moment in line for line in starter.stderr)
        starter.kill()
    return reached


def test_when_it_was_made_by_a_later_release_then_it_is_refused_and_kept(
    server: PrivateKitsu, zou_env: Path
) -> None:
    from wf_core.private_kitsu.database import Database
    from wf_core.private_kitsu.environment import ZouEnvironment

    server.up()
    known = Home(server.home).secrets()
    base = Database(
        Home(server.home),
        ZouEnvironment.at(zou_env),
        known.database_password,
        known.database_port,
    )
    release = base.version_of("zou")
    base.sql("comment on database zou is '99.0.0'")
    server.down()

    with pytest.raises(InputError, match=r"made by Zou 99\.0\.0"):
        server.up()

    assert ours(server) == []
    assert release is not None
    assert server.reset().version == release


def test_when_asked_before_it_was_ever_started_then_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from wf_core.private_kitsu.__main__ import main

    home = tmp_path / "never"

    assert main(["status", "--json", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "down"
    assert main(["down", "--json", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": False, "home": str(home)}
    assert not home.exists()


def test_when_the_information_is_written_then_it_reads_back(server: PrivateKitsu) -> None:
    info = server.up()

    assert KitsuInfo.from_json(json.loads(json.dumps(info.as_json()))) == info
