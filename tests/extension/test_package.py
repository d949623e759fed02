"""What `build.py package` makes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

from extension.blenders import interpreters

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = {"requests"}  # by Blender itself
PLATFORMS = {"linux_x64", "windows_x64", "macos_arm64", "macos_x64"}


def made() -> list[Path]:
    return sorted(Path(os.environ["WF_EXTENSION"]).glob("kitsu_workfiles-*.zip"))


def test_when_packaged_again_then_the_bytes_are_the_same(tmp_path: Path) -> None:
    python = next(iter(interpreters().values()))
    command = [sys.executable, "-m", "tools.package", "--blender-python", str(python)]
    subprocess.run(
        [*command, "--output", str(tmp_path)], check=True, cwd=ROOT, umask=0o077, timeout=120
    )
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    packaged = Path(os.environ["WF_EXTENSION"])
    first = [*made(), *packaged.glob("kitsu_workfiles_maya-*.zip"), packaged / "index.json"]
    assert len(again) == 6
    assert again == {path.name: path.read_bytes() for path in first}


def test_when_a_studio_hosts_the_index_then_it_names_every_zip_and_its_hash() -> None:
    listing = json.loads((Path(os.environ["WF_EXTENSION"]) / "index.json").read_text())
    named = {entry["archive_url"]: entry["archive_hash"] for entry in listing["data"]}
    assert {path.stem.rpartition("-")[2] for path in made()} == PLATFORMS
    assert named == {
        f"./{path.name}": f"sha256:{sha256(path.read_bytes()).hexdigest()}" for path in made()
    }
    pythons = {entry["platforms"][0]: entry["python_versions"] for entry in listing["data"]}
    assert pythons["macos-x64"] == ["3.11"]
    assert pythons["linux-x64"] == pythons["windows-x64"] == ["3.11", "3.13"]


def test_when_a_wheel_needs_another_then_that_is_shipped_or_blender_has_it() -> None:
    for package in made():
        there, needed = set(), set()
        with zipfile.ZipFile(package) as archive:
            for name in (name for name in archive.namelist() if name.endswith(".whl")):
                there.add(Path(name).name.partition("-")[0].lower().replace("_", "-"))
                with archive.open(name) as file, zipfile.ZipFile(file) as wheel:
                    (inside,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
                    text = wheel.read(inside).decode()
                for line in re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE):
                    if "extra ==" not in line:
                        needed.add(re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-"))
        assert needed - there == BUNDLED
        assert not there & BUNDLED
