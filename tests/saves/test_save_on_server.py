"""A save against a real Kitsu: what is on the disk, on the server, in the record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu
from saves.conftest import LogIn, sha256

from wf_core.errors import (
    AmbiguousReference,
    Behind,
    FileUnreadable,
    InputError,
    NoFileTree,
    NotFound,
    PathError,
    PathTaken,
    WorkfilesError,
)
from wf_core.filehost import FileHost
from wf_core.results import LaterRevision
from wf_core.workfiles import SaveRequest

Scene = Callable[..., Path]


def test_when_three_scenes_are_saved_then_disk_server_and_records_tell_the_same(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    contents = [b"first scene", b"second scene", b"third scene"]

    saved = [
        workfiles.save(
            FileHost(scene(content=content)), SaveRequest(task=task.reference, comment=comment)
        )
        for content, comment in zip(contents, ["blocking", "", "détails ✓"], strict=True)
    ]

    assert [(s.revision, s.state, s.provisional) for s in saved] == [
        (1, "committed", False),
        (2, "committed", False),
        (3, "committed", False),
    ]
    records = kitsu.working_files(task.id)
    assert [r["revision"] for r in records] == [1, 2, 3]
    assert [r["comment"] or "" for r in records] == ["blocking", "", "détails ✓"]
    for result, record, content in zip(saved, records, contents, strict=True):
        assert Path(result.path).read_bytes() == content
        assert kitsu.stored_bytes(record["id"]) == content
        assert result.sha256 == sha256(content)
        facts = record["data"]["workfiles"]
        assert facts["sha256"] == sha256(content)
        assert facts["size"] == len(content)
        assert facts["save_id"] == result.save_id
        assert facts["schema"] == 1
        assert record["path"].endswith(f"_v00{record['revision']}.blend")
        assert result.path.endswith(record["path"])
    assert workfiles.status() == []


def test_when_a_save_is_committed_then_nothing_but_the_scene_lies_beside_it(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()

    saved = workfiles.save(FileHost(scene()), SaveRequest(task=kitsu.fresh_task().id))

    folder = Path(saved.path).parent
    assert [path.name for path in folder.iterdir()] == [Path(saved.path).name]


def test_when_names_differ_then_each_counts_for_itself(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()

    saved = [
        workfiles.save(FileHost(scene()), SaveRequest(task=task.id, name=name))
        for name in ("main", "cache", "main")
    ]

    assert [s.revision for s in saved] == [1, 1, 2]
    assert len({s.path for s in saved}) == 3


def test_when_the_tree_has_no_tokens_for_name_and_revision_then_paths_still_differ(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task(production="Demo Plain")

    saved = [
        workfiles.save(FileHost(scene()), SaveRequest(task=task.id, name=name))
        for name in ("main", "main", "cache")
    ]

    assert len({s.path for s in saved}) == 3
    assert saved[1].path.endswith("_v002.blend")
    assert saved[2].path.endswith("_cache_v001.blend")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        pytest.param("../../x", PathError, id="leaves the folder"),
        pytest.param("C:\\x", PathError, id="windows path"),
        pytest.param("CON", PathError, id="device name"),
        pytest.param("con", PathError, id="device name in small letters"),
        pytest.param("a\0b", PathError, id="NUL"),
        pytest.param("x" * 300, PathError, id="300 characters"),
        pytest.param("Lamp A", PathError, id="not its own slug"),
        pytest.param("", PathError, id="empty"),
    ],
)
def test_when_the_name_is_not_usable_then_no_record_is_made(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, name: str, error: type[WorkfilesError]
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()

    with pytest.raises(error):
        workfiles.save(FileHost(scene()), SaveRequest(task=task.id, name=name))

    assert kitsu.working_files(task.id) == []
    assert not workfiles.settings.workspace.exists()


@pytest.mark.parametrize(
    ("comment", "message"), [("a\0b", "NUL"), ("a\udc80b", "no text")], ids=["NUL", "no text"]
)
def test_when_the_comment_cannot_be_stored_then_no_record_is_made(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, comment: str, message: str
) -> None:
    task = kitsu.fresh_task()

    with pytest.raises(InputError, match=message):
        log_in().save(FileHost(scene()), SaveRequest(task=task.id, comment=comment))

    assert kitsu.working_files(task.id) == []


def test_when_the_scene_vanished_or_was_emptied_then_no_record_is_made(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    gone, emptied = scene(), scene()
    hosts = [FileHost(gone), FileHost(emptied)]
    gone.unlink()
    emptied.write_bytes(b"")

    for host in hosts:
        with pytest.raises(FileUnreadable):
            workfiles.save(host, SaveRequest(task=task.id))

    assert kitsu.working_files(task.id) == []


def test_when_the_production_has_no_tree_then_it_says_so_before_any_record(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    task = kitsu.fresh_task(production="Demo Bare")

    with pytest.raises(NoFileTree, match="no file tree") as caught:
        log_in().save(FileHost(scene()), SaveRequest(task=task.id))

    assert "wf tree" in caught.value.hint
    assert kitsu.working_files(task.id) == []


def test_when_the_tree_makes_paths_of_over_400_characters_then_no_record_is_made(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    tree = {
        "working": {
            "mountpoint": "/" + "m" * 200,
            "root": "r" * 200,
            "folder_path": {"asset": "<Asset>", "style": "lowercase"},
            "file_name": {"asset": "<Asset>", "style": "lowercase"},
        }
    }
    task = kitsu.fresh_task(production=kitsu.production(file_tree=tree))

    with pytest.raises(PathError, match="400"):
        log_in().save(FileHost(scene()), SaveRequest(task=task.id))

    assert kitsu.working_files(task.id) == []


def test_when_two_tasks_would_share_a_path_then_it_says_which_before_any_record(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    first = kitsu.fresh_task()
    second = kitsu.task(first.entity, "Modeling", name="second")
    workfiles = log_in()

    with pytest.raises(PathError, match=first.id):
        workfiles.save(FileHost(scene()), SaveRequest(task=second["id"]))
    with pytest.raises(AmbiguousReference) as caught:
        workfiles.find_task(first.reference)

    assert {uuid for _, uuid in caught.value.candidates} == {first.id, second["id"]}
    assert kitsu.working_files(second["id"]) == []


def test_when_a_file_is_at_the_next_path_then_it_is_left_alone(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    there = Path(workfiles.path(task.id).path)
    there.parent.mkdir(parents=True)
    there.write_bytes(b"a colleague's")

    with pytest.raises(PathTaken, match="left alone"):
        workfiles.save(FileHost(scene()), SaveRequest(task=task.id))

    assert there.read_bytes() == b"a colleague's"
    assert kitsu.working_files(task.id) == []


def test_when_the_task_is_unknown_then_the_nearest_are_named(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    with pytest.raises(NotFound) as caught:
        log_in().save(FileHost(scene()), SaveRequest(task="Demo/Props/Lmap/Modeling"))

    assert "Demo/Props/Lamp/Modeling" in caught.value.suggestions


def test_when_somebody_saved_after_the_base_then_fail_stops_and_save_goes_on(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    mine, theirs = log_in(), log_in("artist2", home="second")
    task = kitsu.fresh_task(assign=("artist", "artist2"))
    mine.save(FileHost(scene()), SaveRequest(task=task.id))
    theirs.save(FileHost(scene()), SaveRequest(task=task.id, comment="colours"))

    with pytest.raises(Behind, match="revision 2") as caught:
        mine.save(FileHost(scene()), SaveRequest(task=task.id, base_revision=1, if_behind="fail"))
    went_on = mine.save(FileHost(scene()), SaveRequest(task=task.id, base_revision=1))
    up_to_date = mine.save(FileHost(scene()), SaveRequest(task=task.id, base_revision=3))

    assert "colours" in caught.value.message
    for told in (caught.value.later, went_on.behind):
        assert isinstance(told, LaterRevision)
        assert (told.revision, told.comment) == (2, "colours")
        assert told.author == kitsu.person("artist2")["full_name"]
        assert told.created_at is not None
    assert up_to_date.behind is None
    assert went_on.revision == 3
    assert mine.list_revisions(task.id)[1].base_revision == 1


def test_when_a_claim_was_never_used_then_the_next_save_takes_its_number(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()

    class FullDisk(FileHost):
        def save_as(self, path: Path) -> None:
            raise InputError("The disk is full.")

    with pytest.raises(InputError, match="disk is full"):
        workfiles.save(FullDisk(scene()), SaveRequest(task=task.id, comment="lost"))
    (incomplete,) = workfiles.list_revisions(task.id)
    again = workfiles.save(FileHost(scene()), SaveRequest(task=task.id, comment="found"))

    assert (incomplete.revision, incomplete.state) == (1, "incomplete")
    assert again.revision == 1
    (record,) = kitsu.working_files(task.id)
    assert record["comment"] == "found"


def test_when_a_claim_was_overtaken_then_sync_declares_it_void(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles, other = log_in(), log_in("artist2", home="second")
    task = kitsu.fresh_task(assign=("artist", "artist2"))

    class Crash(FileHost):
        def save_as(self, path: Path) -> None:
            raise InputError("crashed")

    with pytest.raises(InputError):
        workfiles.save(Crash(scene()), SaveRequest(task=task.id))
    other.save(FileHost(scene()), SaveRequest(task=task.id))
    workfiles.sync()

    states = {r.revision: r.state for r in workfiles.list_revisions(task.id)}
    assert states == {1: "void", 2: "committed"}


def test_when_a_file_is_larger_than_two_gigabytes_then_it_is_saved_with_its_size(
    kitsu: LiveKitsu, log_in: LogIn, tmp_path: Path
) -> None:
    size = int(2.5 * 1024**3)
    sparse = tmp_path / "big.blend"
    with sparse.open("wb") as stream:
        stream.write(b"BLENDER")
        stream.truncate(size)
    workfiles = log_in()
    task = kitsu.fresh_task()

    saved = workfiles.save(FileHost(sparse), SaveRequest(task=task.id))

    (listed,) = workfiles.list_revisions(task.id)
    assert (saved.state, saved.size, listed.size) == ("committed", size, size)
    assert workfiles.verify(task.id).problems == []
