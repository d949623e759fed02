"""From nothing to three revisions of a real Blender scene in a real Kitsu, and back.

Run it with ``python3 build.py demo``, which makes the environments and names them here
(WF_ZOU_ENV, WF_BLENDER_PYTHON). Everything lies under ``.wf``; each run works on a new asset, so
what earlier runs made stays. Exit code 0 means that every point of the check list was proven.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from wf_core import kitsu, settings  # noqa: E402
from wf_core.errors import InputError, WorkfilesError  # noqa: E402
from wf_core.private_kitsu import KitsuInfo, PrivateKitsu  # noqa: E402
from wf_core.results import Revision  # noqa: E402
from wf_core.workfiles import Workfiles  # noqa: E402

FOLDER = ROOT / ".wf" / "demo"
PRODUCTION, ASSET_TYPE, TASK_TYPE = "Demo", "Props", "Modeling"
COMMENTS = [
    "Base and pole blocked out",
    "Shade and bulb added",
    "Scalloped the shade, added the finial",
]
FIRST_SCENE = {"Base": 96, "Pole": 48}
"""What the first revision holds, by name and number of vertices; nothing else counts."""

STARTED = time.monotonic()


def say(text: str = "", *, indent: int = 0) -> None:
    stamp = f"[{time.monotonic() - STARTED:5.1f} s] " if text else ""
    print(f"{stamp}{' ' * indent}{text}".rstrip(), flush=True)


def step(number: int, text: str) -> None:
    print(flush=True)
    say(f"{number}. {text}")


@dataclasses.dataclass
class CheckList:
    """What has to be true for the demo to count; a line each, in the order of proof."""

    failed: int = 0

    def check(self, what: str, found: object, expected: object) -> None:
        if found == expected:
            say(f"ok      {what}", indent=3)
        else:
            self.failed += 1
            say(f"FAILED  {what}", indent=3)
            say(f"expected {expected!r}", indent=11)
            say(f"found    {found!r}", indent=11)


class Blender:
    """Blender without a window, in processes of its own."""

    def __init__(self, python: Path, environment: dict[str, str], log: TextIO) -> None:
        self._python = python
        self._environment = environment
        self._log = log

    def run(self, *arguments: str) -> Iterator[dict[str, Any]]:
        """What :mod:`tools.demo_scene` tells, as it tells it.

        Raises:
            InputError: it failed; its own words, or where Blender's log is.
        """
        child = subprocess.Popen(
            [str(self._python), "-m", "tools.demo_scene", *arguments],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )
        try:
            assert child.stdout is not None
            for line in child.stdout:
                if not line.startswith("demo: "):
                    self._log.write(line)
                    continue
                told = json.loads(line.removeprefix("demo: "))
                if told["event"] == "error":
                    raise InputError(f"In Blender: {told['message']}")
                yield told
            if child.wait() != 0:
                raise InputError(
                    f"Blender ended with exit code {child.returncode}.",
                    hint=f"Its output is in {self._log.name}.",
                )
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()


def new_task(info: KitsuInfo) -> str:
    """Make an asset of this run and a task on it, assigned to the artist.

    The demo's administrator does it; in a real production a coordinator does, in Kitsu.

    Returns:
        The task as people write it.
    """
    session = kitsu.connect(info.url, tokens=kitsu.MemoryTokenStore())
    try:
        kitsu.login(session, email=info.email, password=info.password)
        client = kitsu.KitsuClient(session)
        production = kitsu.find_production(client, PRODUCTION)
        taken = {entity.name for entity in client.entities(production.id)}
        number = next(n for n in range(1, 10_000) if f"Floor Lamp {n}" not in taken)
        name = f"Floor Lamp {number}"
        kind = next(kind for kind in client.entity_types() if kind.name == ASSET_TYPE)
        work = next(kind for kind in client.task_types() if kind.name == TASK_TYPE)
        asset = session.post(
            f"data/projects/{production.id}/asset-types/{kind.id}/assets/new", {"name": name}
        )
        (task,) = session.post(
            f"actions/projects/{production.id}/task-types/{work.id}/assets/create-tasks",
            [asset["id"]],
        )
        artist = next(p for p in client.persons() if p.email == info.artist_email)
        client.assign(task["id"], artist.id)
    finally:
        session.close()
    return f"{PRODUCTION}/{ASSET_TYPE}/{name}/{TASK_TYPE}"


def sha256(path: Path) -> str:
    """Computed here on purpose, not by the code under proof."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"


def size_of(count: int | None) -> str:
    return "?" if count is None else f"{count / 1024:.1f} KiB"


def table(rows: list[list[str]]) -> None:
    """Print aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    print()
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("    " + "  ".join(cells).rstrip())
    print(flush=True)


def save_three(blender: Blender, task: str) -> list[dict[str, Any]]:
    saves = []
    for told in blender.run("make", task):
        if told["event"] == "blender":
            say(f"Blender {told['version']} (Python {told['python']}), no window", indent=3)
        else:
            saves.append(told)
            result = told["result"]
            say(
                f"revision {result['revision']} {result['state']} in {told['seconds']:.2f} s: "
                f"“{told['comment']}” ({', '.join(told['contents'])})",
                indent=3,
            )
    if not saves:
        raise InputError("Blender saved nothing and gave no reason.")
    return saves


def prove(
    workfiles: Workfiles, blender: Blender, task: str, saves: list[dict[str, Any]]
) -> tuple[CheckList, Path]:
    """Look at everything from the other side: the server, the disk, a fresh Blender."""
    checks = CheckList()
    step(4, "Listing the revisions, as the server has them")
    listed = workfiles.list_revisions(task)
    show(listed)
    oldest_first = listed[::-1]
    results = [told["result"] for told in saves]
    checks.check("three saves, three revisions, numbered 1 to 3", numbers(oldest_first), [1, 2, 3])
    checks.check(
        "each is committed", [revision.state for revision in oldest_first], ["committed"] * 3
    )
    checks.check("each has its comment", [r.comment for r in oldest_first], COMMENTS)
    checks.check(
        "each knows which revision it came from",
        [revision.base_revision for revision in oldest_first],
        [None, 1, 2],
    )
    for revision, result in zip(oldest_first, results, strict=False):
        path = Path(result["path"])
        checks.check(f"{path.name} on this disk is what was saved", sha256(path), revision.sha256)

    step(5, "Getting every revision back, and comparing its bytes")
    folder = FOLDER / "back" / results[0]["task_id"]
    folder.mkdir(parents=True, exist_ok=True)
    got = {}
    for result in results:
        number = result["revision"]
        got[number] = Path(workfiles.get(task, revision=number, to=folder).path)
        checks.check(f"revision {number} is what was saved", sha256(got[number]), result["sha256"])
    report = workfiles.verify(task, deep=True)
    checks.check("wf verify --deep looked at all three", report.checked, 3)
    checks.check("and found no problem", [problem.message for problem in report.problems], [])

    step(6, "Opening revision 1, as it came back, in a fresh Blender")
    (opened,) = blender.run("look", str(got[1]))
    checks.check("it is the first scene: base and pole only", opened["contents"], FIRST_SCENE)
    tag = opened["tag"] or {}
    checks.check("it knows that it is revision 1", tag.get("revision"), 1)
    checks.check("and of which task", tag.get("task_id"), results[0]["task_id"])
    return checks, got[1]


def numbers(revisions: list[Revision]) -> list[int]:
    return [revision.revision for revision in revisions]


def show(revisions: list[Revision]) -> None:
    heading = ["Revision", "State", "Author", "Size", "SHA-256", "Comment"]
    rows = [
        [
            f"v{revision.revision:03d}",
            revision.state,
            revision.author,
            size_of(revision.size),
            f"{(revision.sha256 or '?')[:12]}…",
            revision.comment,
        ]
        for revision in revisions
    ]
    table([heading, *rows])


def show_places(home: Path, saved: dict[str, Any], got: Path) -> None:
    def short(path: Path) -> str:
        return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

    print("\n  Where everything lies")
    for label, place in (
        ("the artist's files", Path(saved["path"]).parent),
        ("revision 1, got back", got),
        ("journal, settings, token", FOLDER / "home"),
        ("the server and its uploads", home),
        ("what Blender said", FOLDER / "blender.log"),
    ):
        print(f"    {label:28}{short(place)}")


def show_next(home: Path, task: str) -> None:
    def short(path: Path) -> str:
        return os.path.relpath(path, ROOT)

    wf = Path(sys.executable).with_name("wf")
    print(
        f"""
  What to try next (here, in {ROOT})
    python3 build.py kitsu up --home {short(home)}     # start this server again
    export WF_HOME=$PWD/{short(FOLDER / "home")} WF_WORKSPACE=$PWD/{short(FOLDER / "workspace")}
    alias wf=$PWD/{short(wf)}
    wf tasks
    wf list "{task}"
    wf get "{task}" --revision 2 --to /tmp
    wf save ANY.blend --task "{task}" --comment "What I changed"
    wf verify "{task}" --deep
    python3 build.py kitsu down --home {short(home)}
""",
        flush=True,
    )


def demonstrate(server: PrivateKitsu, python: Path) -> int:
    say("Working files for Kitsu: a real scene, a real server, there and back")
    step(1, "Starting a private Kitsu")
    info = server.up(progress=lambda line: say(line, indent=3))
    say(f"Zou {info.version} answers at {info.url}", indent=3)
    # Not the settings, and above all not the token, of whoever tries this out.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WF_")}
    environment |= {
        "WF_HOME": str(FOLDER / "home"),
        "WF_WORKSPACE": str(FOLDER / "workspace"),
        "WF_SERVER": info.url,
    }
    with (FOLDER / "blender.log").open("w", encoding="utf-8") as log:
        blender = Blender(python, environment, log)
        with Workfiles(settings.load(environment)) as workfiles:
            step(2, "Logging in as an artist with a new task")
            task = new_task(info)
            artist = workfiles.login(
                info.url, email=info.artist_email, password=info.artist_password
            )
            say(f"{artist.display_name}: {task}", indent=3)
            step(3, "Building a scene in Blender and saving it three times")
            saves = save_three(blender, task)
            checks, got = prove(workfiles, blender, task, saves)
    show_places(server.home, saves[0]["result"], got)
    show_next(server.home, task)
    if checks.failed:
        say(f"{checks.failed} of the points above FAILED.")
        return 1
    say("Everything was proven.")
    return 0


def interrupt(*_: object) -> None:
    """Being told to stop is no reason to leave a server behind."""
    raise KeyboardInterrupt


def main() -> int:
    python = os.environ.get("WF_BLENDER_PYTHON")
    if not python or not Path(python).is_file():
        print("demo: run this with: python3 build.py demo", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, interrupt)
    server = PrivateKitsu(Path(os.environ.get("WF_TEST_KITSU_HOME", FOLDER / "kitsu")))
    was_up = server.status().state == "up"
    try:
        return demonstrate(server, Path(python))
    except WorkfilesError as exc:
        print(f"\ndemo: {exc}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        print("\ndemo: interrupted.", file=sys.stderr)
        return 130
    finally:
        if not was_up:
            with contextlib.suppress(KeyboardInterrupt):
                server.down(progress=lambda line: say(f"{line} the private Kitsu"))


if __name__ == "__main__":
    sys.exit(main())
