"""One upload or download through a Python client, timed inside its process.

``python -m tools.bench.run_transfer upload|download wf|gazu`` reads a JSON job from standard
input (``url``, ``token``, ``id``, ``path``, ``size``, ``sha256``) and prints seconds, and the most
memory held before and after the work in bytes. The client is imported and has its token before
the clock starts: what is compared is the transfer.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_UNIT = 1 if sys.platform == "darwin" else 1024

Job = dict[str, Any]


def with_wf(direction: str, job: Job) -> Callable[[], object]:
    from wf_core.kitsu import Session
    from wf_core.kitsu.transfer import download, upload

    session = Session(job["url"], bot_token=job["token"])
    path = Path(job["path"])
    if direction == "upload":
        return lambda: upload(session, job["id"], path, size=job["size"])
    return lambda: download(session, job["id"], path, size=job["size"], sha256=job["sha256"])


def with_gazu(direction: str, job: Job) -> Callable[[], object]:
    gazu: Any = importlib.import_module("gazu")
    gazu.set_host(job["url"])
    gazu.client.set_tokens({"access_token": job["token"]})
    if direction == "upload":
        return lambda: gazu.files.upload_working_file(job["id"], job["path"])
    return lambda: gazu.files.download_working_file(job["id"], job["path"])


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


def main(direction: str, client: str) -> None:
    job = json.load(sys.stdin)
    work = {"wf": with_wf, "gazu": with_gazu}[client](direction, job)
    before = peak()
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    json.dump({"seconds": seconds, "start": before, "peak": peak()}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
