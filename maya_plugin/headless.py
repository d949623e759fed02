"""Maya without a window: ``mayapy bin/wf_maya.py save SCENE --task ...``.

The same arguments, JSON and exit codes as ``wf save``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from . import calls

if TYPE_CHECKING:
    from wf_core.cli.save_arguments import SaveArguments
    from wf_core.host import Host
    from wf_core.settings import Settings
    from wf_core.workfiles import Workfiles

__all__ = ["main", "run"]

PROGRAM = "mayapy wf_maya.py"
_BROKEN = 1
_STDOUT, _STDERR = 1, 2


def main(arguments: list[str]) -> int:
    """Run one command line in this process, which is given to Maya for it; the exit code.

    Standard output is for the result alone. Maya prints there too, from code that knows nothing
    of Python's ``sys.stdout``: so the descriptor is turned to standard error for good.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    with os.fdopen(os.dup(_STDOUT), "w", encoding="utf-8") as output:
        os.dup2(_STDERR, _STDOUT)
        return run(arguments, output)


def run(arguments: list[str], output: TextIO) -> int:
    """Run one command line, its result written to ``output``; the exit code. Maya itself is
    begun when a scene is to be opened: a mistake on the command line need not wait for it."""
    from wf_core.installation import find_problem

    if problem := find_problem():
        print(f"{PROGRAM}: {problem}", file=sys.stderr)
        return _BROKEN
    from wf_core.cli import boundary
    from wf_core.cli.context import Session

    session = Session(stdout=output, open_workfiles=_open_workfiles, open_host=_open_scene)
    with session.interrupts.installed():
        return boundary.run(arguments, session, inside=PROGRAM)


def _open_workfiles(settings: Settings) -> Workfiles:
    from wf_core.workfiles import Workfiles

    return Workfiles(settings)


def _open_scene(arguments: SaveArguments) -> Host:
    """The scene, with its script nodes off.

    Raises:
        FileUnreadable: it did not load.
    """
    if arguments.file is None:
        raise TypeError("a scene is needed")
    path = Path(arguments.file).absolute()
    calls.begin_without_window()
    from .host import MayaHost

    host = MayaHost()
    host.open(path)
    return host
