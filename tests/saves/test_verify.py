"""Verifying: every way in which records, stored bytes and local files can disagree."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from live_kitsu import FreshTask, LiveKitsu
from saves.conftest import LogIn

from wf_core.errors import Cancelled
from wf_core.filehost import FileHost
from wf_core.kitsu.transfer import upload
from wf_core.workfiles import SaveRequest, Workfiles

Scene = Callable[..., Path]


def save(workfiles: Workfiles, task: FreshTask, scene: Path) -> str:
    saved = workfiles.save(FileHost(scene), SaveRequest(task=task.id))
    assert saved.working_file_id is not None
    return saved.working_file_id


def overwrite(workfiles: Workfiles, record_id: str, bytes_now: Path) -> None:
    """What any other tool of the team can do."""
    size = bytes_now.stat().st_size
    upload(workfiles.desk.client.session, record_id, bytes_now, size=size)


def claim(kitsu: LiveKitsu, task: FreshTask, revision: int, comment: str = "") -> dict[str, Any]:
    record: dict[str, Any] = kitsu.call(
        "POST",
        f"data/tasks/{task.id}/working-files/new",
        {
            "name": "main",
            "revision": revision,
            "comment": comment,
            "software_id": kitsu.find("softwares", "Blender")["id"],
        },
        who="artist",
    )
    return record


def kinds(workfiles: Workfiles, task: FreshTask, **how: Any) -> dict[int, str]:
    return {p.revision: p.kind for p in workfiles.verify(task.id, **how).problems}


def test_when_revisions_are_spoilt_in_every_way_then_each_is_told_by_its_kind(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    ids = {n: save(workfiles, task, scene(content=b"scene %d" % n)) for n in range(1, 7)}
    overwrite(workfiles, ids[2], scene(content=b"cut"))
    overwrite(workfiles, ids[3], scene(content=b"SCENE 3"))
    overwrite(workfiles, ids[4], scene(content=b"longer than before"))
    first, fifth = (kitsu.get(f"data/working-files/{ids[n]}") for n in (1, 5))
    kitsu.call("PUT", f"data/working-files/{ids[5]}", {"path": first["path"].upper()})
    hostile = {"path": "/mnt/../../../etc/passwd"}
    kitsu.call("PUT", f"data/working-files/{ids[6]}", hostile)
    claim(kitsu, task, 7, "half sent [wf:0123456789abcdef]")
    void = claim(kitsu, task, 8)
    kitsu.call("PUT", f"data/working-files/{void['id']}", {"data": {"workfiles": {"void": True}}})
    foreign = claim(kitsu, task, 9)
    overwrite(workfiles, foreign["id"], scene(content=b"by another tool"))

    assert fifth["path"] != first["path"]
    assert kinds(workfiles, task) == {
        2: "truncated",
        4: "replaced",
        5: "shared-path",
        6: "bad-path",
        7: "incomplete",
        8: "void",
        9: "foreign",
    }
    assert kinds(workfiles, task, deep=True)[3] == "replaced"


def test_when_the_local_file_is_another_one_then_it_is_told(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    saved = workfiles.save(FileHost(scene(content=b"scene")), SaveRequest(task=task.id))
    Path(saved.path).write_bytes(b"SCENE")

    assert kinds(workfiles, task) == {}
    assert kinds(workfiles, task, deep=True) == {1: "changed-here"}


def test_when_it_is_stopped_then_the_next_one_goes_on_and_looks_at_changes_again(
    kitsu: LiveKitsu, log_in: LogIn, scene: Scene
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    ids = [save(workfiles, task, scene(content=b"scene")) for _ in range(4)]
    overwrite(workfiles, ids[3], scene(content=b"SCENE"))
    steps: list[tuple[str, int, int]] = []

    with pytest.raises(Cancelled, match="after 3 of 4"):
        workfiles.verify(
            task.id,
            deep=True,
            progress=lambda *step: steps.append(step),
            cancel=lambda: ("Verifying", 3, 4) in steps,
        )
    kitsu.call("PUT", f"data/working-files/{ids[2]}", {"comment": "changed meanwhile"})
    resumed = workfiles.verify(task.id, deep=True)
    anew = workfiles.verify(task.id, deep=True)

    found = [(p.revision, p.kind) for p in resumed.problems]
    assert (resumed.checked, resumed.resumed, found) == (4, 2, [(4, "replaced")])
    assert (anew.checked, anew.resumed) == (4, 0)


@pytest.mark.parametrize("deep", [False, True], ids=["lengths", "deep"])
def test_when_a_file_here_may_not_be_read_then_the_others_are_looked_at_all_the_same(
    deep: bool,
    log_in: LogIn,
    kitsu: LiveKitsu,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workfiles = log_in()
    task = kitsu.fresh_task()
    for _ in range(3):
        save(workfiles, task, scene())
    is_file = Path.is_file

    def refusing(path: Path) -> bool:
        if path.name.endswith("_v002.blend"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refusing)  # whoever runs the tests may read everything

    assert kinds(workfiles, task, deep=deep) == {2: "unreadable-here"}
