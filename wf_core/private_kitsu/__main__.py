"""``python -m wf_core.private_kitsu up|status|down|reset``: without the ``wf`` command.

The build script runs this before typer is installed anywhere.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from wf_core.errors import Cancelled, WorkfilesError
from wf_core.private_kitsu import PrivateKitsu


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is that of the error's class."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()

    def progress(line: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {line}", file=sys.stderr, flush=True)

    kitsu = PrivateKitsu(
        options.home, zou_env=options.zou_env, fast=options.fast, workers=options.workers
    )
    try:
        document = _run(kitsu, options.command, progress)
    except WorkfilesError as exc:
        return _fail(exc, as_json=options.json)
    except KeyboardInterrupt:
        return _fail(Cancelled("Interrupted; what was started was stopped."), as_json=options.json)
    if options.json:
        print(json.dumps(document, indent=2))
    else:
        for key, value in document.items():
            print(f"{key:16} {', '.join(value) if isinstance(value, list) else value}")
    return 0


def _run(kitsu: PrivateKitsu, command: str, progress: Any) -> dict[str, Any]:
    if command == "up":
        return kitsu.up(progress).as_json()
    if command == "reset":
        return kitsu.reset(progress).as_json()
    if command == "down":
        return {"stopped": kitsu.down(progress), "home": str(kitsu.home)}
    return kitsu.status().as_json()


def _fail(exc: WorkfilesError, *, as_json: bool) -> int:
    if as_json:
        error = {"kind": exc.kind, "message": exc.message, "hint": exc.hint}
        print(json.dumps({"error": error}))
    else:
        print(exc, file=sys.stderr)
    return exc.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wf_core.private_kitsu", description=__doc__)
    parser.add_argument("command", choices=["up", "status", "down", "reset"])
    parser.add_argument("--home", type=Path, help="folder it lives in")
    parser.add_argument("--zou-env", type=Path, help="environment with Zou to use as it is")
    parser.add_argument("--fast", action="store_true", help="for tests: no crash safety")
    parser.add_argument("--workers", type=int, default=2, help="web server processes")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


if __name__ == "__main__":
    sys.exit(main())
