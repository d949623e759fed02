"""The two questions that are asked in MEL."""

from __future__ import annotations

from .testing import current

__all__ = ["eval"]

_ANSWERS = {"$gMainWindow": "MayaWindow", "$gShelfTopLevel": "MayaWindow|ShelfLayout"}


def eval(text: str) -> str:
    if current().batch:
        raise RuntimeError("Maya has no window in batch mode\n")
    variable, _, value = text.partition(" = ")
    if not variable.startswith("$"):
        raise AssertionError(f"the stand-in knows no MEL but questions for names: {text}")
    return _ANSWERS[value]
