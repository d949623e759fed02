"""build.py as it is called by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[1] / "build.py"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["test", "--help"], ["test", "--quick", "-h"], ["lint", "-h"]]
)
def test_when_help_is_asked_for_then_it_is_shown_and_nothing_is_run(arguments: list[str]) -> None:
    shown = subprocess.run(
        [sys.executable, str(BUILD), *arguments], capture_output=True, text=True, timeout=60
    )

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "build.py test --all-blenders" in shown.stdout
    assert "ruff check" not in shown.stdout
