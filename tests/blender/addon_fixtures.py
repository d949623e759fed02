"""The extension enabled in this Blender, and a person at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from live_kitsu import LiveKitsu

from wf_core.settings import load
from wf_core.workfiles import Workfiles

__all__ = ["artist", "extension", "saved", "wait_until_sent"]


@pytest.fixture
def extension() -> Iterator[None]:
    """Enabled as Blender does it, and disabled again."""
    bpy.context.preferences.system.use_online_access = True
    bpy.ops.preferences.addon_enable(module="blender_addon")
    assert "blender_addon" in bpy.context.preferences.addons
    yield
    bpy.ops.preferences.addon_disable(module="blender_addon")


@pytest.fixture
def artist(kitsu: LiveKitsu) -> None:
    """Somebody who logged in before Blender was started."""
    email, password = kitsu.credentials("artist")
    with Workfiles(load()) as workfiles:
        workfiles.login(kitsu.url, email=email, password=password)


def saved(**arguments: object) -> Path:
    """Save through the operator; the scene's file afterwards."""
    assert bpy.ops.kitsu_workfiles.save_revision(**arguments) == {"FINISHED"}
    return Path(bpy.data.filepath)


def wait_until_sent() -> None:
    """Let everything that waits arrive, as the uploader would; what that is at by itself just now
    nobody else can send."""
    give_up = time.monotonic() + 30
    with Workfiles(load()) as workfiles:
        left = workfiles.sync()
        while left.pending and time.monotonic() < give_up:
            time.sleep(0.1)
            left = workfiles.sync()
        assert (left.pending, left.parked) == (0, 0)
