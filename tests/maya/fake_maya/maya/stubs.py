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
def _stubs() -> list[str]:
    """The lines of the stubs: every signature of a command is one."""
    text = distribution("types-maya-strict").locate_file("maya-stubs/cmds/__init__.pyi")
    return text.read_text(encoding="utf-8").splitlines()


def _flags(name: str) -> set[str]:
    """Every flag of a command, in whichever of its signatures.

    Nothing but its own lines is parsed: the whole file takes a second, in every process that
    pretends to be Maya.
    """
    signatures = [line for line in _stubs() if line.startswith(f"def {name}(")]
    if not signatures:
        raise AssertionError(f"Maya has no command {name}")
    return {
        argument.arg
        for node in ast.parse("\n".join(signatures)).body
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.kwonlyargs
    }


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
    if strange := flags - _flags(name):
        raise AssertionError(f"{name} has no flags {sorted(strange)}")

    @functools.wraps(function)
    def checked(*args: Any, **given: Any) -> Any:
        for flag in given:
            if flag not in flags:
                raise TypeError(f"Invalid flag '{flag}'")
        return function(*args, **given)

    return checked  # type: ignore[return-value]
