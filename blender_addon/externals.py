"""What a scene needs beside its own file, and what of that an artist is told before a save."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .telling import paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wf_core.host import MissingFile
    from wf_core.workfiles import NextRevision

    from .dependencies import ExternalFile

__all__ = ["Concern", "Externals", "draw", "look"]

_MOST = 6


@dataclass(frozen=True)
class Concern:
    """Something to know before a save.

    Attributes:
        title: what it is.
        lines: which files or images, each worth a line; the names of many are one.
        urgent: worth being asked for, even where saves ask nothing.
    """

    title: str
    lines: tuple[str, ...]
    urgent: bool = True


@dataclass(frozen=True)
class Externals:
    """What lies beside the open scene.

    Attributes:
        missing: files that cannot be found.
        libraries: files that data is linked from.
        outside: those of them that lie outside the production, once that is known.
        unsaved: images with changes that saving the scene does not save.
        unpacked: images in files of their own.
    """

    missing: tuple[MissingFile, ...] = ()
    libraries: tuple[ExternalFile, ...] = ()
    outside: tuple[ExternalFile, ...] = ()
    unsaved: tuple[str, ...] = ()
    unpacked: tuple[ExternalFile, ...] = ()

    def outside_of(self, upcoming: NextRevision) -> tuple[ExternalFile, ...]:
        """The libraries that lie outside the production; looks at the disk, on any thread."""
        return tuple(one for one in self.libraries if upcoming.is_outside(Path(one.path)))

    def concerns(self) -> list[Concern]:
        """What there is to tell, the most urgent first."""
        found = []
        if self.missing:
            what = _counted(len(self.missing), "file")
            lines = [f"{one.path} ({one.used_by})" for one in self.missing]
            found.append(Concern(f"{what} this scene needs cannot be found:", _first(lines)))
        if self.unsaved:
            what = _counted(len(self.unsaved), "image")
            title = f"{what} with changes that saving the scene does not save:"
            found.append(Concern(title, (_names(self.unsaved),)))
        if self.outside:
            what = _counted(len(self.outside), "linked file")
            lies = "lies" if len(self.outside) == 1 else "lie"
            title = f"{what} {lies} outside the production, out of reach for others:"
            found.append(Concern(title, _first([one.path for one in self.outside])))
        if self.unpacked:
            what = _counted(len(self.unpacked), "image")
            be = "is" if len(self.unpacked) == 1 else "are"
            title = f"{what} {be} not packed, so not in the revision:"
            names = _names([one.name for one in self.unpacked])
            found.append(Concern(title, (names,), urgent=False))
        return found


def look() -> Externals:
    """What lies beside the open scene. Main thread only; loads the core."""
    from . import dependencies

    return Externals(
        missing=tuple(dependencies.missing_files()),
        libraries=tuple(dependencies.libraries()),
        unsaved=tuple(dependencies.unsaved_images()),
        unpacked=tuple(dependencies.unpacked_images()),
    )


def draw(layout: Any, concerns: Sequence[Concern], *, width: float) -> None:
    """A box for each concern."""
    for concern in concerns:
        box = layout.box().column(align=True)
        icon = "ERROR" if concern.urgent else "INFO"
        paragraph(box, concern.title, icon=icon, width=width)
        for line in concern.lines:
            paragraph(box, line, width=width, most=3)


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _first(lines: Sequence[str]) -> tuple[str, ...]:
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return (*lines[:_MOST], *more)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
