"""Blender without a window: ``blender --command kitsu_workfiles save SCENE --task ...``.

The same arguments, JSON and exit codes as ``wf save``. The scene is opened here, not by Blender's
own argument: ``blender -b missing.blend --command ...`` would go on with an empty scene.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

import bpy

from . import core

if TYPE_CHECKING:
    from wf_core.cli.save_arguments import SaveArguments
    from wf_core.host import Host
    from wf_core.settings import Settings
    from wf_core.workfiles import Workfiles

__all__ = ["main", "register", "run", "unregister"]

NAME = "kitsu_workfiles"
OFFLINE = (
    "Blender's online access is off, so Kitsu is not asked. Start Blender with --online-mode, or "
    "allow online access in its preferences."
)
_BROKEN = 1
_STDOUT, _STDERR = 1, 2

_command: Any = None


def register() -> None:
    """Add the command to Blender's own."""
    global _command
    # It returns what takes it back, whatever the stubs of 4.2 say.
    _command = bpy.utils.register_cli_command(NAME, main)  # type: ignore[func-returns-value]


def unregister() -> None:
    """Take the command away again."""
    global _command
    if _command is not None:
        bpy.utils.unregister_cli_command(_command)
        _command = None


def main(arguments: list[str]) -> int:
    """What Blender calls with the words after ``kitsu_workfiles``; the exit code.

    Standard output is for the result alone. Blender prints there too, from code that knows
    nothing of Python's ``sys.stdout`` and holds lines back until it ends: so the descriptor is
    turned to standard error for good.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    with os.fdopen(os.dup(_STDOUT), "w", encoding="utf-8") as output:
        os.dup2(_STDERR, _STDOUT)
        return run(arguments, output)


def run(arguments: list[str], output: TextIO) -> int:
    """Run one command line, its result written to ``output``; the exit code."""
    try:
        core.load()
    except core.CoreUnavailable as exc:
        print(f"{NAME}: {exc.message} {exc.hint}", file=sys.stderr)
        return _BROKEN
    from wf_core.cli import boundary
    from wf_core.cli.context import Session

    session = Session(stdout=output, open_workfiles=_open_workfiles, open_host=_open_scene)
    with session.interrupts.installed():
        return boundary.run(arguments, session, inside=f"blender --command {NAME}")


def _open_workfiles(settings: Settings) -> Workfiles:
    from wf_core.workfiles import Workfiles

    return Workfiles(settings, offline="" if bpy.app.online_access else OFFLINE)


def _open_scene(arguments: SaveArguments) -> Host:
    """The scene without its interface and with its scripts off.

    Raises:
        FileUnreadable: it did not load.
    """
    from .host import BlenderHost

    if arguments.file is None:
        raise TypeError("a scene is needed")
    host = BlenderHost()
    host.open(arguments.file.absolute())
    return host
