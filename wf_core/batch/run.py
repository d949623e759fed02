"""The folder of a run, which every machine of the run can reach.

::

    run.json        what the run is: its id, its server, how many rows
    rows.jsonl      its rows, one a line, never changed
    results/        what became of them, one file per worker (see ``ledger``)
    logs/           one file per row with something to say, and what the workers said
    pictures/       small pictures of some rows' scenes
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from wf_core.batch.children import Limits
from wf_core.batch.pictures import has_picture
from wf_core.disk.files import fsync_file, fsync_folder, in_words
from wf_core.errors import InputError, NotFound, PathTaken

__all__ = ["Row", "Run"]

_SCHEMA = 1


@dataclass(frozen=True)
class Row:
    """One scene to be saved, checked.

    Attributes:
        row: its number in the run, from 1.
        line: its line in the list it came from.
        scene: absolute path of the file.
        task: id of the task.
        label: the task as people write it.
        name, comment, software: as those of ``wf save``; software may be empty.
        script: absolute path of what is run in the scene first, empty where nothing is.
        arguments: of the script.
    """

    row: int
    line: int
    scene: str
    task: str
    label: str
    name: str
    comment: str
    software: str
    script: str = ""
    arguments: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Row:
        known = {each.name for each in fields(cls)}
        found = {key: value for key, value in values.items() if key in known}
        return cls(**{**found, "arguments": tuple(values.get("arguments", ()))})


@dataclass(frozen=True)
class Run:
    """A run's folder and what is written in it for good.

    Attributes:
        id: UUID; what makes the save ids of its rows.
        server: the Kitsu server its rows are saved to.
        count: how many rows it has.
        limits: what an application that runs scripts may take.
    """

    folder: Path
    id: str
    server: str
    count: int
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def create(
        cls, folder: Path, *, server: str, rows: Iterable[Row], limits: Limits | None = None
    ) -> Run:
        """A new run in a new folder.

        Raises:
            PathTaken: the folder is there already.
            WorkfilesError: it cannot be made.
        """
        folder = folder.absolute()
        with in_words(folder, writing=True):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                raise PathTaken(
                    f"{folder} is there already, so no run was begun in it.",
                    hint="Go on with it by wf batch resume, or name another folder with --run.",
                ) from None
            for name in ("results", "logs", "pictures"):
                (folder / name).mkdir()
            count = 0
            with (folder / "rows.jsonl").open("w", encoding="utf-8") as stream:
                for row in rows:
                    stream.write(json.dumps(asdict(row)) + "\n")
                    count += 1
            fsync_file(folder / "rows.jsonl")
            run = cls(
                folder=folder,
                id=str(uuid.uuid4()),
                server=server,
                count=count,
                limits=limits or Limits(),
            )
            document = {
                "schema": _SCHEMA,
                "id": run.id,
                "server": server,
                "rows": count,
                "limits": run.limits.as_json(),
            }
            # Last: a folder without it is no run.
            half = folder / ".run.json.part"
            half.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
            fsync_file(half)
            half.replace(folder / "run.json")
            fsync_folder(folder)
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """The run in a folder.

        Raises:
            NotFound: there is none.
            InputError: it is damaged, or of a newer release.
        """
        folder = folder.absolute()
        try:
            document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            if document["schema"] != _SCHEMA:
                raise InputError(
                    f"The run in {folder} was begun by another release; nothing was done.",
                    hint="Go on with the release that began it.",
                )
            return cls(
                folder=folder,
                id=str(uuid.UUID(document["id"])),
                server=str(document["server"]),
                count=int(document["rows"]),
                limits=Limits(**document["limits"]),
            )
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise NotFound(f"There is no run in {folder}.") from exc
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise InputError(f"The run in {folder} cannot be read: {exc}.") from exc

    def rows(self, first: int = 1, last: int | None = None) -> list[Row]:
        """Rows by number, both ends included.

        Raises:
            InputError: there are no such rows, or the file is damaged.
        """
        last = self.count if last is None else last
        if not 1 <= first <= last <= self.count:
            raise InputError(f"The run has rows 1 to {self.count}, not {first} to {last}.")
        path = self.folder / "rows.jsonl"
        with in_words(path, writing=False), path.open(encoding="utf-8") as stream:
            try:
                found = [
                    Row.from_json(json.loads(line))
                    for number, line in enumerate(stream, 1)
                    if first <= number <= last
                ]
            except (json.JSONDecodeError, TypeError) as exc:
                raise InputError(f"{path} is damaged: {exc}.") from exc
        if [row.row for row in found] != list(range(first, last + 1)):
            raise InputError(f"{path} is damaged: rows are missing.")
        return found

    def save_id(self, row: int) -> str:
        """The id of a row's save: the same for every attempt, on every machine."""
        return str(uuid.uuid5(uuid.UUID(self.id), f"row {row}"))

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def log_of(self, row: int) -> Path:
        """The log of a row: what went wrong, and what the application of a script said."""
        return self.folder / "logs" / f"row-{row:06d}.log"

    def picture_of(self, row: int) -> Path | None:
        """The picture of a row; None for one that gets none."""
        if not has_picture(row, self.count):
            return None
        return self.folder / "pictures" / f"row-{row:06d}.png"
