"""The wheels inside what is packaged: which, from where, and that they are the right ones.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """A platform of an application.

    Attributes:
        pythons: the versions of Python that the application has there; Blender 3.11 up to 5.0,
            3.13 from 5.1.
        tags: what wheels call the platform, as far back as the application itself runs.
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


def fetch(
    folder: Path,
    *,
    lock: Path = LOCK,
    targets: Mapping[str, Target] = TARGETS,
    platforms: Iterable[str] | None = None,
) -> list[Path]:
    """Every wheel of a lock file, for every platform, in ``folder``.

    Args:
        folder: keeps what was downloaded.
        lock: the file with versions and hashes.
        targets: the platforms of the application.
        platforms: those of them that are wanted; all by default.

    Raises:
        InputError: one cannot be had, or is not the one that was locked.
    """
    wanted = set(_HASH.findall(lock.read_text(encoding="utf-8")))
    found = _hashed(folder)
    if wanted - found.keys():
        for python, tags in _builds(targets, platforms):
            _download(folder, python, tags, ["--require-hashes", "--requirement", str(lock)])
        found = _hashed(folder)
    missing = wanted - found.keys()
    if missing:
        raise InputError(
            f"{lock.name} lists {len(missing)} hashes of no wheel that any platform takes.",
            hint="Write it anew: python3 build.py package --lock",
        )
    return sorted(found[digest] for digest in wanted)


def rewrite_lock(
    folder: Path,
    *,
    lock: Path = LOCK,
    targets: Mapping[str, Target] = TARGETS,
    platforms: Iterable[str] | None = None,
) -> None:
    """Look up the files of every version in a lock file, and write their hashes into it. The
    comment at its beginning stays. Arguments as for :func:`fetch`.

    Raises:
        InputError: a version has no wheel for one of the platforms.
    """
    text = lock.read_text(encoding="utf-8")
    pins = _PIN.findall(text)
    parts = [text.partition("\n\n")[0] + "\n"]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for name, version in sorted(pins, key=lambda pin: pin[0].lower()):
            found: dict[str, str] = {}
            for python, tags in _builds(targets, platforms):
                into = Path(scratch) / f"{name}-{python}-{tags[0]}"
                _download(into, python, tags, [f"{name}=={version}"])
                found |= {wheel.name: digest for digest, wheel in _hashed(into).items()}
            files = "".join(f"# {file}\n" for file in sorted(found))
            hashes = " \\\n".join(f"    --hash=sha256:{found[file]}" for file in sorted(found))
            parts.append(f"{files}{name}=={version} \\\n{hashes}\n")
    lock.write_text("\n".join(parts), encoding="utf-8")


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


def _builds(
    targets: Mapping[str, Target], platforms: Iterable[str] | None
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for platform in targets if platforms is None else platforms:
        for python in targets[platform].pythons:
            yield python, targets[platform].tags


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
