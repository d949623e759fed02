"""Where the jobs of ``wf batch run`` come from: a list, or a folder with a rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wf_core.errors import UsageError

if TYPE_CHECKING:
    from wf_core.batch.folders import Found
    from wf_core.batch.jobs import Job
    from wf_core.saves.desk import Desk

__all__ = ["FolderOptions", "Source"]


@dataclass(frozen=True)
class FolderOptions:
    """The options that go with a folder alone, as they were given."""

    rule: str | None
    project: str | None
    comment: str
    script: Path | None
    arguments: str

    @property
    def given(self) -> list[str]:
        """Their names."""
        return [f"--{name}" for name, value in vars(self).items() if value]


class Source:
    """JOBS of one command line.

    Args:
        path: the list or folder.
        options: what was given for a folder.

    Attributes:
        run: where its run is by default.
        found: what the folder holds, once :meth:`jobs` has looked; None for a list.

    Raises:
        UsageError: options are missing, or make no sense.
        WorkfilesError: the list cannot be read.
    """

    def __init__(self, path: Path, options: FolderOptions) -> None:
        from wf_core.batch.jobs import Job, read_jobs, words_of

        self._path = path.absolute()
        self._options = options
        self._listed: list[Job] = []
        self.found: Found | None = None
        if not path.is_dir():
            if options.given:
                raise UsageError(
                    f"{options.given[0]} is for a folder of scenes, and {path} is none.",
                    hint="A list says itself what is done with each of its scenes.",
                )
            self._listed = read_jobs(path)
            self.run = self._path.with_suffix(".run")
            return
        if not options.rule or not options.project:
            raise UsageError(
                f"{path} is a folder: what its scenes are has to be said.",
                hint='Give --project NAME and --rule RULE, such as "<AssetType>/<Asset>/<TaskType>"'
                " or “tree”.",
            )
        if options.arguments and options.script is None:
            raise UsageError("--arguments without a --script.")
        try:
            words = words_of(options.arguments)
        except ValueError as exc:
            raise UsageError(f"--arguments cannot be read: {exc}.") from exc
        script = options.script.absolute() if options.script is not None else None
        self._each = Job(0, path, "", comment=options.comment, script=script, arguments=words)
        self.run = self._path.with_name(f"{self._path.name}.run")

    def jobs(self, desk: Desk, cancel: Callable[[], bool]) -> list[Job]:
        """The jobs.

        Raises:
            WorkfilesError: see :func:`wf_core.batch.folders.read_folder`.
        """
        from wf_core.batch.folders import read_folder

        rule, project = self._options.rule, self._options.project
        if self._listed or rule is None or project is None:
            return self._listed
        self.found = read_folder(
            self._path, rule=rule, production=project, desk=desk, each=self._each, cancel=cancel
        )
        return self.found.jobs
