"""Commands that are about plug-ins. A plug-in file is really run."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from ..stubs import command
from ..testing import current


@command
def internalVar(*, userAppDir: bool) -> str:
    return f"{current().preferences}/"


@command
def loadPlugin(path: str) -> list[str]:
    maya = current()
    if not Path(path).is_file():
        raise RuntimeError(f'Plug-in, "{path}", was not found on MAYA_PLUG_IN_PATH.\n')
    found = runpy.run_path(path)
    found["initializePlugin"](object())
    maya.plugins[Path(path).stem] = found["uninitializePlugin"]
    return [Path(path).stem]


@command
def unloadPlugin(name: str) -> None:
    current().plugins.pop(name)(object())


@command
def pluginInfo(
    name: str,
    *,
    query: bool = False,
    edit: bool = False,
    loaded: bool = False,
    autoload: bool = False,
) -> Any:
    maya = current()
    if query and loaded:
        return name in maya.plugins
    if not (edit and autoload) or name not in maya.plugins:
        raise RuntimeError(f"{name} is not a loaded plug-in\n")
    maya.autoload.add(name)
    return None
