"""Pictures of the scene: drawn off screen, written as PNG, shown in lists.

Drawing needs the main thread and a window; everything after it happens on a thread. Without
a window there is no picture: the preview inside the file may be older than the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from wf_core.png import png_of

from .session import current
from .shown import redraw

if TYPE_CHECKING:
    from wf_core.results import Revision
    from wf_core.workfiles import Workfiles

__all__ = ["Picture", "draw_viewport", "icon_of", "keep", "refresh", "register", "unregister"]

_WIDTH, _HEIGHT = 960, 540  # pixels; Kitsu shows previews at about that size
_BACKGROUND = (0.05, 0.05, 0.05, 1.0)


@dataclass(frozen=True)
class Picture:
    """Pixels, the bottom row first, four bytes each."""

    width: int
    height: int
    pixels: bytes

    def png(self) -> bytes:
        """The picture as a PNG without transparency (ISO/IEC 15948)."""
        return png_of(self.width, self.height, self.pixels)


def draw_viewport() -> Picture | None:
    """The scene as the largest 3D viewport shows it, without its overlays; None where there
    is no such viewport, or nothing to draw with."""
    if bpy.app.background:
        return None
    gpu: Any = import_module("gpu")
    found = _largest_viewport()
    if found is None:
        return None
    window, area, region = found
    space: Any = area.spaces.active
    layer: Any = window.view_layer
    view = space.region_3d
    scene = window.scene
    if view.view_perspective == "CAMERA" and scene.camera is not None:
        camera = scene.camera.evaluated_get(layer.depsgraph)
        matrix = camera.matrix_world.inverted()
        projection = camera.calc_matrix_camera(layer.depsgraph, x=_WIDTH, y=_HEIGHT)
    else:
        matrix = view.view_matrix
        projection = _cropped(view.window_matrix, region.width / max(1, region.height))
    overlays = space.overlay.show_overlays
    gizmos = space.show_gizmo
    offscreen = gpu.types.GPUOffScreen(_WIDTH, _HEIGHT)
    try:
        space.overlay.show_overlays = space.show_gizmo = False
        with offscreen.bind():
            gpu.state.active_framebuffer_get().clear(color=_BACKGROUND, depth=1.0)
            offscreen.draw_view3d(
                scene, layer, space, region, matrix, projection, do_color_management=True
            )
            frame = gpu.state.active_framebuffer_get()
            pixels = frame.read_color(0, 0, _WIDTH, _HEIGHT, 4, 0, "UBYTE")
        pixels.dimensions = _WIDTH * _HEIGHT * 4
        return Picture(_WIDTH, _HEIGHT, bytes(pixels))
    finally:
        space.overlay.show_overlays, space.show_gizmo = overlays, gizmos
        offscreen.free()


def _cropped(projection: Any, shape: float) -> Any:
    """The viewport's projection for a picture of another shape: what does not fit is cut off
    at two sides, so that the scene is no smaller than on the screen."""
    matrix, wanted = projection.copy(), _WIDTH / _HEIGHT
    if wanted > shape:
        matrix[1][1] *= wanted / shape
    else:
        matrix[0][0] *= shape / wanted
    return matrix


def _largest_viewport() -> tuple[bpy.types.Window, bpy.types.Area, bpy.types.Region] | None:
    viewports = [
        (window, area)
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]
    if not viewports:
        return None
    window, area = max(viewports, key=lambda found: found[1].width * found[1].height)
    region = next(region for region in area.regions if region.type == "WINDOW")
    return window, area, region


def keep(save_id: str, picture: Picture) -> None:
    """Write the picture of a save, on a thread, then show it."""

    def write(tool: Workfiles) -> None:
        tool.picture_path(save_id).write_bytes(picture.png())

    current().fetcher.submit(write, done=lambda _: refresh())


# shown in lists

_icons: dict[str, int] = {}
_previews: list[bpy.utils.previews.ImagePreviewCollection] = []


def icon_of(revision: Revision) -> int:
    """The number of the icon that shows the revision's picture, 0 when there is none."""
    return _icons.get(revision.working_file_id, 0)


def refresh() -> None:
    """Look for pictures of the revisions that are listed."""
    session = current()
    revisions = session.shown.revisions
    if not revisions or bpy.app.background:
        return
    task, known = revisions[0].task_id, frozenset(_icons)

    def show(found: dict[str, Path]) -> None:
        fresh = [one for one in found if one not in _icons] if _previews else []
        for working_file in fresh:
            entry = _previews[0].load(working_file, str(found[working_file]), "IMAGE")
            _icons[working_file] = entry.icon_id
        if fresh:
            redraw()

    session.fetcher.submit(lambda tool: tool.pictures(task, known), done=show, topic="pictures")


def register() -> None:
    import bpy.utils.previews

    _previews.append(bpy.utils.previews.new())


def unregister() -> None:
    _icons.clear()
    while _previews:
        bpy.utils.previews.remove(_previews.pop())
