"""Fixtures that run ``wf``: in this process, or as a real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Here, Process, end_uploaders
from tests.cli.warm import Warm


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.setenv("COLUMNS", "200")
    return Here(home)


@pytest.fixture
def process(home: Path, tmp_path: Path) -> Iterator[Process]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WF_") and name not in ("NO_COLOR", "FORCE_COLOR", "BROWSER")
    }
    yield Process({**kept, "WF_HOME": str(home), "WF_WORKSPACE": str(tmp_path / "workspace")})
    end_uploaders(home)


@pytest.fixture
def warm(process: Process) -> Warm:
    """The same without the half second that each process takes to import what it runs."""
    return Warm(process.environ)
