"""Pictures out of Blender files, made small; the files are built here, byte by byte."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from wf_core.batch.pictures import has_picture, keep_picture, kind_of_picture

# Two by two: blue and white below, red and green above.
PIXELS = bytes.fromhex("0000ffff ffffffff ff0000ff 00ff00ff")
PREVIEW = struct.pack("<ii", 2, 2) + PIXELS
ROWS_FROM_THE_TOP = bytes.fromhex("00 ff0000 00ff00 00 0000ff ffffff")


def small_block(code: bytes, data: bytes) -> bytes:
    return struct.pack("<4siQii", code, len(data), 0x7F00, 0, 1) + data


def large_block(code: bytes, data: bytes) -> bytes:
    return struct.pack("<4siQqq", code, 0, 0x7F00, len(data), 1) + data


BEFORE_5 = (
    b"BLENDER-v405"
    + small_block(b"REND", bytes(72))
    + small_block(b"TEST", PREVIEW)
    + small_block(b"GLOB", bytes(16))
)
SINCE_5 = b"BLENDER17-01v0500" + large_block(b"REND", bytes(72)) + large_block(b"TEST", PREVIEW)


def decoded(png: bytes) -> tuple[int, int, bytes]:
    """Size, and the rows as they are stored."""
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT") + 4
    return width, height, zlib.decompress(png[start:])


@pytest.mark.parametrize(
    "data", [pytest.param(BEFORE_5, id="4.5"), pytest.param(SINCE_5, id="5.0")]
)
def test_when_a_scene_holds_a_preview_then_it_is_kept_as_png(data: bytes, tmp_path: Path) -> None:
    scene, target = tmp_path / "lamp.blend", tmp_path / "row.png"
    scene.write_bytes(data)

    keep_picture(scene, target)

    kept = target.read_bytes()
    assert kind_of_picture(kept) == "image/png"
    assert decoded(kept) == (2, 2, ROWS_FROM_THE_TOP)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x28\xb5\x2f\xfd compressed", id="compressed"),
        pytest.param(BEFORE_5[:80], id="cut off"),
        pytest.param(BEFORE_5[:150], id="cut off in the picture"),
        pytest.param(BEFORE_5.replace(struct.pack("<ii", 2, 2), b"\xff" * 8), id="size below 0"),
        pytest.param(b"BLENDER-v405" + small_block(b"GLOB", b""), id="none inside"),
    ],
)
def test_when_a_scene_holds_no_preview_then_there_is_no_picture(
    data: bytes, tmp_path: Path
) -> None:
    scene, target = tmp_path / "lamp.blend", tmp_path / "row.png"
    scene.write_bytes(data)

    keep_picture(scene, target)
    keep_picture(tmp_path / "gone.blend", target)

    assert not target.exists()


def test_when_a_preview_is_noisy_then_it_is_made_smaller_until_it_fits(tmp_path: Path) -> None:
    noise = b"".join(zlib.crc32(struct.pack("<I", n)).to_bytes(4, "little") for n in range(128**2))
    preview = struct.pack("<ii", 128, 128) + noise
    scene, target = tmp_path / "lamp.blend", tmp_path / "row.png"
    scene.write_bytes(b"BLENDER-v405" + small_block(b"TEST", preview))

    keep_picture(scene, target)

    kept = target.read_bytes()
    assert len(kept) <= 10_000
    assert decoded(kept)[:2] == (64, 64)


def test_when_a_script_has_left_a_picture_then_it_stays(tmp_path: Path) -> None:
    scene, target = tmp_path / "lamp.blend", tmp_path / "row.png"
    scene.write_bytes(BEFORE_5)
    target.write_bytes(b"the script's")

    keep_picture(scene, target)

    assert target.read_bytes() == b"the script's"


def test_when_a_file_is_too_large_or_no_picture_then_no_report_takes_it() -> None:
    assert kind_of_picture(b"\xff\xd8\xff" + bytes(9_000)) == "image/jpeg"
    assert kind_of_picture(b"\xff\xd8\xff" + bytes(9_998)) is None
    assert kind_of_picture(b"<svg onload=alert(1)>") is None


@pytest.mark.parametrize(("rows", "kept"), [(1, 1), (500, 500), (501, 251), (10_000, 500)])
def test_when_a_run_is_long_then_some_rows_spread_over_it_have_pictures(
    rows: int, kept: int
) -> None:
    chosen = [row for row in range(1, rows + 1) if has_picture(row, rows)]

    assert len(chosen) == kept
    assert chosen[0] == 1
