"""The packages in the Maya module, in each Python that a Maya has and this machine too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from wf_core.private_kitsu.venvs import find_python


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module as its zip has it, unpacked."""
    (made,) = Path(os.environ["WF_EXTENSION"]).glob("kitsu_workfiles_maya-*.zip")
    folder = tmp_path_factory.mktemp("maya")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    (module,) = folder.rglob("kitsu_workfiles/vendor")
    return module.parent


IMPORT = """
import sys
before = list(sys.path)
sys.path.append(sys.argv[1])
from kitsu_workfiles_maya import bootstrap
try:
    bootstrap.run()
except bootstrap.PackagesUnusable as exc:
    sys.exit(str(exc))
assert sys.path[:len(before)] == before
import importlib.util
import wf_core.workfiles, wf_core.saves.uploader, pydantic
assert importlib.util.find_spec("Qt") and importlib.util.find_spec("wf_browser.window")
assert not importlib.util.find_spec("PySide6-stubs")  # a dependency of Qt.py that is not for Maya
print(pydantic.VERSION, pydantic.__file__)
"""


@pytest.mark.parametrize("python", [(3, 10), (3, 11), (3, 13)], ids=["3.10", "3.11", "3.13"])
@pytest.mark.parametrize("before", ["nothing", "older", "newer"])
def test_when_a_maya_has_this_python_then_the_packages_work_or_are_named(
    real: Path, tmp_path: Path, python: tuple[int, int], before: str
) -> None:
    found = find_python([python])
    if found is None:
        pytest.skip(f"Python {python} is not on this machine")
    studio = tmp_path / "studio"
    if before == "older":
        record = studio / "pydantic-1.10.2.dist-info"
        record.mkdir(parents=True)
        (record / "METADATA").write_text("Metadata-Version: 2.1\nName: pydantic\nVersion: 1.10.2\n")
        (studio / "pydantic.py").write_text('__version__ = VERSION = "1.10.2"\n')
    elif before == "newer":
        studio.mkdir()
        _copy_of_ours_as_newer(real, studio, python)
    ended = subprocess.run(
        [str(found.path), "-S", "-c", IMPORT, str(real / "scripts")],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(studio), "HOME": str(tmp_path)},
        check=False,
    )
    if before == "older":
        assert "pydantic 1.10.2 is installed here" in ended.stderr
        assert str(studio) in ended.stderr
        return
    assert ended.returncode == 0, ended.stderr
    version, place = ended.stdout.split()
    assert (version == "99.0") == (before == "newer")
    assert Path(place).is_relative_to(studio if before == "newer" else real / "vendor")


def _copy_of_ours_as_newer(real: Path, studio: Path, python: tuple[int, int]) -> None:
    """A pydantic of the studio's, complete with its own core, that says it is newer."""
    vendor = real / "vendor"
    shutil.copytree(vendor / "common" / "pydantic", studio / "pydantic")
    for found in vendor.glob(f"py{python[0]}{python[1]}-linux-x86_64/pydantic_core*"):
        shutil.copytree(found, studio / found.name)
    about = studio / "pydantic" / "version.py"
    about.write_text(re.sub(r"(?m)^VERSION = .*$", "VERSION = '99.0'", about.read_text()))
    record = studio / "pydantic-99.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: pydantic\nVersion: 99.0\n")
