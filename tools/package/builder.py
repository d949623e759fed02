"""Blender's own builder of extensions, and what it leaves to chance made the same every time.

The builder is a script in Blender's folder that needs Python alone, no running Blender. It keeps
the times of files, dates the manifest with the present, and takes files in the disk's order.
"""

from __future__ import annotations

import json
import subprocess
import time
import zipfile
from pathlib import Path

from tools.package.wheels import EPOCH
from wf_core.errors import InputError
from wf_core.private_kitsu.venvs import clean_environment

__all__ = ["Builder"]

_FIND = "import importlib.util as u; print(*u.find_spec('bpy').submodule_search_locations)"


class Builder:
    """The builder inside an installation of Blender as a module.

    Args:
        python: the interpreter in whose environment ``bpy`` is.

    Raises:
        InputError: there is none.
    """

    def __init__(self, python: Path) -> None:
        self._python = python
        place = _answer([str(python), "-I", "-c", _FIND]).strip()
        found = sorted(Path(place).glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
        if not found:
            raise InputError(f"{place} holds no builder of extensions.")
        self._script = found[0]

    def build(self, source: Path, target: Path) -> list[Path]:
        """Pack ``source`` into one zip for each platform its manifest names.

        Raises:
            InputError: the builder refused; its words say why.
        """
        self._call("build", f"--source-dir={source}", f"--output-dir={target}", "--split-platforms")
        zips = sorted(target.glob("*.zip"))
        for path in zips:
            settle(path)
        return zips

    def validate(self, path: Path) -> None:
        """Let Blender judge a zip.

        Raises:
            InputError: it is not valid.
        """
        self._call("validate", str(path))

    def index(self, folder: Path) -> Path:
        """Write the listing of the zips in ``folder`` that Blender reads as a repository."""
        self._call("server-generate", f"--repo-dir={folder}")
        listing = folder / "index.json"
        document = json.loads(listing.read_text(encoding="utf-8"))
        document["data"].sort(key=lambda entry: entry["archive_url"])
        listing.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        return listing

    def _call(self, *arguments: str) -> None:
        _answer([str(self._python), "-I", str(self._script), *arguments])


def settle(path: Path) -> None:
    """Rewrite a zip in the order of its names, with one time and one mode for every file."""
    date = time.gmtime(EPOCH)[:6]
    beside = path.with_name(f".{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(beside, "w") as new:
        for entry in sorted(old.infolist(), key=lambda entry: entry.filename):
            info = zipfile.ZipInfo(entry.filename, date_time=date)
            info.create_system = 3  # Unix, on every machine: it is what gives the mode its meaning
            info.external_attr = 0o100644 << 16
            info.compress_type = entry.compress_type
            new.writestr(info, old.read(entry), compresslevel=9)
    beside.replace(path)


def _answer(command: list[str]) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )
    if done.returncode != 0:
        said = " / ".join(line for line in (done.stdout + done.stderr).splitlines() if line.strip())
        raise InputError(f"Blender's builder of extensions refused: {said}")
    return done.stdout
