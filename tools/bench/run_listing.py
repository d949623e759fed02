"""One list of all revisions of a task through each client, in turns in one process.

``python -m tools.bench.run_listing`` reads a JSON job from standard input (``url``, ``token``,
``task_id``, ``environment``, ``rounds``) and prints the seconds of each call. A first round does
not count.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import requests

from wf_core import settings
from wf_core.workfiles import Workfiles


def main() -> None:
    job: dict[str, Any] = json.load(sys.stdin)
    url, token, task_id = job["url"], job["token"], job["task_id"]
    gazu: Any = importlib.import_module("gazu")
    gazu.set_host(url)
    gazu.client.set_tokens({"access_token": token})
    bare = requests.Session()
    bare.headers["Authorization"] = f"Bearer {token}"

    def get() -> Any:
        response = bare.get(f"{url}/data/tasks/{task_id}/working-files", timeout=600)
        response.raise_for_status()
        return response.json()

    with Workfiles(settings.load(job["environment"])) as workfiles:
        contestants: dict[str, Callable[[], Any]] = {
            "wf": lambda: workfiles.list_revisions(task_id),
            "bare GET": get,
            "gazu": lambda: gazu.files.get_working_files_for_task(task_id),
        }
        names = list(contestants)
        seconds: dict[str, list[float]] = {name: [] for name in names}
        lengths = set()
        for number in range(job["rounds"] + 1):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                started = time.perf_counter()
                found = contestants[name]()
                took = time.perf_counter() - started
                lengths.add(len(found))
                if number:
                    seconds[name].append(took)
    json.dump({"seconds": seconds, "lengths": sorted(lengths)}, sys.stdout)


if __name__ == "__main__":
    main()
