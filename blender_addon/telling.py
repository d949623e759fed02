"""Words for people, in Blender's ways of showing them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, cast

import bpy

from wf_core import errors

from .core import CoreUnavailable

__all__ = [
    "browse",
    "failures_told",
    "in_a_window",
    "notify",
    "own_operator",
    "paragraph",
    "said",
    "tell",
    "wrapped",
]

_Execute = Callable[[Any, Any], set[str]]

_INTERFACE_FONT = 0  # as the blf module numbers them
_ICON, _MARGIN = 24, 4  # pixels
_LEAST_ROOM = 40  # pixels; below that, Blender cuts its own labels off as well
_PIECES = re.compile(r"[^\s/\\_]*(?:[/\\_]+|\s+|$)")


def browse(address: str) -> bool:
    """Show a page in the browser; False when there is none. Callable from any thread."""
    import webbrowser  # slow to import, and seldom needed

    return webbrowser.open(address)


def said(problem: Exception) -> str:
    """What went wrong and what to do; of a bug, that it is one."""
    return errors.said(problem, details="Blender's system console has the details.")


def paragraph(
    layout: Any,
    text: str,
    *,
    width: float,
    icon: str = "NONE",
    alert: bool = False,
    most: int | None = None,
) -> None:
    """A text as lines that fit: Blender cuts long labels off in the middle.

    Args:
        layout: where.
        text: one paragraph; paths are broken where they must be.
        width: pixels there are, before Blender's scale.
        icon: beside the first line.
        alert: in the colour of warnings.
        most: lines at most; None: as many as it takes.
    """
    room = width - (_ICON if icon != "NONE" else 0) - _MARGIN
    points = bpy.context.preferences.ui_styles[0].widget.points
    lines = _lines(text, max(_LEAST_ROOM, int(room)), points, most)
    column = layout.column(align=True)
    column.alert = alert
    column.scale_y = 0.8
    for number, line in enumerate(lines):
        if icon != "NONE":
            column.label(text=line, icon=icon if number == 0 else "BLANK1")
        else:
            column.label(text=line)


@functools.lru_cache(maxsize=1000)  # the same texts are drawn again and again
def _lines(text: str, room: int, points: float, most: int | None) -> tuple[str, ...]:
    blf: Any = import_module("blf")
    blf.size(_INTERFACE_FONT, points)
    return tuple(wrapped(text, room, lambda line: blf.dimensions(_INTERFACE_FONT, line)[0], most))


def wrapped(
    text: str, room: float, measure: Callable[[str], float], most: int | None = None
) -> list[str]:
    """The text in lines that are no wider than ``room``, broken at spaces and behind the
    separators of paths, within a word only where that alone is too long.

    Args:
        text: one paragraph.
        room: in the units of ``measure``.
        measure: the width of a line.
        most: lines at most; the last one then says that there is more.
    """
    lines = [""]
    for piece in _PIECES.findall(" ".join(text.split())):
        if lines[-1] and measure(lines[-1] + piece.rstrip()) > room:
            lines.append("")
        while measure(piece.rstrip()) > room:
            fits = next(n for n in range(len(piece), 0, -1) if n == 1 or measure(piece[:n]) <= room)
            lines[-1], piece = piece[:fits], piece[fits:]
            lines.append("")
        lines[-1] += piece
    lines = [line.rstrip() for line in lines if line.strip()] or [""]
    if most is not None and len(lines) > most:
        last = lines[most - 1]
        while last and measure(f"{last}…") > room:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}…"]
    return lines


def tell(
    operator: bpy.types.Operator, kind: Literal["INFO", "WARNING", "ERROR"], text: str
) -> None:
    """Report it: a pop-up where a person called the operator, an exception for scripts."""
    operator.report({kind}, text)


def failures_told(execute: _Execute) -> _Execute:
    """Have an operator tell what its ``execute`` raises, and be cancelled."""

    @functools.wraps(execute)
    def telling(self: Any, context: Any) -> set[str]:  # Blender counts these arguments
        try:
            return execute(self, context)
        except (errors.WorkfilesError, CoreUnavailable) as exc:
            tell(self, "ERROR", said(exc))
            return {"CANCELLED"}

    return telling


def own_operator(name: str) -> Any:
    """An operator of this extension, by the last part of its name."""
    return getattr(cast(Any, bpy.ops).kitsu_workfiles, name)


def in_a_window() -> Any:
    """A context in which operators can ask: timers run outside of every window."""
    window = bpy.context.window or bpy.context.window_manager.windows[0]
    return bpy.context.temp_override(window=window)


def notify(title: str, text: str) -> None:
    """A pop-up from outside an operator; on the system console without a window."""
    if bpy.app.background:
        print(f"{title}: {text}")
        return

    def draw(self: Any, _: bpy.types.Context) -> None:
        paragraph(self.layout, text, width=420)

    bpy.context.window_manager.popup_menu(draw, title=title, icon="ERROR")
