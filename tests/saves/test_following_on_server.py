"""What an application shows beside its scene, against a real Kitsu."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu
from saves.conftest import LogIn

from wf_core.errors import NotFound, PathTaken, ServerUnavailable
from wf_core.filehost import FileHost
from wf_core.host import SceneTag
from wf_core.saves.gauge import Gauge, gauge_folder
from wf_core.workfiles import SaveRequest, Workfiles

Scene = Callable[..., Path]

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9c"
    b"c\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82"
)


def tag_of(workfiles: Workfiles, task_id: str, revision: int | None, save_id: str) -> SceneTag:
    server = workfiles.desk.client.session.server
    return SceneTag(server=server, task_id=task_id, revision=revision, save_id=save_id)


def test_when_a_scene_is_a_revision_then_its_facts_and_the_next_one_are_known(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles, other = log_in(), log_in("artist2", home="other")
    task = kitsu.fresh_task(assign=("artist", "artist2"))
    first = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    other.save(FileHost(scene()), SaveRequest(task=task.id, comment="mine"))
    tag = tag_of(workfiles, task.id, 1, first.save_id)

    facts = workfiles.facts_of_scene(tag, Path(first.path))
    upcoming = workfiles.next_revision(task.id, tag=tag, software="Blender")

    assert (facts.task_label, facts.revision, facts.file) == (task.reference, 1, "same")
    assert (facts.newest, facts.waiting, facts.online) == (2, 0, True)
    assert (upcoming.revision, upcoming.base_revision, upcoming.behind) == (3, 1, 1)
    assert (upcoming.newest_comment, upcoming.taken, upcoming.names) == ("mine", False, ("main",))
    assert upcoming.path == Path(first.path.replace("v001", "v003"))
    assert not upcoming.path.exists()


@pytest.mark.parametrize(
    ("what", "state"),
    [("rewritten", "changed"), ("removed", "missing"), ("copied", "elsewhere")],
)
def test_when_the_file_of_a_revision_is_touched_then_the_facts_say_so(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, what: str, state: str
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    saved = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    path = Path(saved.path)
    if what == "rewritten":
        path.unlink()
        path.write_bytes(b"saved over with the application's own save")
    elif what == "removed":
        path.unlink()
    else:
        path = path.rename(path.with_name("a name of my own.blend"))

    facts = workfiles.facts_of_scene(tag_of(workfiles, task.id, 1, saved.save_id), path)

    assert facts.file == state


def test_when_the_tag_is_of_another_server_then_the_scene_has_no_task(log_in: LogIn) -> None:
    tag = SceneTag(server="https://other.example/api", task_id="t", revision=1)

    facts = log_in().facts_of_scene(tag, Path("/somewhere/lamp.blend"))

    assert (facts.task_id, facts.other_server) == ("", "https://other.example/api")


def test_when_a_file_lies_where_a_task_has_its_files_then_the_task_is_found(
    kitsu: LiveKitsu, log_in: LogIn
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task(production=kitsu.production())
    path = Path(workfiles.path(task.id, revision=7).path)

    found = workfiles.guess_task(path)

    assert found is not None
    assert found.task.id == task.id
    assert workfiles.guess_task(Path("/elsewhere/lamp.blend")) is None


def test_when_a_file_has_the_next_place_then_it_can_be_adopted_and_only_there(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    host = FileHost(scene(), software="Blender")
    first = workfiles.save(host, SaveRequest(task=task.id))
    second = Path(first.path.replace("v001", "v002"))
    second.write_bytes(b"counted up by hand")
    fifth = second.with_name(second.name.replace("v002", "v005"))
    fifth.write_bytes(b"far ahead")

    with pytest.raises(PathTaken):
        workfiles.adopt(fifth, SaveRequest(task=task.id), host=host)
    adopted = workfiles.adopt(second, SaveRequest(task=task.id, comment="found"), host=host)
    workfiles.sync()

    assert (adopted.revision, adopted.path) == (2, str(second))
    assert second.read_bytes() == b"counted up by hand"
    assert fifth.read_bytes() == b"far ahead"
    records = kitsu.working_files(task.id)
    assert [record["comment"] for record in records] == ["", "found"]
    assert kitsu.stored_bytes(records[1]["id"]) == b"counted up by hand"


def test_when_a_revision_is_brought_then_from_here_if_right_else_from_the_server(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, tmp_path: Path
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    content = b"the first"
    saved = workfiles.save(FileHost(scene(content=content)), SaveRequest(task=task.id))
    path = Path(saved.path)

    here = workfiles.bring(task.id, 1)
    path.unlink()
    again = workfiles.bring(task.id, 1)
    path.unlink()
    path.write_bytes(b"something else")
    other = workfiles.bring(task.id, 1)

    assert (here.path, here.as_saved, here.downloaded) == (path, True, False)
    assert (again.path, again.as_saved, again.downloaded) == (path, True, True)
    assert (other.path, other.as_saved, other.downloaded) == (path, False, False)
    assert path.read_bytes() == b"something else"
    with pytest.raises(NotFound):
        workfiles.bring(task.id, 2)


def test_when_an_upload_is_stopped_by_hand_then_it_waits_for_a_retry(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    workfiles.offline = "not now"
    task = kitsu.fresh_task()
    workfiles.close()
    with pytest.raises(ServerUnavailable, match="not now"):
        workfiles.find_task(task.id)
    workfiles.offline = ""
    workfiles.close()
    workfiles.next_revision(task.id, software="Blender")
    workfiles.offline = "not now"
    workfiles.close()

    saved = workfiles.save(FileHost(scene()), SaveRequest(task=task.id))
    workfiles.stop_upload(saved.save_id)
    stopped = workfiles.status()
    workfiles.offline = ""
    workfiles.close()
    workfiles.retry(saved.save_id)

    assert saved.provisional
    assert [(row.state, row.error) for row in stopped] == [
        (
            "parked",
            "The upload was stopped by hand. The save is safe on this machine.",
        )
    ]
    assert [record["revision"] for record in kitsu.working_files(task.id)] == [1]


def test_when_bytes_are_being_sent_then_others_see_how_many_and_can_stop_them(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    seen: list[tuple[int, int]] = []
    folder = gauge_folder(workfiles.settings.home)

    def watch(what: str, done: int, total: int) -> None:
        (row,) = workfiles.status()
        seen.append(workfiles.uploads()[row.save_id])
        Gauge(folder, row.save_id).stop()
        time.sleep(0.02)  # the wish is looked for four times a second

    saved = workfiles.save(FileHost(scene(40 * 2**20)), SaveRequest(task=task.id), progress=watch)

    (row,) = workfiles.status()
    assert seen[0] == (2**20, 40 * 2**20)
    assert saved.state == "pending"
    assert row.state == "parked"
    assert list(folder.iterdir()) == []
    workfiles.retry(saved.save_id)
    assert workfiles.status() == []


def test_when_a_picture_is_sent_then_it_is_the_tasks_preview_and_the_record_names_it(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    saved = workfiles.save(FileHost(scene()), SaveRequest(task=task.id, comment="a lamp"))
    with pytest.raises(NotFound, match="No picture"):
        workfiles.send_picture(saved.save_id)
    workfiles.picture_path(saved.save_id).write_bytes(PNG)

    workfiles.send_picture(saved.save_id)

    (record,) = kitsu.working_files(task.id)
    facts = record["data"]["workfiles"]
    (preview,) = kitsu.get(f"data/tasks/{task.id}/previews")
    (comment,) = kitsu.get(f"data/tasks/{task.id}/comments")
    assert facts["thumbnail"] == preview["id"]
    assert facts["sha256"] == saved.sha256
    assert comment["text"] == "main v001: a lamp"
    workfiles.picture_path(saved.save_id).unlink()
    found = workfiles.pictures(task.id)
    assert found[record["id"]].read_bytes().startswith(b"\x89PNG")
