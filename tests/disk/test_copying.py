"""Copies are exact or not there; nothing that was there before is touched."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_disk import small_folder

from wf_core import errors
from wf_core.disk import copying, files, syscalls

MIB = 1024 * 1024
GIB = 1024 * MIB


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.blend"
    with path.open("wb") as file:
        file.writelines([bytes(range(256)) * 4096] * 33)  # 33 MiB: three chunks
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    folder.mkdir()
    return folder / "lamp_v001.blend"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_folder(tmp_path / "small", limit=MIB) as folder:
        yield folder


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# copy_exactly


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\0" * 70_000, os.urandom(3 * MIB + 17)],
    ids=["empty", "one byte", "zeros", "random"],
)
def test_when_a_file_is_copied_then_the_bytes_are_the_same(tmp_path: Path, content: bytes) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(content)
    assert copying.copy_exactly(source, target, sync=True) in ("reflink", "copy")
    assert target.read_bytes() == content
    assert target.stat().st_ino != source.stat().st_ino


def test_when_a_file_is_sparse_then_its_holes_stay_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    size = 2 * GIB + 512 * MIB
    with source.open("wb") as file:
        file.write(b"head")
        file.seek(GIB)
        file.write(b"middle")
        file.truncate(size)
    copying.copy_exactly(source, target)
    assert target.stat().st_size == size
    assert target.stat().st_blocks * 512 < MIB
    with target.open("rb") as file:
        assert file.read(8) == b"head\0\0\0\0"
        file.seek(GIB)
        assert file.read(8) == b"middle\0\0"


def test_when_a_copy_is_under_way_then_progress_reaches_the_total(
    source: Path, target: Path
) -> None:
    seen: list[tuple[int, int]] = []
    copying.copy_exactly(source, target, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (33 * MIB, 33 * MIB)


def test_when_the_original_is_private_then_the_copy_is_too(source: Path, target: Path) -> None:
    source.chmod(0o400)
    copying.copy_exactly(source, target)
    assert target.stat().st_mode & 0o777 == 0o600


def test_when_the_source_is_a_link_then_its_file_is_copied(tmp_path: Path, source: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "b"
    link.symlink_to(source)
    copying.copy_exactly(link, target)
    assert not target.is_symlink()
    assert target.read_bytes() == source.read_bytes()


def _a_file(target: Path) -> None:
    target.write_bytes(b"another's")


def _a_dangling_link(target: Path) -> None:
    target.symlink_to(target.with_name("nowhere"))


def _a_link_to_a_file(target: Path) -> None:
    other = target.with_name("other")
    other.write_bytes(b"another's")
    target.symlink_to(other)


def _a_folder(target: Path) -> None:
    target.mkdir()


TAKEN = [
    pytest.param(_a_file, id="a file"),
    pytest.param(_a_dangling_link, id="a dangling link"),
    pytest.param(_a_link_to_a_file, id="a link to a file"),
    pytest.param(_a_folder, id="a folder"),
]


@pytest.mark.parametrize("put", TAKEN)
def test_when_the_target_is_taken_then_it_is_left_alone(
    source: Path, target: Path, put: Callable[[Path], None]
) -> None:
    put(target)
    before = leftovers(target.parent)
    status = target.lstat()
    with pytest.raises(errors.PathTaken, match="left as it is"):
        copying.copy_exactly(source, target)
    assert target.lstat() == status
    assert leftovers(target.parent) == before


def _missing(tmp_path: Path) -> Path:
    return tmp_path / "missing.blend"


def _below_a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"x")
    return tmp_path / "file" / "x.blend"


def _a_pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


UNREADABLE = [
    pytest.param(_missing, "There is no file", id="missing"),
    pytest.param(_below_a_file, "There is no file", id="below a file"),
    pytest.param(lambda tmp_path: tmp_path, "is not a file|could not be read", id="a folder"),
    pytest.param(_a_pipe, "is not a file", id="a pipe without a writer"),
]


@pytest.mark.parametrize(("make", "sentence"), UNREADABLE)
def test_when_the_source_is_no_readable_file_then_a_sentence_says_so(
    tmp_path: Path, target: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(errors.FileUnreadable, match=sentence):
        copying.copy_exactly(make(tmp_path), target)
    assert leftovers(target.parent) == []


UNUSABLE = [
    pytest.param("none/x.blend", "not a folder", id="no folder"),
    pytest.param("n" * 300, "too long", id="name too long"),
    pytest.param("a\0b", "cannot be the name", id="a NUL"),
]


@pytest.mark.parametrize(("name", "sentence"), UNUSABLE)
def test_when_the_target_cannot_be_made_then_a_sentence_says_so(
    source: Path, target: Path, name: str, sentence: str
) -> None:
    with pytest.raises(errors.PathError, match=sentence):
        copying.copy_exactly(source, target.parent / name)
    assert leftovers(target.parent) == []


def test_when_the_disk_is_full_then_nothing_is_left_behind(source: Path, small_disk: Path) -> None:
    with pytest.raises(errors.DiskFull, match="no room"):
        copying.copy_exactly(source, small_disk / "x.blend")
    assert leftovers(small_disk) == []


def test_when_the_copy_is_stopped_then_nothing_is_left_behind(source: Path, target: Path) -> None:
    answers = iter([False, True])
    with pytest.raises(errors.Cancelled):
        copying.copy_exactly(source, target, cancel=lambda: next(answers))
    assert leftovers(target.parent) == []


def test_when_anything_else_interrupts_then_nothing_is_left_behind(
    source: Path, target: Path
) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy_exactly(source, target, progress=interrupt)
    assert leftovers(target.parent) == []


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _truncate(path: Path) -> None:
    os.truncate(path, 17 * MIB)


def _rewrite(path: Path) -> None:
    later = path.stat().st_mtime_ns + 1_000_000
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(later, later))


@pytest.mark.parametrize("write", [_append, _truncate, _rewrite])
def test_when_the_source_changes_under_the_copy_then_the_copy_is_thrown_away(
    source: Path, target: Path, write: Callable[[Path], None]
) -> None:
    done_once: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        if not done_once:
            done_once.append(done)
            write(source)

    with pytest.raises(errors.FileUnreadable, match="was being written"):
        copying.copy_exactly(source, target, progress=meanwhile)
    assert leftovers(target.parent) == []


def test_when_the_source_is_replaced_under_the_copy_then_the_copy_is_the_old_file(
    source: Path, target: Path
) -> None:
    old = source.read_bytes()

    def meanwhile(done: int, total: int) -> None:
        newer = source.with_name("newer")
        newer.write_bytes(b"new")
        newer.replace(source)

    copying.copy_exactly(source, target, progress=meanwhile)
    assert target.read_bytes() == old


@pytest.mark.parametrize("way", copying._WAYS, ids=lambda way: way.__name__)
def test_when_a_way_of_copying_is_used_then_it_copies_what_was_asked(
    tmp_path: Path, way: Callable[[int, int, int, int], int]
) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    (tmp_path / "b").write_bytes(b"..........")
    with (tmp_path / "a").open("rb") as a, (tmp_path / "b").open("r+b") as b:
        assert way(a.fileno(), b.fileno(), 3, 4) == 4
    assert (tmp_path / "b").read_bytes() == b"...3456..."


def _elsewhere(original: int, copy: int, offset: int, count: int) -> int:
    raise OSError(errno.EXDEV, "not between these file systems")


def _nothing(original: int, copy: int, offset: int, count: int) -> int:
    return 0


@pytest.mark.parametrize("broken", [_elsewhere, _nothing], ids=["refuses", "copies nothing"])
def test_when_a_way_does_not_work_here_then_the_next_one_is_used(
    tmp_path: Path, broken: Callable[[int, int, int, int], int]
) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    ways = [broken, copying._by_hand]
    with (tmp_path / "a").open("rb") as a, (tmp_path / "b").open("wb") as b:
        assert copying._some_copied(ways, a.fileno(), b.fileno(), 0, 10) == 10
    assert ways == [copying._by_hand]
    assert (tmp_path / "b").read_bytes() == b"0123456789"


# link_or_copy


def test_when_links_are_allowed_then_the_bytes_outlive_a_replaced_original(
    source: Path, target: Path
) -> None:
    old = hashlib.sha256(source.read_bytes()).hexdigest()
    assert copying.link_or_copy(source, target, may_link=True, sync=True) == "link"
    assert target.stat().st_ino == source.stat().st_ino
    newer = source.with_name("newer")
    newer.write_bytes(b"new")
    newer.replace(source)
    assert copying.sha256_of(target) == old


def test_when_links_are_not_allowed_then_the_bytes_outlive_a_rewritten_original(
    source: Path, target: Path
) -> None:
    old = hashlib.sha256(source.read_bytes()).hexdigest()
    assert copying.link_or_copy(source, target, may_link=False) in ("reflink", "copy")
    source.write_bytes(b"new")
    assert copying.sha256_of(target) == old


@pytest.mark.parametrize("put", TAKEN)
def test_when_the_name_for_a_link_is_taken_then_it_is_left_alone(
    source: Path, target: Path, put: Callable[[Path], None]
) -> None:
    put(target)
    status = target.lstat()
    with pytest.raises(errors.PathTaken):
        copying.link_or_copy(source, target, may_link=True)
    assert target.lstat() == status


def test_when_the_original_is_a_link_then_its_file_is_linked(
    tmp_path: Path, source: Path, target: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(source)
    assert copying.link_or_copy(link, target, may_link=True) == "link"
    assert not target.is_symlink()
    assert target.stat().st_ino == source.stat().st_ino


def test_when_links_cross_file_systems_then_it_is_copied(source: Path, small_disk: Path) -> None:
    source.write_bytes(b"small")
    how = copying.link_or_copy(source, small_disk / "x", may_link=True)
    assert how in ("link", "reflink", "copy")
    assert (small_disk / "x").read_bytes() == b"small"


def test_when_a_folder_is_probed_then_nothing_is_left_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_links_proven", set())
    assert copying.links_keep_bytes(tmp_path)
    assert leftovers(tmp_path) == []


def _copy_instead(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _no_links(source: Path, target: Path) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("link", [_copy_instead, _no_links], ids=["lies", "refuses"])
def test_when_a_file_system_has_no_real_links_then_it_is_copied(
    source: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    link: Callable[[Path, Path], None],
) -> None:
    monkeypatch.setattr(copying, "_links_proven", set())
    monkeypatch.setattr(os, "link", link)
    assert copying.link_or_copy(source, target, may_link=True) in ("reflink", "copy")
    assert leftovers(target.parent) == [target.name]
    assert target.read_bytes() == source.read_bytes()


def test_when_the_folder_is_missing_then_links_are_not_promised(tmp_path: Path) -> None:
    assert not copying.links_keep_bytes(tmp_path / "none")


# rename_exclusive


def _kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system as it is."""


def _links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "rename_keeping", lambda source, target: False)


def _neither(monkeypatch: pytest.MonkeyPatch) -> None:
    _links(monkeypatch)
    monkeypatch.setattr(os, "link", _no_links)


ROADS = pytest.mark.parametrize(
    "road",
    [
        pytest.param(_kernel, id="the system's own call"),
        pytest.param(_links, id="by a link"),
        pytest.param(_neither, id="by a name taken first"),
    ],
)


@ROADS
def test_when_a_file_is_renamed_then_only_the_new_name_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, road: Callable[[pytest.MonkeyPatch], None]
) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    road(monkeypatch)
    files.rename_exclusive(tmp_path / "a", tmp_path / "b")
    assert leftovers(tmp_path) == ["b"]
    assert (tmp_path / "b").read_bytes() == b"mine"


@ROADS
@pytest.mark.parametrize("put", TAKEN)
def test_when_the_new_name_is_taken_then_both_files_stay(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    road: Callable[[pytest.MonkeyPatch], None],
    put: Callable[[Path], None],
) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    put(tmp_path / "b")
    status = (tmp_path / "b").lstat()
    road(monkeypatch)
    with pytest.raises(errors.PathTaken):
        files.rename_exclusive(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == b"mine"
    after = (tmp_path / "b").lstat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
    )


# fsync and hashes


def test_when_file_and_folder_are_synced_then_both_return(source: Path) -> None:
    files.fsync_file(source)
    files.fsync_folder(source.parent)


@pytest.mark.parametrize("sync", [files.fsync_file, files.fsync_folder])
def test_when_what_to_sync_is_gone_then_a_sentence_says_so(
    tmp_path: Path, sync: Callable[[Path], None]
) -> None:
    with pytest.raises(errors.FileUnreadable, match="There is no file"):
        sync(tmp_path / "none")


def test_when_a_file_is_hashed_then_it_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert copying.sha256_of(tmp_path / "a") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_when_hashing_is_stopped_then_it_stops(source: Path) -> None:
    with pytest.raises(errors.Cancelled):
        copying.sha256_of(source, cancel=lambda: True)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that opens and cannot be read")
def test_when_a_file_opens_but_cannot_be_read_then_a_sentence_says_so() -> None:
    with pytest.raises(errors.FileUnreadable, match="could not be read"):
        copying.sha256_of(Path("/proc/self/mem"))
