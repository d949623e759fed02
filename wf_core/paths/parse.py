"""Read a path back: which template made it, and from what.

Without records only the tree is known, so a path is read as text: ``sh010`` is what
stands for ``<Shot>``, whichever shot that may be. Where the tree leaves room for two
readings there is no right one, and the error lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wf_core.errors import NoFileTree, PathError
from wf_core.paths.layout import MAIN, MAX_REVISION
from wf_core.paths.mounts import ServerPath
from wf_core.paths.naming import split_file_name
from wf_core.paths.segments import Segments, Slot, match, merge, slugified
from wf_core.paths.slugs import fold
from wf_core.paths.tree import (
    NAME_KINDS,
    REVISION_KINDS,
    Token,
    Tree,
    root_path,
    section,
    split_template,
    template_of,
)

__all__ = ["ParsedPath", "parse_path", "read_path"]

_MAX_READINGS = 500  # of one part, while the rest of the path may still decide between them


@dataclass(frozen=True)
class ParsedPath:
    """One reading of a path.

    Attributes:
        mode: part of the tree whose template fits, "working" as a rule.
        kind: kind of entity of that template ("asset", "shot", ...).
        fields: token to the text that stands for it, folded; ``Shot`` for ``<Shot>`` and
            ``<Shot.name>``, ``Shot.id`` for ``<Shot.id>``.
        name, revision: of the working file.
        extension: with its dot, as in the path; "" when there is none.
        provisional: six hex digits of the save when the path is a provisional one, else "".
    """

    mode: str
    kind: str
    fields: Mapping[str, str] = field(hash=False)
    name: str
    revision: int
    extension: str = ""
    provisional: str = ""

    def __str__(self) -> str:
        tokens = ", ".join(f"{token} {text}" for token, text in self.fields.items())
        return f"{self.mode} {self.kind} ({tokens}), “{self.name}” revision {self.revision}"


@dataclass(frozen=True)
class _Form:
    """What a path may look like: one template of the tree, with or without a name added."""

    mode: str
    kind: str
    folders: tuple[Segments, ...]
    stem: Segments
    shown: tuple[str, ...]
    adds_name: bool


def parse_path(
    server_path: str, tree: Tree | None, *, modes: Iterable[str] = ("working",)
) -> ParsedPath:
    """The one reading of a path.

    For a path of this machine, :meth:`Mounts.to_server` comes first.

    >>> tree = {"working": {"mountpoint": "/simple", "root": "prods",
    ...     "folder_path": {"asset": "<Project>/<AssetType>/<Asset>"},
    ...     "file_name": {"asset": "<Asset>_<TaskType>"}}}
    >>> found = parse_path("/simple/prods/demo/props/oil_lamp/oil_lamp_rig_v1000.blend", tree)
    >>> found.kind, found.fields["Asset"], found.fields["TaskType"], found.revision
    ('asset', 'oil_lamp', 'rig', 1000)

    Args:
        server_path: path of a file as the tree has it.
        tree: the production's file tree.
        modes: parts of the tree to look in.

    Raises:
        NoFileTree: the production has no tree, or no usable template.
        PathError: no template fits (the message says what did not), or more than one
            reading does (the message lists them).
    """
    readings, misfits = _read(server_path, tree, modes)
    if len(readings) == 1:
        return readings[0]
    if readings:
        shown = "; or ".join(str(reading) for reading in readings[:4])
        more = f"; and {len(readings) - 4} more" if len(readings) > 4 else ""
        raise PathError(
            f"“{server_path}” can be read in {len(readings)} ways: {shown}{more}.",
            hint="Name the task instead of the path.",
        )
    deepest = max(depth for depth, _ in misfits)
    reasons = dict.fromkeys(reason for depth, reason in misfits if depth == deepest)
    raise PathError(
        f"“{server_path}” is no path of this production's file tree: "
        f"{'; '.join(list(reasons)[:4])}.",
        hint="Check the path, or name the task instead.",
    )


def read_path(
    server_path: str, tree: Tree | None, *, modes: Iterable[str] = ("working",)
) -> tuple[ParsedPath, ...]:
    """Every reading of a path; none where nothing fits.

    Raises:
        NoFileTree: the production has no tree, or no usable template.
        PathError: the path has a part that no file has.
    """
    return tuple(_read(server_path, tree, modes)[0])


def _read(
    server_path: str, tree: Tree | None, modes: Iterable[str]
) -> tuple[list[ParsedPath], list[tuple[int, str]]]:
    parts = ServerPath.parse(server_path).parts
    if not parts:
        raise PathError("An empty path names no file.")
    drive = ServerPath.parse(server_path).drive
    folders = tuple(fold(part) for part in ((drive, *parts[:-1]) if drive else parts[:-1]))
    stem, provisional, extension = split_file_name(parts[-1])
    folded = fold(stem).replace("-", "_")
    readings: list[ParsedPath] = []
    misfits: list[tuple[int, str]] = []
    for form in _forms(tree, modes):
        fillings, misfit = _fit(form, folders, folded)
        if misfit:
            misfits.append(misfit)
        for filling in fillings:
            name = filling.pop("name", MAIN)
            revision = int(filling.pop("revision"))
            if (form.adds_name and name == MAIN) or not 0 < revision <= MAX_REVISION:
                misfits.append((len(folders) + 2, f"“{stem}” has no possible revision"))
                continue
            readings.append(
                ParsedPath(form.mode, form.kind, filling, name, revision, extension, provisional)
            )
    return readings, misfits


def _fit(
    form: _Form, folders: tuple[str, ...], stem: str
) -> tuple[list[dict[str, str]], tuple[int, str] | None]:
    """The fillings that fit, or how far it went and what then did not."""
    fillings: list[dict[str, str]] = [{}]
    where = f"{form.mode}/{form.kind}"
    for depth, (segments, text) in enumerate(zip(form.folders, folders, strict=False)):
        fillings = _extend(fillings, segments, text)
        if not fillings:
            return [], (depth, f"“{text}” does not fit “{form.shown[depth]}” of {where}")
    if len(folders) != len(form.folders):
        wanted, given = len(form.folders), len(folders)
        return [], (min(wanted, given), f"{where} has {wanted} folders, and the path {given}")
    fillings = _extend(fillings, form.stem, stem)
    if not fillings:
        return [], (len(folders) + 1, f"“{stem}” does not fit “{form.shown[-1]}” of {where}")
    return fillings, None


def _extend(fillings: list[dict[str, str]], segments: Segments, text: str) -> list[dict[str, str]]:
    extended: list[dict[str, str]] = []
    for filling in fillings:
        for longer in match(segments, text, filling):
            if longer not in extended:
                extended.append(longer)
            if len(extended) > _MAX_READINGS:
                raise PathError(
                    f"“{text}” can be read in more than {_MAX_READINGS} ways.",
                    hint="Name the task instead of the path.",
                )
    return extended


def _forms(tree: Tree | None, modes: Iterable[str]) -> list[_Form]:
    forms: list[_Form] = []
    for mode in modes:
        root = root_path(tree, mode)
        for kind in section(tree, mode, "folder_path"):
            if kind == "style" or kind not in section(tree, mode, "file_name"):
                continue
            folder_template = template_of(tree, mode, "folder_path", kind)
            name_template = template_of(tree, mode, "file_name", kind)
            forms += _forms_of(mode, kind, root, folder_template, name_template)
    if not forms:
        raise NoFileTree("The file tree has no templates to read a path with.")
    return forms


def _forms_of(
    mode: str, kind: str, root: str, folder_template: str, name_template: str
) -> list[_Form]:
    folder, name = split_template(folder_template), split_template(name_template)
    kinds = {part.kind for part in (*folder, *name) if isinstance(part, Token)}
    base = ServerPath.parse(root)
    shown = [*([base.drive] if base.drive else []), *base.parts]
    folders: list[Segments] = [(fold(part),) for part in shown]
    for template in filter(None, folder_template.split("/")):
        segments = merge(_slot(part) for part in split_template(template))
        folders.append(merge(fold(s) if isinstance(s, str) else s for s in segments))
        shown.append(template)
    stem = slugified(merge(_slot(part) for part in name))
    added_name = () if NAME_KINDS & kinds else ("_", Slot("name"))
    added_revision = () if REVISION_KINDS & kinds else ("_v", Slot("revision", "number"))
    endings = [added_revision]
    if added_name:
        endings.append((*added_name, *added_revision))
    return [
        _Form(
            mode,
            kind,
            tuple(filter(None, folders)),
            merge((*stem, *ending)),
            (*shown, name_template),
            adds_name=len(ending) > len(added_revision),
        )
        for ending in endings
    ]


def _slot(part: str | Token) -> str | Slot:
    if isinstance(part, str):
        return part
    if part.kind in NAME_KINDS:
        return Slot("name")
    if part.kind in REVISION_KINDS:
        return Slot("revision", "number")
    if part.kind in ("Instance", "Representation"):
        return ""  # a task is never one of an instance
    return Slot(part.key, "id" if part.field == "id" else "slug")
