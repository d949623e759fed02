"""Tests inside a real Blender: run them with the Python of an environment that has bpy.

In any other environment this folder holds no tests; ``build.py test`` runs it in its own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("contract.host_contract")

if importlib.util.find_spec("bpy") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/blender/" in item.path.as_posix():
            item.add_marker(pytest.mark.blender)


@pytest.fixture(autouse=True)
def fresh_blender() -> Iterator[None]:
    """Every test starts in a Blender as it comes out of the box."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=False)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)
