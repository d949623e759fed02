"""Maya's tests run over a strict stand-in (``fake_maya``); no Maya is needed, or used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser.window_fixtures import no_failure_in_a_slot, patient, qt, relay

__all__ = ["host", "maya", "no_failure_in_a_slot", "patient", "qt", "relay"]

pytest.register_assert_rewrite("contract.host_contract")

sys.path.insert(0, str(Path(__file__).parent / "fake_maya"))

if TYPE_CHECKING:
    from maya.testing import Maya

    from maya_plugin.host import MayaHost


@pytest.fixture
def maya() -> Maya:
    """A Maya without a window, an empty scene open."""
    from maya import testing

    return testing.reset()


@pytest.fixture
def host(maya: Maya) -> Iterator[MayaHost]:
    from maya_plugin.host import MayaHost

    host = MayaHost()
    yield host
    host.close()
    assert maya.callbacks == {}
