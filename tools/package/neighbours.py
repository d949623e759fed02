"""Extensions that carry other versions of what ours needs: what ours meets at an artist's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tools.package.builder import Builder
from tools.package.extension import MANIFEST, ROOT
from tools.package.wheels import fetch

__all__ = ["LOCKS", "PLATFORM", "build_neighbour"]

LOCKS = {name: ROOT / "requirements" / f"neighbour-{name}.txt" for name in ("older", "newer")}
PLATFORM = "linux-x64"

_CODE = """\
def register():
    import pydantic
    import requests

    class Point(pydantic.BaseModel):
        x: int

    Point(x="1")
    requests.Session().close()


def unregister():
    pass
"""


def build_neighbour(name: str, folder: Path, *, builder: Builder, wheels: Path) -> Path:
    """The zip of an extension that uses its pydantic and requests as soon as it is enabled.

    Args:
        name: "older" or "newer".
        folder: an empty one.
        wheels: a folder that keeps what was downloaded.
    """
    stage = folder / "stage"
    (stage / "wheels").mkdir(parents=True)
    carried = fetch(wheels, lock=LOCKS[name], platforms=[PLATFORM])
    for wheel in carried:
        shutil.copyfile(wheel, stage / "wheels" / wheel.name)
    manifest = {
        "schema_version": "1.0.0",
        "id": f"neighbour_{name}",
        "version": "1.0.0",
        "name": f"Neighbour with {name} packages",
        "tagline": "Carries packages that others need too",
        "maintainer": "Nobody",
        "type": "add-on",
        "blender_version_min": "4.2.0",
        "license": ["SPDX:GPL-3.0-or-later"],
        "platforms": [PLATFORM],
        "wheels": [f"./wheels/{wheel.name}" for wheel in carried],
    }
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in manifest.items())
    (stage / MANIFEST).write_text(text, encoding="utf-8")
    (stage / "__init__.py").write_text(_CODE, encoding="utf-8")
    (built,) = builder.build(stage, folder)
    return built
