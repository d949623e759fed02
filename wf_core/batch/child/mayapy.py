"""Runs inside mayapy: opens scenes in a Maya without a window, runs scripts in them, writes files.

Started as ``mayapy -s mayapy.py -- PARENT``, with a folder for Maya's preferences that is empty. It
needs nothing but Maya and what is beside it. Script nodes of scenes are not run, and neither is
anybody's ``userSetup``; plug-ins are found where the studio's environment says.
"""

import sys
from collections.abc import Callable
from pathlib import Path

_BESIDE = str(Path(__file__).parent)
sys.path[:] = [_BESIDE, *(folder for folder in sys.path if folder != _BESIDE)]
from serving import run_script, serve  # noqa: E402

sys.path.remove(_BESIDE)  # scripts find what they find without us

_TYPES = {".ma": "mayaAscii", ".mb": "mayaBinary"}


def begin() -> "Callable[[str, str, list[str], str], None]":
    import maya.standalone

    maya.standalone.initialize(name="python")
    return process


def process(scene: str, script: str, arguments: "list[str]", out: str) -> None:
    """Open, run, write; as the type the scene is. What cannot be opened whole is not saved:
    something of it would be missing from then on."""
    import maya.cmds as cmds

    kind = _TYPES[Path(scene).suffix.lower()]
    cmds.file(
        Path(scene).as_posix(),
        open=True,
        force=True,
        prompt=False,
        type=kind,
        ignoreVersion=True,
        executeScriptNodes=False,
    )
    run_script(script, arguments)
    cmds.file(rename=Path(out).as_posix())
    cmds.file(save=True, type=kind, force=True, prompt=False)


serve(begin)
