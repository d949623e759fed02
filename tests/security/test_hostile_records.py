"""A server whose records hold anything at all: told as an error, or shown harmlessly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import FULL_TASK, PROJECT_RECORD, TASK, ScriptedKitsu

from tests.scripted_server import Answer, ScriptedServer, json_answer
from wf_core.errors import WorkfilesError
from wf_core.filehost import FileHost
from wf_core.workfiles import SaveRequest, Workfiles

FIELDS: dict[str, dict[str, Any]] = {
    "a number of another type": {"revision": "one"},
    "a number beyond every column": {"revision": 10**30},
    "a negative number": {"revision": -3},
    "a name that climbs": {"name": "../../x"},
    "a name with a NUL": {"name": "a\0b"},
    "a name of a megabyte": {"name": "x" * 1_000_000},
    "a comment of a megabyte": {"comment": "x" * 1_000_000},
    "a comment of control characters": {"comment": "\x1b]0;owned\x07\x1b[2J"},
    "a path that climbs": {"path": "/mnt/kitsu/../../../etc/passwd"},
    "a path with a NUL": {"path": "/mnt/kitsu/a\0b"},
    "a path of a megabyte": {"path": "/" + "x" * 1_000_000},
    "a path that is a list": {"path": ["/mnt"]},
    "a path of a device": {"path": "/mnt/kitsu/CON/NUL.blend"},
    "data that is a list": {"data": ["workfiles"]},
    "workfiles that is a number": {"data": {"workfiles": 7}},
    "a hash that is none": {"data": {"workfiles": {"sha256": "../x", "size": 5}}},
    "a size that is none": {"data": {"workfiles": {"sha256": "ab" * 32, "size": "many"}}},
    "a size without end": {"data": {"workfiles": {"sha256": "ab" * 32, "size": 10**30}}},
    "a base that is none": {"data": {"workfiles": {"sha256": "ab" * 32, "base_revision": "x"}}},
    "a size below zero": {"data": {"workfiles": {"sha256": "ab" * 32, "size": -1}}},
    "a date that is none": {"created_at": "yesterday"},
    "an author that is none": {"person_id": "../persons"},
}

BODIES = {
    "nested without end": b"[" * 200_000,
    "objects nested without end": b'{"a":' * 200_000,
    "a number of a million digits": b'[{"id": "x", "revision": ' + b"9" * 1_000_000 + b"}]",
    "half a character": b'["\xff"]',
    "a lone surrogate": b'[{"id": "\\ud800", "name": "\\ud800"}]',
}


def operations(workfiles: Workfiles, scene: Path, to: Path) -> None:
    """Every operation that reads records: each ends as an answer or as an error of ours."""
    for operation in (
        lambda: json.dumps([r.as_json() for r in workfiles.list_revisions(TASK)]),
        lambda: workfiles.verify(TASK, deep=True),
        lambda: workfiles.get(TASK, to=to),
        lambda: workfiles.get(TASK, revision=1),
        lambda: workfiles.path(TASK),
        lambda: workfiles.who_is_here(TASK),
        lambda: workfiles.save(FileHost(scene), SaveRequest(task=TASK, base_revision=1)),
    ):
        try:
            operation()
        except WorkfilesError as told:
            assert told.message


def outside(tmp_path: Path) -> set[str]:
    return {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_when_a_record_is_hostile_then_every_operation_ends_in_words(
    fields: dict[str, Any],
    workfiles: Workfiles,
    scripted: ScriptedKitsu,
    scene: Path,
    tmp_path: Path,
) -> None:
    added = scripted.add(1, b"scene")
    scripted.records[added].update(fields)

    operations(workfiles, scene, tmp_path / "got.blend")

    assert outside(tmp_path) <= {"home", "workspace", "scene.blend", "got.blend"}
    assert scene.read_bytes() == b"scene"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_when_an_answer_is_hostile_then_every_operation_ends_in_words(
    body: bytes, workfiles: Workfiles, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    answer = Answer(200, body=body, headers={"Content-Type": "application/json"})
    for route in ("tasks/*/working-files", "tasks/*/working-files/*", "entities/*/working-files"):
        server.on("GET", f"/data/{route}", answer)

    operations(workfiles, scene, tmp_path / "got.blend")

    assert outside(tmp_path) <= {"home", "workspace", "scene.blend", "got.blend"}


TREES: dict[str, Any] = {
    "a template that climbs": {"folder_path": {"asset": "../../<Asset>"}},
    "an absolute name": {"file_name": {"asset": "/etc/<Asset>"}},
    "a mount point that climbs": {"mountpoint": "/../../etc"},
    "a root with a NUL": {"root": "a\0b"},
    "templates that are numbers": {"folder_path": {"asset": 7}, "file_name": 8},
    "a mode that is a list": [],
    "a template of a megabyte": {"folder_path": {"asset": "<Asset>/" * 100_000}},
    "a style nobody knows": {"folder_path": {"asset": "<Asset>", "style": "\x1b[2J"}},
}


@pytest.mark.parametrize("working", TREES.values(), ids=TREES)
def test_when_a_file_tree_is_hostile_then_nothing_is_written_outside(
    working: Any, workfiles: Workfiles, server: ScriptedServer, scene: Path, tmp_path: Path
) -> None:
    ScriptedKitsu(server)
    usual = PROJECT_RECORD["file_tree"]["working"]
    mode = {**usual, **working} if isinstance(working, dict) else working
    project = {**PROJECT_RECORD, "file_tree": {"working": mode}}
    server.on("GET", f"/data/tasks/{TASK}/full", json_answer({**FULL_TASK, "project": project}))

    operations(workfiles, scene, tmp_path / "got.blend")

    assert outside(tmp_path) <= {"home", "workspace", "scene.blend", "got.blend"}
    root = workfiles.settings.workspace
    assert all(path.resolve().is_relative_to(root) for path in root.rglob("*"))
