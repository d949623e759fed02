"""The offline rendering against the real server's, over random trees, records and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st
from live_kitsu import LiveKitsu
from path_strategies import names, trees
from zou_records import AwkwardProduction, Zou

from wf_core.errors import InputError
from wf_core.models import Software, TaskContext
from wf_core.paths import render_file_name, render_folder

pytestmark = [pytest.mark.server, pytest.mark.slow]

RENDERINGS_PER_TREE = 20
TREES = 110  # 2,200 renderings at least


@pytest.fixture(scope="module")
def production(kitsu: LiveKitsu) -> Iterator[AwkwardProduction]:
    made = AwkwardProduction(Zou(kitsu.url, *kitsu.credentials("admin")))
    yield made
    made.remove()


def rendered(
    tree: Any, context: TaskContext, software: Software | None, **asked: Any
) -> dict[str, str] | None:
    """What the server should answer; None for an error."""
    sep = asked.pop("sep")
    try:
        return {
            "path": render_folder(tree, context, software=software, sep=sep, **asked),
            "name": render_file_name(tree, context, software=software, **asked),
        }
    except InputError:
        return None


@settings(
    max_examples=TREES,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # each step of shrinking would cost many requests
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_when_a_tree_is_rendered_then_the_server_says_the_same(
    production: AwkwardProduction, data: st.DataObject
) -> None:
    tree = data.draw(trees())
    production.set_tree(tree)
    for _ in range(RENDERINGS_PER_TREE):
        context = production.contexts[data.draw(st.integers(0, len(production.contexts) - 1))]
        software = data.draw(st.sampled_from(production.softwares))
        asked = {
            "name": data.draw(names),
            "revision": data.draw(st.integers(1, 2000) | st.sampled_from([-1, 2**31, 10**9])),
            "sep": data.draw(st.sampled_from(["/", "/", "\\", "", "::"])),
        }
        status, answer = production.working_file_path(context, software_id=software.id, **asked)
        note(f"{context.label} {asked} {tree}: the server says {status} {answer}")
        ours = rendered(tree, context, software, **asked)
        event("rendered" if ours else "refused")
        assert ours == (answer if status == 200 else None)


def test_when_no_software_is_named_then_both_take_3ds_max(production: AwkwardProduction) -> None:
    tree = {
        "working": {
            "mountpoint": "/simple",
            "root": "",
            "folder_path": {"asset": "<Software>"},
            "file_name": {"asset": "<Asset>_<Software.short_name>"},
        }
    }
    production.set_tree(tree)
    context = production.contexts[0]
    status, answer = production.working_file_path(context, revision=1)
    assert (status, answer) == (200, {"path": "/simple/3ds_max", "name": "lamp_a_max"})
    assert rendered(tree, context, None, name="main", revision=1, sep="/") == answer


@pytest.mark.parametrize("tree", [None, {}, {"output": {}}, {"working": None}, {"working": []}])
def test_when_the_production_has_no_usable_tree_then_both_refuse(
    production: AwkwardProduction, tree: Any
) -> None:
    production.set_tree(tree)
    context = production.contexts[0]
    status, _ = production.working_file_path(context, revision=1)
    assert status >= 400
    assert rendered(tree, context, None, name="main", revision=1, sep="/") is None
