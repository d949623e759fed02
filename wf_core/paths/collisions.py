"""Find who would share a path, before anything is saved there.

A tree may not tell two tasks apart (two tasks of one type on one entity, two entities
whose names have one slug), and names may run together: where everything lies in one
folder, the asset ``lamp`` with a file ``big`` meets the main file of the asset
``lamp_big``. The rule is that of :mod:`wf_core.paths.layout`, over tasks: a path is owned
by the one whose name takes up the fewest characters in it. So ``lamp_big`` keeps its
path, and ``lamp`` is asked for another name. Where two are equal, nobody may have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wf_core.errors import NoFileTree, PathError, WorkfilesError
from wf_core.models import Software, TaskContext
from wf_core.paths.layout import MAIN, Layout
from wf_core.paths.slugs import fold, slug
from wf_core.paths.tree import Tree, template_of

__all__ = ["Clash", "PathIndex", "check_names", "kinds_apart"]

# Numbers at which a tree that runs numbers into other parts first mixes them up.
_TELLING_REVISIONS = (1, 100, 1000)


@dataclass(frozen=True)
class Clash:
    """A path that two tasks would share.

    Attributes:
        task_id, label, name, revision: whose path was asked for.
        other_task_id, other_label, other_name, other_revision: who else would lie there.
        path: the path as far as it is the same, folded and without extension.
    """

    task_id: str
    label: str
    name: str
    revision: int
    other_task_id: str
    other_label: str
    other_name: str
    other_revision: int
    path: str

    @property
    def message(self) -> str:
        """What is wrong, in a sentence."""
        return (
            f"“{self.name}” revision {self.revision} of {self.label} (task {self.task_id}) would "
            f"have the path of “{self.other_name}” revision {self.other_revision} of "
            f"{self.other_label} (task {self.other_task_id}): {self.path}; nothing was saved."
        )

    @property
    def hint(self) -> str:
        """What to change."""
        if self.name != MAIN and (self.name != self.other_name or self.label != self.other_label):
            return f"Choose another name than “{self.name}”."
        if self.label == self.other_label:
            return (
                "Ask a production manager to remove one of the two tasks, or to add <Task> or "
                "<Task.id> to the production's file tree."
            )
        return (
            "Ask a production manager to rename one of them, or to add what tells them apart "
            "(a token, or its .id) to the production's file tree."
        )

    def error(self) -> PathError:
        """The error to raise when a save would run into this."""
        return PathError(self.message, hint=self.hint)


@dataclass
class _Entry:
    context: TaskContext
    layout: Layout
    names: set[str] = field(default_factory=set)


class PathIndex:
    """The paths of many tasks of one production, to ask who would share one.

    Built once from all tasks (10,000 take about a second), it answers in microseconds for
    trees that have folders of their own for entities.
    """

    def __init__(
        self, tree: Tree | None, *, software: Software | None = None, mode: str = "working"
    ) -> None:
        """Make an empty index.

        Args:
            tree: the production's file tree.
            software: record for the ``<Software>`` token.
            mode: part of the tree to use.
        """
        self._tree, self._software, self._mode = tree, software, mode
        self._entries: dict[str, _Entry] = {}
        # shape of the folder (which components are fixed) -> those components -> prefix of
        # the file name -> entries: a path finds those it may belong to by a few look-ups.
        self._shapes: dict[tuple[bool, ...], dict[tuple[str, ...], dict[str, list[_Entry]]]]
        self._shapes = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        self.unusable: dict[str, WorkfilesError] = {}
        """Tasks (by id) that have no path at all, and why. They clash with nothing."""

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, context: TaskContext, *, names: Iterable[str] = (MAIN,)) -> None:
        """Add a task, with the names that are in use there.

        A name that is in use owns its path, whatever other tasks could have there. Adding
        a task again adds names only.
        """
        if context.task.id in self.unusable:
            return
        entry = self._entries.get(context.task.id)
        if entry is None:
            try:
                layout = Layout.of(self._tree, context, software=self._software, mode=self._mode)
            except WorkfilesError as exc:
                self.unusable[context.task.id] = exc
                return
            entry = self._entries[context.task.id] = _Entry(context, layout)
            shape = tuple(_fixed(folder) is not None for folder in layout.folders)
            fixed = tuple(text for text in map(_fixed, layout.folders) if text is not None)
            self._shapes[shape][fixed][layout.prefix].append(entry)
        # What another tool named differently lies where its slug does.
        entry.names.update(filter(None, map(slug, names)))

    def clashes(
        self, context: TaskContext, *, name: str = MAIN, revision: int | None = None
    ) -> list[Clash]:
        """Who else owns the path of a file, or would with the same right.

        Args:
            context: the task; it need not be in the index.
            name: which of its files.
            revision: the number; None looks at numbers that tell for all.

        Raises:
            NoFileTree: the tree has no path for this task.
            PathError: a record lacks what the tree asks for.
        """
        known = self._entries.get(context.task.id)
        layout = (
            known.layout
            if known
            else Layout.of(self._tree, context, software=self._software, mode=self._mode)
        )
        clashes: dict[tuple[str, str], Clash] = {}
        for number in _TELLING_REVISIONS if revision is None else (revision,):
            key = layout.key(name, number)
            for other in self._candidates(key):
                if other.context.task.id == context.task.id:
                    continue
                readings = other.layout.readings(key)
                if not readings:
                    continue
                used = [reading for reading in readings if reading.name in other.names]
                if not used and readings[0].weight > layout.weight(name):
                    continue
                theirs = (used or readings)[0]
                pair = (other.context.task.id, theirs.name)
                clashes.setdefault(
                    pair,
                    Clash(
                        task_id=context.task.id,
                        label=context.label,
                        name=name,
                        revision=number,
                        other_task_id=other.context.task.id,
                        other_label=other.context.label,
                        other_name=theirs.name,
                        other_revision=theirs.revision,
                        path=key,
                    ),
                )
        return list(clashes.values())

    def check(self, context: TaskContext, *, name: str = MAIN, revision: int) -> None:
        """Refuse a path that is another task's.

        Raises:
            PathError: another task owns it; the message names both, the hint the cure.
            NoFileTree: the tree has no path for this task.
        """
        for number in (revision, None):
            for clash in self.clashes(context, name=name, revision=number):
                raise clash.error()

    def all_clashes(self) -> list[Clash]:
        """Every clash between the files in use in the index, each pair once."""
        seen: set[frozenset[tuple[str, str]]] = set()
        found: list[Clash] = []
        for entry in self._entries.values():
            for name in sorted(entry.names):
                for clash in self.clashes(entry.context, name=name):
                    pair = frozenset(
                        {(clash.task_id, clash.name), (clash.other_task_id, clash.other_name)}
                    )
                    if pair not in seen:
                        seen.add(pair)
                        found.append(clash)
        return found

    def _candidates(self, key: str) -> Iterator[_Entry]:
        *folders, stem = key.split("/")
        for shape, by_folder in self._shapes.items():
            if len(shape) != len(folders):
                continue
            fixed = tuple(text for text, is_fixed in zip(folders, shape, strict=True) if is_fixed)
            by_prefix = by_folder.get(fixed)
            if not by_prefix:
                continue
            if len(by_prefix) <= len(stem):
                for prefix, entries in by_prefix.items():
                    if stem.startswith(prefix):
                        yield from entries
            else:
                for length in range(len(stem) + 1):
                    yield from by_prefix.get(stem[:length], ())


def kinds_apart(tree: Tree | None, one: str, other: str, *, mode: str = "working") -> bool:
    """Whether the folders of two kinds of entities ("shot", "asset", ...) differ in a literal
    part wherever they lie, so that no task of one can share a path with one of the other.
    """
    try:
        folders = [template_of(tree, mode, "folder_path", kind).split("/") for kind in (one, other)]
    except NoFileTree:
        return True  # who has no template has no path
    for part, other_part in zip(*folders, strict=False):
        # What comes after a token lies at another depth where the token is empty. All tasks
        # of a production have the same name of it, and it is never empty.
        mine, theirs = (text.replace("<Project>", "") for text in (part, other_part))
        if "<" in mine or "<" in theirs:
            return False
        if fold(part) != fold(other_part):
            return True
    return False


def check_names(existing: Iterable[str], name: str) -> None:
    """Refuse a name whose files would be those of a name the task already has.

    ``Lamp A``, made by another tool, and ``lamp_a`` render alike; on many disks so do names
    that differ in case only.

    Raises:
        PathError: it falls together with one of ``existing`` that is written differently.
    """
    for other in existing:
        if other != name and (slug(other) == slug(name) or fold(other) == fold(name)):
            raise PathError(
                f"“{name}” and “{other}”, which this task already has, would have the same path; "
                "nothing was saved.",
                hint=f"Choose a name that differs in more than case or separators from “{other}”.",
            )


def _fixed(folder: tuple[object, ...]) -> str | None:
    text = folder[0]
    return text if len(folder) == 1 and isinstance(text, str) else None
