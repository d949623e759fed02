"""Rows without ``wf``: the requests of a row bare, or a loop with gazu.

``python -m tools.bench.run_batch`` reads a JSON job from standard input (see ``batch``) and prints
the seconds it took. The clock starts when everything is imported and logged in.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib
import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Job = dict[str, Any]
Row = dict[str, str]

_WAIT = 600.0
_TAKEN = 20
"""Rows that a process takes at a time: those of one task."""
_BOUNDARY = "bench-6e2c0c8f"


class Bare:
    """One connection that sends what a row of a run sends, and no more."""

    def __init__(self, job: Job) -> None:
        address = urlsplit(job["url"])
        self._line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {job['token']}", "Cache-Control": "no-cache"}
        self._software = job["software_id"]
        self._task = ""

    def save(self, row: Row) -> None:
        """The requests of a row, in their order (``wf_core/batch/attempts.py``)."""
        data = Path(row["scene"]).read_bytes()
        if row["task"] != self._task:
            self._json("GET", f"data/tasks/{row['task']}/working-files")
            self._task = row["task"]
        new = {
            "name": row["name"],
            "revision": 1,
            "software_id": self._software,
            "comment": "[wf:0000000000000000]",
        }
        record = self._json("POST", f"data/tasks/{row['task']}/working-files/new", new)
        route = f"data/working-files/{record['id']}"
        self._send_file(route, data)
        self._stored(route, len(data))
        facts = {"schema": 1, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        self._json("PUT", route, {"path": "/bench", "comment": "", "data": {"workfiles": facts}})
        self._stored(route, len(data))  # the second look

    def _json(self, method: str, route: str, body: Any = None) -> Any:
        text = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        return json.loads(self._answer(method, route, text, headers)[0])

    def _send_file(self, route: str, data: bytes) -> None:
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="s"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={_BOUNDARY}"
        self._answer("POST", f"{route}/file", body, {**self._headers, "Content-Type": kind})

    def _stored(self, route: str, size: int) -> None:
        _, headers = self._answer("HEAD", f"{route}/file", None, self._headers)
        if headers["Content-Length"] != str(size):
            raise ValueError(f"{headers['Content-Length']} bytes are stored, not {size}")

    def _answer(
        self, method: str, route: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[bytes, Any]:
        self._line.request(method, f"/{route}", body, headers)
        with self._line.getresponse() as answer:
            found = answer.read()
            if answer.status >= 400:
                raise ValueError(f"{answer.status} from {method} {route}: {found[:300]!r}")
            return found, answer.headers


def bare_share(job: Job, taken: Any, barrier: Any) -> None:
    """What one process does: the next rows that nobody has taken, until there are no more."""
    rows: list[Row] = job["rows"]
    try:
        client = Bare(job)
        barrier.wait(_WAIT)
        while True:
            with taken.get_lock():
                first, taken.value = taken.value, taken.value + _TAKEN
            if first >= len(rows):
                return
            for row in rows[first : first + _TAKEN]:
                client.save(row)
    except BaseException:
        barrier.abort()
        raise


def bare(job: Job) -> float:
    """All rows, by several processes side by side; the seconds it took."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(job["processes"] + 1)
    taken = spawn.Value("i", 0)
    processes = [
        spawn.Process(target=bare_share, args=(job, taken, barrier))
        for _ in range(job["processes"])
    ]
    for process in processes:
        process.start()
    barrier.wait(_WAIT)
    started = time.monotonic()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        sys.exit("A process of the bare requests failed.")
    return time.monotonic() - started


def loop(job: Job, *, steps: int) -> float:
    """All rows one after the other with gazu; the seconds it took."""
    gazu: Any = importlib.import_module("gazu")
    gazu.set_host(job["url"])
    gazu.log_in(job["email"], job["password"])
    started = time.monotonic()
    for row in job["rows"]:
        record = gazu.files.new_working_file(
            row["task"], name=row["name"], software=job["software_id"], comment="", revision=1
        )
        gazu.files.upload_working_file(record, row["scene"])
        if steps == 2:
            continue
        data = Path(row["scene"]).read_bytes()
        client = gazu.client.default_client
        route = f"data/working-files/{record['id']}"
        look = client.session.head(
            gazu.client.get_full_url(f"{route}/file"), headers=gazu.client.make_auth_header()
        )
        if look.headers["Content-Length"] != str(len(data)):
            sys.exit(f"{look.headers['Content-Length']} bytes are stored, not {len(data)}")
        facts = {"schema": 1, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        gazu.client.put(route, {"path": "/bench", "data": {"workfiles": facts}})
    return time.monotonic() - started


def main() -> None:
    job = json.load(sys.stdin)
    seconds = (
        bare(job)
        if job["client"] == "bare"
        else loop(job, steps=4 if job["client"] == "gazu" else 2)
    )
    json.dump({"seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
