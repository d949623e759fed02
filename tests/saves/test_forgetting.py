"""What becomes of saves that are long done: nothing grows for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer
from wf_core.filehost import FileHost
from wf_core.saves import queue
from wf_core.workfiles import SaveRequest, Workfiles


def test_when_saves_are_long_done_then_their_rows_and_lock_files_go(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScriptedKitsu(server)
    monkeypatch.setattr(queue, "_KEPT_ROWS", 1)
    scene = tmp_path / "scene.blend"
    scene.write_bytes(b"scene")
    with Workfiles(settings_of_bot(server.url, tmp_path)) as workfiles:
        saved = [workfiles.save(FileHost(scene), SaveRequest(task=TASK)) for _ in range(3)]
        journal = workfiles.desk.journal
        for save in saved:
            row = journal.get(save.save_id)
            assert row is not None
            journal.update(row, next_try=None)  # the second look need not be waited for

        workfiles.sync()

        known = [journal.get(save.save_id) is not None for save in saved]
    locks = [path.name for path in (tmp_path / "home" / "locks").iterdir()]
    locked = [
        (f"save-{save.save_id}.lock" in locks, f"record-{save.working_file_id}.lock" in locks)
        for save in saved
    ]
    assert known == [False, False, True]
    assert locked == [(False, False), (False, False), (True, True)]
