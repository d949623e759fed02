"""The routes of working files and output files (``zou/app/blueprints/files``)."""

from __future__ import annotations

from typing import Any

from wf_core.errors import BadAnswer, InputError, NoFileTree, NotFound, Refused, UsageError
from wf_core.kitsu.routes import Routes, id_in_route
from wf_core.models import OutputFile, Software, WorkingFile

__all__ = ["LAST_REVISION", "FileRoutes"]

LAST_REVISION = 2_147_483_646
"""The next one is the highest its column can hold, and makes every later one of that name fail on
the server."""
_LONGEST_NAME = 250  # characters of the server's column


class FileRoutes(Routes):
    """Working files, output files, and what goes with them."""

    def create_working_file(
        self,
        task_id: str,
        *,
        name: str,
        revision: int,
        software_id: str,
        comment: str = "",
        mode: str = "working",
    ) -> WorkingFile:
        """Make the record of a revision; the number is always the caller's.

        Never repeated. Asking again for the same revision after a doubtful answer is safe: the
        server has at most one record of a (task, name, revision). It also assigns the task to
        the caller, even when it then refuses.

        Raises:
            UsageError, InputError: name, revision or comment cannot be stored.
            Refused: "already exists", which the server also says of other integrity errors.
            NotFound: no such task or software.
            PermissionDenied: not on the production's team.
            ServerUnavailable: with ``in_doubt`` the record may be there, or come later.
            ServerFault: also for a production without a file tree, or too long a path.
        """
        _check_revision(revision)
        if not name.strip():
            raise InputError("A working file needs a name.", hint="The usual one is “main”.")
        if len(name) > _LONGEST_NAME:
            raise InputError(f"The name is longer than {_LONGEST_NAME} characters.")
        if "\0" in name or "\0" in comment:
            raise InputError("Names and comments cannot contain a NUL character.")
        answer = self.session.post(
            f"data/tasks/{id_in_route(task_id)}/working-files/new",
            {
                "name": name,
                "revision": revision,
                "software_id": software_id,
                "comment": comment,
                "mode": mode,
            },
        )
        record = self._record(WorkingFile, answer)
        if (record.name, record.revision) != (name, revision):
            raise BadAnswer(
                f"{self.session.host} made revision {record.revision} of “{record.name}” where "
                f"revision {revision} of “{name}” was asked for."
            )
        return record

    def working_file(self, working_file_id: str) -> WorkingFile:
        """One working file. Raises NotFound when there is none of that id."""
        route = f"data/working-files/{id_in_route(working_file_id)}"
        return self._record(WorkingFile, self.session.get(route))

    def working_files(self, task_id: str) -> list[WorkingFile]:
        """All revisions of a task, of all names; the order is the server's."""
        route = f"data/tasks/{id_in_route(task_id)}/working-files"
        return self._records(WorkingFile, self.session.get(route))

    def last_revisions(self, task_id: str) -> dict[str, WorkingFile]:
        """The highest revision of each name of a task."""
        route = f"data/tasks/{id_in_route(task_id)}/working-files/last-revisions"
        answer = self.session.get(route)
        if not isinstance(answer, dict):
            raise self._odd(WorkingFile)
        return {name: self._record(WorkingFile, entry) for name, entry in answer.items()}

    def next_revision(self, task_id: str, name: str = "main") -> int:
        """One more than the highest revision of ``name``; somebody else may take it first.

        Raises:
            InputError: the numbers of this name are used up.
        """
        newest = self.last_revisions(task_id).get(name)
        number = max(newest.revision, 0) + 1 if newest else 1
        if number > LAST_REVISION:
            raise InputError(
                f"The revisions of “{name}” are used up: the highest is {number - 1}.",
                hint="Save under another name, or have an administrator delete that record.",
            )
        return number

    def entity_working_files(
        self, entity_id: str, *, task_id: str | None = None, name: str | None = None
    ) -> list[WorkingFile]:
        """The working files of an entity, of one task and of one name where given."""
        params = {"task_id": task_id, "name": name}
        answer = self.session.get(
            f"data/entities/{id_in_route(entity_id)}/working-files",
            params={key: value for key, value in params.items() if value is not None},
        )
        return self._records(WorkingFile, answer)

    def working_file_path(
        self,
        task_id: str,
        *,
        name: str = "main",
        revision: int,
        software_id: str,
        mode: str = "working",
        separator: str = "/",
    ) -> tuple[str, str]:
        """The folder and the file name, without extension, that the server renders.

        Raises:
            NoFileTree: the production has no tree, or none that fits this task.
        """
        _check_revision(revision)
        body = {
            "name": name,
            "revision": revision,
            "software_id": software_id,
            "mode": mode,
            "sep": separator,
        }
        route = f"data/tasks/{id_in_route(task_id)}/working-file-path"
        try:
            answer = self.session.post(route, body, repeat=True)  # it only computes
        except Refused as error:
            raise _tree_trouble(error) from error
        if isinstance(answer, dict):
            folder, file_name = answer.get("path"), answer.get("name")
            if isinstance(folder, str) and isinstance(file_name, str):
                return folder, file_name
        raise BadAnswer(f"{self.session.host} gave no path.")

    def set_comment(self, working_file_id: str, comment: str) -> WorkingFile:
        """Change the comment of a working file.

        Raises:
            InputError: an empty comment, which the server refuses here.
        """
        if not comment.strip():
            raise InputError("A comment cannot be empty.")
        if "\0" in comment:
            raise InputError("A comment cannot contain a NUL character.")
        route = f"actions/working-files/{id_in_route(working_file_id)}/comment"
        return self._record(WorkingFile, self.session.put(route, {"comment": comment}))

    def touch(self, working_file_id: str) -> WorkingFile:
        """Set the modification date of a working file to the server's now."""
        route = f"actions/working-files/{id_in_route(working_file_id)}/modified"
        return self._record(WorkingFile, self.session.put(route, {}))

    def update_working_file(self, working_file_id: str, **fields: Any) -> WorkingFile:
        """Change fields of a working file. ``data`` is replaced as a whole, not merged.

        Raises:
            PermissionDenied: not assigned to the task, and no manager.
            Refused: a value the server cannot store (``size`` of 2 GiB or more, for one).
        """
        route = f"data/working-files/{id_in_route(working_file_id)}"
        return self._record(WorkingFile, self.session.put(route, fields))

    def create_output_file(
        self,
        entity_id: str,
        *,
        working_file_id: str,
        output_type_id: str,
        task_type_id: str,
        name: str = "main",
        comment: str = "",
        revision: int = 0,
        extension: str = "",
        representation: str = "",
        nb_elements: int = 1,
        mode: str = "output",
    ) -> OutputFile:
        """Make the record of an output file that comes from a working file.

        Args:
            entity_id: the entity it belongs to.
            working_file_id: the working file it was made from.
            output_type_id: what it is, see :meth:`output_types`.
            task_type_id: the step it was made in.
            name: tells several of one type apart.
            comment: what has changed.
            revision: the number, or 0 for the server's next.
            extension: of the file, with its dot; part of the path.
            representation: one more part for the path, "abc" or "exr" for example.
            nb_elements: how many files it has, for image sequences.
            mode: the mode of the file tree that gives the path.

        Raises:
            NoFileTree: the production's tree gives no path. The record was made all the same,
                and keeps its number.
            Refused: the revision is taken.
            NotFound: no such entity, output type or task type.
        """
        if revision != 0:
            _check_revision(revision)
        body = {
            "working_file_id": working_file_id,
            "output_type_id": output_type_id,
            "task_type_id": task_type_id,
            "name": name,
            "comment": comment,
            "revision": revision,
            "extension": extension,
            "representation": representation,
            "nb_elements": nb_elements,
            "mode": mode,
        }
        route = f"data/entities/{id_in_route(entity_id)}/output-files/new"
        try:
            return self._record(OutputFile, self.session.post(route, body))
        except Refused as error:
            raise _tree_trouble(error) from error

    def output_files(self, entity_id: str) -> list[OutputFile]:
        """The output files of an entity."""
        route = f"data/entities/{id_in_route(entity_id)}/output-files"
        return self._records(OutputFile, self.session.get(route))

    def softwares(self) -> list[Software]:
        """The software records; kept for a while."""
        return self._cached(
            "softwares", lambda: self._records(Software, self.session.get("data/softwares"))
        )

    def software(self, *, name: str | None = None, extension: str | None = None) -> Software:
        """The software record of a name (or short name), or of a file extension.

        Raises:
            UsageError: neither was given.
            NotFound: there is none; ``suggestions`` are all names.
        """
        records = self.softwares()
        if name:
            wanted = name.strip().casefold()
            found = [
                record
                for record in records
                if wanted in (record.name.casefold(), (record.short_name or "").casefold())
            ]
            what = f"named “{name}”"
        elif extension:
            dotted = f".{extension.strip().lstrip('.').lower()}"
            found = [record for record in records if record.extension == dotted]
            what = f"for {dotted} files"
        else:
            raise UsageError("Give a name or an extension of the software.")
        if not found:
            names = sorted(record.name for record in records)
            raise NotFound(
                f"This Kitsu has no software {what}. It has: {', '.join(names) or 'none'}.",
                suggestions=names,
            )
        return found[0]


def _check_revision(revision: int) -> None:
    if not 1 <= revision <= LAST_REVISION:
        raise UsageError(f"A revision is a number from 1 to {LAST_REVISION}, not {revision}.")


def _tree_trouble(error: Refused) -> Refused | NoFileTree:
    """The error itself, or what it means where the file tree is the reason.

    The messages are those of Zou's MalformedFileTreeException.
    """
    words = error.message.lower()
    if any(
        sign in words for sign in ("tree", "unknown data type", "given temporal", "given asset")
    ):
        return NoFileTree(
            f"The production's file tree gives no path. {error.message}",
            hint="An administrator can set one: wf tree.",
        )
    return error
