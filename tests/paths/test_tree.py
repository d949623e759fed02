"""File trees: every rule of Zou's rendering, with the values it gives."""

from __future__ import annotations

from typing import Any

import pytest
from path_records import BLENDER, DEFAULT_TREE, PRODUCTION, asset_task, task_on, tree_of

from wf_core.errors import InputError, NoFileTree, PathError
from wf_core.models import EntityType, OutputType, TaskContext, TaskType
from wf_core.paths import render_file_name, render_folder

ASSET = asset_task()
SHOT = task_on("Shot", "SH 010", parents=("Seq12", "Ép 1"))
FLAT_SHOT = task_on("Shot", "SH 010", parents=("SQ_1",))
LOST_SHOT = task_on("Shot", "SH 010")
SCENE = task_on("Scene", "Scène 1", parents=("mySeq3",))
SEQUENCE = task_on("Sequence", "Seq7", parents=("Ép 1",))
FLAT_SEQUENCE = task_on("Sequence", "Seq7")
EPISODE = task_on("Episode", "Ép 1")
EDIT = task_on("Edit", "Cut", parents=("Ép 1",))
EDIT_ID = "10000000-0000-4000-8000-000000000001"

VALUES = [
    ("<Project>", ASSET, "demo_film"),
    ("<Project.id>", ASSET, "20000000-0000-4000-8000-000000000001"),
    ("<Task>", ASSET, "main_task"),
    ("<TaskType>", ASSET, "modeling"),
    ("<TaskType.name>", ASSET, "modeling"),
    ("<TaskType.short_name>", ASSET, "mdl"),
    ("<TaskType.other>", ASSET, "modeling"),
    ("<TaskType.short_name.id>", ASSET, "mdl"),
    ("<TaskType.>", ASSET, "modeling"),
    ("<Department>", ASSET, "model_dept"),
    ("<Asset>", ASSET, "lamp_a"),
    ("<Asset>", SHOT, "sh_010"),
    ("<Shot>", ASSET, "lamp_a"),
    ("<AssetType>", ASSET, "props_sets"),
    ("<AssetType.short_name>", ASSET, "prp"),
    ("<Shot.id>", SHOT, EDIT_ID),
    ("<Sequence>", SHOT, "s012"),
    ("<Sequence>", FLAT_SHOT, "sq_1"),
    ("<Sequence>", SCENE, "seq3"),
    ("<Sequence>", SEQUENCE, "s007"),
    ("<Sequence>", ASSET, ""),
    ("<Sequence>", EPISODE, ""),
    ("<Sequence.number>", ASSET, ""),
    ("<Episode>", SHOT, "ep_1"),
    ("<Episode>", FLAT_SHOT, "e001"),
    ("<Episode>", LOST_SHOT, "e001"),
    ("<Episode>", SEQUENCE, "ep_1"),
    ("<Episode>", FLAT_SEQUENCE, "e001"),
    ("<Episode>", EPISODE, "ep_1"),
    ("<Episode>", EDIT, "e001"),
    ("<Episode>", ASSET, "e001"),
    ("<Episode.id>", ASSET, "e001"),
    ("<Episode.number>", SHOT, "e001"),
    ("<Scene>", SCENE, "scene_1"),
    ("<TemporalEntity>", SHOT, "sh_010"),
    ("<TemporalEntityType>", SHOT, "shot"),
    ("<Instance>", ASSET, ""),
    ("<Instance.number>", ASSET, ""),
    ("<Representation>", ASSET, ""),
    ("<Software>", ASSET, "blender"),
    ("<Software.short_name>", ASSET, "blend"),
    ("<OutputType>", ASSET, "geometry"),
    ("<OutputType.short_name>", ASSET, ""),
    ("<Name>", ASSET, "my_cache"),
    ("<WorkingFile>", ASSET, "my_cache"),
    ("<OutputFile.number>", ASSET, "my_cache"),
    ("<Name.id>", ASSET, "My Cache"),
    ("<Revision>", ASSET, "007"),
    ("<Version.id>", ASSET, "007"),
    ("v<Version>-<Name>_É", ASSET, "v007-my_cache_É"),
    ("<Shot Name>", ASSET, "<Shot Name>"),
    ("<<Name>>", ASSET, "<my_cache>"),
]


@pytest.mark.parametrize(
    ("template", "context", "expected"),
    [pytest.param(*row, id=f"{row[0]} of {row[1].entity_type.name}") for row in VALUES],
)
def test_when_a_folder_has_a_token_then_its_value_is_the_servers(
    template: str, context: TaskContext, expected: str
) -> None:
    folder = render_folder(
        tree_of(template), context, name="My Cache", revision=7, software=BLENDER
    )
    assert folder == f"/m/{expected}"


@pytest.mark.parametrize(
    ("template", "style", "expected"),
    [
        pytest.param("<Asset>_v<Revision>", None, "lamp_a_v007", id="values joined"),
        pytest.param("É--<Asset>.<TaskType>", None, "e_lamp_a_modeling", id="literals slugified"),
        pytest.param("_<Asset>__x_", None, "lamp_a_x", id="separators squeezed and stripped"),
        pytest.param("Cam<Asset>", "uppercase", "CAMLAMP_A", id="upper case"),
        pytest.param("Cam<Asset>", "lowercase", "camlamp_a", id="lower case"),
        pytest.param("Cam<Asset>", "Title", "camlamp_a", id="unknown style"),
        pytest.param("x/<Asset>", None, "x_lamp_a", id="a slash"),
        pytest.param("1,<Revision>", None, "1007", id="a comma between digits"),
        pytest.param("<Name.id>", None, "my_cache", id="a raw name is slugified here"),
        pytest.param(
            "<Asset.id>_x", None, "10000000-0000-4000-8000-000000000001_x", id="an id stays"
        ),
        pytest.param(
            "<Asset.id>_x",
            "uppercase",
            "10000000-0000-4000-8000-000000000001_X",
            id="an id stays in upper case",
        ),
        pytest.param(
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            None,
            "6ba7b810_9dad_11d1_80b4_00c04fd430c8",
            id="a UUID that is not random is plain text",
        ),
        pytest.param("<Instance>", None, "", id="nothing"),
    ],
)
def test_when_a_file_name_is_rendered_then_the_whole_is_slugified(
    template: str, style: str | None, expected: str
) -> None:
    tree = tree_of(file_name=template, **({} if style is None else {"style": style}))
    assert render_file_name(tree, ASSET, name="My Cache", revision=7) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, "/m/lamp_a", id="no root"),
        pytest.param({"root": "a/b"}, "/m/a/b/lamp_a", id="a root of two folders"),
        pytest.param({"root": None}, "/m/lamp_a", id="root null"),
        pytest.param({"mountpoint": ""}, "/lamp_a", id="no mount point"),
        pytest.param({"mountpoint": None}, "None/lamp_a", id="mount point null"),
        pytest.param({"mountpoint": "Z:/É"}, "Z:/É/lamp_a", id="a drive, taken as it is"),
        pytest.param({"style": "uppercase"}, "/m/LAMP_A", id="upper case spares the mount point"),
    ],
)
def test_when_the_root_varies_then_the_folder_starts_with_it(
    changes: dict[str, Any], expected: str
) -> None:
    assert render_folder(tree_of(**changes), ASSET) == expected


def test_when_a_separator_is_given_then_the_template_has_it_and_the_root_keeps_its_slash() -> None:
    tree = tree_of("<Asset>/x", root="a/b")
    assert render_folder(tree, ASSET, sep="\\") == "/m\\a/b\\lamp_a\\x"


def test_when_the_raw_name_holds_a_token_then_it_is_filled_too() -> None:
    assert render_folder(tree_of("<Name.id>/<Shot>"), ASSET, name="<Shot>") == "/m/lamp_a/lamp_a"


def test_when_a_short_name_is_missing_then_the_token_stays() -> None:
    context = asset_task(task_type=TaskType(id="t", name="Modeling"))
    tree = tree_of("<TaskType.short_name>", "<TaskType.short_name>_<Asset>")
    assert render_folder(tree, context) == "/m/<TaskType.short_name>"
    assert render_file_name(tree, context) == "tasktype_short_name_lamp_a"


def test_when_no_software_is_given_then_it_is_the_servers_default() -> None:
    tree = tree_of("<Software>", "<Software.short_name>")
    assert render_folder(tree, ASSET) == "/m/3ds_max"
    assert render_file_name(tree, ASSET) == "max"


def test_when_the_server_has_an_output_type_geometry_then_its_fields_count() -> None:
    geometry = OutputType(
        id="60000000-0000-4000-8000-000000000001", name="Geometry", short_name="GEO"
    )
    context = ASSET.model_copy(update={"geometry": geometry})
    assert render_folder(tree_of("<OutputType.short_name>"), context) == "/m/geo"
    assert render_folder(tree_of("<OutputType.id>"), context) == f"/m/{geometry.id}"


def test_when_zous_default_tree_is_rendered_then_the_paths_are_the_known_ones() -> None:
    assert render_folder(DEFAULT_TREE, SHOT) == (
        "/simple/productions/demo_film/shots/s012/sh_010/modeling"
    )
    assert render_file_name(DEFAULT_TREE, SHOT) == "demo_film_sh_010_modeling"


NO_DEPARTMENT = asset_task(department=None)
NO_SHORT_KIND = asset_task(entity_type=EntityType(id="t", name="Props"))

ERRORS = [
    (None, ASSET, NoFileTree, "no file tree"),
    ({}, ASSET, NoFileTree, "no part “working”"),
    ({"working": []}, ASSET, NoFileTree, "no part “working”"),
    ({"working": {"root": ""}}, ASSET, NoFileTree, "no “mountpoint”"),
    ({"working": {"mountpoint": ""}}, ASSET, NoFileTree, "no “root”"),
    (tree_of(folder_path=None), ASSET, NoFileTree, "no “folder_path” templates"),
    (tree_of(folder_path={}), ASSET, NoFileTree, "kind “asset”"),
    (tree_of(folder_path={"asset": 3}), ASSET, NoFileTree, "is not text"),
    (tree_of("<Unknown>"), ASSET, NoFileTree, "<Unknown>"),
    (tree_of("<>"), ASSET, NoFileTree, "<>"),
    (tree_of("<asset>"), ASSET, NoFileTree, "<asset>"),
    (tree_of("<Asset.number>"), ASSET, NoFileTree, "<Asset.number>"),
    (tree_of("<Asset.short_name>"), ASSET, NoFileTree, "<Asset.short_name>"),
    (tree_of("<Project.short_name>"), ASSET, NoFileTree, "<Project.short_name>"),
    (tree_of("<Department.short_name>"), ASSET, NoFileTree, "<Department.short_name>"),
    (tree_of("<AssetType>"), SHOT, NoFileTree, "no asset type"),
    (tree_of("<AssetType>"), EDIT, NoFileTree, "no asset type"),
    (tree_of("<OutputType.id>"), ASSET, NoFileTree, "<OutputType.id>"),
    (tree_of("<Department>"), NO_DEPARTMENT, PathError, "no department"),
    (tree_of("<Sequence>"), LOST_SHOT, PathError, "in no sequence"),
    (tree_of("<Software.id>"), ASSET, PathError, "none was given"),
    (tree_of("<TemporalEntityType.short_name>"), NO_SHORT_KIND, PathError, "no short name"),
]


@pytest.mark.parametrize(
    ("tree", "context", "error", "says"),
    [pytest.param(*row, id=row[3]) for row in ERRORS],
)
def test_when_the_server_would_fail_then_the_error_says_what_is_wrong_and_what_to_do(
    tree: Any, context: TaskContext, error: type[InputError], says: str
) -> None:
    with pytest.raises(error) as caught:
        render_folder(tree, context)
    assert says in caught.value.message
    assert caught.value.hint


def test_when_the_records_above_a_shot_are_missing_then_nothing_is_guessed() -> None:
    context = SHOT.model_copy(update={"episode": None})
    with pytest.raises(PathError, match="incomplete"):
        render_folder(tree_of("<Episode>"), context)


def test_when_only_the_file_name_is_broken_then_the_folder_still_renders() -> None:
    tree = tree_of(file_name="<Unknown>")
    assert render_folder(tree, ASSET) == "/m/lamp_a"
    with pytest.raises(NoFileTree, match="<Unknown>"):
        render_file_name(tree, ASSET)


def test_when_a_task_has_a_production_then_its_own_tree_is_not_used() -> None:
    production = PRODUCTION.model_copy(update={"file_tree": tree_of("wrong")})
    assert render_folder(tree_of("x"), asset_task(production=production)) == "/m/x"
