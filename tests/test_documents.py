"""What the documents tell people to type works as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from live_kitsu import LiveKitsu

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [body for kind, body in _BLOCK.findall(text) if kind == language]


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_when_the_commands_of_the_readme_are_typed_then_they_work(
    kitsu: LiveKitsu, tmp_path: Path
) -> None:
    wf = [sys.executable, "-m", "wf_core.cli"]
    task = kitsu.fresh_task(assign=("artist", "admin"))
    email, password = kitsu.credentials("admin")
    (tmp_path / "lamp.blend").write_bytes(b"a lamp")
    login = [*wf, "login", kitsu.url, "--email", email, "--password-stdin"]
    subprocess.run(login, input=password, text=True, check=True, capture_output=True)

    (lines,) = blocks("console")
    for line in lines.splitlines():
        words = shlex.split(line.removeprefix("$ wf "))
        # The demo's own task is everybody's: this run takes one that nobody else saves to.
        words = [task.reference if word.startswith("Demo/") else word for word in words]
        if words == ["doctor"]:
            continue  # one production of the private Kitsu is ill on purpose
        run([*wf, *words], tmp_path)

    assert (tmp_path / "got.blend").read_bytes() == b"a lamp"


def test_when_the_python_of_the_readme_is_run_then_it_saves(
    kitsu: LiveKitsu, tmp_path: Path
) -> None:
    task = kitsu.fresh_task(assign=("artist", "admin"))
    email, password = kitsu.credentials("admin")
    wf = [sys.executable, "-m", "wf_core.cli"]
    login = [*wf, "login", kitsu.url, "--email", email, "--password-stdin"]
    subprocess.run(login, input=password, text=True, check=True, capture_output=True)
    (tmp_path / "lamp.blend").write_bytes(b"a lamp")
    (code,) = blocks("python")

    run([sys.executable, "-c", code.replace("Demo/Props/Lamp/Modeling", task.reference)], tmp_path)

    (record,) = kitsu.working_files(task.id)
    assert kitsu.stored_bytes(record["id"]) == b"a lamp"


def test_when_a_document_links_to_a_file_then_it_is_there() -> None:
    missing = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for target in _LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]

    assert missing == []
