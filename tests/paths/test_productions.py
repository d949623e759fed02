"""Where a whole production lies, by its tree."""

from __future__ import annotations

from typing import Any

import pytest
from path_records import DEFAULT_TREE, asset_task, task_on

from wf_core.paths import production_folders


def tree(*templates: str, **changes: Any) -> dict[str, Any]:
    """A tree with these folders for assets, shots, ..."""
    kinds = dict(zip(("asset", "shot", "scene"), templates, strict=False))
    part = {"mountpoint": "/simple", "root": "productions", "folder_path": kinds, **changes}
    return {"working": part}


TREES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "Zou's own": (DEFAULT_TREE, ("/simple/productions/demo_film",)),
    "folders above and below the production's": (
        tree("prods/<Project>/lib/<Asset>"),
        ("/simple/productions/prods/demo_film",),
    ),
    "the production twice": (
        tree("<Project>/<Project.id>/<Asset>"),
        ("/simple/productions/demo_film/20000000-0000-4000-8000-000000000001",),
    ),
    "other tokens beside it": (tree("<Project>_<Asset>/<Project>"), ("/simple/productions",)),
    "no production": (tree("assets/<Asset>"), ("/simple/productions",)),
    "its name in the root": (
        tree("assets/<Asset>", root="productions/demo"),
        ("/simple/productions/demo",),
    ),
    "a place for each kind": (
        tree("<Project>/lib/<Asset>", "shots/<Project>/<Shot>"),
        ("/simple/productions/demo_film", "/simple/productions/shots/demo_film"),
    ),
    "another mount point for what is published": (
        {
            **tree("<Project>/<Asset>"),
            "output": tree("<Project>/<Asset>", mountpoint="/out")["working"],
        },
        ("/simple/productions/demo_film", "/out/productions/demo_film"),
    ),
    "a part that cannot be used": (
        {"preview": {"mountpoint": "/x"}, "odd": None, **tree("<Project>/<Asset>")},
        ("/simple/productions/demo_film",),
    ),
    "a part with a template that is no text": (tree("<Project>/<Asset>", 7), ()),  # type: ignore[arg-type]
    "none": (None, ()),
}


@pytest.mark.parametrize(("tree", "folders"), TREES.values(), ids=TREES.keys())
@pytest.mark.parametrize(
    "context", [asset_task(), task_on("Shot", "SH 010")], ids=["asset", "shot"]
)
def test_when_a_tree_is_given_then_a_productions_folders_are_known(
    tree: Any, folders: tuple[str, ...], context: Any
) -> None:
    assert production_folders(tree, context) == folders
