"""Beside an extension that carries other versions of the same packages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from extension.blenders import Blender, linux_zip

BOTH = """
import importlib.metadata
core = part("core")
try:
    core.load()
    problem = ""
except core.CoreUnavailable as exc:
    problem = f"{exc.message} {exc.hint}"
if not problem:
    from wf_core.models import WorkingFile
    from wf_core.settings import Settings
    from wf_core.workfiles import Workfiles
    home = Path(sys.argv[2])
    Workfiles(Settings(home=home, profile={"server": "http://127.0.0.1:9"})).close()
import pydantic, requests
answer({
    "problem": problem,
    "pydantic": pydantic.VERSION,
    "on disk": importlib.metadata.version("pydantic"),
    "requests": requests.__version__,
})
"""
PYDANTIC = {"older": "2.8.2", "ours": "2.13.5", "newer": "2.14.4"}
REQUESTS = {"older": "2.28.2", "newer": "2.34.2"}


def neighbour(kind: str) -> str:
    (found,) = Path(os.environ["WF_EXTENSION"]).glob(f"neighbour_{kind}-*-linux_x64.zip")
    return str(found)


@pytest.mark.parametrize("kind", ["older", "newer"])
def test_when_a_neighbour_was_there_first_then_both_run(
    fresh: Blender, tmp_path: Path, kind: str
) -> None:
    home = str(tmp_path / "home")
    installing = "install(sys.argv[3])\ninstall(sys.argv[4])\n" + BOTH
    first = fresh.session(installing, home, neighbour(kind), str(linux_zip())).answer
    best = "newer" if kind == "newer" else "ours"
    assert first["on disk"] == PYDANTIC[best]
    assert first["pydantic"] == PYDANTIC[kind]
    if kind == "newer":
        assert first["problem"] == ""
    else:
        # What the neighbour has loaded is not what is on the disk now.
        assert first["problem"] == (
            "Version 2.8.2 of pydantic was in use before version 2.13.5 was installed, so it "
            "takes a restart. Restart Blender, and nothing is lost."
        )

    restarted = f"enable('neighbour_{kind}')\nenable()\n" + BOTH
    again = fresh.session(restarted, home).answer
    assert again == {
        "problem": "",
        "pydantic": PYDANTIC[best],
        "on disk": PYDANTIC[best],
        "requests": REQUESTS[kind],
    }


@pytest.mark.parametrize("kind", ["older", "newer"])
def test_when_a_neighbour_comes_later_then_ours_goes_on(
    fresh: Blender, tmp_path: Path, kind: str
) -> None:
    home = str(tmp_path / "home")
    program = "install(sys.argv[3])\npart('core').load()\ninstall(sys.argv[4])\n" + BOTH
    found = fresh.session(program, home, str(linux_zip()), neighbour(kind)).answer
    assert found["problem"] == ""
    assert found["pydantic"] == PYDANTIC["ours"]
