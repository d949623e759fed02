"""The Blender half of the demo: run by :mod:`tools.demo` inside Blender's Python.

    python -m tools.demo_scene make TASK    build a scene, save it, change it, twice
    python -m tools.demo_scene look FILE    open a file and tell what is in it

Each result is one line on standard output that begins with ``demo:``, then JSON. What Blender
itself has to say goes by in between.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from blender_addon.host import BlenderHost
from wf_core import settings
from wf_core.errors import WorkfilesError
from wf_core.workfiles import SaveRequest, Workfiles


def tell(**what: Any) -> None:
    print("demo:", json.dumps(what), flush=True)


def contents() -> dict[str, int]:
    """The scene's objects and how many vertices each has."""
    return {
        thing.name: len(thing.data.vertices) if thing.type == "MESH" else 0
        for thing in sorted(bpy.data.objects, key=lambda thing: thing.name)
    }


def base_and_pole() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cylinder_add(vertices=48, radius=0.6, depth=0.1)
    bpy.context.object.name = "Base"
    bpy.ops.mesh.primitive_cylinder_add(vertices=24, radius=0.05, depth=2, location=(0, 0, 1))
    bpy.context.object.name = "Pole"


def shade_and_bulb() -> None:
    bpy.ops.mesh.primitive_cone_add(
        vertices=64,
        radius1=0.7,
        radius2=0.4,
        depth=0.8,
        end_fill_type="NOTHING",
        location=(0, 0, 2),
    )
    bpy.context.object.name = "Shade"
    bpy.ops.object.light_add(type="POINT", location=(0, 0, 1.9))
    bpy.context.object.name = "Bulb"


def scalloped_shade() -> None:
    shade = bpy.data.objects["Shade"]
    for vertex in shade.data.vertices:
        if vertex.index % 4 == 0:
            vertex.co.z -= 0.05
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.08, location=(0, 0, 2.45))
    bpy.context.object.name = "Finial"


STEPS: list[tuple[str, Callable[[], None]]] = [
    ("Base and pole blocked out", base_and_pole),
    ("Shade and bulb added", shade_and_bulb),
    ("Scalloped the shade, added the finial", scalloped_shade),
]


def make(task: str) -> None:
    """Build the scene in three steps and save each as a revision of ``task``."""
    host = BlenderHost()
    tell(event="blender", version=host.version, python=sys.version.split()[0])
    with Workfiles(settings.load()) as workfiles:
        for comment, build in STEPS:
            build()
            started = time.perf_counter()
            result = workfiles.save(host, SaveRequest(task=task, comment=comment))
            tell(
                event="saved",
                seconds=time.perf_counter() - started,
                comment=comment,
                contents=contents(),
                result=result.as_json(),
            )


def look(file: str) -> None:
    """Open ``file`` and tell what it contains and which revision it says it is."""
    host = BlenderHost()
    host.open(Path(file))
    tag = host.get_tag()
    tell(event="opened", contents=contents(), tag=tag and tag.model_dump())


def main(command: str, argument: str) -> int:
    try:
        {"make": make, "look": look}[command](argument)
    except WorkfilesError as exc:
        tell(event="error", message=str(exc))
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
