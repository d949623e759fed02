"""Scenarios: the bytes of one large file to the server and back."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live_kitsu import FreshTask
from tools.bench.bench import Bench
from tools.bench.measure import (
    MIB,
    ProgramFailed,
    Sample,
    Spread,
    at_rest,
    in_turns,
    ratios,
)
from tools.bench.report import Limit, Section, memory, seconds

__all__ = ["measure_download", "measure_upload"]

_WF = Path(sys.executable).with_name("wf")
_CURL = ["curl", "--silent", "--show-error", "--fail", "--config", "-"]
"""The token comes through standard input: a command line can be read by everybody."""


@dataclass(frozen=True)
class Source:
    """The file that travels: random bytes, so that nothing on the way can save work."""

    path: Path
    size: int
    sha256: str

    @property
    def in_words(self) -> str:
        gib = self.size / 1024**3
        return f"{gib:g} GiB" if gib >= 1 else f"{self.size // MIB} MiB"


@contextmanager
def source(bench: Bench) -> Iterator[Source]:
    """Make the file; it is in the disk cache for everyone alike, and gone afterwards."""
    path = bench.folder / "scene.blend"
    digest = hashlib.sha256()
    try:
        with path.open("wb") as file:
            left = bench.plan.file_size
            while left:
                piece = os.urandom(min(left, 8 * MIB))
                digest.update(piece)
                left -= file.write(piece)
        yield Source(path, bench.plan.file_size, digest.hexdigest())
    finally:
        path.unlink(missing_ok=True)


def measure_upload(bench: Bench) -> Section:
    """Our transfer alone, the whole ``wf save``, ``curl -F``, and gazu's upload."""
    plan = bench.plan
    # The file, one copy in the workspace, and three on the server while it stores one.
    bench.need_room(plan.file_size * 6)
    with source(bench) as file:
        uploads = _Uploads(bench, file)
        contestants: dict[str, Callable[[], Sample]] = {
            "upload alone": uploads.through("wf"),
            "wf save": uploads.save_and_forget,
            "curl -F": uploads.curl(),
            "gazu": uploads.through("gazu"),
            "wf whoami": uploads.whoami,
        }
        samples = in_turns(contestants, plan.transfer_rounds, say=bench.say, settle=at_rest)
        uploads.forget_saves()
    ours, save, curl, gazu = (
        samples[name] for name in ("upload alone", "wf save", "curl -F", "gazu")
    )
    over = [
        ((a.peak or 0) - (b.peak or 0)) / MIB
        for a, b in zip(save, samples["wf whoami"], strict=True)
    ]
    return Section(
        title=f"Upload of {file.in_words}",
        measured=_rows(samples),
        limits=[
            Limit("upload alone / curl -F", ratios(ours, curl), 1.15),
            Limit("wf save / curl -F", ratios(save, curl), 1.35),
            Limit("wf save / gazu", ratios(save, gazu), 0.85),
            Limit("upload alone / gazu", ratios(ours, gazu)),
            Limit("peak of wf save over wf whoami", Spread.of(over), 24, "MiB"),
        ],
        notes=[
            "*upload alone*: `wf_core.kitsu.transfer.upload`: streamed, and hashed (SHA-256) on "
            "the way. Timed inside a process that has imported everything already.",
            "*wf save*: the whole command from start to exit: number, record, a copy of the file "
            "in the workspace, which is written through to the disk beside its upload, check of "
            "the stored length, and commit.",
            "*curl -F*: `curl -F file=@...` to the same route, the whole command.",
            "*gazu*: `gazu.files.upload_working_file` alone, timed inside its process like ours.",
            "*wf whoami*: start-up and one request; its memory is what any `wf` command needs.",
            "*peak*: the most memory the process ever held (resident set). *over its start*: the "
            "peak less that before the transfer; of curl less that of `curl --version`, of "
            "wf save less that of wf whoami.",
            "Each begins when the machine is at rest. After each upload, untimed, the server's "
            "bytes were hashed and compared, and thrown away.",
        ],
    )


def measure_download(bench: Bench) -> Section:
    """Our transfer alone, the whole ``wf get``, curl, and gazu's download."""
    bench.need_room(bench.plan.file_size * 5)
    with source(bench) as file:
        uploads = _Uploads(bench, file)
        uploads.save()
        downloads = _Downloads(bench, file, uploads)
        contestants: dict[str, Callable[[], Sample]] = {
            "download alone": downloads.through("wf"),
            "wf get": downloads.get,
            "curl -o": downloads.curl,
            "gazu": downloads.through("gazu"),
        }
        rounds = bench.plan.transfer_rounds
        samples = in_turns(contestants, rounds, say=bench.say, settle=at_rest)
        uploads.forget_saves()
    ours, get, curl, gazu = (
        samples[name] for name in ("download alone", "wf get", "curl -o", "gazu")
    )
    return Section(
        title=f"Download of {file.in_words}",
        measured=_rows(samples),
        limits=[
            Limit("download alone / curl -o", ratios(ours, curl)),
            Limit("download alone / gazu", ratios(ours, gazu)),
            Limit("wf get / curl -o", ratios(get, curl)),
            Limit("wf get / gazu", ratios(get, gazu)),
        ],
        notes=[
            "*download alone*: `wf_core.kitsu.transfer.download`: into a file of its own, hashed "
            "and compared with the hash of the save, written through to the disk, then named.",
            "*wf get*: the whole command, which finds task and revision first and does the same.",
            "*curl -o* and *gazu* (`gazu.files.download_working_file`) write the file and compare "
            "nothing; neither waits for the disk.",
            "Timed and weighed like the uploads; after each, untimed, the file was hashed and "
            "compared.",
        ],
    )


def _login(bench: Bench) -> str:
    return f'header = "Authorization: Bearer {bench.token}"\n'


def _rows(samples: Mapping[str, Sequence[Sample]]) -> list[list[str]]:
    rows = [["", "time, median", "range", "peak", "over its start"]]
    for name, found in samples.items():
        times = seconds(Spread.of([sample.seconds for sample in found]))
        peak, growth = memory([s.peak for s in found]), memory([s.growth for s in found])
        rows.append([name, *times, peak, growth])
    return rows


class _Uploads:
    """The ways to upload the file; each cleans up behind itself as far as that is untimed."""

    def __init__(self, bench: Bench, file: Source) -> None:
        self.bench = bench
        self.file = file
        self.task: FreshTask = bench.fresh_task()
        self.environment = bench.home("transfers")
        self.saved: list[str] = []
        self._idle = bench.runner.run([_WF, "whoami"], environment=self.environment).peak
        self._curl_idle = bench.runner.run(["curl", "--version"]).peak

    def through(self, client: str) -> Callable[[], Sample]:
        record = self._new_record(f"{client} alone")

        def upload() -> Sample:
            job = self.job(record)
            answer = self.bench.runner.python("run_transfer", "upload", client, job=job).answer
            self._check(record, f"the upload through {client}")
            return Sample(answer["seconds"], answer["peak"], answer["start"])

        return upload

    def job(self, working_file_id: str) -> dict[str, object]:
        return {
            "url": self.bench.kitsu.url,
            "token": self.bench.token,
            "id": working_file_id,
            "path": str(self.file.path),
            "size": self.file.size,
            "sha256": self.file.sha256,
        }

    def curl(self) -> Callable[[], Sample]:
        record = self._new_record("curl")

        def upload() -> Sample:
            url = self.bench.file_url(record)
            command = [*_CURL, "-F", f"file=@{self.file.path}", url]
            run = self.bench.runner.run(command, text=_login(self.bench))
            self._check(record, "the upload with curl")
            return Sample(run.seconds, run.peak, self._curl_idle)

        return upload

    def save(self) -> Sample:
        command: list[str | Path] = [_WF, "save", self.file.path, "--task", self.task.id, "--json"]
        run = self.bench.runner.run(command, environment=self.environment)
        result = run.answer
        if result["state"] != "committed" or result["sha256"] != self.file.sha256:
            raise ProgramFailed(f"wf save did not commit the file: {result}")
        self.saved.append(result["working_file_id"])
        Path(result["path"]).unlink()
        self.bench.check_stored(result["working_file_id"], self.file.sha256, "wf save")
        return Sample(run.seconds, run.peak, self._idle)

    def save_and_forget(self) -> Sample:
        """As :meth:`save`; the bytes go as those of the others do, once nobody looks at them."""
        sample = self.save()
        self.bench.runner.run([_WF, "sync"], environment=self.environment)  # the second look
        self.bench.shrink(self.saved[-1])
        return sample

    def whoami(self) -> Sample:
        run = self.bench.runner.run([_WF, "whoami"], environment=self.environment)
        self._idle = run.peak
        return Sample(run.seconds, run.peak)

    def _new_record(self, name: str) -> str:
        record = self.bench.new_record(self.task, name)
        self.bench.shrink(record["id"])  # so that no round replaces a large file
        return str(record["id"])

    def forget_saves(self) -> None:
        for working_file_id in self.saved:
            self.bench.forget(working_file_id)

    def _check(self, working_file_id: str, what: str) -> None:
        self.bench.check_stored(working_file_id, self.file.sha256, what)
        self.bench.shrink(working_file_id)


class _Downloads:
    """The ways to download what was saved; the downloaded file is removed each time."""

    def __init__(self, bench: Bench, file: Source, uploads: _Uploads) -> None:
        self.bench = bench
        self.file = file
        self.uploads = uploads
        self.id = uploads.saved[0]
        self.target = bench.folder / "downloaded.blend"
        self._idle = uploads.whoami().peak
        self._curl_idle = bench.runner.run(["curl", "--version"]).peak

    def through(self, client: str) -> Callable[[], Sample]:
        def download() -> Sample:
            job = self.uploads.job(self.id) | {"path": str(self.target)}
            answer = self.bench.runner.python("run_transfer", "download", client, job=job).answer
            self._check(f"the download through {client}")
            return Sample(answer["seconds"], answer["peak"], answer["start"])

        return download

    def get(self) -> Sample:
        command: list[str | Path] = [
            _WF,
            "get",
            self.uploads.task.id,
            "--to",
            self.target,
            "--json",
        ]
        run = self.bench.runner.run(command, environment=self.uploads.environment)
        self._check("wf get")
        return Sample(run.seconds, run.peak, self._idle)

    def curl(self) -> Sample:
        command: list[str | Path] = [*_CURL, "-o", self.target, self.bench.file_url(self.id)]
        run = self.bench.runner.run(command, text=_login(self.bench))
        self._check("the download with curl")
        return Sample(run.seconds, run.peak, self._curl_idle)

    def _check(self, what: str) -> None:
        digest = hashlib.sha256()
        with self.target.open("rb") as file:
            while piece := file.read(8 * MIB):
                digest.update(piece)
        self.target.unlink()
        if digest.hexdigest() != self.file.sha256:
            raise ProgramFailed(f"{what} brought other bytes than were saved.")
