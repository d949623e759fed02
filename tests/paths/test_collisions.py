"""Who would share a path: tasks a tree cannot tell apart, and names that fall together."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_records import BLENDER, DEFAULT_TREE, asset_task, task_on, tree_of
from path_strategies import SOUND_LITERALS, SOUND_TOKENS, sound_trees

from wf_core.errors import InputError, PathError
from wf_core.models import EntityType, TaskContext
from wf_core.paths import (
    PathIndex,
    check_names,
    fold,
    kinds_apart,
    render_folder,
    revision_path,
)


def index_of(tree: Any, *contexts: TaskContext, **others: Any) -> PathIndex:
    index = PathIndex(tree, **others)
    for context in contexts:
        index.add(context)
    return index


def test_when_entities_have_folders_of_their_own_then_nothing_clashes() -> None:
    one, other = asset_task("lamp", 1), asset_task("lamp_big", 2)
    index = index_of(DEFAULT_TREE, one, other)
    assert index.clashes(one, name="big") == []
    assert index.all_clashes() == []


def test_when_two_tasks_of_a_type_are_on_one_entity_then_both_are_told() -> None:
    one = asset_task("Lamp A", 1)
    other = asset_task("Lamp A", 1, task=one.task.model_copy(update={"id": "second"}))
    index = index_of(DEFAULT_TREE, one, other)
    [clash] = index.clashes(one)
    assert (clash.task_id, clash.other_task_id) == (one.task.id, "second")
    assert clash.path.endswith("/modeling/demo_film_props_sets_lamp_a_modeling_v001")
    assert one.task.id in clash.message
    assert "“main” revision 1 of Démo Film/Props & Sets/Lamp A/Modeling" in clash.message
    assert "<Task>" in clash.hint
    assert index.clashes(other)
    assert len(index.all_clashes()) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Lamp A", "lamp_a", id="case and separator"),
        pytest.param("Élan", "elan", id="accent"),
        pytest.param("木", "Mu", id="transliteration"),
    ],
)
def test_when_two_entities_have_one_slug_then_they_clash(one: str, other: str) -> None:
    first, second = asset_task(one, 1), asset_task(other, 2)
    index = index_of(DEFAULT_TREE, first, second)
    with pytest.raises(PathError) as caught:
        index.check(first, revision=5)
    assert other in caught.value.message
    assert "rename one of them" in caught.value.hint


def test_when_a_tree_has_ids_then_entities_of_one_name_do_not_clash() -> None:
    tree = tree_of("<Asset.id>", "<Asset>")
    index = index_of(tree, asset_task("Lamp", 1), asset_task("Lamp", 2))
    assert index.all_clashes() == []


def test_when_one_tasks_name_meets_anothers_main_file_then_the_name_gives_way() -> None:
    lamp, big = asset_task("lamp", 1), asset_task("lamp_big", 2)
    index = index_of(tree_of("x", "<Asset>"), lamp, big)
    [clash] = index.clashes(lamp, name="big")
    assert clash.other_name == "main"
    assert clash.hint == "Choose another name than “big”."
    [deeper] = index.clashes(lamp, name="big_red")
    assert deeper.other_name == "red"
    assert index.clashes(big) == []
    assert index.clashes(big, name="red") == []
    assert index.clashes(lamp, name="small") == []


def test_when_that_name_is_in_use_already_then_the_later_task_is_told() -> None:
    lamp, big = asset_task("lamp", 1), asset_task("lamp_big", 2)
    index = PathIndex(tree_of("x", "<Asset>"))
    index.add(lamp, names=["main", "big"])
    index.add(big, names=[])
    [clash] = index.clashes(big)
    assert (clash.other_task_id, clash.other_name) == (lamp.task.id, "big")


def test_when_numbers_run_into_names_of_entities_then_it_is_found_before_it_happens() -> None:
    tree = tree_of("x", "<Asset><Revision>")
    one, other = asset_task("lamp", 1), asset_task("lamp1", 2)
    index = index_of(tree, one, other)
    [clash] = index.clashes(other)
    assert (clash.revision, clash.other_revision) == (1, 1001)
    with pytest.raises(PathError):
        index.check(one, revision=1001)


def test_when_another_tool_named_a_file_then_its_slug_is_what_counts() -> None:
    tree = tree_of("x", "<Asset>_<Name>")
    one, other = asset_task("lamp", 1), asset_task("lamp_red", 2)
    index = PathIndex(tree)
    index.add(one, names=["Red Main"])
    assert [clash.other_name for clash in index.clashes(other)] == ["red_main"]


def test_when_a_task_has_no_path_then_it_clashes_with_nothing_and_is_reported() -> None:
    broken = asset_task("🔥", 2)
    index = index_of(tree_of("<Asset>"), asset_task("lamp", 1), broken)
    assert list(index.unusable) == [broken.task.id]
    assert len(index) == 1
    with pytest.raises(PathError):
        index.clashes(broken)


def test_when_a_task_is_added_again_then_it_does_not_clash_with_itself() -> None:
    lamp = asset_task("lamp", 1)
    index = index_of(tree_of("x", "<Asset>"), lamp, lamp)
    index.add(lamp, names=["cache"])
    assert len(index) == 1
    assert index.all_clashes() == []


def test_when_a_task_is_not_in_the_index_then_it_can_be_asked_about() -> None:
    index = index_of(DEFAULT_TREE, asset_task("Lamp A", 1))
    assert index.clashes(asset_task("lamp a", 2))


def test_when_literal_folders_differ_in_case_or_form_only_then_kinds_clash() -> None:
    tree = tree_of()
    tree["working"]["folder_path"] |= {"asset": "ÉTÉ", "shot": "été"}
    tree["working"]["file_name"] |= {"asset": "<Asset>", "shot": "<Shot>"}
    shot = asset_task("Lamp", 2, entity_type=EntityType(id="t-shot", name="Shot"))
    assert index_of(tree, asset_task("lamp", 1), shot).all_clashes()


@pytest.mark.parametrize(
    ("asset", "shot", "apart"),
    [
        pytest.param("<Project>/assets/<Asset>", "<Project>/shots/<Shot>", True, id="literals"),
        pytest.param("assets", "shots", True, id="one folder each"),
        pytest.param("ÉTÉ/<Asset>", "été/<Shot>", False, id="literals alike on some disks"),
        pytest.param("<Project>/<Asset>", "<Project>/shots", False, id="a token may say shots"),
        pytest.param("<Asset>/assets", "<Shot>/shots", False, id="an empty token may shift them"),
        pytest.param("x", "x/y", False, id="one above the other"),
        pytest.param("<Project>x/a", "<Project>y/a", True, id="literals beside the production"),
    ],
)
def test_when_folders_of_two_kinds_are_compared_then_only_sure_ones_are_apart(
    asset: str, shot: str, apart: bool
) -> None:
    tree = tree_of()
    tree["working"]["folder_path"] |= {"asset": asset, "shot": shot}
    assert kinds_apart(tree, "asset", "shot") is apart
    assert kinds_apart(tree, "shot", "asset") is apart
    del tree["working"]["folder_path"]["shot"]
    assert kinds_apart(tree, "asset", "shot")  # it has no path at all


FOLDERS = st.lists(
    st.sampled_from(
        ["<Project>", "a", "A", "b", "<Project>a", "<Episode>", "<Sequence>", "x<Task>"]
    ),
    min_size=1,
    max_size=4,
).map("/".join)
TITLES = st.sampled_from(["", "a", "b", "A b"])


@given(FOLDERS, FOLDERS, TITLES, TITLES, TITLES)
def test_when_two_kinds_are_apart_then_no_folder_is_shared(
    asset: str, shot: str, name: str, sequence: str, episode: str
) -> None:
    tree = tree_of()
    tree["working"]["folder_path"] |= {"asset": asset, "shot": shot}
    if kinds_apart(tree, "asset", "shot"):
        contexts = (asset_task(name), task_on("Shot", name, parents=(sequence, episode)))
        one, other = (fold(render_folder(tree, context)) for context in contexts)
        assert one != other


ASSETS = ["lamp", "lamp_a", "lamp1", "a", "a_a", "1"]
NAMES = ["main", "a", "1", "a_a", "main_a"]
REVISIONS = [1, 11, 1001]


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(
    sound_trees(
        st.sampled_from([token for token in SOUND_TOKENS if ".id>" not in token])
        | st.just("<Asset>")
        | st.sampled_from(SOUND_LITERALS)
    )
)
def test_when_the_index_lets_files_pass_then_no_two_share_a_path(tree: Any) -> None:
    contexts = [asset_task(name, number) for number, name in enumerate(ASSETS, start=1)]
    index = PathIndex(tree)
    for context in contexts:
        index.add(context, names=[])
    owners: dict[str, tuple[str, str, int]] = {}
    for context, name, revision in product(contexts, NAMES, REVISIONS):
        try:
            path = revision_path(tree, context, name=name, revision=revision, software=BLENDER)
            index.check(context, name=name, revision=revision)
        except InputError:
            continue
        mine = (context.task.id, name, revision)
        assert owners.setdefault(fold(path.server_path), mine) == mine


@pytest.mark.slow
def test_when_ten_thousand_tasks_are_indexed_then_it_takes_seconds() -> None:
    index = PathIndex(DEFAULT_TREE)
    before = time.process_time()
    for number in range(10_000):
        index.add(asset_task(f"Lämp {number}", number))
    assert index.all_clashes() == []
    # About two seconds of processor time on a slow machine; a quadratic search takes hours.
    assert time.process_time() - before < 20


@pytest.mark.parametrize(
    ("existing", "name"),
    [
        pytest.param("Lamp A", "lamp_a", id="slug"),
        pytest.param("CACHE", "cache", id="case"),
        pytest.param("cache-", "cache", id="separator at the end"),
        pytest.param("Élan", "elan", id="accent"),
    ],
)
def test_when_two_names_of_a_task_fall_together_then_the_new_one_is_refused(
    existing: str, name: str
) -> None:
    with pytest.raises(PathError) as caught:
        check_names(["main", existing], name)
    assert existing in caught.value.message


def test_when_names_differ_or_are_the_same_then_they_do_not_fall_together() -> None:
    check_names(["main", "cache"], "cache")
    check_names(["main", "cache"], "cache_2")
    check_names([], "main")
