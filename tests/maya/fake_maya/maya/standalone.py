"""Maya without a window, inside mayapy."""

from __future__ import annotations

from .testing import current

__all__ = ["initialize", "uninitialize"]


def initialize(name: str = "python") -> None:
    print("the stand-in of Maya says something on standard output, as Maya does")
    current().log.append("initialize")


def uninitialize() -> None:
    current().log.append("uninitialize")
