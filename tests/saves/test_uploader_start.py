"""Starting the detached uploader, where the system does not like that."""

from __future__ import annotations

import errno
import io
import json
import logging
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu
from saves.test_journal import row

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer
from wf_core.cli.boundary import run
from wf_core.cli.context import Session
from wf_core.disk.locks import Lock
from wf_core.saves import uploader
from wf_core.saves.desk import Desk
from wf_core.saves.journal import Journal
from wf_core.saves.row import SaveRow
from wf_core.settings import Settings


class Started:
    """In place of ``subprocess.Popen``: notes what it is given, and refuses the first times."""

    def __init__(self, *refusals: OSError) -> None:
        self.options: list[dict[str, Any]] = []
        self._refusals = list(refusals)

    def __call__(self, command: list[str], **options: Any) -> Started:
        self.options.append(options)
        if self._refusals:
            raise self._refusals.pop(0)
        return self

    def poll(self) -> int:
        return 0


def test_when_no_process_can_be_started_then_a_save_is_reported_all_the_same(
    server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ScriptedKitsu(server)
    scene = tmp_path / "scene.blend"
    scene.write_bytes(b"scene")
    monkeypatch.setattr(subprocess, "Popen", Started(BlockingIOError(errno.EAGAIN, "busy")))
    environ = {
        "WF_HOME": str(tmp_path / "home"),
        "WF_WORKSPACE": str(tmp_path / "workspace"),
        "WF_SERVER": server.url,
        "WF_TOKEN": "bot.token.secret",
    }

    code = run(
        ["save", str(scene), "--task", TASK, "--no-wait", "--json"], Session(environ=environ)
    )

    told = json.loads(capsys.readouterr().out)
    assert (code, told["state"], told["revision"]) == (0, "pending", 1)


def test_when_a_job_forbids_to_leave_it_then_the_uploader_is_started_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    popen = Started(PermissionError(errno.EACCES, "Access is denied"))
    monkeypatch.setattr(subprocess, "Popen", popen)
    # As on Windows, whose flags other systems do not have.
    monkeypatch.setattr(uploader, "_detached", lambda: ({"creationflags": 3}, {"creationflags": 1}))

    begun = uploader.start(settings_of_bot("http://127.0.0.1:9", tmp_path))

    assert begun
    assert [options["creationflags"] for options in popen.options] == [3, 1]


def test_when_the_log_has_grown_then_the_next_uploader_begins_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", Started())
    settings = settings_of_bot("http://127.0.0.1:9", tmp_path)
    settings.log_folder.mkdir(parents=True)
    log = settings.log_folder / "uploader.log"
    log.write_bytes(b"x" * (1024 * 1024 + 1))

    uploader.start(settings)

    assert (log.stat().st_size, log.with_name("uploader.log.1").stat().st_size) == (0, 1048577)


def test_when_the_uploader_logs_a_token_then_it_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    root = logging.Logger("root")
    monkeypatch.setattr(logging, "root", root)
    monkeypatch.setattr(logging.Logger, "root", root)
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(uploader, "run", lambda settings: root.warning("Bearer a.secret.token"))
    monkeypatch.setattr(uploader, "load", lambda: settings_of_bot("http://127.0.0.1:9", tmp_path))

    uploader.main()

    assert "Bearer [hidden]" in written.getvalue()


def test_when_a_save_comes_just_as_the_uploader_ends_then_it_is_sent_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of_bot("http://127.0.0.1:9", tmp_path)
    journal = Journal(settings.journal_path)
    late: list[SaveRow] = []

    class LastMoment(Lock):
        """Somebody saves between the last look of the uploader and its end."""

        def release(self) -> None:
            if self.held and not late:
                late.append(journal.add(row(state="saved", server=settings.server)))
                assert not uploader.start(settings)  # as one is running still
            super().release()

    def passes(of: Settings, desks: dict[str, Desk]) -> None:
        for left in journal.rows("saved"):
            journal.update(left, state="committed", checked=2)

    monkeypatch.setattr(uploader, "Lock", LastMoment)
    monkeypatch.setattr(uploader, "_pass", passes)
    monkeypatch.setattr(subprocess, "Popen", Started())

    uploader.run(settings)

    assert late
    assert journal.rows("saved") == []
