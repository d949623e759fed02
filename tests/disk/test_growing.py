"""A file is read while another thread still copies it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from wf_core.disk import growing as module
from wf_core.disk.copying import copy_exactly
from wf_core.disk.growing import GrowingFile
from wf_core.errors import Cancelled, FileUnreadable

_WAIT = 10.0


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.part"


@pytest.fixture
def growing() -> Iterator[GrowingFile]:
    file = GrowingFile("lamp_v001.blend")
    yield file
    file.close()


class Reader(threading.Thread):
    """Reads ``count`` bytes, and says when it has them or may not have them."""

    def __init__(self, growing: GrowingFile, count: int) -> None:
        super().__init__(daemon=True)
        self.growing, self.count = growing, count
        self.data: bytes | None = None
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.data = self.growing.read(self.count)
        except FileUnreadable as exc:
            self.failure = exc


def told_beside(growing: GrowingFile, copy: Path, done: int, size: int) -> threading.Thread:
    """A thread that says how far the copy is, and may have to wait for the reader."""
    copier = threading.Thread(target=growing.copied, args=(copy, done, size), daemon=True)
    copier.start()
    return copier


def test_when_bytes_are_not_there_yet_then_reading_waits_for_them(
    growing: GrowingFile, copy: Path
) -> None:
    copy.write_bytes(b"abc")
    growing.copied(copy, 3, 6)
    assert growing.size == 6
    assert growing.read(2) == b"ab"

    reader = Reader(growing, 3)
    reader.join(0.2)
    assert reader.is_alive()
    with copy.open("ab") as more:
        more.write(b"def")
    growing.copied(copy, 6, 6)
    reader.join(_WAIT)

    assert reader.data == b"cde"
    assert growing.read(10) == b"f"
    assert growing.read(10) == b""
    growing.seek(0)
    assert growing.read(10) == b"abcdef"


def test_when_the_copy_is_renamed_then_it_is_read_on(growing: GrowingFile, copy: Path) -> None:
    copy.write_bytes(b"abc")
    growing.copied(copy, 3, 3)
    copy.rename(copy.with_name("lamp_v001.blend"))

    assert growing.read(3) == b"abc"


@pytest.mark.parametrize("begun", [True, False])
def test_when_the_copy_comes_to_nothing_then_its_reader_is_told(
    growing: GrowingFile, copy: Path, begun: bool
) -> None:
    if begun:
        copy.write_bytes(b"abc")
        growing.copied(copy, 3, 6)
    reader = Reader(growing, 6)

    growing.fail()
    reader.join(_WAIT)

    assert reader.data is None
    assert "lamp_v001.blend could not be copied" in str(reader.failure)


def test_when_nobody_reads_it_any_more_then_the_copy_goes_on(
    growing: GrowingFile, copy: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source.blend"
    source.write_bytes(os.urandom(100_000))
    growing.close()

    def told(done: int, size: int) -> None:
        growing.copied(copy, done, size)

    copy_exactly(source, copy, progress=told)

    assert copy.read_bytes() == source.read_bytes()
    with pytest.raises(FileUnreadable):
        growing.read(1)


def test_when_it_is_stopped_then_the_copy_ends_and_is_thrown_away(
    growing: GrowingFile, copy: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source.blend"
    source.write_bytes(os.urandom(100_000))
    reader = Reader(growing, 1)
    growing.stop()

    with pytest.raises(Cancelled, match=r"Stopped while lamp_v001\.blend was copied"):
        copy_exactly(source, copy, progress=lambda done, size: growing.copied(copy, done, size))

    reader.join(_WAIT)
    assert reader.failure is not None
    assert not copy.exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has neither, nor files that grow")
@pytest.mark.parametrize("put", ["a pipe", "a link"])
def test_when_something_else_is_in_its_place_then_that_is_not_read(
    growing: GrowingFile, copy: Path, tmp_path: Path, put: str
) -> None:
    if put == "a pipe":
        os.mkfifo(copy)
    else:
        private = tmp_path / "private.key"
        private.write_bytes(b"secret")
        copy.symlink_to(private)

    with pytest.raises(FileUnreadable):
        growing.copied(copy, 3, 6)


@pytest.mark.parametrize("end", ["read", "close", "fail", "stop"])
def test_when_the_copy_is_far_ahead_then_it_waits_for_its_reader(
    growing: GrowingFile, copy: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 100)
    monkeypatch.setattr(module, "_LONGEST_WAIT", 600.0)
    copy.write_bytes(b"x" * 400)
    growing.copied(copy, 100, 400)  # near enough
    copier = told_beside(growing, copy, 250, 400)
    copier.join(0.2)
    assert copier.is_alive()
    if end == "read":
        growing.read(149)
        copier.join(0.2)
        assert copier.is_alive()
        growing.read(1)
    else:
        getattr(growing, end)()
    copier.join(_WAIT)

    assert not copier.is_alive()


def test_when_its_reader_stands_still_then_the_copy_goes_on_and_waits_no_more_for_it(
    growing: GrowingFile, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 100)
    copy.write_bytes(b"x" * 700)
    growing.copied(copy, 250, 700)  # a moment, for nothing
    monkeypatch.setattr(module, "_LONGEST_WAIT", 600.0)
    growing.copied(copy, 300, 700)
    assert growing.read(1) == b"x"

    copier = told_beside(growing, copy, 600, 700)
    copier.join(0.2)
    assert copier.is_alive()  # it moves again
    growing.read(500)
    copier.join(_WAIT)

    assert not copier.is_alive()


def test_when_it_is_whole_then_nobody_waits(
    growing: GrowingFile, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 100)
    monkeypatch.setattr(module, "_LONGEST_WAIT", 600.0)
    copy.write_bytes(b"x" * 400)
    copier = told_beside(growing, copy, 400, 400)
    copier.join(_WAIT)

    assert not copier.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told what may be forgotten")
def test_when_much_was_read_then_it_need_not_stay_in_memory(
    growing: GrowingFile, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[int] = []
    monkeypatch.setattr(module, "_FORGOTTEN", 100)
    monkeypatch.setattr(os, "posix_fadvise", lambda fd, start, end, what: forgotten.append(end))
    copy.write_bytes(b"x" * 250)
    growing.copied(copy, 250, 250)

    while growing.read(60):
        pass

    assert forgotten == [120, 240]
