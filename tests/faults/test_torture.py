"""Two minutes of the torture: enough to meet every kind of fault, and to lose nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from faults.torture import run
from wf_core.private_kitsu import PrivateKitsu

SEED = int(os.environ.get("WF_TORTURE_SEED") or 2026)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")
def test_when_everything_fails_for_two_minutes_then_every_promise_is_kept(
    kitsu_home: Path, zou_env: Path, tmp_path: Path
) -> None:
    kitsu = PrivateKitsu(kitsu_home, zou_env=zou_env, fast=True)
    try:
        report = run(kitsu, tmp_path / "run", seed=SEED, seconds=120.0, say=print)
    finally:
        kitsu.down()

    assert report.passed, report.text()
    assert report.faults > 100, report.text()
