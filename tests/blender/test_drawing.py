"""What is drawn, by a layout that takes down what it is asked for."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from addon_fixtures import extension  # noqa: F401  (a fixture)

from blender_addon import choosing, menus, panels, pictures, save
from blender_addon.account import asked_again
from blender_addon.choices import CHOICES
from blender_addon.preferences import WorkfilesPreferences, draw_account
from blender_addon.session import current
from blender_addon.shown import ChosenTask
from blender_addon.telling import paragraph
from wf_core.errors import LoginFailed, SecondFactorNeeded, WorkfilesError
from wf_core.models import Task
from wf_core.results import PendingSave, Revision, SaveResult
from wf_core.workfiles import SceneFacts, scene_state
from wf_core.workfiles.scene import FileState

NOW = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=datetime.timezone.utc)
NARROW, USUAL = 146.0, 237.0  # pixels: of sidebars 200 and 291 pixels wide

TASK = Task(
    id="a-task",
    project_name="Demo",
    entity_name="Lamp",
    entity_type_name="Props",
    task_type_name="Modeling",
    task_status_name="Todo",
)
REVISION = Revision(
    working_file_id="a-file",
    task_id="a-task",
    name="main",
    revision=3,
    comment="A hat",
    author="Robin Artist",
    created_at="2026-11-26T11:00:00",
    state="committed",
    sha256=None,
    size=1024,
    path=None,
    base_revision=2,
)
PARKED = PendingSave(
    save_id="a-save",
    task="Demo/Props/Lamp/Modeling",
    name="main",
    revision=3,
    state="parked",
    path="/work/lamp_v003.blend",
    size=1000,
    attempts=1,
    error="Uploaded, but not recorded.",
    next_try=None,
    hint="Ask to be assigned to the task, then “Retry”.",
)


class Page:
    """A layout and everything in it; ``drawn`` has what was asked for, in order."""

    def __init__(self, drawn: list[tuple[str, dict[str, Any]]] | None = None) -> None:
        self.drawn = [] if drawn is None else drawn

    def __getattr__(self, what: str) -> Any:
        def ask(*_: object, **how: Any) -> Page:
            self.drawn.append((what, how))
            return Page(self.drawn)

        return ask

    def all(self, what: str) -> list[dict[str, Any]]:
        return [how for asked, how in self.drawn if asked == what]

    def texts(self) -> list[str]:
        return [how["text"] for how in self.all("label")]


def pixels(text: str) -> float:
    blf: Any = import_module("blf")  # is there once bpy is imported
    blf.size(0, bpy.context.preferences.ui_styles[0].widget.points)
    return float(blf.dimensions(0, text)[0])


@pytest.fixture
def choices() -> Iterator[None]:
    before = dict(vars(CHOICES))
    yield
    CHOICES.__dict__.update(before)


@pytest.mark.parametrize("width", [86.0, 96.0, NARROW])
def test_when_the_sidebar_is_narrow_then_no_line_is_wider_than_it(width: float) -> None:
    page = Page()
    paragraph(page, "Blender's online access is off, so Kitsu is not asked.", width=width, icon="X")
    assert [line for line in page.texts() if pixels(line) > width - 24] == []


@pytest.mark.usefixtures("extension")
def test_when_there_is_room_for_words_then_the_picture_is_beside_them_in_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "icon_of", lambda _: 7)
    page = Page()
    panels.WORKFILES_PT_revisions._draw_one(page, REVISION, USUAL, NOW)
    (split,), (picture,) = page.all("split"), page.all("template_icon")
    assert split["factor"] * (USUAL - 10) == pytest.approx(100)
    assert picture["scale"] == 5.0


@pytest.mark.usefixtures("extension")
def test_when_there_is_no_room_for_words_beside_it_then_the_picture_is_above_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "icon_of", lambda _: 7)
    page = Page()
    panels.WORKFILES_PT_revisions._draw_one(page, REVISION, NARROW, NOW)
    assert page.all("split") == []
    assert [picture["scale"] for picture in page.all("template_icon")] == [5.0]
    assert page.texts()[0] == "A hat"


OPEN: dict[str, tuple[FileState, str]] = {
    "the revision": ("same", "v003 (open)"),
    "saved over": ("changed", "v003 (open)"),
    "saved as something else": ("elsewhere", "v003"),
}


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize(("file", "called"), OPEN.values(), ids=OPEN.keys())
def test_when_the_scene_is_another_file_than_its_revision_then_that_is_not_called_open(
    file: FileState, called: str
) -> None:
    current().shown.facts = SceneFacts(revision=3, file=file)
    page = Page()
    panels.WORKFILES_PT_revisions._draw_one(page, REVISION, USUAL, NOW)
    assert page.all("operator")[0]["text"] == called


@pytest.mark.usefixtures("extension")
def test_when_blender_saves_by_itself_then_nothing_is_said_of_the_file_before(
    tmp_path: Path,
) -> None:
    current().shown.notice = "Everything is in Kitsu."
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere.blend"))
    assert current().shown.notice == ""


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize(("revisions", "told"), [(None, True), ([REVISION], False)])
def test_when_online_access_is_off_then_the_list_tells_it_only_where_it_is_empty(
    monkeypatch: pytest.MonkeyPatch, revisions: list[Revision] | None, told: bool
) -> None:
    shown = current().shown
    shown.problems["revisions"] = WorkfilesError("Online access is off.")
    shown.revisions = revisions
    monkeypatch.setattr(current(), "_offline", "Online access is off.")
    page = Page()
    panel = SimpleNamespace(layout=page, width=lambda _: USUAL, _draw_one=lambda *_: None)
    panels.WORKFILES_PT_revisions.draw(panel, bpy.context)
    assert ("Online access is off." in page.texts()) is told


BROWSED = {
    "my tasks": (None, ["Props/Lamp/Modeling", "Demo, Todo"]),
    "a production": (("a-production", "Demo"), ["Props/Lamp/Modeling", "Todo"]),
}


@pytest.mark.usefixtures("extension", "choices")
@pytest.mark.parametrize(("production", "lines"), BROWSED.values(), ids=BROWSED.keys())
def test_when_a_production_is_browsed_then_its_tasks_do_not_repeat_its_name(
    production: tuple[str, str] | None, lines: list[str]
) -> None:
    CHOICES.production = production
    page = Page()
    panels.WORKFILES_PT_tasks._draw_one(page, TASK, USUAL)
    assert page.texts() == lines


@pytest.mark.usefixtures("extension", "choices")
@pytest.mark.parametrize("tasks_open", [False, True])
def test_when_the_list_of_tasks_is_open_then_it_has_the_place_of_the_revisions(
    monkeypatch: pytest.MonkeyPatch, tasks_open: bool
) -> None:
    monkeypatch.setattr(panels._KitsuPanel, "logged_in", classmethod(lambda _: True))
    current().shown.task = ChosenTask("a-task", "Demo/Props/Lamp/Modeling")
    CHOICES.tasks_open = tasks_open
    assert panels.WORKFILES_PT_tasks.poll(bpy.context) is tasks_open
    assert panels.WORKFILES_PT_revisions.poll(bpy.context) is not tasks_open
    page = Page()
    panels.WORKFILES_PT_scene._draw_task(page, USUAL)
    assert [how.get("text") for how in page.all("operator")] == [
        "Keep This Task" if tasks_open else None
    ]


ERRORS = {
    "it does not say": ("Uploaded, but not recorded.", [PARKED.hint]),
    "it says itself": ("Not recorded. Ask to be assigned, then “Retry”.", []),
}


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize(("error", "hints"), ERRORS.values(), ids=ERRORS.keys())
def test_when_a_save_needs_a_person_then_it_says_what_to_do_once(
    error: str, hints: list[str]
) -> None:
    current().shown.pending = [replace(PARKED, error=error)]
    page = Page()
    panel = SimpleNamespace(layout=page, width=lambda _: 2000.0)
    panels.WORKFILES_PT_waiting.draw(panel, bpy.context)
    assert page.texts() == ["Demo/Props/Lamp/Modeling v003", error, *hints]


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("width", [NARROW, USUAL])
def test_when_nobody_is_logged_in_then_the_ways_in_can_be_read(width: float) -> None:
    current().shown.problems["account"] = LoginFailed("Wrong e-mail address or password.")
    page = Page()
    draw_account(page, width)
    ways = [how["text"] for how in page.all("operator")]
    assert len(ways) == 2
    assert [way for way in ways if pixels(way) > width - 24] == []


@pytest.mark.usefixtures("extension")
def test_when_the_preferences_are_narrow_then_choices_are_not_side_by_side() -> None:
    rows = {}
    for width in (320, 600):
        page = Page()
        preferences = SimpleNamespace(
            layout=page,
            pictures=True,
            trust_scripts=True,
            _draw_places=lambda *_: None,
            _draw_checks=lambda *_: None,
        )
        context = SimpleNamespace(
            region=SimpleNamespace(width=width),
            preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        )
        WorkfilesPreferences.draw(preferences, context)
        rows[width] = len(page.all("row"))
    assert rows == {320: 1, 600: 2}


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize(("width", "side_by_side"), [(NARROW, False), (USUAL, True)])
def test_when_the_sidebar_is_narrow_then_buttons_are_below_each_other(
    width: float, side_by_side: bool
) -> None:
    current().shown.pending = [PARKED]
    page = Page()
    panel = SimpleNamespace(layout=page, width=lambda _: width)
    panels.WORKFILES_PT_waiting.draw(panel, bpy.context)
    assert bool(page.all("row")) is side_by_side


MENUS = {"my tasks": (None, "My Tasks"), "a production": (("an-id", "Demo"), "Tasks of Demo")}


@pytest.mark.usefixtures("extension", "choices")
@pytest.mark.parametrize(("production", "title"), MENUS.values(), ids=MENUS.keys())
def test_when_a_production_is_browsed_then_the_menu_does_not_call_its_tasks_mine(
    production: tuple[str, str] | None, title: str
) -> None:
    CHOICES.production = production
    page = Page()
    menus.WORKFILES_MT_kitsu.draw(SimpleNamespace(layout=page), bpy.context)
    assert title in [how.get("text") for how in page.all("menu")]


NOTICES = {
    "a number": (3, "revision", "Revision 3 is safe on this machine."),
    "none yet": (None, "provisional", ""),
}


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize(("revision", "kind", "notice"), NOTICES.values(), ids=NOTICES.keys())
def test_when_a_save_is_safe_then_the_state_says_so_before_the_server_is_asked(
    revision: int | None, kind: str, notice: str
) -> None:
    shown = current().shown
    shown.notice = "Saved without a number: lamp_v003.offline-9748c2.blend"
    shown.facts = SceneFacts(
        task_id="a-task", task_label=PARKED.task, has_file=True, revision=2, file="changed"
    )
    save._saved(
        SaveResult(
            save_id="a-save",
            working_file_id=None,
            task_id="a-task",
            name="main",
            revision=revision,
            path="/work/lamp_v003.blend",
            sha256=None,
            size=1000,
            state="pending",
            provisional=revision is None,
        )
    )
    assert shown.facts is not None
    assert (scene_state(shown.facts).kind, shown.notice) == (kind, notice)


NONE: dict[str, tuple[list[Task] | None, str]] = {
    "not asked": (None, "Not read yet"),
    "none": ([], "No production has you on its team"),
}


@pytest.mark.usefixtures("extension", "choices")
@pytest.mark.parametrize(("tasks", "why"), NONE.values(), ids=NONE.keys())
def test_when_there_is_no_production_then_the_menu_says_why(
    tasks: list[Task] | None, why: str
) -> None:
    CHOICES.production_names = []
    current().shown.tasks = tasks
    page = Page()
    choosing.WORKFILES_MT_production.draw(SimpleNamespace(layout=page), bpy.context)
    assert page.texts() == [why]


AGAIN: dict[str, tuple[Exception, dict[str, str], dict[str, Any]]] = {
    "a wrong password": (LoginFailed("Wrong."), {}, {"problem": "Wrong."}),
    "a wrong code": (
        LoginFailed("Wrong."),
        {"email_otp": "000000"},
        {"problem": "Wrong.", "needs_code": True, "code_kind": "email_otp"},
    ),
    "no code yet": (
        SecondFactorNeeded("A code.", kinds=("fido", "recovery_code")),
        {},
        {"needs_code": True, "code_kind": "recovery_code"},
    ),
    "a key alone": (
        SecondFactorNeeded("A code.", kinds=("fido",)),
        {},
        {"needs_code": True, "code_kind": "totp"},
    ),
}


@pytest.mark.parametrize("name", AGAIN)
def test_when_logging_in_fails_then_the_dialog_says_why_and_asks_again(name: str) -> None:
    problem, codes, again = AGAIN[name]
    assert asked_again(problem, codes) == again
