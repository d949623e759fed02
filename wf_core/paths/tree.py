"""Render a production's file tree offline, exactly as the server does.

The rules are those of ``zou/app/services/file_tree_service.py`` of Zou 1.0.97, its
oddities included; what it answers to ``data/tasks/{id}/working-file-path`` is what
:func:`render_folder` ("path") and :func:`render_file_name` ("name") return::

    {"working": {"mountpoint": "/simple", "root": "productions",
                 "folder_path": {"shot": "<Project>/shots/<Sequence>/<Shot>", ...,
                                 "style": "lowercase"},
                 "file_name": {"shot": "<Project>_<Shot>_<TaskType>", ...}}}

    /simple/productions/demo/shots/s012/sh010      demo_sh010_layout

Where the server answers an error, :class:`NoFileTree` (the tree is wrong) or
:class:`PathError` (a record lacks what the tree asks for) says what to change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from wf_core.errors import NoFileTree, PathError
from wf_core.models import Entity, Record, Software, TaskContext
from wf_core.paths.slugs import slug

__all__ = ["kind_of", "render_file_name", "render_folder"]

Tree = Mapping[str, Any]

NAME_KINDS = frozenset({"Name", "WorkingFile", "OutputFile"})
REVISION_KINDS = frozenset({"Revision", "Version"})

_TOKEN = re.compile(r"<([\w.]*)>")
_FIELDS = frozenset({"name", "short_name", "number", "id"})
# The version and variant digits of a random UUID; others are slugified like any text.
_RANDOM_UUID = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89aAbB][a-f0-9]{3}-[a-f0-9]{12}")
_KINDS = {"Shot": "shot", "Sequence": "sequence", "Scene": "scene", "Episode": "episode"}
_NOT_ASSETS = frozenset({*_KINDS, "Edit", "Concept", "ConceptFolder"})
_ASK_ADMIN = "Ask a production manager to correct the production's file tree in Kitsu."


class Token(NamedTuple):
    """``<Shot.id>`` of a template: its text between the brackets, its kind, its field."""

    text: str
    kind: str
    field: str

    @property
    def key(self) -> str:
        """What two spellings of the same token share: ``Shot`` for ``Shot.name``."""
        return self.kind if self.field == "name" else f"{self.kind}.{self.field}"


_LONGEST_TEMPLATE = 2000
"""Characters; the server stores paths of 400, and rendering takes longer the longer it is."""


def render_folder(
    tree: Tree | None,
    context: TaskContext,
    *,
    name: str = "main",
    revision: int = 1,
    software: Software | None = None,
    mode: str = "working",
    sep: str = "/",
) -> str:
    """The folder of a revision: "path" of the server's answer.

    Args:
        tree: the production's file tree, None when it has none.
        context: the task and the records around it.
        name: name of the working file, taken as it is.
        revision: number of the revision; the server puts the next one for 0, this does not.
        software: record for ``<Software>``; without one the server's default, 3ds Max.
        mode: part of the tree to use.
        sep: what the slashes of the folder template become.

    Raises:
        NoFileTree: there is no tree, or it is malformed where this task needs it.
        PathError: a record lacks what the tree asks for.
    """
    root = root_path(tree, mode, sep=sep)
    style = section(tree, mode, "folder_path").get("style", "")
    template = template_of(tree, mode, "folder_path", kind_of(context))
    filled = _fill(template, _values(context, name, revision, software), style)
    return root + filled.replace("/", sep)


def render_file_name(
    tree: Tree | None,
    context: TaskContext,
    *,
    name: str = "main",
    revision: int = 1,
    software: Software | None = None,
    mode: str = "working",
) -> str:
    """The file name of a revision as the server has it, without any extension.

    The whole name is slugified, literal parts of the template too; random UUIDs keep
    their hyphens. Arguments and errors are those of :func:`render_folder`.
    """
    template = template_of(tree, mode, "file_name", kind_of(context))
    filled = _fill(template, _values(context, name, revision, software), "lowercase")
    style = section(tree, mode, "file_name").get("style", "")
    return finish_file_name(filled, style)


def finish_file_name(filled: str, style: Any) -> str:
    """Slugify and style a filled file name template, and put the UUIDs back."""
    rendered = apply_style(slug(filled), style)
    for uuid in _RANDOM_UUID.findall(filled):
        rendered = rendered.replace(apply_style(slug(uuid), style), uuid)
    return rendered


def kind_of(context: TaskContext) -> str:
    """The key of the templates for this task's entity; "asset" for all unknown kinds."""
    return _KINDS.get(context.entity_type.name, "asset")


def apply_style(text: str, style: Any) -> str:
    """``text`` in the case a tree asks for; any other style leaves it alone."""
    if style == "uppercase":
        return text.upper()
    return text.lower() if style == "lowercase" else text


@lru_cache(maxsize=256)
def split_template(template: str) -> tuple[str | Token, ...]:
    """The literal parts and tokens of a template, in order, empty parts left out."""
    parts: list[str | Token] = []
    end = 0
    for found in _TOKEN.finditer(template):
        if found.start() > end:
            parts.append(template[end : found.start()])
        parts.append(_token(found.group(1)))
        end = found.end()
    if end < len(template):
        parts.append(template[end:])
    return tuple(parts)


def root_path(tree: Tree | None, mode: str, *, sep: str = "/") -> str:
    """Mount point and root of a mode, with a separator at the end.

    Raises:
        NoFileTree: there is no tree, or it lacks the mode, its mount point or its root.
    """
    part = _mode(tree, mode)
    for key in ("mountpoint", "root"):
        if key not in part:
            raise NoFileTree(f"The file tree has no “{key}” in “{mode}”.", hint=_ASK_ADMIN)
    if part["root"]:
        return f"{part['mountpoint']}{sep}{part['root']}{sep}"
    return f"{part['mountpoint']}{sep}"


def section(tree: Tree | None, mode: str, name: str) -> Mapping[str, Any]:
    """``folder_path`` or ``file_name`` of a mode.

    Raises:
        NoFileTree: it is missing or not an object.
    """
    found = _mode(tree, mode).get(name)
    if not isinstance(found, Mapping):
        raise NoFileTree(f"The file tree has no “{name}” templates in “{mode}”.", hint=_ASK_ADMIN)
    return found


def template_of(tree: Tree | None, mode: str, section_name: str, kind: str) -> str:
    """The template of a kind of entity.

    Raises:
        NoFileTree: it is missing, not text, or absurdly long.
    """
    templates = section(tree, mode, section_name)
    if kind not in templates:
        raise NoFileTree(
            f"The file tree has no “{section_name}” for a task of a kind “{kind}” in “{mode}”.",
            hint=f"Ask a production manager to add “{kind}” to it in Kitsu.",
        )
    template = templates[kind]
    if not isinstance(template, str):
        raise NoFileTree(
            f"“{section_name}” of “{kind}” in “{mode}” of the file tree is not text.",
            hint=_ASK_ADMIN,
        )
    if len(template) > _LONGEST_TEMPLATE:
        raise NoFileTree(
            f"“{section_name}” of “{kind}” in “{mode}” of the file tree has {len(template)} "
            f"characters; at most {_LONGEST_TEMPLATE} are of use.",
            hint=_ASK_ADMIN,
        )
    return template


def token_value(
    token: Token, context: TaskContext, *, name: str, revision: int, software: Software | None
) -> str | None:
    """What a token stands for, before slug and style; None leaves the token standing.

    Raises:
        NoFileTree: the token or its field does not exist.
        PathError: a record the token needs is missing.
    """
    return _values(context, name, revision, software)(token)


def _mode(tree: Tree | None, mode: str) -> Mapping[str, Any]:
    if tree is None:
        raise NoFileTree(
            "This production has no file tree, so nobody knows where its files go.",
            hint="Ask a production manager to set one in Kitsu.",
        )
    part = tree.get(mode) if isinstance(tree, Mapping) else None
    if not isinstance(part, Mapping):
        raise NoFileTree(f"The file tree has no part “{mode}”.", hint=_ASK_ADMIN)
    return part


def _token(text: str) -> Token:
    kind, *rest = text.split(".")
    field = rest[0] if rest and rest[0] in _FIELDS else "name"
    return Token(text, kind, field)


def _fill(template: str, value_of: Callable[[Token], str | None], style: Any) -> str:
    # One replacement after the other over the whole text, as the server does: with
    # <Name.id> the raw name goes in, and a token inside the name is filled in turn.
    filled = template
    for token in split_template(template):
        if isinstance(token, str):
            continue
        value = value_of(token)
        if value is None:
            continue
        if token.field != "id":
            value = apply_style(slug(value), style)
        filled = filled.replace(f"<{token.text}>", value)
    return filled


def _values(
    context: TaskContext, name: str, revision: int, software: Software | None
) -> Callable[[Token], str | None]:
    def value_of(token: Token) -> str | None:
        if token.kind in NAME_KINDS:
            return name
        if token.kind in REVISION_KINDS:
            return str(revision).zfill(3)
        if token.kind in ("Instance", "Representation"):
            return ""  # a task is never one of an instance
        if token.kind == "Software":
            return _software(software, token)
        read = _READERS.get(token.kind)
        if read is None:
            raise NoFileTree(
                f"The file tree has a token <{token.text}> that Kitsu does not know.",
                hint=_ASK_ADMIN,
            )
        return read(context, token)

    return value_of


def _field(record: Record, token: Token) -> str | None:
    known = token.field in ("name", "id") or (
        token.field == "short_name" and hasattr(record, "short_name")
    )
    if not known:
        raise NoFileTree(
            f"The file tree asks for <{token.text}>, but Kitsu has no such field there.",
            hint=f"Ask a production manager to write <{token.kind}> in it instead.",
        )
    value: str | None = getattr(record, token.field)
    return value


def _lower(record: Record, token: Token) -> str:
    value = _field(record, token)
    if value is None:
        raise PathError(
            f"The file tree asks for <{token.text}>, but “{getattr(record, 'name', '')}” "
            "has no short name.",
            hint="Ask a production manager to give it one in Kitsu.",
        )
    return value.lower()


def _software(software: Software | None, token: Token) -> str | None:
    if software is not None:
        return _field(software, token)
    if token.field == "id":
        raise PathError(
            "The file tree asks for the software, and none was given.",
            hint="Name the software whose file this is.",
        )
    return _field(Software(id="", name="3ds Max", short_name="max"), token)


def _department(context: TaskContext, token: Token) -> str | None:
    if context.department is None:
        raise PathError(
            f"The file tree asks for <{token.text}>, but the task type "
            f"“{context.task_type.name}” belongs to no department.",
            hint="Ask a production manager to give it one in Kitsu.",
        )
    return _field(context.department, token)


def _asset_type(context: TaskContext, token: Token) -> str | None:
    if context.entity_type.name in _NOT_ASSETS:
        raise NoFileTree(
            f"The file tree asks for <{token.text}>, but “{context.entity.name}” is of the "
            f"kind {context.entity_type.name}, which has no asset type.",
            hint=_ASK_ADMIN,
        )
    return _field(context.entity_type, token)


def _output_type(context: TaskContext, token: Token) -> str:
    # A working file has none; the server puts its output type "Geometry", made on
    # demand without a short name.
    if context.geometry is not None:
        return _lower(context.geometry, token)
    if token.field == "name":
        return "geometry"
    if token.field == "short_name":
        return ""
    raise NoFileTree(
        f"The file tree asks for <{token.text}>, which working files do not have.",
        hint=_ASK_ADMIN,
    )


def _sequence(context: TaskContext, token: Token) -> str | None:
    kind = kind_of(context)
    if kind == "sequence":
        name = _field(context.entity, token)
    elif kind in ("shot", "scene"):
        sequence = _parent(context.entity, context.sequence)
        if sequence is None:
            raise PathError(
                f"The file tree asks for <{token.text}>, but the {kind} "
                f"“{context.entity.name}” is in no sequence.",
                hint=f"Move the {kind} into a sequence in Kitsu.",
            )
        name = _field(sequence, token)
    else:
        return ""
    if name is not None and "Seq" in name:
        return f"S{name[3:].zfill(3)}"
    return name


def _episode(context: TaskContext, token: Token) -> str | None:
    kind = kind_of(context)
    episode: Entity | None = None
    if kind == "episode":
        episode = context.entity
    elif kind == "sequence":
        episode = _parent(context.entity, context.episode)
    elif kind in ("shot", "scene"):
        sequence = _parent(context.entity, context.sequence)
        episode = _parent(sequence, context.episode) if sequence else None
    if episode is None or token.field not in ("name", "id"):
        return "e001"
    return _field(episode, token)


def _parent(child: Entity, known: Entity | None) -> Entity | None:
    if child.parent_id is None:
        return None
    if known is None or known.id != child.parent_id:
        raise PathError(
            f"The records of the task are incomplete: what “{child.name}” belongs to is missing.",
            hint="Fetch the task again while the server can be reached.",
        )
    return known


_READERS: dict[str, Callable[[TaskContext, Token], str | None]] = {
    "Project": lambda context, token: _field(context.production, token),
    "Task": lambda context, token: _field(context.task, token),
    "TaskType": lambda context, token: _field(context.task_type, token),
    "Department": _department,
    "Asset": lambda context, token: _field(context.entity, token),
    "AssetType": _asset_type,
    "Shot": lambda context, token: _field(context.entity, token),
    "Sequence": _sequence,
    "Episode": _episode,
    "Scene": lambda context, token: _field(context.entity, token),
    "TemporalEntity": lambda context, token: _field(context.entity, token),
    "TemporalEntityType": lambda context, token: _lower(context.entity_type, token),
    "OutputType": _output_type,
}
