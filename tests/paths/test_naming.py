"""The file of a revision: its name, its limits, and that no other has the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from path_records import BLENDER, DEFAULT_TREE, asset_task, task_on, tree_of
from path_strategies import CLOSE_NAMES, CLOSE_REVISIONS, sound_trees

from wf_core.errors import InputError, NoFileTree, PathError
from wf_core.models import EntityType, Software, TaskType
from wf_core.paths import (
    check_extension,
    check_name,
    check_revision,
    fold,
    provisional_name,
    revision_path,
    split_file_name,
)

ASSET = asset_task()


def file_of(tree: Any, name: str = "main", revision: int = 1, **others: Any) -> str:
    """Folder and file below the mount point ``/m/``."""
    values = {"software": BLENDER, **others}
    path = revision_path(tree, ASSET, name=name, revision=revision, **values).server_path
    return path.removeprefix("/m/")


@pytest.mark.parametrize(
    ("folder", "file_name", "name", "revision", "expected"),
    [
        pytest.param("x", "<Asset>", "main", 1, "x/lamp_a_v001.blend", id="main, no tokens"),
        pytest.param("x", "<Asset>", "cache", 2, "x/lamp_a_cache_v002.blend", id="named"),
        pytest.param("x", "<Asset>", "main", 999, "x/lamp_a_v999.blend", id="v999"),
        pytest.param("x", "<Asset>", "main", 1000, "x/lamp_a_v1000.blend", id="v1000"),
        pytest.param("x", "<Name>", "main", 1, "x/main_v001.blend", id="name token"),
        pytest.param("x", "<WorkingFile.id>", "c", 1, "x/c_v001.blend", id="other name token"),
        pytest.param("<Name>", "<Asset>", "c", 1, "c/lamp_a_v001.blend", id="name in the folder"),
        pytest.param("x", "<Asset>_r<Revision>", "main", 7, "x/lamp_a_r007.blend", id="revision"),
        pytest.param("x", "<Asset>_r<Version>", "c", 7, "x/lamp_a_r007_c.blend", id="both ways"),
        pytest.param("<Version>", "<Asset>", "c", 7, "007/lamp_a_c.blend", id="revision in folder"),
        pytest.param("<Version>", "<Asset>", "main", 7, "007/lamp_a.blend", id="main there"),
        pytest.param("<Name>/<Revision>", "w", "c", 7, "c/007/w.blend", id="both in the folder"),
        pytest.param("x", "<Name><Revision>", "c", 7, "x/c007.blend", id="adjacent"),
        pytest.param("x", "<Revision><Name>", "c", 7, "x/007c.blend", id="adjacent, reversed"),
        pytest.param("x", "<Asset>", "x_v002", 1, "x/lamp_a_x_v002_v001.blend", id="a like name"),
        pytest.param("x", "<Asset>", "x", 2, "x/lamp_a_x_v002.blend", id="what that name is like"),
        pytest.param("x/", "<Asset>", "main", 1, "x//lamp_a_v001.blend", id="a slash too many"),
    ],
)
def test_when_a_revision_is_filed_then_the_tree_and_the_rule_name_it(
    folder: str, file_name: str, name: str, revision: int, expected: str
) -> None:
    assert file_of(tree_of(folder, file_name), name, revision) == expected


def test_when_the_style_is_upper_case_then_what_is_added_stays_lower() -> None:
    assert file_of(tree_of("x", "<Asset>", style="uppercase"), "c") == "x/LAMP_A_c_v001.blend"


def test_when_zous_default_tree_is_used_then_revisions_and_names_have_files_of_their_own() -> None:
    path = revision_path(DEFAULT_TREE, ASSET, name="cache", revision=3, software=BLENDER)
    folder = "/simple/productions/demo_film/assets/props_sets/lamp_a/modeling"
    base = "demo_film_props_sets_lamp_a_modeling"
    assert path.server_path == f"{folder}/{base}_cache_v003.blend"
    assert path.server_record_path == f"{folder}/{base}"
    provisional = path.provisional("3F9A2C1E-0000-4000-8000-000000000000")
    assert provisional.file_name == f"{base}_cache_v003.offline-3f9a2c.blend"
    assert provisional.folder == folder


@pytest.mark.parametrize(
    ("file_name", "name", "revision", "other"),
    [
        pytest.param("<Name><Revision>", "a1", 1, "“a” revision 1001", id="digit before number"),
        pytest.param("<Name><Revision>", "a1", 1001, "“a” revision 11001", id="higher number"),
        pytest.param("<Revision><Name>", "1a", 1, "“a” revision 1001", id="digit after number"),
        pytest.param("<Name>1<Revision>", "a1", 1, "“a” revision 1001", id="literal digit between"),
    ],
)
def test_when_two_files_would_share_a_path_then_the_longer_name_is_refused_at_any_number(
    file_name: str, name: str, revision: int, other: str
) -> None:
    tree = tree_of("x", file_name)
    with pytest.raises(PathError) as caught:
        file_of(tree, name, revision)
    assert other in caught.value.message
    assert "<Name> and <Revision>" in caught.value.hint
    assert file_of(tree, "a", 1001)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(sound_trees())
def test_when_names_and_numbers_are_close_then_no_two_files_share_a_path(tree: Any) -> None:
    owners: dict[str, tuple[str, int]] = {}
    for name in CLOSE_NAMES:
        for revision in CLOSE_REVISIONS:
            try:
                path = revision_path(tree, ASSET, name=name, revision=revision, software=BLENDER)
            except InputError:
                continue
            key = fold(path.server_path)
            assert owners.setdefault(key, (name, revision)) == (name, revision)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(sound_trees())
def test_when_a_tree_can_be_used_then_main_can_count_to_a_million(tree: Any) -> None:
    try:
        file_of(tree, "main", 1)
    except InputError:
        return
    assert file_of(tree, "main", 999_999) != file_of(tree, "main", 1000)


@pytest.mark.parametrize("name", ["main", "cache", "a", "lamp_a", "001", "v001", "x" * 250])
def test_when_a_name_is_its_own_slug_then_it_is_accepted(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "says", "use"),
    [
        pytest.param("", "needs a name", "Use “main”.", id="empty"),
        pytest.param("Lamp A", "'Lamp A'", "Use “lamp_a”.", id="upper case and space"),
        pytest.param("lamp__a", "'lamp__a'", "Use “lamp_a”.", id="two underscores"),
        pytest.param("_a", "'_a'", "Use “a”.", id="underscore first"),
        pytest.param("é", "'é'", "Use “e”.", id="accent"),
        pytest.param("🔥", "is not made of", "Use “main”.", id="nothing left"),
        pytest.param("../../x", "'../../x'", "Use “x”.", id="leaving the folder"),
        pytest.param("C:\\x", "is not made of", "Use “c_x”.", id="drive"),
        pytest.param("a\0b", "'a\\x00b'", "Use “a_b”.", id="NUL"),
        pytest.param("CON", "is not made of", "Use “con_file”.", id="device in upper case"),
        pytest.param("con", "device on Windows", "Use “con_file”.", id="device"),
        pytest.param("lpt1", "device on Windows", "Use “lpt1_file”.", id="numbered device"),
        pytest.param("x" * 251, "251 characters", "Use a shorter name.", id="too long"),
        pytest.param("x " * 150, "300 characters", "Use a shorter name.", id="far too long"),
    ],
)
def test_when_a_name_is_not_allowed_then_the_error_says_which_would_be(
    name: str, says: str, use: str
) -> None:
    with pytest.raises(PathError) as caught:
        check_name(name)
    assert says in caught.value.message
    assert caught.value.hint == use
    assert len(caught.value.message) < 400


@pytest.mark.parametrize("revision", [-1, 0, 2**31 - 1, 10**12])
def test_when_a_number_is_out_of_range_then_it_is_refused(revision: int) -> None:
    with pytest.raises(PathError):
        check_revision(revision)


@pytest.mark.parametrize("extension", ["", ".blend", ".ma", ".tar.gz", ".7z", ".blend1"])
def test_when_an_extension_is_plain_then_it_is_accepted(extension: str) -> None:
    check_extension(extension)


@pytest.mark.parametrize(
    "extension",
    ["blend", ".", "..", ".a/b", ".a b", ".a\0", ".é", ".a.", ".offline-3f9a2c", "." + "x" * 60],
)
def test_when_an_extension_is_odd_then_it_is_refused(extension: str) -> None:
    with pytest.raises(PathError):
        check_extension(extension)


def test_when_the_file_has_an_extension_of_its_own_then_it_wins_over_the_softwares() -> None:
    assert file_of(tree_of("x"), extension=".ma") == "x/lamp_a_modeling_v001.ma"
    assert file_of(tree_of("x"), extension="") == "x/lamp_a_modeling_v001"


def test_when_the_software_has_a_hostile_extension_then_it_is_refused() -> None:
    software = Software(id="s", name="S", file_extension="/../../x")
    with pytest.raises(PathError, match="extension"):
        file_of(tree_of("x"), software=software)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        pytest.param({"folder": "../<Asset>"}, PathError, "“..”", id="parent folder"),
        pytest.param({"folder": "a/./b"}, PathError, "“.”", id="own folder"),
        pytest.param({"folder": "C:/<Asset>"}, PathError, "':'", id="drive in the middle"),
        pytest.param({"folder": "a\\b"}, PathError, "'\\\\'", id="backslash"),
        pytest.param({"folder": "con/<Asset>"}, PathError, "device", id="device"),
        pytest.param({"folder": "a./b"}, PathError, "dot or a space", id="trailing dot"),
        pytest.param({"folder": "a\0"}, PathError, "\\x00", id="NUL"),
        pytest.param({"folder": "<Shot Name>"}, PathError, "'<'", id="a token that is none"),
        pytest.param({"mountpoint": "/a/../.."}, PathError, "“..”", id="mount point"),
        pytest.param({"root": "../x"}, PathError, "“..”", id="root"),
        pytest.param({"folder": "y" * 256}, PathError, "256 bytes", id="a folder too long"),
        pytest.param({"folder": "y/" * 190}, PathError, "characters", id="a path too long"),
        pytest.param({"file_name": "y" * 300}, PathError, "bytes", id="a file name too long"),
        pytest.param({"file_name": "<Instance>"}, NoFileTree, "no name", id="no file name"),
        pytest.param({"file_name": "1,<Revision>"}, NoFileTree, "comma", id="a comma"),
        pytest.param({"file_name": "&#<Revision>;"}, NoFileTree, "“&…;”", id="an entity"),
    ],
)
def test_when_the_tree_leads_to_a_bad_path_then_it_is_refused(
    changes: dict[str, Any], error: type[InputError], says: str
) -> None:
    with pytest.raises(error) as caught:
        file_of(tree_of(**changes))
    assert says in caught.value.message
    assert caught.value.hint


def test_when_nothing_is_left_of_a_record_then_its_folder_is_not_that_of_others() -> None:
    fire = asset_task("🔥")
    with pytest.raises(PathError, match="<Asset>"):
        revision_path(tree_of("a/<Asset>/b"), fire, revision=1, software=BLENDER)
    path = revision_path(tree_of("a/x<Asset>/b"), fire, revision=1, software=BLENDER)
    assert path.folder == "/m/a/x/b"


def test_when_a_short_name_is_missing_in_the_folder_then_it_is_asked_for() -> None:
    context = asset_task(task_type=TaskType(id="t", name="Modeling"))
    with pytest.raises(PathError, match=r"<TaskType\.short_name>"):
        revision_path(tree_of("<TaskType.short_name>"), context, revision=1, software=BLENDER)


def test_when_the_stored_path_has_400_characters_then_it_is_the_longest() -> None:
    tree = tree_of("/".join(["y" * 96] * 4), "f")  # /m/ and 4 * 97, then f_v001 and the dot
    path = revision_path(tree, ASSET, revision=1, software=None, extension=".b")
    assert len(path.server_path) == 3 + 387 + 1 + 8
    assert revision_path(tree, ASSET, revision=1, software=None, extension=".bc")
    with pytest.raises(PathError, match="401 characters"):
        revision_path(tree, ASSET, revision=1, software=None, extension=".bcd")


def test_when_the_kind_is_unknown_to_the_tree_then_it_counts_as_an_asset() -> None:
    edit = task_on("Edit", "Cut 1")
    assert revision_path(tree_of("x"), edit, revision=1, software=None).file_name == (
        "cut_1_modeling_v001"
    )


def test_when_the_tree_lacks_the_kind_then_the_error_names_it() -> None:
    shot = task_on("Shot", "SH1")
    tree = tree_of(folder_path={"asset": "x"})
    with pytest.raises(NoFileTree, match="shot"):
        revision_path(tree, shot, revision=1, software=None)


@pytest.mark.parametrize(
    ("file_name", "parts"),
    [
        ("a_v001.blend", ("a_v001", "", ".blend")),
        ("a_v014.offline-3f9a2c.blend", ("a_v014", "3f9a2c", ".blend")),
        ("a_v014.offline-3f9a2c", ("a_v014", "3f9a2c", "")),
        ("a.offline-3f9a2c.tar.gz", ("a", "3f9a2c", ".tar.gz")),
        ("a.offline-3f9a2.blend", ("a", "", ".offline-3f9a2.blend")),
        ("a", ("a", "", "")),
    ],
)
def test_when_a_file_name_is_split_then_the_mark_and_the_extension_come_apart(
    file_name: str, parts: tuple[str, str, str]
) -> None:
    assert split_file_name(file_name) == parts


@pytest.mark.parametrize("save_id", ["", "3f9a", "../../", "zzzzzz"])
def test_when_the_id_of_a_save_is_none_then_no_provisional_name_is_made(save_id: str) -> None:
    with pytest.raises(PathError, match="id of a save"):
        provisional_name("a.blend", save_id)


def test_when_asset_types_have_no_slug_in_a_file_name_then_the_rest_still_names_it() -> None:
    context = asset_task(entity_type=EntityType(id="t", name="🔥"))
    path = revision_path(tree_of("x", "<AssetType>_<Asset>"), context, revision=1, software=BLENDER)
    assert path.file_name == "lamp_a_v001.blend"
