"""What every scenario gets: a server, a folder, a way to run programs, and how much to do."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from tests.live_kitsu import FreshTask, LiveKitsu
from tools.bench.measure import MIB, ProgramFailed, Runner
from wf_core.errors import DiskFull
from wf_core.settings import load
from wf_core.workfiles import Workfiles

__all__ = ["FULL", "QUICK", "Bench", "Plan"]

Record = dict[str, Any]

_WHO = "artist"
_PIECE = 8 * MIB


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        file_size: bytes of the file that is uploaded and downloaded.
        processes: clients that save to one task at the same time.
        saves: files each of them saves.
        revisions: length of the list.
        rows: rows of a run of many scenes.
        memory_rows: of two runs whose memory is compared.
        transfer_rounds, contention_rounds, listing_rounds, startup_rounds, batch_rounds:
            repetitions.
    """

    file_size: int
    processes: int
    saves: int
    revisions: int
    rows: int
    memory_rows: tuple[int, int]
    transfer_rounds: int
    contention_rounds: int
    listing_rounds: int
    startup_rounds: int
    batch_rounds: int

    def repeated(self, rounds: int) -> Plan:
        """The same with another number of repetitions of everything."""
        return replace(
            self,
            transfer_rounds=rounds,
            contention_rounds=rounds,
            listing_rounds=rounds,
            startup_rounds=rounds,
            batch_rounds=rounds,
        )


FULL = Plan(1024 * MIB, 16, 10, 5000, 2000, (100, 10_000), 5, 5, 15, 15, 3)
QUICK = Plan(64 * MIB, 4, 4, 300, 80, (20, 80), 1, 1, 1, 1, 1)


@dataclass(frozen=True)
class Bench:
    """One run of the benchmark."""

    kitsu: LiveKitsu
    runner: Runner
    folder: Path
    plan: Plan
    say: Callable[[str], None]

    @property
    def token(self) -> str:
        return self.kitsu.token(_WHO)

    @property
    def credentials(self) -> tuple[str, str]:
        return self.kitsu.credentials(_WHO)

    def fresh_task(self) -> FreshTask:
        """A task nobody else knows, assigned to the account that is measured."""
        return self.kitsu.fresh_task(assign=[_WHO])

    def blender(self) -> Record:
        """Kitsu's record of the software all working files here are made with."""
        return self.kitsu.find("softwares", "Blender")

    def new_record(self, task: FreshTask, name: str) -> Record:
        """The record of a working file, without bytes yet."""
        body = {"name": name, "software_id": self.blender()["id"], "comment": "Benchmark"}
        route = f"data/tasks/{task.id}/working-files/new"
        record: Record = self.kitsu.call("POST", route, body, who=_WHO)
        return record

    def home(self, name: str) -> dict[str, str]:
        """A WF_HOME and a workspace, logged in: the environment that names them."""
        environment = {
            "WF_HOME": str(self.folder / name),
            "WF_WORKSPACE": str(self.folder / f"{name}-workspace"),
        }
        email, password = self.credentials
        with Workfiles(load(environment)) as workfiles:
            workfiles.login(self.kitsu.url, email=email, password=password)
        return environment

    def need_room(self, size: int) -> None:
        """Refuse to fill the disk.

        Raises:
            DiskFull: fewer than ``size`` bytes are free.
        """
        free = shutil.disk_usage(self.folder).free
        if free < size:
            raise DiskFull(
                f"This needs {size // MIB} MiB on the disk; {free // MIB} are free.",
                hint="Make room, or try it with --quick.",
            )

    # ------------------------------------------------- looking at the server, untimed

    def file_url(self, working_file_id: str) -> str:
        return f"{self.kitsu.url}/data/working-files/{working_file_id}/file"

    def check_stored(self, working_file_id: str, sha256: str, what: str) -> None:
        """Compare what the server has stored with what was sent.

        Raises:
            ProgramFailed: other bytes, or none.
        """
        found = hashlib.sha256()
        with self._request("GET", working_file_id, stream=True) as response:
            if response.status_code == 200:
                for piece in response.iter_content(_PIECE):
                    found.update(piece)
        if found.hexdigest() != sha256:
            raise ProgramFailed(f"{what}: the server has other bytes than the file.")

    def shrink(self, working_file_id: str) -> None:
        """Have the server keep one byte instead of a large file: it deletes none."""
        with self._request("POST", working_file_id, files={"file": ("none", b"-")}) as response:
            if response.status_code != 201:
                raise ProgramFailed(f"{response.status_code} from the server: {response.text}")

    def forget(self, working_file_id: str) -> None:
        """Give the server's disk back, and remove the record."""
        self.shrink(working_file_id)
        self.kitsu.call("DELETE", f"data/working-files/{working_file_id}")

    @contextmanager
    def _request(
        self, method: str, working_file_id: str, **options: Any
    ) -> Iterator[requests.Response]:
        headers = {"Authorization": f"Bearer {self.token}", "Cache-Control": "no-cache"}
        url = self.file_url(working_file_id)
        with requests.Session() as session:
            session.trust_env = False  # no proxy on the way to this machine
            with session.request(method, url, headers=headers, timeout=600, **options) as response:
                yield response
