"""Every operation of the client, against real servers of two releases."""

from __future__ import annotations

import uuid

import pytest

from wf_core.errors import (
    InputError,
    NoFileTree,
    NotFound,
    PermissionDenied,
    Refused,
    ServerFault,
    UsageError,
)
from wf_core.kitsu import ENTITY_KINDS, KitsuClient, Session, find_task, server_version
from wf_core.models import TaskContext
from wf_core.private_kitsu import KitsuInfo

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def lamp(artist: KitsuClient) -> TaskContext:
    return find_task(artist, "Demo/Props/Lamp/Modeling")


@pytest.fixture
def name() -> str:
    """A name no other test saves under."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def blender(artist: KitsuClient) -> str:
    return artist.software(name="Blender").id


def test_when_the_server_is_asked_then_it_tells_its_version(
    zou: KitsuInfo, artist: KitsuClient
) -> None:
    assert server_version(artist.session) == zou.version


def test_when_a_context_is_fetched_then_it_has_everything_around_the_task(
    lamp: TaskContext,
) -> None:
    assert lamp.label == "Demo/Props/Lamp/Modeling"
    assert lamp.kind == "asset"
    assert lamp.production.name == "Demo"
    assert lamp.production.file_tree is not None
    assert lamp.entity.name == "Lamp"
    assert lamp.entity_type.name == "Props"
    assert lamp.task_type.name == "Modeling"
    assert lamp.department is None  # the tree has no use for it
    assert (lamp.sequence, lamp.episode) == (None, None)


def test_when_a_shot_has_an_episode_then_the_context_has_it(artist: KitsuClient) -> None:
    context = find_task(artist, "Demo Series/E01/SQ01/SH010/Animation")
    assert context.kind == "shot"
    assert context.sequence is not None and context.sequence.name == "SQ01"
    assert context.episode is not None and context.episode.name == "E01"
    assert context.label == "Demo Series/E01/SQ01/SH010/Animation"


def test_when_revisions_are_made_then_they_are_listed_every_way(
    artist: KitsuClient, lamp: TaskContext, blender: str, name: str
) -> None:
    task_id, entity_id = lamp.task.id, lamp.entity.id
    assert artist.next_revision(task_id, name) == 1
    made = [
        artist.create_working_file(
            task_id, name=name, revision=number, software_id=blender, comment=f"step {number}"
        )
        for number in (1, 2, 5)
    ]
    assert [record.revision for record in made] == [1, 2, 5]
    assert {record.name for record in made} == {name}
    assert made[0].comment == "step 1"
    assert made[0].task_id == task_id
    assert made[0].entity_id == entity_id
    assert made[0].software_id == blender
    assert made[0].person_id == artist.whoami().id
    assert made[0].path is not None and made[0].path.startswith("/")

    assert artist.next_revision(task_id, name) == 6
    assert artist.last_revisions(task_id)[name].id == made[2].id
    of_task = [record.id for record in artist.working_files(task_id) if record.name == name]
    assert sorted(of_task) == sorted(record.id for record in made)
    of_entity = artist.entity_working_files(entity_id, task_id=task_id, name=name)
    assert sorted(record.id for record in of_entity) == sorted(of_task)
    assert {r.id for r in artist.entity_working_files(entity_id)} >= set(of_task)
    assert artist.working_file(made[1].id).comment == "step 2"


def test_when_a_revision_is_taken_then_the_server_says_already_exists(
    artist: KitsuClient, lamp: TaskContext, blender: str, name: str
) -> None:
    artist.create_working_file(lamp.task.id, name=name, revision=1, software_id=blender)
    with pytest.raises(Refused, match="already exists") as raised:
        artist.create_working_file(lamp.task.id, name=name, revision=1, software_id=blender)
    assert raised.value.status == 400


@pytest.mark.parametrize("revision", [0, -1, 2_147_483_647, 2_147_483_648])
def test_when_a_revision_would_break_the_name_then_it_is_not_sent(
    artist: KitsuClient, lamp: TaskContext, blender: str, name: str, revision: int
) -> None:
    with pytest.raises(UsageError, match="from 1 to 2147483646"):
        artist.create_working_file(lamp.task.id, name=name, revision=revision, software_id=blender)
    assert name not in artist.last_revisions(lamp.task.id)


@pytest.mark.parametrize(
    ("bad_name", "comment"),
    [("", ""), ("  ", ""), ("n" * 251, ""), ("a\0b", ""), ("fine", "a\0b")],
    ids=["empty", "blank", "251 characters", "NUL", "NUL in the comment"],
)
def test_when_name_or_comment_cannot_be_stored_then_it_is_not_sent(
    artist: KitsuClient, lamp: TaskContext, blender: str, bad_name: str, comment: str
) -> None:
    with pytest.raises(InputError):
        artist.create_working_file(
            lamp.task.id, name=bad_name, revision=1, software_id=blender, comment=comment
        )


def test_when_the_software_is_unknown_then_it_is_not_found(
    artist: KitsuClient, lamp: TaskContext, name: str
) -> None:
    with pytest.raises(NotFound):
        artist.create_working_file(
            lamp.task.id, name=name, revision=1, software_id=str(uuid.uuid4())
        )


def test_when_comment_date_and_fields_change_then_the_record_shows_it(
    artist: KitsuClient, lamp: TaskContext, blender: str, name: str
) -> None:
    made = artist.create_working_file(lamp.task.id, name=name, revision=1, software_id=blender)
    assert artist.set_comment(made.id, "Größer — 大").comment == "Größer — 大"
    touched = artist.touch(made.id)
    assert touched.updated_at is not None and made.updated_at is not None
    assert touched.updated_at >= made.updated_at
    data = {"workfiles": {"schema": 1, "size": 3_000_000_000}}
    changed = artist.update_working_file(made.id, path="/a/b.blend", data=data)
    assert (changed.path, changed.data) == ("/a/b.blend", data)
    again = artist.working_file(made.id)
    assert (again.path, again.data, again.comment) == ("/a/b.blend", data, "Größer — 大")
    with pytest.raises(InputError, match="cannot be empty"):
        artist.set_comment(made.id, " ")


def test_when_nobody_has_that_id_then_it_is_not_found(artist: KitsuClient) -> None:
    nobody = str(uuid.uuid4())
    for look in (artist.working_file, artist.task_context, artist.working_files, artist.task):
        with pytest.raises(NotFound):
            look(nobody)


@pytest.mark.parametrize("odd", ["", "..", ". .", " "])
def test_when_an_id_would_lead_to_another_route_then_it_is_refused(
    artist: KitsuClient, odd: str
) -> None:
    with pytest.raises(UsageError, match="is not an id"):
        artist.working_file(odd)


def test_when_an_id_has_slashes_then_they_stay_inside_it(artist: KitsuClient) -> None:
    with pytest.raises((NotFound, Refused, ServerFault)):
        artist.working_file("../persons")


def test_when_a_path_is_asked_for_then_folder_and_name_come(
    artist: KitsuClient, lamp: TaskContext, blender: str
) -> None:
    folder, file_name = artist.working_file_path(
        lamp.task.id, name="main", revision=7, software_id=blender
    )
    assert folder == "/mnt/kitsu/projects/demo/assets/props/lamp/modeling/work"
    assert file_name == "demo_props_lamp_modeling_main_v007"


def test_when_there_is_no_file_tree_then_the_path_says_so(
    artist: KitsuClient, blender: str
) -> None:
    bare = find_task(artist, "Demo Bare/Props/Lamp/Modeling")
    assert bare.production.file_tree is None
    with pytest.raises(NoFileTree, match="file tree"):
        artist.working_file_path(bare.task.id, revision=1, software_id=blender)
    with pytest.raises(ServerFault):
        artist.create_working_file(bare.task.id, name="main", revision=1, software_id=blender)
    assert artist.working_files(bare.task.id) == []


def test_when_a_tree_is_set_then_paths_follow_it(admin: KitsuClient, blender: str) -> None:
    production = admin.session.post("data/projects", {"name": f"Trees {uuid.uuid4().hex[:8]}"})
    tree = {
        "working": {
            "mountpoint": "/mnt",
            "root": "here",
            "folder_path": {"asset": "<Project>/<Asset>"},
            "file_name": {"asset": "<Asset>_<Revision>"},
        }
    }
    changed = admin.set_file_tree(production["id"], tree)
    assert changed.file_tree == tree
    assert admin.production(production["id"]).file_tree == tree


def test_when_an_artist_sets_a_tree_then_it_is_not_allowed(
    artist: KitsuClient, lamp: TaskContext
) -> None:
    with pytest.raises(PermissionDenied):
        artist.set_file_tree(lamp.production.id, {})


def test_when_a_revision_is_published_then_an_output_file_comes_from_it(
    artist: KitsuClient, lamp: TaskContext, blender: str, name: str
) -> None:
    source = artist.create_working_file(lamp.task.id, name=name, revision=1, software_id=blender)
    cache = next(kind for kind in artist.output_types() if kind.name == "Cache")

    def publish(revision: int = 0) -> int:
        made = artist.create_output_file(
            lamp.entity.id,
            working_file_id=source.id,
            output_type_id=cache.id,
            task_type_id=lamp.task_type.id,
            name=name,
            comment="for lighting",
            revision=revision,
            extension=".abc",
        )
        assert made.source_file_id == source.id
        assert (made.name, made.comment) == (name, "for lighting")
        assert made.path is not None and made.path.endswith(".abc")
        return made.revision

    assert [publish(), publish(), publish(7)] == [1, 2, 7]
    with pytest.raises(Refused, match="already exists"):
        publish(7)
    listed = [entry for entry in artist.output_files(lamp.entity.id) if entry.name == name]
    assert sorted(entry.revision for entry in listed) == [1, 2, 7]


def test_when_software_is_looked_up_then_name_short_name_and_extension_find_it(
    artist: KitsuClient,
) -> None:
    found = {
        artist.software(name="Blender").id,
        artist.software(name="BLENDER").id,
        artist.software(extension=".blend").id,
        artist.software(extension="BLEND").id,
    }
    assert len(found) == 1
    with pytest.raises(NotFound, match="Blender") as raised:
        artist.software(name="Paint")
    assert "Maya" in raised.value.suggestions
    with pytest.raises(NotFound, match=r"for \.xyz files"):
        artist.software(extension="xyz")
    with pytest.raises(UsageError):
        artist.software()


def test_when_lists_are_kept_then_they_are_asked_for_once(artist: KitsuClient) -> None:
    first = artist.softwares()
    assert artist.softwares() is first
    artist.clear_cache()
    assert artist.softwares() is not first
    assert {record.name for record in artist.softwares()} >= {record.name for record in first}


def test_when_an_artist_looks_around_then_names_can_be_read(
    zou: KitsuInfo, artist: KitsuClient, lamp: TaskContext
) -> None:
    me = artist.whoami()
    assert me.email == zou.artist_email
    assert me.role == "user"
    assert artist.person(me.id).display_name == me.display_name
    assert {person.id for person in artist.persons()} >= {me.id}
    assert me.id in {person.id for person in artist.team(lamp.production.id)}
    assert {p.name for p in artist.productions()} >= {"Demo", "Demo Series", "Demo Plain"}
    assert {t.name for t in artist.task_types()} >= {"Modeling", "Animation"}


def test_when_my_tasks_are_listed_then_they_have_names(artist: KitsuClient) -> None:
    tasks = artist.my_tasks()
    lamp = next(
        task
        for task in tasks
        if (task.project_name, task.entity_name, task.task_type_name)
        == ("Demo", "Lamp", "Modeling")
    )
    assert lamp.entity_type_name == "Props"
    assert artist.whoami().id in lamp.assignees
    assert lamp.id not in {task.id for task in artist.my_tasks(done=True)}


def test_when_a_productions_tasks_are_listed_then_they_have_names(
    artist: KitsuClient,
) -> None:
    series = next(p for p in artist.productions() if p.name == "Demo Series")
    rows = {
        (t.episode_name, t.sequence_name, t.entity_type_name, t.entity_name, t.task_type_name)
        for t in artist.named_production_tasks(series.id)
    }
    assert ("E01", "SQ01", "Shot", "SH010", "Animation") in rows
    assert (None, None, "Characters", "Hero", "Rigging") in rows


def test_when_entities_are_listed_then_each_kind_can_be_had_alone(artist: KitsuClient) -> None:
    series = next(p for p in artist.productions() if p.name == "Demo Series")
    by_kind = {
        kind: {entity.name for entity in artist.entities(series.id, [kind])}
        for kind in ENTITY_KINDS
    }
    assert {"Hero", "Lamp"} <= by_kind["Asset"]
    assert {"SH010", "SH020"} <= by_kind["Shot"]
    assert {"SQ01"} <= by_kind["Sequence"]
    assert {"E01", "E02"} <= by_kind["Episode"]
    everything = {entity.id for entity in artist.entities(series.id)}
    for name in ("Hero", "SH010", "SQ01", "E01"):
        assert {entity.id for entity in artist.entities_named(series.id, name)} <= everything


def test_when_a_task_is_assigned_then_the_person_is_among_its_assignees(
    admin: KitsuClient, artist: KitsuClient, lamp: TaskContext
) -> None:
    me = artist.whoami().id
    assert me in admin.assign(lamp.task.id, me).assignees
    assert me in artist.task(lamp.task.id).assignees


def test_when_a_production_is_not_mine_then_its_tasks_are_not_allowed(
    admin: KitsuClient, artist: KitsuClient, lamp: TaskContext, blender: str
) -> None:
    production = admin.session.post("data/projects", {"name": f"Other {uuid.uuid4().hex[:8]}"})
    asset = admin.session.post(
        "data/entities",
        {"name": "Lamp", "project_id": production["id"], "entity_type_id": lamp.entity_type.id},
    )
    task = admin.session.post(
        "data/tasks",
        {
            "name": "main",
            "project_id": production["id"],
            "entity_id": asset["id"],
            "task_type_id": lamp.task_type.id,
            "task_status_id": lamp.task.task_status_id,
        },
    )
    assert production["id"] not in {each.id for each in artist.productions()}
    with pytest.raises(PermissionDenied, match="add you to its team"):
        artist.task_context(task["id"])
    with pytest.raises(PermissionDenied):
        artist.create_working_file(task["id"], name="x", revision=1, software_id=blender)


def test_when_a_bot_has_a_token_then_it_works_like_a_person(
    zou: KitsuInfo, admin: KitsuClient, lamp: TaskContext, blender: str, name: str
) -> None:
    made = admin.session.post(
        "data/persons",
        {
            "first_name": "Farm",
            "last_name": uuid.uuid4().hex[:8],
            "is_bot": True,
            "role": "user",
        },
    )
    admin.session.post(f"data/projects/{lamp.production.id}/team", {"person_id": made["id"]})
    bot = KitsuClient(Session(zou.url, bot_token=made["access_token"]))
    assert bot.whoami().is_bot
    with pytest.raises(PermissionDenied):
        bot.my_tasks()  # the server keeps no such list for bots
    record = bot.create_working_file(lamp.task.id, name=name, revision=1, software_id=blender)
    assert record.person_id == made["id"]
