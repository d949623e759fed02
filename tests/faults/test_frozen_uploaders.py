"""An uploader stopped in the middle of a body: a short one of what the torture does at length."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from faults.frozen import freeze_uploaders


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")
def test_when_an_uploader_is_stopped_in_mid_body_beside_another_then_stored_bytes_are_whole(
    kitsu: LiveKitsu, tmp_path: Path
) -> None:
    outcomes = freeze_uploaders(kitsu, tmp_path, tries=2, stopped=5.0, say=print)

    assert [outcome.problems for outcome in outcomes] == [(), ()]
    assert all(outcome.stopped >= 5.0 for outcome in outcomes)
