"""One task's paths with the name and the revision left open.

A :class:`Layout` is the file tree rendered for one task down to two slots. It gives the
key of each (name, revision), the folded path without extension, and reads a key back into
every (name, revision) that would lie there. Whether two files can share a path is then a
question with an answer: a path is *owned* by the one reading whose name takes up the
fewest characters, and nobody else may use it.

Why no two accepted files of a task share a path: with the tree and the task fixed, two
readings of one key whose names are equally long fill every slot with equally long text,
so they are the same reading. The order by length is strict, hence each key has one owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from wf_core.errors import NoFileTree, PathError
from wf_core.models import Software, TaskContext
from wf_core.paths import tree as trees
from wf_core.paths.segments import Segments, Slot, fill, match, merge, slugified
from wf_core.paths.slugs import fold, slug

__all__ = ["Layout", "Reading", "path_key"]

MAIN = "main"
MAX_REVISION = 2**31 - 2
"""The largest number after which the server can still count on (a 32-bit integer)."""

# Tokens of instances, which a task never has: empty for everybody, so nobody's mistake.
_ALWAYS_EMPTY = frozenset({"Instance", "Representation"})

_NAME = Slot("name")
_REVISION = Slot("revision", "number")


@dataclass(frozen=True)
class Reading:
    """A (name, revision) that lies at some path; ``weight`` is the characters its name takes."""

    name: str
    revision: int
    weight: int


def path_key(folder: str, stem: str) -> str:
    """What two server paths without extension share when some disk takes them for one.

    Hyphens of the stem count as underscores: there they only come from UUIDs put back
    after slugifying.
    """
    components = [part for part in fold(folder).split("/") if part]
    return "/".join([*components, fold(stem).replace("-", "_")])


@dataclass(frozen=True)
class Layout:
    """The paths of one task.

    Attributes:
        folders: the folded folder by component, mount point and root included.
        stem: the folded file name as the tree has it, without what naming adds.
        has_name, has_revision: whether the tree's templates have such a token.
        unfilled: tokens of the folder left standing because their record has no short name.
    """

    folders: tuple[Segments, ...]
    stem: Segments
    has_name: bool
    has_revision: bool
    unfilled: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        tree: trees.Tree | None,
        context: TaskContext,
        *,
        software: Software | None = None,
        mode: str = "working",
    ) -> Layout:
        """Lay out the paths of a task.

        Raises:
            NoFileTree: the tree cannot be rendered for this task, or in such a way that
                names and revisions cannot be told apart.
            PathError: a record lacks what the tree asks for, or leaves a part empty.
        """
        kind = trees.kind_of(context)
        folder = trees.split_template(trees.template_of(tree, mode, "folder_path", kind))
        file_name = trees.split_template(trees.template_of(tree, mode, "file_name", kind))
        kinds = {part.kind for part in (*folder, *file_name) if not isinstance(part, str)}
        filled = [_open(part, context, software) for part in folder]
        _refuse_vanished(folder, filled)
        whole = merge([trees.root_path(tree, mode), *filled])
        stem = slugified(merge(_open(part, context, software) for part in file_name))
        if not stem:
            raise NoFileTree(
                f"“file_name” of “{kind}” in the file tree leaves no name for "
                f"“{context.entity.name}”.",
                hint="Ask a production manager to add a token to it in Kitsu.",
            )
        return cls(
            folders=_by_component(whole),
            stem=stem,
            has_name=not kinds.isdisjoint(trees.NAME_KINDS),
            has_revision=not kinds.isdisjoint(trees.REVISION_KINDS),
            unfilled=tuple(
                part.text
                for part, value in zip(folder, filled, strict=True)
                if not isinstance(part, str) and value == f"<{part.text}>"
            ),
        )

    def suffix(self, name: str, revision: int) -> str:
        """What naming adds to the file name the server renders.

        ``_{name}`` where no template has a Name token and the name is not ``main``, and
        ``_v{revision:03d}`` where none has a Revision token.
        """
        added = f"_{name}" if not self.has_name and name != MAIN else ""
        return added if self.has_revision else f"{added}_v{revision:03d}"

    def key(self, name: str, revision: int) -> str:
        """The :func:`path_key` of a revision."""
        values = {"name": name, "revision": f"{revision:03d}"}
        return fill(self._rendered, values) + self.suffix(name, revision)

    def readings(self, key: str) -> list[Reading]:
        """Every (name, revision) of this task whose key is ``key``, the owner first.

        Raises:
            PathError: there are too many possibilities to look at.
        """
        found = set()
        for segments, named in self._forms:
            if any(isinstance(part, str) and part not in key for part in segments):
                continue  # spares most of the work of asking thousands of tasks
            for values in match(segments, key):
                name = values.get("name", MAIN)
                revision = int(values["revision"]) if "revision" in values else 0
                if (named and name == MAIN) or not 0 < revision <= MAX_REVISION:
                    continue
                found.add(Reading(name, revision, self.weight(name)))
        return sorted(found, key=lambda reading: (reading.weight, reading.name))

    def weight(self, name: str) -> int:
        """How many characters of a path are there for the name's sake."""
        if self.has_name:
            return len(name)
        return 0 if name == MAIN else len(name) + 1

    @property
    def prefix(self) -> str:
        """Text with which the file name of each revision starts; may be empty."""
        first = self.stem[0]
        return first if isinstance(first, str) else ""

    @cached_property
    def _rendered(self) -> Segments:
        """What the tree renders of each key: all but what naming adds."""
        folder: list[str | Slot] = []
        for component in self.folders:
            folder += ["/", *component]
        return merge([*folder[1:], "/", *self.stem])

    @cached_property
    def _forms(self) -> list[tuple[Segments, bool]]:
        number: list[str | Slot] = [] if self.has_revision else ["_v", _REVISION]
        forms = [(merge([*self._rendered, *number]), False)]
        if not self.has_name:
            forms.append((merge([*self._rendered, "_", _NAME, *number]), True))
        return forms


def _open(part: str | trees.Token, context: TaskContext, software: Software | None) -> str | Slot:
    if isinstance(part, str):
        return part
    if part.kind in trees.NAME_KINDS:
        return _NAME
    if part.kind in trees.REVISION_KINDS:
        return _REVISION
    value = trees.token_value(part, context, name=MAIN, revision=1, software=software)
    if value is None:
        return f"<{part.text}>"
    return value if part.field == "id" else slug(value)


def _refuse_vanished(template: tuple[str | trees.Token, ...], filled: list[str | Slot]) -> None:
    """Refuse a folder of which nothing is left, because its tokens have no slug."""
    tokens: list[str] = []
    content = False
    for part, value in zip([*template, "/"], [*filled, "/"], strict=True):
        if not isinstance(part, str):
            tokens.append(part.text)
            content = content or bool(value)
            continue
        first, *others = part.split("/")
        content = content or bool(first)
        if not others:
            continue
        if tokens and not content and not _ALWAYS_EMPTY.issuperset(tokens):
            raise PathError(
                f"Nothing is left of <{tokens[0]}> in a file name, so the files of this task "
                "would lie in a folder of others.",
                hint="Give it a name with letters or digits in Kitsu.",
            )
        tokens, content = [], bool(others[-1])


def _by_component(segments: Segments) -> tuple[Segments, ...]:
    """The folded segments of each folder, empty folders left out as every disk does."""
    components: list[list[str | Slot]] = [[]]
    for part in segments:
        if isinstance(part, Slot):
            components[-1].append(part)
            continue
        first, *others = fold(part).split("/")
        components[-1].append(first)
        components += [[text] for text in others]
    return tuple(merged for merged in map(merge, components) if merged)
