"""Words for people."""

from __future__ import annotations

from wf_core import errors

__all__ = ["DETAILS", "said"]

DETAILS = "Maya's Script Editor has the details."


def said(problem: Exception) -> str:
    """What went wrong and what to do; of a bug, that it is one."""
    return errors.said(problem, details=DETAILS)
