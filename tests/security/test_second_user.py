"""Another account of the same machine: shares a workspace, and gets at nothing else.

Run as root only, because it takes root to become two other people.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.scripted_kitsu import TASK, ScriptedKitsu

from tests.scripted_server import ScriptedServer, html_error
from wf_core.saves.shared import _own_folder
from wf_core.saves.spool import Spool

ALICE, BOB = 65_501, 65_502

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0,
        reason="only root can become two other users",
    ),
]

# Everything is imported before the account changes: the interpreter may lie in root's folders.
PERSON = """
import importlib, json, os, pkgutil, sys
from pathlib import Path
import encodings.ascii, encodings.idna, encodings.latin_1, encodings.utf_8, getpass
import requests, requests_toolbelt, slugify
import wf_core
for module in pkgutil.walk_packages(wf_core.__path__, "wf_core."):
    if not module.name.startswith(("wf_core.cli", "wf_core.private_kitsu")):
        importlib.import_module(module.name)
from wf_core.errors import WorkfilesError
from wf_core.filehost import FileHost
from wf_core.kitsu import FileTokenStore, Tokens
from wf_core.paths import slug
from wf_core.saves import uploader
from wf_core.settings import load
from wf_core.workfiles import SaveRequest, Workfiles

slug("\\u00e9")  # reads its tables
uploader.start = lambda settings: False
uid, home, workspace, server, what, *more = sys.argv[1:]
os.setgroups([]); os.setgid(int(uid)); os.setuid(int(uid)); os.umask(0)
environ = {"WF_HOME": home, "WF_WORKSPACE": workspace, "WF_SERVER": server}

def save(scene, task):
    settings = load(environ)
    FileTokenStore(settings.home).save(server, Tokens("a.secret.token", "another.secret.token"))
    with Workfiles(settings) as workfiles:
        try:
            return workfiles.save(FileHost(Path(scene)), SaveRequest(task=task)).as_json()
        except WorkfilesError as told:
            return {"error": told.kind, "message": told.message}

def pry(*places):
    "What of the places can be listed, read or written to."
    open_to_us = []
    for place in places:
        for mode in (os.R_OK, os.W_OK):
            if os.access(place, mode):
                open_to_us.append(place)
    return sorted(set(open_to_us))

print(json.dumps({"save": save, "pry": pry}[what](*more)))
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every account can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="wf-two-users-"))
    folder.chmod(0o755)
    try:
        for name, uid in (("alice", ALICE), ("bob", BOB)):
            (folder / name).mkdir()
            os.chown(folder / name, uid, uid)
        (folder / "workspace").mkdir()
        (folder / "workspace").chmod(0o777)
        scene = folder / "scene.blend"
        scene.write_bytes(b"scene")
        scene.chmod(0o644)
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
def person(shared: Path, server: ScriptedServer) -> Callable[..., Any]:
    """Does something as one of the two; gives what came of it."""

    def act(who: str, what: str, *more: object) -> Any:
        uid = {"alice": ALICE, "bob": BOB}[who]
        ran = subprocess.run(
            [
                *(sys.executable, "-c", PERSON, str(uid), str(shared / who / "wf")),
                *(str(shared / "workspace"), server.url, what, *map(str, more)),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd="/",
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return act


def test_when_a_save_waits_then_another_user_gets_at_none_of_its_secrets(
    shared: Path, server: ScriptedServer, person: Callable[..., Any]
) -> None:
    ScriptedKitsu(server)
    server.on("POST", "/data/working-files/*/file", html_error(503))
    saved = person("alice", "save", shared / "scene.blend", TASK)
    assert saved["state"] == "pending"
    home = shared / "alice" / "wf"
    (spool,) = (shared / "workspace" / ".wf-spool").iterdir()
    private = [home / "credentials.json", home / "journal.db", spool, *home.iterdir()]
    private += [*spool.iterdir(), *(home / "locks").iterdir()]

    assert len(private) > 8
    assert person("bob", "pry", *private) == []
    assert stat.S_IMODE((home / "credentials.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.stat().st_mode) == 0o700


def test_when_two_users_share_a_workspace_then_both_can_save(
    shared: Path, server: ScriptedServer, person: Callable[..., Any]
) -> None:
    ScriptedKitsu(server)

    saved = [person(who, "save", shared / "scene.blend", TASK) for who in ("alice", "bob")]

    assert [(one.get("error"), one["revision"]) for one in saved] == [(None, 1), (None, 2)]
    assert stat.S_IMODE((shared / "workspace" / ".wf-spool").stat().st_mode) == 0o1777


def test_when_another_user_made_my_spool_then_nothing_is_kept_there(
    shared: Path, server: ScriptedServer, person: Callable[..., Any]
) -> None:
    ScriptedKitsu(server)
    person("alice", "save", shared / "scene.blend", TASK)
    (spool,) = (shared / "workspace" / ".wf-spool").iterdir()
    shutil.rmtree(spool)
    spool.mkdir()
    spool.chmod(0o777)
    os.chown(spool, BOB, BOB)

    refused = person("alice", "save", shared / "scene.blend", TASK)

    assert refused["error"] == "path"
    assert "belongs to another user" in refused["message"]
    assert list(spool.iterdir()) == []


def test_when_my_spool_became_writable_for_others_then_it_is_made_private(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path / "home")
    folder = spool.folder(tmp_path / "workspace")
    folder.chmod(0o777)

    assert spool.folder(tmp_path / "workspace") == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("planted", ["a folder", "a link", "an open folder of mine"])
def test_when_the_place_for_turns_is_planted_then_it_is_not_used(
    planted: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(shared / "workspace"))
    place = shared / "workspace" / f"kitsu-workfiles-{os.getuid()}"
    if planted == "a link":
        place.symlink_to(shared / "bob")
    else:
        place.mkdir()
        place.chmod(0o777)
        if planted == "a folder":
            os.chown(place, BOB, BOB)

    assert _own_folder() is None
