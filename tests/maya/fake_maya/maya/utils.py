"""Work for when Maya is idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .testing import current

__all__ = ["executeDeferred"]


def executeDeferred(function: Callable[..., Any], *args: Any) -> None:
    if not callable(function):
        raise TypeError("text is not for this project")
    current().deferred.append(lambda: function(*args))
