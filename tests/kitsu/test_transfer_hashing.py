"""The hash beside a transfer is the hash of its bytes, and leaves no thread."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import pytest

from wf_core.kitsu.hashing import ParallelHash

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([], id="nothing"),
        pytest.param([0, 1, 2, 3], id="small pieces"),
        pytest.param([MIB] * 9, id="large pieces"),
        pytest.param([10, MIB, 10, 3 * MIB, 1], id="mixed"),
    ],
)
def test_when_pieces_are_added_then_the_hash_is_that_of_all(sizes: Sequence[int]) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    before = threading.active_count()

    parallel = ParallelHash()
    for piece in pieces:
        parallel.update(piece)

    assert parallel.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert parallel.hexdigest() == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert threading.active_count() == before


def test_when_closed_early_then_no_thread_is_left() -> None:
    before = threading.active_count()
    parallel = ParallelHash()
    parallel.update(bytes(MIB))

    parallel.close()
    parallel.close()

    assert threading.active_count() == before
