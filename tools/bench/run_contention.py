"""Many processes that save to one task and name at the same time.

``python -m tools.bench.run_contention`` reads a JSON job from standard input (see
``contention``) and prints what was saved. The clock starts when all processes have imported
their client, logged in and made their files, and stops when the last of them is done.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty
from threading import BrokenBarrierError
from typing import Any

Job = dict[str, Any]
Saved = dict[str, str]
"""What one process has saved: an id by which the server's record is found, to a hash."""
Work = Callable[[], Saved]

_START_WAIT = 600.0
_SERVER_WAIT = 0.05


def prepare_wf(job: Job, folder: Path, files: list[Path]) -> Work:
    """Each file through the facade, as an adapter does it, from a WF_HOME of its own into the
    workspace that all of them share."""
    from wf_core import settings
    from wf_core.filehost import FileHost
    from wf_core.workfiles import SaveRequest, Workfiles

    environment = {
        "WF_HOME": str(folder / "home"),
        "WF_WORKSPACE": str(folder.parent / "workspace"),
    }
    with Workfiles(settings.load(environment)) as logged_out:
        logged_out.login(job["url"], email=job["email"], password=job["password"])
    workfiles = Workfiles(settings.load(environment))

    def save_all() -> Saved:
        saved = {}
        for path in files:
            request = SaveRequest(task=job["task_id"], comment=f"Saved {path.name}")
            result = workfiles.save(FileHost(path), request)
            saved[result.save_id] = result.sha256 or ""
        # Where the server was too busy to give a number in time, the save goes on by itself.
        while workfiles.status():
            workfiles.sync()
            time.sleep(_SERVER_WAIT)
        return saved

    return save_all


def prepare_gazu(job: Job, folder: Path, files: list[Path]) -> Work:
    """Ask for a record until there is one, then upload: what a careful script does."""
    gazu: Any = importlib.import_module("gazu")
    gazu.set_host(job["url"])
    gazu.log_in(job["email"], job["password"])
    lost = (gazu.exception.ParameterException, gazu.exception.ServerErrorException)

    def new_record(path: Path) -> dict[str, Any]:
        while True:
            try:
                record: dict[str, Any] = gazu.files.new_working_file(
                    job["task_id"],
                    name="main",
                    software=job["software_id"],
                    comment=f"Saved {path.name}",
                )
            except lost:
                continue
            return record

    def save_all() -> Saved:
        saved = {}
        for path in files:
            record = new_record(path)
            gazu.files.upload_working_file(record, str(path))
            saved[record["id"]] = hashlib.sha256(path.read_bytes()).hexdigest()
        return saved

    return save_all


def count_requests() -> dict[str, int]:
    """Count what is sent from now on, and what is refused, below both clients."""
    adapters: Any = importlib.import_module("requests.adapters")
    counted = {"requests": 0, "refused": 0}
    send = adapters.HTTPAdapter.send

    def counting(adapter: Any, request: Any, **options: Any) -> Any:
        counted["requests"] += 1
        response = send(adapter, request, **options)
        if response.status_code >= 400 and request.url.endswith("/working-files/new"):
            counted["refused"] += 1
        return response

    adapters.HTTPAdapter.send = counting
    return counted


def client(job: Job, number: int, barrier: Any, results: Any) -> None:
    """One process."""
    try:
        folder = Path(job["folder"]) / str(number)
        folder.mkdir(parents=True)
        files = [folder / f"scene{n}.blend" for n in range(job["saves"])]
        for path in files:
            path.write_bytes(os.urandom(job["size"]))
        prepare = {"wf": prepare_wf, "gazu": prepare_gazu}[job["client"]]
        save_all = prepare(job, folder, files)
        counted = count_requests()
        barrier.wait(_START_WAIT)
        saved = save_all()
        results.put({"ended": time.monotonic(), "saved": saved, **counted})
    except BaseException:
        barrier.abort()
        results.put({"error": traceback.format_exc()})
        raise


def answer_of(processes: Sequence[BaseProcess], results: Any) -> dict[str, Any]:
    """The next answer; a process that was killed gives none, and nobody waits for it."""
    while True:
        try:
            answer: dict[str, Any] = results.get(timeout=1.0)
        except Empty:
            killed = [p.exitcode for p in processes if p.exitcode is not None and p.exitcode < 0]
            if killed:
                for process in processes:
                    process.kill()
                sys.exit(f"One of the processes was ended by signal {-killed[0]}.")
        else:
            return answer


def main() -> None:
    job = json.load(sys.stdin)
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(job["processes"] + 1)
    results: Any = spawn.Queue()
    processes = [
        spawn.Process(target=client, args=(job, number, barrier, results))
        for number in range(job["processes"])
    ]
    for process in processes:
        process.start()
    try:
        barrier.wait(_START_WAIT)
    except BrokenBarrierError:
        started = 0.0  # one of the results says why
    else:
        started = time.monotonic()
    answers = [answer_of(processes, results) for _ in processes]
    for process in processes:
        process.join()
    errors = [answer["error"] for answer in answers if "error" in answer]
    if errors:
        sys.exit(errors[0])
    json.dump(
        {
            "seconds": max(answer["ended"] for answer in answers) - started,
            "saved": {key: value for answer in answers for key, value in answer["saved"].items()},
            "requests": sum(answer["requests"] for answer in answers),
            "refused": sum(answer["refused"] for answer in answers),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
