"""The folders of a production as a whole, read from its file tree."""

from __future__ import annotations

from collections.abc import Iterator

from wf_core.errors import InputError
from wf_core.models import TaskContext
from wf_core.paths.slugs import slug
from wf_core.paths.tree import (
    Tree,
    apply_style,
    root_path,
    section,
    split_template,
    template_of,
    token_value,
)

__all__ = ["production_folders"]

_PROJECT = "Project"


def production_folders(tree: Tree | None, context: TaskContext) -> tuple[str, ...]:
    """The folders on the server that everything of a production lies below, each once.

    Of each template that is what comes before its first other token: mount point and root,
    then the folders up to the production's own.

    >>> production_folders({"working": {"mountpoint": "/simple", "root": "productions",
    ...     "folder_path": {"shot": "<Project>/shots/<Shot>"}}}, context)
    ('/simple/productions/demo',)

    Args:
        tree: the production's file tree; parts that cannot be used are left out.
        context: any task of the production.
    """
    found: dict[str, None] = {}
    for mode in tree or ():
        try:
            found.update(dict.fromkeys(_of_mode(tree, mode, context)))
        except InputError:
            continue  # said where something is to be saved there
    return tuple(found)


def _of_mode(tree: Tree | None, mode: str, context: TaskContext) -> Iterator[str]:
    root = root_path(tree, mode)
    templates = section(tree, mode, "folder_path")
    style = templates.get("style", "")
    for kind in templates:
        if kind == "style":
            continue
        folders: list[str] = []
        own = 0
        for part in template_of(tree, mode, "folder_path", kind).split("/"):
            rendered = _rendered(part, context, style)
            if rendered is None:
                break
            folders.append(rendered)
            own = len(folders) if f"<{_PROJECT}" in part else own
        yield (root + "/".join(folders[:own])).rstrip("/")


def _rendered(folder: str, context: TaskContext, style: str) -> str | None:
    """One folder of a template; None where it is not the same for all tasks."""
    text = ""
    for part in split_template(folder):
        if isinstance(part, str):
            text += part
        elif part.kind != _PROJECT:
            return None
        else:
            value = token_value(part, context, name="main", revision=1, software=None) or ""
            text += value if part.field == "id" else apply_style(slug(value), style)
    return text
