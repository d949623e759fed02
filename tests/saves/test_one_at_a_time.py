"""Trying one save again, or giving it up, whatever became of it since somebody looked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.scripted_kitsu import TASK, ScriptedKitsu
from tests.saves.bot import settings_of_bot
from tests.scripted_server import ScriptedServer, html_error
from wf_core.disk.locks import hold
from wf_core.errors import UsageError
from wf_core.filehost import FileHost
from wf_core.kitsu import FileTokenStore, Tokens
from wf_core.settings import Settings
from wf_core.workfiles import SaveRequest, Workfiles

pytestmark = pytest.mark.usefixtures("no_uploader")


@pytest.fixture
def kitsu(server: ScriptedServer) -> ScriptedKitsu:
    return ScriptedKitsu(server)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.blend"
    path.write_bytes(b"scene")
    return path


def settings_for(url: str, tmp_path: Path) -> Settings:
    """Those of somebody who is logged in there, and elsewhere as well."""
    FileTokenStore(tmp_path / "home").save(url, Tokens("a.secret.token"))
    settings = settings_of_bot(url, tmp_path, offline_budget=1.0)
    return settings.model_copy(update={"token": None})


def save_while_away(
    settings: Settings, kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path
) -> str:
    """A save of a task that is known, while the server gives no number; its id."""
    with Workfiles(settings) as workfiles:
        workfiles.find_task(TASK)
        server.on("POST", f"/data/tasks/{TASK}/working-files/new", html_error(503))
        server.on("GET", f"/data/tasks/{TASK}/working-files/last-revisions", html_error(503))
        save_id = workfiles.save(FileHost(scene), SaveRequest(task=TASK)).save_id
    kitsu.behave()
    return save_id


@pytest.fixture
def sent_meanwhile(
    kitsu: ScriptedKitsu,
    server: ScriptedServer,
    scene: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Settings, str]:
    """A save that another process sends just before its lock is obtained; its id."""
    settings = settings_for(server.url, tmp_path)
    save_id = save_while_away(settings, kitsu, server, scene)

    @contextmanager
    def late(path: Path, *, wait: float = 0.0) -> Iterator[bool]:
        monkeypatch.undo()
        with Workfiles(settings) as other:
            other.sync()
        with hold(path, wait=wait) as mine:
            yield mine

    monkeypatch.setattr("wf_core.workfiles.saving.hold", late)
    return settings, save_id


def test_when_another_process_sends_it_meanwhile_then_a_retry_makes_no_second_record(
    kitsu: ScriptedKitsu, sent_meanwhile: tuple[Settings, str]
) -> None:
    settings, save_id = sent_meanwhile

    with Workfiles(settings) as workfiles:
        tried = workfiles.retry(save_id)

    assert (tried.state, tried.revision, tried.hint, tried.next_try) == ("committed", 1, "", None)
    assert [record["revision"] for record in kitsu.records.values()] == [1]


def test_when_another_process_sends_it_meanwhile_then_it_cannot_be_given_up(
    sent_meanwhile: tuple[Settings, str],
) -> None:
    settings, save_id = sent_meanwhile

    with Workfiles(settings) as workfiles:
        with pytest.raises(UsageError, match="just been sent"):
            workfiles.discard(save_id)
        row = workfiles.desk.journal.get(save_id)

    assert row is not None
    assert row.state == "committed"


def test_when_a_save_is_given_up_then_what_is_said_of_it_is_true(
    kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    settings = settings_for(server.url, tmp_path)
    save_id = save_while_away(settings, kitsu, server, scene)

    with Workfiles(settings) as workfiles:
        given_up = workfiles.discard(save_id)

    assert (given_up.state, given_up.hint) == ("discarded", "")


@pytest.mark.parametrize("way", ["sync", "retry"])
def test_when_another_server_is_in_use_by_now_then_a_save_goes_where_it_belongs(
    way: str, kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    save_id = save_while_away(settings_for(server.url, tmp_path), kitsu, server, scene)

    with ScriptedServer() as elsewhere:
        other = ScriptedKitsu(elsewhere)
        with Workfiles(settings_for(elsewhere.url, tmp_path)) as workfiles:
            if way == "sync":
                assert workfiles.sync().committed == 1
            else:
                assert workfiles.retry(save_id).state == "committed"

    assert [record["revision"] for record in kitsu.records.values()] == [1]
    assert other.records == {}


def test_when_another_server_is_in_use_by_now_then_a_number_is_declared_void_where_it_was_given(
    kitsu: ScriptedKitsu, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    settings = settings_for(server.url, tmp_path)
    server.on("POST", "/data/working-files/*/file", html_error(503))
    with Workfiles(settings) as workfiles:
        save_id = workfiles.save(FileHost(scene), SaveRequest(task=TASK)).save_id
    kitsu.behave()

    with ScriptedServer() as elsewhere:
        ScriptedKitsu(elsewhere)
        with Workfiles(settings_for(elsewhere.url, tmp_path)) as workfiles:
            workfiles.discard(save_id)

    [record] = kitsu.records.values()
    assert record["data"]["workfiles"]["void"] is True
