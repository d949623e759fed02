"""A large scene whose uploading process is killed half-way."""

from __future__ import annotations

import hashlib
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from live_kitsu import LiveKitsu

from faults.conftest import MakeHome
from faults.proxy import Proxy

pytestmark = pytest.mark.slow

GIBIBYTE = 2**30


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """A scene of 1 GiB, most of it holes: with something else in each part of it."""
    path = tmp_path / "large.blend"
    random = Random(1)
    with path.open("wb") as stream:
        for start in range(0, GIBIBYTE, GIBIBYTE // 16):
            stream.seek(start)
            stream.write(random.randbytes(100_000))
        stream.truncate(GIBIBYTE)
    yield path
    shutil.rmtree(tmp_path)  # pytest keeps what tests leave


def hash_of(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def stored(kitsu: LiveKitsu, record: str) -> Iterator[bytes]:
    request = urllib.request.Request(
        f"{kitsu.url}/data/working-files/{record}/file",
        headers={"Authorization": f"Bearer {kitsu.token()}", "Cache-Control": "no-cache"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        while chunk := answer.read(2**20):
            yield chunk


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(2**20):
            yield chunk


def test_when_killed_in_the_middle_of_a_gibibyte_then_a_fresh_sync_sends_it_once(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, large: Path
) -> None:
    home = make_home()
    task = kitsu.fresh_task().id
    half_way = proxy.arrange("upload", "pause", chance=1.0)
    killed = home.start("save", str(large), "--task", task)
    assert half_way.wait(120)
    killed.kill()
    out, _ = killed.communicate()
    before = kitsu.working_files(task)

    ended = home.wf("sync", seconds=300)

    assert (out, len(before), before[0]["data"]) == ("", 1, None)
    assert (ended.code, ended.document["committed"]) == (0, 1), ended
    (record,) = kitsu.working_files(task)
    facts = record["data"]["workfiles"]
    expected = hash_of(pieces(large))
    assert (facts["sha256"], facts["size"]) == (expected, GIBIBYTE)
    assert hash_of(stored(kitsu, record["id"])) == expected
