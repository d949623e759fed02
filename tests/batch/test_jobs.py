"""Lists of jobs as they are read, and what a run says of its rows: without a server of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, json_answer
from wf_core.batch import children
from wf_core.batch.children import application_for, find_application, words_of
from wf_core.batch.cluster import Cluster
from wf_core.batch.facts import facts_of
from wf_core.batch.jobs import read_jobs
from wf_core.batch.ledger import Outcome, Outcomes
from wf_core.batch.run import Row, Run
from wf_core.batch.worker import Worker
from wf_core.errors import InputError, UsageError

COMMENT = "one\u2028two\x0cthree\x1cfour\x85five"
"""Python's ``splitlines`` ends a line at each of these characters; neither format does."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


def run_of(folder: Path, *scenes: Path, server: str = "http://127.0.0.1:9") -> Run:
    rows = [
        Row(number, number, str(scene), TASK, "Demo/Props/Lamp/Modeling", "main", "", "")
        for number, scene in enumerate(scenes, 1)
    ]
    return Run.create(folder / "jobs.run", server=server, rows=rows)


LISTS = {
    "CSV": ("jobs.csv", f"scene,task,comment\r\na.blend,T,{COMMENT}\r\nb.blend,T,\r\n"),
    "CSV, quoted": ("jobs.csv", f'scene,task,comment\na.blend,T,"{COMMENT}"\nb.blend,T,\n'),
    "JSON Lines": (
        "jobs.jsonl",
        json.dumps({"scene": "a.blend", "task": "T", "comment": COMMENT}, ensure_ascii=False)
        + '\r\n{"scene": "b.blend", "task": "T"}\r\n',
    ),
}


@pytest.mark.parametrize(("name", "text"), LISTS.values(), ids=LISTS)
def test_when_a_comment_holds_odd_ends_of_lines_then_it_is_one_comment(
    name: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())

    jobs = read_jobs(path)

    first = 1 if name.endswith(".jsonl") else 2
    assert [(job.line, job.scene.name, job.comment) for job in jobs] == [
        (first, "a.blend", COMMENT),
        (first + 1, "b.blend", ""),
    ]


MAYA = r"C:\Program Files\Autodesk\Maya2025\bin\mayapy.exe"

COMMANDS: dict[str, tuple[str, bool, list[str]]] = {
    "a word": ("blender", True, ["blender"]),
    "words": ("python3 -X dev", True, ["python3", "-X", "dev"]),
    "quoted": ("'/opt/my blender/blender' -noaudio", True, ["/opt/my blender/blender", "-noaudio"]),
    "Windows, quoted": (f'"{MAYA}" -x', False, [MAYA, "-x"]),
    "Windows, as it lies there": (MAYA, False, [MAYA]),
    "nothing": ("", True, []),
}


@pytest.mark.parametrize(("command", "posix", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_when_an_application_is_named_then_as_people_write_it_on_that_system(
    command: str, posix: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {MAYA}
    monkeypatch.setattr(
        children.shutil, "which", lambda program: program if program in there else None
    )

    assert words_of(command, posix=posix) == expected


def test_when_an_application_is_named_by_half_a_quotation_then_that_is_said() -> None:
    with pytest.raises(InputError, match="WF_BLENDER"):
        find_application(application_for(Path("a.blend")), {"WF_BLENDER": "'/opt/blender"})


def test_when_an_application_has_said_gigabytes_then_the_end_of_it_is_read_alone(
    tmp_path: Path,
) -> None:
    run = run_of(tmp_path, tmp_path / "a.blend")
    outcomes = Outcomes(run.results, [1])
    outcomes.write(Outcome(1, 1, "failed", "save", error="It failed."))
    outcomes.close()
    with run.log_of(1).open("wb") as log:
        log.truncate(20 * 1024**3)  # a hole, which takes no room
        log.seek(0, 2)
        log.write("ä the end\r\n".encode() * 1000)

    [row] = facts_of(run).rows

    assert len(row["log"]) == 8001
    assert row["log"].endswith("ä the end\n")


def test_when_a_row_waits_for_a_person_then_no_command_is_named_that_does_not_know_it(
    server: ScriptedServer, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    server.on("PUT", "/data/working-files/*", json_answer({"message": "no"}, 403))
    scene = tmp_path / "scene.blend"
    scene.write_bytes(b"scene")
    run = run_of(tmp_path, scene, server=server.url)

    with Worker(settings_of_bot(server.url, tmp_path), run) as worker:
        [outcome] = worker.work(1, 1)

    assert outcome.kind == "permission_denied"
    assert "then “wf batch resume” (Kitsu" in outcome.error


@pytest.mark.slow
def test_when_there_are_no_certificates_then_the_scheduler_is_not_even_asked(
    tmp_path: Path,
) -> None:
    cluster = Cluster(
        run_of(tmp_path, tmp_path / "a.blend"), address="tls://127.0.0.1:1", workers=1
    )

    with pytest.raises(UsageError, match="certificates"):
        cluster.work()
