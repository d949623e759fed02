"""Words for people."""

from __future__ import annotations

__all__ = ["said"]


def said(problem: Exception) -> str:
    """What went wrong and what to do; of a bug, that it is one."""
    message = getattr(problem, "message", None)
    if isinstance(message, str):
        return f"{message} {getattr(problem, 'hint', '')}".strip()
    return (
        f"Something unforeseen went wrong ({type(problem).__name__}: {problem}). Maya's Script "
        "Editor has the details."
    )
