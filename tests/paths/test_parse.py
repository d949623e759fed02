"""Reading paths back: one reading, none with a reason, or several listed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_records import BLENDER, DEFAULT_TREE, asset_task, task_on, tree_of
from path_strategies import CLOSE_NAMES, CLOSE_REVISIONS, sound_trees

from wf_core.errors import InputError, NoFileTree, PathError
from wf_core.models import TaskContext
from wf_core.paths import MountPoint, Mounts, ParsedPath, parse_path, read_path, revision_path, slug

LAMP = "/simple/productions/demo_film/assets/props_sets/lamp_a/modeling/"
BASE = "demo_film_props_sets_lamp_a_modeling"
FIELDS = {
    "Project": "demo_film",
    "AssetType": "props_sets",
    "Asset": "lamp_a",
    "TaskType": "modeling",
}


def asset_only(folder: str, file_name: str, **changes: Any) -> dict[str, Any]:
    tree = tree_of(folder, file_name, **changes)
    for section in ("folder_path", "file_name"):
        templates = tree["working"][section]
        tree["working"][section] = {k: v for k, v in templates.items() if k in ("asset", "style")}
    return tree


@pytest.mark.parametrize(
    ("file_name", "name", "revision", "extension", "provisional"),
    [
        pytest.param("_v001.blend", "main", 1, ".blend", "", id="main"),
        pytest.param("_cache_v012.blend", "cache", 12, ".blend", "", id="named"),
        pytest.param("_v1000.blend", "main", 1000, ".blend", "", id="v1000"),
        pytest.param("_x_v002_v001.ma", "x_v002", 1, ".ma", "", id="a name like a revision"),
        pytest.param("_v003", "main", 3, "", "", id="no extension"),
        pytest.param("_v003.tar.gz", "main", 3, ".tar.gz", "", id="two extensions"),
        pytest.param(
            "_v014.offline-3f9a2c.blend", "main", 14, ".blend", "3f9a2c", id="provisional"
        ),
        pytest.param("_V003.BLEND", "main", 3, ".BLEND", "", id="upper case"),
    ],
)
def test_when_a_path_is_of_the_tree_then_it_is_read(
    file_name: str, name: str, revision: int, extension: str, provisional: str
) -> None:
    found = parse_path(LAMP + BASE + file_name, DEFAULT_TREE)
    assert found == ParsedPath("working", "asset", FIELDS, name, revision, extension, provisional)
    assert found.fields == FIELDS


def test_when_a_local_path_goes_through_the_mounts_then_it_is_read() -> None:
    mount = MountPoint(server="/simple", windows="P:\\")
    folder = "P:\\productions\\demo_film\\shots\\s012\\sh_010\\modeling"
    local = f"{folder}\\demo_film_sh_010_modeling_v001.ma"
    found = parse_path(Mounts([mount], system="windows").to_server(local), DEFAULT_TREE)
    assert found.kind == "shot"
    assert found.fields["Sequence"] == "s012"
    assert found.fields["Shot"] == "sh_010"


def test_when_the_mount_point_is_a_drive_then_case_and_slashes_do_not_matter() -> None:
    tree = asset_only("<Asset>", "<Asset>", mountpoint="Z:\\Prods")
    assert parse_path("z:/prods/lamp/lamp_v001.ma", tree).fields == {"Asset": "lamp"}


def test_when_another_mode_is_asked_for_then_its_templates_are_used() -> None:
    tree = DEFAULT_TREE | {"preview": asset_only("p/<Asset>", "<Asset>")["working"]}
    found = parse_path("/m/p/lamp/lamp_v001.png", tree, modes=["working", "preview"])
    assert found.mode == "preview"


def test_when_the_tree_has_ids_then_they_are_read_with_their_hyphens_or_without() -> None:
    uuid = "10000000-0000-4000-8000-000000000001"
    tree = asset_only("<Asset.id>", "<Asset.id>_<TaskType>")
    found = parse_path(f"/m/{uuid}/{uuid}_rig_v001.ma", tree)
    assert found.fields == {"Asset.id": uuid, "TaskType": "rig"}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        pytest.param("/other/x_v001.ma", "“other” does not fit “simple”", id="another root"),
        pytest.param(
            LAMP.replace("assets", "items") + f"{BASE}_v001.ma",
            "“items” does not fit “assets” of working/asset",
            id="a literal folder",
        ),
        pytest.param(
            LAMP + f"x/{BASE}_v001.ma",
            "working/asset has 7 folders, and the path 8",
            id="a folder too many",
        ),
        pytest.param(
            LAMP + "demo_film_props_sets_lamp_b_modeling_v001.ma",
            "does not fit “<Project>_<AssetType>_<Asset>_<TaskType>” of working/asset",
            id="another asset in the file name",
        ),
        pytest.param(LAMP + f"{BASE}.ma", "does not fit", id="no revision"),
        pytest.param(LAMP + f"{BASE}_v01.ma", "does not fit", id="two digits"),
        pytest.param(LAMP + f"{BASE}_v0100.ma", "does not fit", id="a leading zero too many"),
        pytest.param(LAMP + f"{BASE}_v000.ma", "no possible revision", id="revision 0"),
        pytest.param(LAMP + f"{BASE}_main_v001.ma", "no possible revision", id="main written out"),
        pytest.param("/", "empty path", id="nothing"),
        pytest.param("/simple/../x_v001.ma", "“..”", id="leaving the root"),
    ],
)
def test_when_nothing_fits_then_the_error_names_what_did_not(path: str, says: str) -> None:
    with pytest.raises(PathError) as caught:
        parse_path(path, DEFAULT_TREE)
    assert says in caught.value.message
    assert caught.value.hint or "empty" in caught.value.message


def test_when_tokens_run_together_then_all_readings_are_listed() -> None:
    tree = asset_only("x", "<Asset>_<TaskType>")
    with pytest.raises(PathError) as caught:
        parse_path("/m/x/oil_lamp_rig_v001.ma", tree)
    assert "3 ways" in caught.value.message
    assert "Asset oil_lamp, TaskType rig" in caught.value.message
    assert "Asset oil, TaskType lamp_rig" in caught.value.message
    assert "Asset oil, TaskType lamp), “rig” revision 1" in caught.value.message
    assert len(read_path("/m/x/oil_lamp_rig_v001.ma", tree)) == 3


def test_when_a_later_part_decides_then_an_earlier_one_is_not_ambiguous() -> None:
    tree = asset_only("<AssetType>_<Asset>/<Asset>", "<TaskType>_n_<Name>")
    found = parse_path("/m/set_oil_lamp/oil_lamp/rig_n_main_v001.ma", tree)
    assert found.fields == {"AssetType": "set", "Asset": "oil_lamp", "TaskType": "rig"}


def test_when_two_kinds_have_one_template_then_both_are_listed() -> None:
    with pytest.raises(PathError, match=r"working asset .* working shot"):
        parse_path("/m/lamp/lamp_v001.ma", tree_of("<TemporalEntity>", "<TemporalEntity>"))


def test_when_there_is_no_tree_then_that_is_the_error() -> None:
    with pytest.raises(NoFileTree):
        parse_path("/x/y", None)
    with pytest.raises(NoFileTree):
        parse_path("/x/y", tree_of(folder_path={}))


@pytest.mark.slow
def test_when_a_tree_is_made_to_hang_then_reading_gives_up() -> None:
    tokens = "_".join(f"<{kind}>" for kind in ("Asset", "Task", "Project", "Shot", "Scene"))
    tree = asset_only("x", f"{tokens}_<TaskType>_<AssetType>_zz<Department>")
    with pytest.raises(PathError, match="too many"):
        parse_path("/m/x/" + "a_" * 100 + "v001.ma", tree)


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(asset_task("Oil Lamp"), id="asset"),
        pytest.param(task_on("Shot", "SH 010", parents=("Seq1", "E 1")), id="shot"),
    ],
)
@pytest.mark.parametrize("name", ["main", "cache", "a_v001"])
@pytest.mark.parametrize("revision", [1, 999, 1000])
def test_when_a_rendered_path_is_read_then_it_says_what_was_rendered(
    context: TaskContext, name: str, revision: int
) -> None:
    path = revision_path(DEFAULT_TREE, context, name=name, revision=revision, software=BLENDER)
    for file_name in (path.file_name, path.provisional("abcdef").file_name):
        found = parse_path(f"{path.folder}/{file_name}", DEFAULT_TREE)
        assert (found.kind, found.name, found.revision) == (context.kind, name, revision)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    tree=sound_trees(),
    name=st.sampled_from(CLOSE_NAMES),
    revision=st.sampled_from(CLOSE_REVISIONS),
)
def test_when_any_tree_rendered_a_path_then_that_reading_is_among_those_found(
    tree: Any, name: str, revision: int
) -> None:
    context = asset_task("Oil Lamp")
    try:
        path = revision_path(tree, context, name=name, revision=revision, software=BLENDER)
        readings = read_path(path.server_path, tree)
    except InputError:
        return
    expected = {
        "Project": "demo_film",
        "Asset": "oil_lamp",
        "AssetType": "props_sets",
        "TaskType": "modeling",
        "Task": "main_task",
        "Episode": "e001",
    }
    assert any(
        reading.name == name
        and reading.revision == revision
        and reading.extension == ".blend"
        and all(text == expected.get(token, text) for token, text in reading.fields.items())
        for reading in readings
    )
    if len(readings) == 1:
        assert parse_path(path.server_path, tree) == readings[0]


def test_when_fields_are_read_then_they_are_slugs_to_look_records_up_by() -> None:
    path = revision_path(DEFAULT_TREE, asset_task("Élan’s Lamp"), revision=1, software=BLENDER)
    assert parse_path(path.server_path, DEFAULT_TREE).fields["Asset"] == slug("Élan’s Lamp")
