"""What the published stubs of ``maya.cmds`` say, read as text.

The package is ``types-maya-strict``; it is there for mypy, and never imported.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable
from importlib.metadata import distribution
from typing import Any, TypeVar

__all__ = ["command"]

F = TypeVar("F", bound=Callable[..., Any])


@functools.cache
def _flags() -> dict[str, frozenset[str]]:
    """Every flag of every command, by the command's name."""
    text = distribution("types-maya-strict").locate_file("maya-stubs/cmds/__init__.pyi")
    found: dict[str, set[str]] = {}
    for node in ast.parse(text.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names = {argument.arg for argument in node.args.kwonlyargs}
            found.setdefault(node.name, set()).update(names)
    return {name: frozenset(flags) for name, flags in found.items()}


def command(function: F) -> F:
    """A command of the stand-in: one that Maya has, with flags that it has there.

    Calling it with a flag that the stand-in does not have raises as Maya does for one that does
    not exist at all: a test must not pass because something was ignored.
    """
    name = function.__name__
    flags = {
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    if name not in _flags():
        raise AssertionError(f"Maya has no command {name}")
    if strange := flags - _flags()[name]:
        raise AssertionError(f"{name} has no flags {sorted(strange)}")

    @functools.wraps(function)
    def checked(*args: Any, **given: Any) -> Any:
        for flag in given:
            if flag not in flags:
                raise TypeError(f"Invalid flag '{flag}'")
        return function(*args, **given)

    return checked  # type: ignore[return-value]
