"""Lists as people see them: ages, sizes, search."""

from __future__ import annotations

import datetime

import pytest

from wf_core.models import Task
from wf_core.results import Presence
from wf_core.workfiles.browsing import TaskFilter, narrowed, values_of
from wf_core.workfiles.words import age, open_elsewhere, size

NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-11-24T11:59:55", "just now"),
        ("2026-11-24T12:00:30", "just now"),  # their clock is ahead
        ("2026-11-24T11:59:15", "45 s ago"),
        ("2026-11-24T11:01:00", "59 min ago"),
        ("2026-11-23T13:00:00", "23 h ago"),
        ("2026-11-20T12:00:00Z", "4 d ago"),
        ("2026-10-30T12:00:00+00:00", "3 weeks ago"),
        ("2026-01-24T12:00:00", "9 months ago"),
        ("2020-11-20T12:00:00", "6 years ago"),
        ("yesterday", ""),
        (None, ""),
    ],
)
def test_when_a_time_is_given_then_its_age_reads(created: str | None, words: str) -> None:
    assert age(created, NOW) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_200, "10 KiB"),
        (1_048_000, "1.0 MiB"),
        (26_214_400, "25 MiB"),
        (2**31, "2.0 GiB"),
        (None, ""),
    ],
)
def test_when_a_size_is_given_then_it_reads(count: int | None, words: str) -> None:
    assert size(count) == words


def task(entity_type: str, entity: str, task_type: str, **more: str) -> Task:
    return Task(
        id=f"{entity}-{task_type}",
        project_name="Demo",
        entity_type_name=entity_type,
        entity_name=entity,
        task_type_name=task_type,
        task_status_name="Todo",
        **more,
    )


TASKS = [
    task("Props", "Lamp", "Rigging"),
    task("Props", "Lamp", "Modeling"),
    task("Characters", "Ada", "Modeling"),
    task("Shot", "SH010", "Layout", sequence_name="SQ01"),
]


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        pytest.param(
            TaskFilter(),
            [
                "Demo/Characters/Ada/Modeling",
                "Demo/Props/Lamp/Modeling",
                "Demo/Props/Lamp/Rigging",
                "Demo/SQ01/SH010/Layout",
            ],
            id="everything, in order",
        ),
        pytest.param(TaskFilter(text="MODEL lamp"), ["Demo/Props/Lamp/Modeling"], id="words"),
        pytest.param(TaskFilter(entity_type="Shot"), ["Demo/SQ01/SH010/Layout"], id="type"),
        pytest.param(
            TaskFilter(entity="Props/Lamp", task_type="Rigging"),
            ["Demo/Props/Lamp/Rigging"],
            id="entity and task type",
        ),
        pytest.param(TaskFilter(text="nothing like it"), [], id="nothing"),
    ],
)
def test_when_tasks_are_narrowed_then_those_are_left(by: TaskFilter, labels: list[str]) -> None:
    assert [found.label for found in narrowed(TASKS, by)] == labels


def test_when_there_is_something_to_choose_from_then_it_is_sorted_and_of_that_type() -> None:
    assert values_of(TASKS, "entity_type") == ["Characters", "Props", "Shot"]
    assert values_of(TASKS, "entity", entity_type="Props") == ["Props/Lamp"]
    assert values_of(TASKS, "task_type") == ["Layout", "Modeling", "Rigging"]


OPEN: dict[str, tuple[str, str]] = {
    "today": ("2026-11-24T08:40:00+00:00", "Open on ws-07 since 10:40: kim (Maya)"),
    "in this zone today": ("2026-11-23T23:00:00+00:00", "Open on ws-07 since 01:00: kim (Maya)"),
    "yesterday": ("2026-11-23T08:40:00Z", "Open on ws-07 since 2026-11-23 10:40: kim (Maya)"),
    "without a zone": ("2026-11-24T08:40:00", "Open on ws-07 since 10:40: kim (Maya)"),
    "nonsense": ("a while", "Open on ws-07: kim (Maya)"),
}


@pytest.mark.parametrize(("since", "words"), OPEN.values(), ids=OPEN.keys())
def test_when_somebody_has_the_scene_open_then_it_reads(since: str, words: str) -> None:
    here = datetime.timezone(datetime.timedelta(hours=2))
    now = NOW.astimezone(here)
    assert open_elsewhere(Presence("kim", "ws-07", "Maya", since, seen=3.0), now) == words
