"""The file of a revision: where it lies on the server, and what it is called.

The rendered folder, then the rendered name, ``_{name}`` where the tree has no Name token
and the name is not ``main``, ``_v{revision:03d}`` where it has no Revision token, and the
software's extension::

    /simple/productions/demo/assets/props/lamp/modeling/demo_props_lamp_modeling_cache_v003.blend

No two (name, revision) of a task ever get the same path, on disks that ignore case
neither: :mod:`wf_core.paths.layout` says how that is known. Between tasks,
:mod:`wf_core.paths.collisions` looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from wf_core.errors import PathError
from wf_core.models import Software, TaskContext
from wf_core.paths.layout import MAIN, MAX_REVISION, Layout, Reading, path_key
from wf_core.paths.mounts import ServerPath
from wf_core.paths.safety import check_component, is_reserved_on_windows
from wf_core.paths.slugs import slug
from wf_core.paths.tree import Tree, render_file_name, render_folder

__all__ = [
    "MAX_NAME",
    "MAX_SERVER_PATH",
    "RevisionPath",
    "check_extension",
    "check_name",
    "check_revision",
    "provisional_name",
    "revision_path",
    "split_file_name",
]

MAX_SERVER_PATH = 400
"""Longest path the server stores, in characters (Zou's ``WorkingFile.path``)."""

MAX_NAME = 250
"""Longest name of a working file, in characters (Zou's ``WorkingFile.name``)."""

_MARK = re.compile(r"\.offline-([0-9a-f]{6})$")
# Numbers at which a tree that runs names and numbers together first mixes them up.
_TELLING_REVISIONS = (1, 100, 1000)


@dataclass(frozen=True)
class RevisionPath:
    """Where one revision lies in the production's tree.

    Attributes:
        folder: as the server renders it, "/" between its parts.
        file_name: with everything that makes it unique, and the extension.
        rendered_name: the file name as the server renders it.
        name, revision: whose file it is.
    """

    folder: str
    file_name: str
    rendered_name: str
    name: str
    revision: int

    @property
    def server_path(self) -> str:
        """The whole path, what a finished save writes into the server's record."""
        return f"{self.folder}/{self.file_name}"

    @property
    def server_record_path(self) -> str:
        """The path the server itself puts into a new record: no extension, nothing added."""
        return f"{self.folder}/{self.rendered_name}"

    def provisional(self, save_id: str) -> RevisionPath:
        """The same place under a name nobody else can have; see :func:`provisional_name`."""
        return replace(self, file_name=provisional_name(self.file_name, save_id))


def revision_path(
    tree: Tree | None,
    context: TaskContext,
    *,
    name: str = MAIN,
    revision: int,
    software: Software | None,
    extension: str | None = None,
    mode: str = "working",
) -> RevisionPath:
    """The path of a revision, checked for everything that can be known without a disk.

    Args:
        tree: the production's file tree.
        context: the task and the records around it.
        name: which of the task's files.
        revision: its number, from 1.
        software: record of the software; gives the extension and the ``<Software>`` token.
        extension: extension with its dot, when not the software's; "" for none.
        mode: part of the tree to use.

    Raises:
        NoFileTree: the production has no tree, or one that cannot be used for this task.
        PathError: the name, number or extension is not allowed; the path leaves its root, is
            too long, or belongs to another name or revision of the task.
    """
    check_name(name)
    check_revision(revision)
    dotted = (software.extension if software else "") if extension is None else extension
    check_extension(dotted)
    layout = Layout.of(tree, context, software=software, mode=mode)
    if layout.unfilled:
        raise PathError(
            f"The file tree asks for <{layout.unfilled[0]}>, which is empty in Kitsu.",
            hint="Ask a production manager to fill in the short name.",
        )
    _check_owned(layout, name, revision)
    folder = render_folder(
        tree, context, name=name, revision=revision, software=software, mode=mode
    )
    rendered = render_file_name(
        tree, context, name=name, revision=revision, software=software, mode=mode
    )
    stem = rendered + layout.suffix(name, revision)
    if path_key(folder, stem) != layout.key(name, revision):
        raise PathError(
            f"The path {folder}/{stem} cannot be told from others of this task.",
            hint="Ask a production manager for plainer templates in the file tree.",
        )
    found = RevisionPath(folder, stem + dotted, rendered, name, revision)
    _check_server_path(found)
    return found


def check_name(name: str) -> None:
    """Check the name of a working file, such as ``main`` or ``cache``.

    Raises:
        PathError: it is empty, longer than 250 characters, not its own slug, or reserved on
            Windows. The message says which name would do.
    """
    if name and len(name) <= MAX_NAME and name == slug(name) and not is_reserved_on_windows(name):
        return
    accepted = slug(name[: 4 * MAX_NAME])[:MAX_NAME].strip("_")
    if is_reserved_on_windows(accepted):
        accepted += "_file"
    if not name:
        problem = "A working file needs a name"
    elif len(name) > MAX_NAME:
        problem = f"The name has {len(name)} characters; Kitsu keeps {MAX_NAME}"
    elif name != slug(name):
        problem = f"The name {name[:60]!r} is not made of lower-case letters, digits and single “_”"
    else:
        problem = f"The name “{name}” is a device on Windows"
    hint = f"Use “{accepted or MAIN}”." if len(accepted) <= 60 else "Use a shorter name."
    raise PathError(f"{problem}; nothing was saved under it.", hint=hint)


def check_revision(revision: int) -> None:
    """Check the number of a revision.

    Raises:
        PathError: it is below 1, or so high that the server could not count on.
    """
    if not 1 <= revision <= MAX_REVISION:
        raise PathError(f"{revision} is not a revision's number: they go from 1 to {MAX_REVISION}.")


def check_extension(extension: str) -> None:
    """Check an extension: "" or a dot, a letter or digit, and letters, digits, ``_``, ``-``.

    Several in a row, as in ``.tar.gz``, are fine.

    Raises:
        PathError: it is none of these, or reads as the mark of a provisional file.
    """
    plain = re.fullmatch(r"(\.[A-Za-z0-9][A-Za-z0-9_-]*){0,3}", extension)
    if not plain or len(extension) > 40 or extension.lower().startswith(".offline-"):
        raise PathError(
            f"{extension[:60]!a} is not a usable file extension.",
            hint="Correct the extension of the software in Kitsu, or rename the file.",
        )


def provisional_name(file_name: str, save_id: str) -> str:
    """The file name of a save whose number is not known yet.

    >>> provisional_name("lamp_v014.blend", "3f9a2c1e-0000-4000-8000-000000000000")
    'lamp_v014.offline-3f9a2c.blend'

    Raises:
        PathError: the name gets longer than 255 bytes, or ``save_id`` is not a UUID.
    """
    short = save_id[:6].lower()
    if not re.fullmatch(r"[0-9a-f]{6}", short):
        raise PathError(f"{save_id[:60]!a} is not the id of a save.")
    stem, dot, extension = file_name.partition(".")
    provisional = f"{stem}.offline-{short}{dot}{extension}"
    check_component(provisional)
    return provisional


def split_file_name(file_name: str) -> tuple[str, str, str]:
    """Stem, six digits of the provisional mark (or ""), and extension of a file name.

    >>> split_file_name("lamp_v014.offline-3f9a2c.blend")
    ('lamp_v014', '3f9a2c', '.blend')
    """
    stem, dot, rest = file_name.partition(".")
    first, _, others = rest.partition(".")
    mark = _MARK.fullmatch(f".{first}")
    if mark:
        return stem, mark.group(1), f".{others}" if others else ""
    return stem, "", f"{dot}{rest}"


def _check_owned(layout: Layout, name: str, revision: int) -> None:
    # The name first at numbers that tell, so that it is refused at revision 1 and not
    # when somebody gets to 1000.
    for number in (revision, *_TELLING_REVISIONS):
        owner = _owner(layout, name, number)
        if owner is None or (owner.name, owner.revision) != (name, number):
            other = f"{owner.name}” revision {owner.revision}" if owner else "another”"
            raise PathError(
                f"In this production “{name}” revision {number} would lie on the path of “{other}; "
                "nothing was saved.",
                hint="Choose a name that does not begin or end in a digit, or ask a production "
                "manager to put “_v” between <Name> and <Revision> in the file tree.",
            )


@lru_cache(maxsize=1024)
def _owner(layout: Layout, name: str, revision: int) -> Reading | None:
    """Whose the path of a revision is; at the numbers that tell, every save asks it again."""
    readings = layout.readings(layout.key(name, revision))
    return readings[0] if readings else None


def _check_server_path(path: RevisionPath) -> None:
    ServerPath.parse(path.server_path)
    check_component(path.file_name, within=path.server_path)
    for whole in (path.server_path, path.server_record_path):
        if len(whole) > MAX_SERVER_PATH:
            raise PathError(
                f"The path would have {len(whole)} characters and the server keeps "
                f"{MAX_SERVER_PATH}; nothing was saved. It begins {whole[:60]}…",
                hint="Choose a shorter name, or ask a production manager for a shorter file tree.",
            )
