"""``wf config`` and the reading of file trees: what a person or a studio decides."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Here, Process
from wf_core.care import examine
from wf_core.paths import this_system
from wf_core.settings import load

SYSTEM = this_system()


def kept(home: Path) -> dict[str, Any]:
    document = json.loads((home / "settings.json").read_text(encoding="utf-8"))
    profile: dict[str, Any] = document["profiles"]["default"]
    return profile


CHANGES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "a number": (["offline_budget", "2.5"], {"offline_budget": 2.5}),
    "a list": (["allow_plain_http", "kitsu.lan"], {"allow_plain_http": ["kitsu.lan"]}),
    "an absolute folder": (["workspace", "/mnt/work"], {"workspace": "/mnt/work"}),
    "the default again": (["offline_budget", "--unset"], {}),
    "no workspace of its own": (["workspace", "--unset"], {}),
}


@pytest.mark.parametrize(("line", "expected"), CHANGES.values(), ids=CHANGES)
def test_when_a_setting_is_changed_then_it_is_kept(
    line: list[str], expected: dict[str, Any], here: Here, home: Path
) -> None:
    ran = here("config", *line, "--json")

    assert (ran.code, ran.err) == (0, "")
    assert list(ran.document) == [line[0]]
    assert kept(home) == expected


def test_when_mounts_are_set_then_those_of_other_systems_stay(here: Here, home: Path) -> None:
    other = "windows" if SYSTEM != "windows" else "linux"
    folder = "P:\\" if other == "windows" else "/mnt/prods"
    home.mkdir()
    before = {"profiles": {"default": {"mounts": [{"server": "/prods", other: folder}]}}}
    (home / "settings.json").write_text(json.dumps(before), encoding="utf-8")
    local = "/mnt/here" if SYSTEM != "windows" else "Q:\\here"

    ran = here("config", "mounts", f"/prods={local}", "--json")

    assert (ran.code, ran.err) == (0, "")
    [mount] = ran.document["mounts"]
    assert (mount["server"], mount[SYSTEM], mount[other]) == ("/prods", local, folder)


def test_when_a_setting_is_taken_back_then_the_studio_s_counts_again(
    here: Here, tmp_path: Path
) -> None:
    studio = tmp_path / "studio.json"
    studio.write_text(json.dumps({"profiles": {"default": {"workspace": "/mnt/work"}}}), "utf-8")
    environ = {"WF_STUDIO_SETTINGS": str(studio)}

    own = here("config", "workspace", "/mnt/own", "--json", environ=environ)
    taken_back = here("config", "workspace", "--unset", "--json", environ=environ)

    assert own.document == {"workspace": "/mnt/own"}
    assert taken_back.document == {"workspace": "/mnt/work"}


def test_when_a_mount_lies_in_a_folder_called_none_then_it_is_shown(here: Here) -> None:
    folder = "/mnt/NoneSuch" if SYSTEM != "windows" else "P:\\NoneSuch"

    ran = here("config", "mounts", f"/prods={folder}")

    assert ran.out == f"mounts  /prods = {folder} ({SYSTEM})\n"


BAD_LINES = {
    "an unknown setting": ["colour", "red"],
    "an unknown setting to look at": ["colour"],
    "a number that is none": ["offline_budget", "soon"],
    "a number that makes no sense": ["offline_budget", "-1"],
    "two values of one": ["workspace", "/a", "/b"],
    "a mount without a folder": ["mounts", "/prods"],
    "a value and none": ["workspace", "/a", "--unset"],
    "no folder": ["workspace", ""],
    "the home folder of nobody": ["workspace", "~nobody-has-this-name/work"],
    "a mount in a folder that is not absolute": ["mounts", "/prods=here"],
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_when_a_setting_makes_no_sense_then_nothing_is_changed(
    line: list[str], here: Here, home: Path
) -> None:
    ran = here("config", *line, "--json")

    assert (ran.code, ran.error["kind"]) == (2, "usage")
    assert "Value error" not in ran.error["message"]
    assert not (home / "settings.json").exists()


def test_when_nothing_is_named_then_every_setting_is_shown(here: Here, home: Path) -> None:
    ran = here("config", environ={"WF_WORKSPACE": "/mnt/work"})

    shown = dict(line.split(None, 1) for line in ran.out.splitlines())
    assert (shown["home"], shown["workspace"], shown["server"]) == (
        str(home),
        "/mnt/work",
        "not set",
    )


BAD_FILES = {
    "profiles that are a list": {"profiles": []},
    "a profile that is none": {"profiles": {"default": 1}},
    "a name of a profile that is none": {"profile": ["default"]},
    "no object at all": [],
}


@pytest.mark.parametrize("document", BAD_FILES.values(), ids=BAD_FILES)
def test_when_the_settings_have_another_shape_then_that_is_said(
    document: object, here: Here, home: Path
) -> None:
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(document), encoding="utf-8")

    ran = here("config", "--json")

    assert (ran.code, ran.error["kind"]) == (2, "usage")
    assert str(home / "settings.json") in ran.error["message"]


BAD_PLACES = {
    "home": ("WF_HOME", "config", 2),
    "workspace": ("WF_WORKSPACE", "config", 2),
    "home of a private Kitsu": ("WF_HOME", "kitsu status", 5),
}


@pytest.mark.parametrize(("variable", "line", "code"), BAD_PLACES.values(), ids=BAD_PLACES)
def test_when_a_place_is_in_the_home_of_nobody_then_that_is_said(
    variable: str, line: str, code: int, process: Process
) -> None:
    ran = process(*line.split(), "--json", **{variable: "~nobody-has-this-name/wf"})

    assert (ran.code, ran.err) == (code, "")
    assert "is not known here" in ran.error["message"]


def test_when_the_settings_cannot_be_written_then_that_is_said(here: Here, home: Path) -> None:
    (home / f"settings.json.{os.getpid()}.tmp").mkdir(parents=True)  # where it would be made

    ran = here("config", "workspace", "/mnt/work", "--json")

    assert (ran.code, ran.error["kind"]) == (5, "path")


FIRST_COMMANDS: dict[str, Callable[[Here], object]] = {
    "config": lambda here: here("config", "workspace", "/mnt/work"),
    "doctor": lambda here: examine(load({"WF_HOME": str(here.home), "WF_SERVER": ""})),
    "one that meets a bug": lambda here: here("whoami", answers={"whoami": ValueError()}),
}


@pytest.mark.skipif(os.name != "posix", reason="the modes of folders")
@pytest.mark.parametrize("command", FIRST_COMMANDS.values(), ids=FIRST_COMMANDS)
def test_when_a_command_is_the_first_then_the_home_is_its_user_s_alone(
    command: Callable[[Here], object], here: Here, home: Path
) -> None:
    command(here)

    assert home.stat().st_mode & 0o777 == 0o700


TREE_FILES: dict[str, tuple[str | None, str]] = {
    "missing": (None, "cannot be read"),
    "not JSON": ("{", "is not JSON"),
    "not an object": ("[]", "is not a file tree"),
}


@pytest.mark.parametrize(("text", "words"), TREE_FILES.values(), ids=TREE_FILES)
def test_when_a_tree_cannot_be_read_then_nothing_is_set(
    text: str | None, words: str, here: Here, tmp_path: Path
) -> None:
    path = tmp_path / "tree.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    ran = here("tree", "Demo", "--set", str(path), answers={"file_tree": None}, environ={})

    assert ran.code == 5
    assert words in ran.err
    assert "Nothing was changed" in ran.err


def test_when_a_production_has_another_tree_then_it_is_replaced_only_with_a_yes(
    here: Here,
) -> None:
    answers = {"file_tree": {"working": {}}, "set_file_tree": None}

    unasked = here("tree", "Demo", "--set", "default", answers=answers)
    declined = here("tree", "Demo", "--set", "default", answers=answers, stdin="n\n", terminal=True)
    calls_without = here.calls
    agreed = here("tree", "Demo", "--set", "default", answers=answers, stdin="y\n", terminal=True)

    assert (unasked.code, declined.code, agreed.code) == (2, 2, 0)
    assert [name for name, _ in calls_without] == ["file_tree"]
    assert [name for name, _ in here.calls] == ["file_tree", "set_file_tree"]
