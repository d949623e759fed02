"""A hundred saves while the server is taken away and brought back."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from live_kitsu import LiveKitsu

from faults.away import save_while_away
from faults.conftest import MakeHome
from faults.proxy import Proxy


@pytest.mark.slow
def test_when_the_server_is_away_during_a_hundred_saves_then_all_arrive_in_order(
    kitsu: LiveKitsu, proxy: Proxy, make_home: MakeHome, tmp_path: Path
) -> None:
    outcome = save_while_away(kitsu, proxy, make_home(), tmp_path, saves=100, size=64 * 2**10)

    assert outcome.problems == [], outcome.text()
    assert outcome.committed == 100
    assert outcome.pending >= 80
    # The figure itself is measured on a machine that does nothing else: docs/torture.md.
    assert statistics.median(outcome.blocked) < 2.0, outcome.text()
