"""What a command loads: farms start ``wf`` by the thousand."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.running import Process

HEAVY = ("pydantic", "requests", "rich", "sqlite3", "typer", "urllib3")

# Newer releases of typer load pydantic to check the value of any option.
TYPER = {"pydantic", "typer"}

LOADED = {
    "the version": (["--version"], TYPER),
    "the help": (["--help"], TYPER),
    "the help of a command": (["list", "--help"], TYPER),
    "a save that is not one": (["save", "--no-wait"], set()),
    "a save of a missing file": (["save", "missing.blend", "--task", "T"], {"pydantic"}),
    "an answer in JSON": (
        ["--json", "whoami"],
        TYPER | {"requests", "sqlite3", "urllib3"},
    ),
}


@pytest.mark.parametrize(("line", "allowed"), LOADED.values(), ids=LOADED)
def test_when_a_command_runs_then_it_loads_only_what_it_needs(
    line: list[str], allowed: set[str], process: Process
) -> None:
    script = f"""
import json, sys
from wf_core.cli import main
try:
    main({line!r})
finally:
    print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=dict(process.environ),
        check=True,
    )
    assert set(json.loads(done.stderr.splitlines()[-1])) - allowed == set()


def test_when_typer_is_missing_then_a_sentence_says_what_to_install(process: Process) -> None:
    script = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise ModuleNotFoundError("No module named 'typer'", name="typer")
sys.meta_path.insert(0, Blocked())
from wf_core.cli import main
sys.exit(main(["whoami"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=dict(process.environ),
        check=False,
    )
    assert done.returncode == 2
    assert "kitsu-workfiles[cli]" in done.stderr
