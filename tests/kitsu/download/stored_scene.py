"""The scene that the server has in the tests of downloads."""

from __future__ import annotations

from pathlib import Path

SCENE = bytes(range(256)) * 4096  # 1 MiB
OTHER = SCENE[::-1]
SHA256 = "fbbab289f7f94b25736c58be46a994c441fd02552cc6022352e3d86d2fab7c83"


def names_beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())
