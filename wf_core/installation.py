"""Whether the packages in this process can work together: the standard library alone.

Inside an application packages come from several places and may be exchanged while it runs:
extensions of Blender share one folder of packages, in which the highest version of each wins. What
was imported before stays in memory, and does not fit what is on the disk any more.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

__all__ = ["find_problem"]

_PACKAGE = "kitsu-workfiles"
_MODULES = {_PACKAGE: "wf_core", "python-slugify": "slugify"}
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*([^;]*)")
_FLOOR = re.compile(r">=\s*([0-9.]+)")


def find_problem() -> str | None:
    """One sentence on what keeps the core from being imported or from working, or None.

    Looks at the core itself and at what it needs: whether a version is in memory that is not
    the one on the disk, and whether one is older than the core can use.
    """
    floors = _floors()
    for name in (_PACKAGE, *floors):
        try:
            on_disk = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # a part of the application, without a record of its own
        module = sys.modules.get(_MODULES.get(name, name.replace("-", "_")))
        in_use = getattr(module, "__version__", on_disk)
        if in_use != on_disk:
            return (
                f"Version {in_use} of {name} was in use before version {on_disk} was installed, "
                "so it takes a restart."
            )
        floor = floors.get(name, "0")
        if _numbers(in_use) < _numbers(floor):
            return (
                f"{name} {in_use} is installed here, and at least {floor} is needed; another "
                "extension may have brought it along."
            )
    return None


def _floors() -> dict[str, str]:
    """The oldest usable versions, as the package's own metadata has them."""
    try:
        wanted = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return {}
    floors = {}
    for requirement in wanted:
        parts = _REQUIREMENT.match(requirement)
        floor = _FLOOR.search(parts.group(2)) if parts else None
        if parts and floor and "extra ==" not in requirement:
            floors[parts.group(1)] = floor.group(1)
    return floors


def _numbers(version: str) -> tuple[int, ...]:
    """``2.14.0rc1`` as (2, 14, 0): enough to compare with a floor."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])
