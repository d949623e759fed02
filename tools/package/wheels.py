"""The wheels inside the extension: which, from where, and that they are the right ones.

What Blender brings along itself (requests and what that needs) is not among them: a wheel of an
extension shadows Blender's own for every other extension too.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wf_core.errors import InputError
from wf_core.private_kitsu.venvs import clean_environment, tail

__all__ = ["EPOCH", "LOCK", "TARGETS", "Target", "build_own", "fetch", "rewrite_lock"]

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "extension-wheels.txt"

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1580601600"))
"""Seconds since 1970 that every file in an archive is dated with: hatchling's own default."""


@dataclass(frozen=True)
class Target:
    """A platform as Blender names it.

    Attributes:
        pythons: the versions of Python that Blender has there: 3.11 up to 5.0, 3.13 from 5.1.
        tags: what wheels call the platform, as far back as Blender itself runs.
    """

    pythons: tuple[str, ...]
    tags: tuple[str, ...]


TARGETS: Mapping[str, Target] = {
    "linux-x64": Target(("3.11", "3.13"), ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64")),
    "windows-x64": Target(("3.11", "3.13"), ("win_amd64",)),
    "macos-arm64": Target(("3.11", "3.13"), ("macosx_11_0_arm64",)),
    # Blender has not been made for Macs with Intel processors since 5.0.
    "macos-x64": Target(("3.11",), ("macosx_10_15_x86_64",)),
}

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

_HEAD = """\
# The wheels inside the Blender extension, with the hash of every file that is shipped.
# To change a version, change it here, then let `python3 build.py package --lock` write the rest.
#
# pydantic is the newest that is content with typing_extensions 4.14.1, which Blender brings
# along from 5.1 on and which stays in force in the session that installs the extension.
"""


def fetch(folder: Path) -> list[Path]:
    """Every wheel of the lock file, for every target, in ``folder``.

    Raises:
        InputError: one cannot be had, or is not the one that was locked.
    """
    wanted = set(_HASH.findall(LOCK.read_text(encoding="utf-8")))
    found = _hashed(folder)
    if wanted - found.keys():
        for python, tags in _builds():
            _download(folder, python, tags, ["--require-hashes", "--requirement", str(LOCK)])
        found = _hashed(folder)
    missing = wanted - found.keys()
    if missing:
        raise InputError(
            f"{LOCK.name} lists {len(missing)} hashes of no wheel that any platform takes.",
            hint="Write it anew: python3 build.py package --lock",
        )
    return sorted(found[digest] for digest in wanted)


def rewrite_lock(folder: Path) -> None:
    """Look up the files of every version in the lock file, and write their hashes into it.

    Raises:
        InputError: a version has no wheel for one of the targets.
    """
    pins = _PIN.findall(LOCK.read_text(encoding="utf-8"))
    parts = [_HEAD]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for name, version in sorted(pins, key=lambda pin: pin[0].lower()):
            found: dict[str, str] = {}
            for python, tags in _builds():
                into = Path(scratch) / f"{name}-{python}-{tags[0]}"
                _download(into, python, tags, [f"{name}=={version}"])
                found |= {wheel.name: digest for digest, wheel in _hashed(into).items()}
            files = "".join(f"# {file}\n" for file in sorted(found))
            hashes = " \\\n".join(f"    --hash=sha256:{found[file]}" for file in sorted(found))
            parts.append(f"{files}{name}=={version} \\\n{hashes}\n")
    LOCK.write_text("\n".join(parts), encoding="utf-8")


def build_own(folder: Path) -> Path:
    """Our own wheel, the same bytes whenever it is built from the same sources.

    Raises:
        InputError: it cannot be built.
    """
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _run(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", scratch],
            folder / "hatchling.log",
            "The wheel of wf_core could not be built",
            SOURCE_DATE_EPOCH=str(EPOCH),
        )
        (wheel,) = Path(scratch).glob("*.whl")
        return Path(shutil.move(wheel, folder / wheel.name))


def _builds() -> Iterator[tuple[str, tuple[str, ...]]]:
    for target in TARGETS.values():
        for python in target.pythons:
            yield python, target.tags


def _download(folder: Path, python: str, tags: Sequence[str], what: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-input"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--dest", str(folder), "--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={tag}" for tag in tags]
    failure = f"The wheels for Python {python} on {tags[0]} cannot be had"
    _run([*command, *what], folder / "pip.log", failure)


def _hashed(folder: Path) -> dict[str, Path]:
    return {hashlib.sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in folder.glob("*.whl")}


def _run(command: Sequence[str], log: Path, failure: str, **environment: str) -> None:
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**clean_environment(), **environment},
            check=False,
        )
    if done.returncode != 0:
        raise InputError(f"{failure}: {tail(log)}", hint=f"The whole log: {log}")
