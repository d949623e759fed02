"""``wf browse``: tasks and revisions in a window, where one is installed."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Annotated

import typer

from wf_core.cli.options import JsonOption, session_of
from wf_core.errors import UsageError
from wf_core.settings import Settings

__all__ = ["browse"]

_GROUP = "kitsu_workfiles.windows"
"""Entry points of this group are windows: the core knows none of them by name."""


def browse(
    context: typer.Context,
    task: Annotated[
        str | None,
        typer.Argument(metavar="[TASK]", help="UUID, path-like reference or page address."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show tasks and revisions in a window, until it is closed."""
    session = session_of(context)
    found = list(entry_points(group=_GROUP, name="browse"))
    try:
        show = found[0].load()
    except (IndexError, ImportError) as exc:
        raise UsageError(
            "The window of “wf browse” is not installed here.",
            hint="Install it with pip install 'kitsu-workfiles[browse]'.",
        ) from exc

    def load() -> Settings:
        session.forget_settings()
        return session.settings

    shown: str = show(load, task or "")
    session.output.result({"task_id": shown or None}, lambda: None)
