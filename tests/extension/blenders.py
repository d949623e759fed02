"""Blenders that hold nothing of ours but what an installed zip brings, each session a process.

``build.py test`` names their interpreters and the folder with the zips in the environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ADDON", "Blender", "Session", "interpreters", "linux_zip"]

ADDON = "bl_ext.user_default.kitsu_workfiles"

_PRELUDE = f"""
import importlib, json, os, sys, time
from pathlib import Path
import bpy, addon_utils

ADDON = {ADDON!r}

def part(name):
    return importlib.import_module(f"{{ADDON}}.{{name}}")

def answer(value):
    Path(sys.argv[1]).write_text(json.dumps(value), encoding="utf-8")

def install(path):
    addon_utils.enable("bl_pkg")
    done = bpy.ops.extensions.package_install_files(
        filepath=path, repo="user_default", enable_on_install=True
    )
    assert done == {{"FINISHED"}}, done

def enable(name="kitsu_workfiles"):
    # Blender as a module does not read the preferences (4.2 crashes on it): what they would
    # enable at the start is enabled here, with the packages as the last session left them.
    addon_utils.enable("bl_pkg")
    assert addon_utils.enable(
        f"bl_ext.user_default.{{name}}", default_set=True, persistent=True, refresh_handled=True
    )

bpy.context.preferences.system.use_online_access = True
"""


@dataclass(frozen=True)
class Session:
    """How one session ended.

    Attributes:
        answer: what it handed to ``answer()``; None when nothing.
        code: its exit code.
        stdout: its standard output, Blender's own words included.
        stderr: its standard error.
    """

    answer: Any
    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Blender:
    """One installation of Blender with a user's folder.

    Attributes:
        release: "5.0".
        python: the interpreter that has ``bpy``.
        folder: settings, extensions and scratch files of this user.
        environ: added to the environment of every session.
    """

    release: str
    python: Path
    folder: Path
    environ: Mapping[str, str]

    def session(
        self, program: str, *arguments: str, seconds: float = 120.0, check: bool = True
    ) -> Session:
        """Run ``program`` in a new session, isolated as Blender's Python is.

        ``sys.argv[2:]`` are the arguments; ``part(NAME)`` is a module of the extension,
        ``install``, ``enable`` and ``answer`` do what they say.
        """
        told = self.folder / "answer.json"
        told.unlink(missing_ok=True)
        (self.folder / "user").mkdir(exist_ok=True)
        script = self.folder / "program.py"
        script.write_text(_PRELUDE + textwrap.dedent(program), encoding="utf-8")
        done = subprocess.run(
            [str(self.python), "-I", str(script), str(told), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("WF_")},
                **self.environ,
                "BLENDER_USER_RESOURCES": str(self.folder / "user"),
            },
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{done.returncode}: {done.stdout}\n{done.stderr}")
        found = json.loads(told.read_text(encoding="utf-8")) if told.exists() else None
        return Session(found, done.returncode, done.stdout, done.stderr)


def interpreters() -> dict[str, Path]:
    """The Blenders there are, by release."""
    listed = os.environ.get("WF_BARE_BLENDERS", "")
    return {
        release: Path(path)
        for release, _, path in (entry.partition("=") for entry in listed.split(os.pathsep))
        if path
    }


def linux_zip() -> Path:
    """The packaged extension for this machine."""
    (found,) = Path(os.environ["WF_EXTENSION"]).glob("kitsu_workfiles-*-linux_x64.zip")
    return found
