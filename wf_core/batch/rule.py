"""The rule of a folder: how the paths of its scenes name their tasks.

A rule is written as templates of a file tree are, and read with the same code. ``tree`` is the
production's own::

    <AssetType>/<Asset>/<Asset>_<TaskType>     props/oil_lamp/oil_lamp_modeling.blend
    <Sequence>_<Shot>_<TaskType>_v<Revision>   sq01_sh010_layout_v003.ma
    tree                                       .../oil_lamp/modeling/work/demo_..._v003.blend

Where a path can be read in several ways, those count that name a task; two of these are an error.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from wf_core.errors import AmbiguousReference, NotFound, PathError, UsageError, WorkfilesError
from wf_core.models import TaskContext
from wf_core.paths import ParsedPath, Tree, fold, read_path, slug
from wf_core.paths.slugs import transliterate
from wf_core.paths.tree import NAME_KINDS, REVISION_KINDS, Token, split_template, token_value

__all__ = ["TREE", "Named", "Rule"]

TREE = "tree"
"""The rule that stands for the production's file tree."""

_FREE = NAME_KINDS | REVISION_KINDS
_TOKENS = frozenset(
    {"Project", "Task", "TaskType", "Department", "AssetType", "Asset", "Episode"}
    | {"Sequence", "Scene", "Shot"}
)
_KINDS = (("Shot", "shot"), ("Scene", "scene"), ("Asset", "asset"), ("Sequence", "sequence"))
"""What a rule is about, by the first of these tokens that is in it."""
_LAST_OF_ALL = ("Episode", "episode")
_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_EXTENSION = re.compile(r"(?:\.[A-Za-z0-9_]+)+$")
_MOST_SUGGESTIONS = 3


@dataclass(frozen=True)
class Named:
    """What a path names.

    Attributes:
        context: the task.
        name: of the working file.
        revision: as the path has it; 1 where the rule has none.
    """

    context: TaskContext
    name: str
    revision: int


class Rule:
    """A rule over the tasks of one production.

    Args:
        text: the rule, without the extension it may end in.
        contexts: all tasks of the production.
        tree: the production's file tree.
        to_server: the server's path of a file, for :data:`TREE`.
        folder: where the paths of any other rule begin.

    Attributes:
        extension: that which the rule ends in, "" where it takes every scene.

    Raises:
        UsageError: it is no rule.
    """

    def __init__(
        self,
        text: str,
        *,
        contexts: Iterable[TaskContext],
        tree: Tree | None,
        to_server: Callable[[Path], str],
        folder: Path,
    ) -> None:
        self.text = text
        self.extension = ""
        self._folder = folder
        self._contexts = list(contexts)
        self._indexes: dict[tuple[str, ...], dict[tuple[str, ...], list[TaskContext]]] = {}
        self._to_server: Callable[[Path], str] | None = None
        self._tree = tree
        self._has_revision = True
        if text == TREE:
            self._to_server = to_server
        else:
            self._tree = self._own_tree(text)

    def read(self, path: Path) -> Named:
        """What the path of a scene names.

        Raises:
            PathError: it does not fit the rule.
            NotFound: it names no task; ``suggestions`` are the nearest.
            AmbiguousReference: it names several.
            NoFileTree: the production has none.
        """
        readings = read_path(self._path(path), self._tree)
        found: dict[tuple[str, str], Named] = {}
        for reading in readings:
            for context in self._index(reading).get(_values(reading), ()):
                named = Named(context, reading.name, reading.revision)
                found[context.task.id, reading.name] = named
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            raise AmbiguousReference(
                f"The path can mean {len(found)} tasks or names.",
                candidates=[
                    (f"{n.context.label} “{n.name}”", task) for (task, _), n in found.items()
                ],
                hint="Write a rule that tells them apart, or a list.",
            )
        if not readings:
            raise PathError(f"The path does not fit the rule {self.text}.")
        raise NotFound(
            "The path names no task of the production: "
            f"{', '.join(f'{key} {value}' for key, value in readings[0].fields.items())}.",
            suggestions=self._nearest(readings),
        )

    def _path(self, path: Path) -> str:
        if self._to_server is not None:
            return self._to_server(path)
        *folders, name = path.relative_to(self._folder).parts
        stem = slug(name[: -len(self.extension or path.suffix)])
        # Every path of a tree has a number; this one's says nothing.
        number = "" if self._has_revision else "_v001"
        return "/".join((*(slug(part) or part for part in folders), f"{stem}{number}{path.suffix}"))

    def _own_tree(self, text: str) -> Tree:
        *folders, name = text.strip("/").split("/")
        ending = _EXTENSION.search(name.rpartition(">")[2])
        if ending is not None:
            self.extension = ending.group().lower()
            name = name[: -len(ending.group())]
        tokens = [part for part in split_template(text) if isinstance(part, Token)]
        for token in tokens:
            if token.kind not in _TOKENS | _FREE:
                raise UsageError(
                    f"The rule has a token <{token.text}>, which says nothing of a task.",
                    hint=f"There are {', '.join(sorted(_TOKENS | _FREE))}.",
                )
        kinds = {token.kind for token in tokens}
        kind = next((kind for token, kind in (*_KINDS, _LAST_OF_ALL) if token in kinds), None)
        if kind is None or not kinds & {"TaskType", "Task"}:
            raise UsageError(
                f"“{text}” is no rule: it has to say which asset or shot and which type of task.",
                hint='Write one such as "<AssetType>/<Asset>/<Asset>_<TaskType>", or "tree".',
            )
        self._has_revision = bool(kinds & REVISION_KINDS)
        return {
            "working": {
                "mountpoint": "",
                "root": "",
                "folder_path": {kind: "/".join(map(_plain, folders))},
                "file_name": {kind: _plain(name)},
            }
        }

    def _index(self, reading: ParsedPath) -> dict[tuple[str, ...], list[TaskContext]]:
        """The tasks by what stands for the tokens of a template in their paths."""
        key = (reading.kind, *reading.fields)
        if key not in self._indexes:
            index: dict[tuple[str, ...], list[TaskContext]] = defaultdict(list)
            tokens = [split_template(f"<{text}>")[0] for text in reading.fields]
            for context in self._contexts:
                if context.kind != reading.kind:
                    continue
                try:
                    index[tuple(_value(token, context) for token in tokens)].append(context)
                except WorkfilesError:
                    continue  # a task that has no such path at all
            self._indexes[key] = dict(index)
        return self._indexes[key]

    def _nearest(self, readings: Iterable[ParsedPath]) -> list[str]:
        labels: dict[str, str] = {}
        wanted = []
        for reading in readings:
            wanted.append("/".join(_values(reading)))
            for values, contexts in self._index(reading).items():
                labels["/".join(values)] = contexts[0].label
        near = difflib.get_close_matches(wanted[0], labels, n=_MOST_SUGGESTIONS)
        return [labels[each] for each in near]


def _plain(template: str) -> str:
    """A part of a rule as paths are read: people write “Oil Lamp”, “oil-lamp” or “oil.lamp”."""
    parts = (
        f"<{part.text}>" if isinstance(part, Token) else _SIGNS.sub("_", transliterate(part))
        for part in split_template(template)
    )
    return "".join(parts).strip("_")


def _values(reading: ParsedPath) -> tuple[str, ...]:
    return tuple(_same(text) for text in reading.fields.values())


def _value(token: str | Token, context: TaskContext) -> str:
    assert isinstance(token, Token)
    value = token_value(token, context, name="", revision=1, software=None) or ""
    return _same(fold(value if token.field == "id" else slug(value)))


def _same(text: str) -> str:
    """What two ways of writing an id share; slugs have no hyphens."""
    return text.replace("-", "_")
