"""Worker processes on this machine: what does a run where nothing else does.

Each is the same command a farm starts. No more than a few run at once, which is what bounds
the load on the server. They end after the row they are at when the process that started them is
gone, however it went.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wf_core.batch.command import WORKED, last_words, start_work
from wf_core.batch.ledger import Ledger, Tally
from wf_core.batch.run import Run
from wf_core.errors import Cancelled, WorkfilesError

__all__ = ["Pool", "chunks_of", "default_workers"]

_LOOK_SECONDS = 0.2
_MOST_STARTS = 3
_MOST_WORKERS = 8
_LONGEST_CHUNK = 500


def default_workers() -> int:
    """As many as this machine has processors, within reason."""
    return max(1, min(_MOST_WORKERS, os.cpu_count() or 1))


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


@dataclass
class _Chunk:
    rows: range
    starts: int = 0


@dataclass
class _Process:
    chunk: _Chunk
    process: subprocess.Popen[bytes]


class Pool:
    """Local workers of one run.

    Args:
        run: the run.
        workers: most of them at a time.
        longest: most rows one of them does.

    Attributes:
        ledger: how the rows stand.
        done: outcomes that came in since the work began.
    """

    def __init__(self, run: Run, *, workers: int, longest: int | None = None) -> None:
        self._run = run
        self._workers = workers
        self._longest = longest
        self.ledger = Ledger(run.results, run.count)
        self.done = 0

    def work(
        self,
        *,
        progress: Callable[[Tally], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> Tally:
        """Do what is not committed yet.

        Args:
            progress: called now and then with how the rows stand.
            cancel: asked now and then whether to stop.

        Returns:
            How the rows stand.

        Raises:
            Cancelled: ``cancel`` said so; the workers have ended.
            WorkfilesError: workers cannot do anything here at all.
        """
        self.ledger.refresh()
        spans = chunks_of(self.ledger.open_rows(), workers=self._workers, longest=self._longest)
        waiting = deque(_Chunk(span) for span in spans)
        running: list[_Process] = []
        try:
            while waiting or running:
                while waiting and len(running) < self._workers:
                    running.append(self._start(waiting.popleft()))
                time.sleep(_LOOK_SECONDS)
                self.done += len(self.ledger.refresh())
                if progress is not None:
                    progress(self.ledger.tally())
                if cancel is not None and cancel():
                    raise Cancelled(
                        "Stopped. Rows that are committed stay so; of the others every scene is "
                        "where it was.",
                        hint=f"wf batch resume {self._run.folder} does the rest.",
                    )
                ended = [each for each in running if each.process.poll() is not None]
                running = [each for each in running if each not in ended]
                for each in ended:
                    waiting += self._ended(each)
        finally:
            for each in running:
                self._stop(each)
        self.ledger.refresh()
        return self.ledger.tally()

    def _start(self, chunk: _Chunk) -> _Process:
        chunk.starts += 1
        return _Process(chunk, start_work(self._run.folder, chunk.rows))

    def _ended(self, done: _Process) -> list[_Chunk]:
        """What has to be done again of a worker that has ended."""
        self._close(done)
        if done.process.returncode in WORKED:
            return []
        if done.chunk.starts < _MOST_STARTS:
            return [done.chunk]
        said = last_words(self._run.folder, done.chunk.rows)
        raise WorkfilesError(
            f"Worker processes end before their work is done ({said}). "
            "Rows that are committed stay so.",
            hint=f"Their logs are in {self._run.folder / 'logs'}; "
            f"wf batch resume {self._run.folder} does the rest.",
        )

    def _stop(self, one: _Process) -> None:
        """End a worker after the row it is at."""
        assert one.process.stdin is not None
        one.process.stdin.close()
        one.process.wait()
        self._close(one)

    @staticmethod
    def _close(one: _Process) -> None:
        assert one.process.stdin is not None
        one.process.stdin.close()
