"""Rows in spans, for workers to do one span after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence

__all__ = ["chunks_of", "default_workers"]

_MOST_WORKERS = 8
_WAITING = 3
"""Workers per processor where there is nothing to compute: each waits for the server most of its
time, and of few all too often wait for the same one of the server's processes."""
_LONGEST_CHUNK = 500


def default_workers(*, scripts: bool) -> int:
    """How many work at once on this machine, within reason.

    Args:
        scripts: an application computes something for the rows.
    """
    return min(_MOST_WORKERS, (os.cpu_count() or 1) * (1 if scripts else _WAITING))


def chunks_of(rows: Sequence[int], *, workers: int, longest: int | None = None) -> list[range]:
    """Spans of row numbers that cover ``rows``, for workers to do one after the other.

    Args:
        rows: numbers of the rows to be done, in order.
        workers: how many work at once: no span is longer than an equal share.
        longest: most rows of a span.

    >>> chunks_of([1, 2, 3, 4, 9], workers=2)
    [range(1, 4), range(4, 10)]
    """
    share = -(-len(rows) // max(1, workers)) or 1
    step = max(1, min(share, longest or _LONGEST_CHUNK))
    parts = [rows[at : at + step] for at in range(0, len(rows), step)]
    return [range(part[0], part[-1] + 1) for part in parts]
