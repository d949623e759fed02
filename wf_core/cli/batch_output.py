"""What ``wf batch`` prints of lists and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wf_core.cli.output import Column, size

if TYPE_CHECKING:
    from wf_core.batch.checking import Checked
    from wf_core.batch.folders import Found
    from wf_core.batch.ledger import Outcome, Tally
    from wf_core.batch.run import Run
    from wf_core.cli.context import Session

__all__ = ["show", "show_passed_over", "show_plan"]

_MOST_SHOWN = 20


def show(session: Session, run: Run, tally: Tally, others: list[Outcome]) -> None:
    """How the rows of a run stand, which also is what the command ends with."""
    document = {
        "run": str(run.folder),
        **tally.as_json(),
        "not_committed": [outcome.as_json() for outcome in others],
    }

    def text() -> None:
        say = session.output.line
        say(
            f"{tally.committed} of {tally.rows} committed, {tally.failed} failed, "
            f"{tally.unsent} unsent, {tally.waiting} waiting"
        )
        for outcome in others[:_MOST_SHOWN]:
            say(f"row {outcome.row}: {outcome.status}: {outcome.error} {outcome.hint}".rstrip())
        if len(others) > _MOST_SHOWN:
            say(f"and {len(others) - _MOST_SHOWN} more; --json lists them all")
        if tally.exit_code:
            session.output.note(
                f"Every scene is where it was. wf batch resume {run.folder} does what is not "
                f"committed; the logs are in {run.folder / 'logs'}."
            )

    session.output.result(document, text)
    session.exit_code = tally.exit_code


def show_passed_over(session: Session, found: Found) -> None:
    """What of a folder is not saved, so that nothing is passed over in silence."""
    if found.older:
        named = ", ".join(found.older[:_MOST_SHOWN])
        more = (
            f" and {len(found.older) - _MOST_SHOWN} more" if len(found.older) > _MOST_SHOWN else ""
        )
        session.output.note(f"Passed over, later revisions are there: {named}{more}.")
    if found.others:
        session.output.note(f"Passed over: {found.others} files that are no scenes of the rule.")


def show_plan(session: Session, checked: Checked, found: Found | None) -> None:
    """What a run would do.

    Args:
        session: where it is printed.
        checked: the jobs.
        found: the folder they are from, None for a list.
    """
    rows = [
        {
            "line": row.line,
            "scene": row.scene,
            "task": row.label,
            "task_id": row.task,
            "name": row.name,
            "revision": revision,
            "path": path,
        }
        for row, (revision, path) in zip(checked.rows, checked.plans, strict=True)
    ]

    def text() -> None:
        session.output.table(
            [
                Column("LINE", right=True, whole=True),
                Column("SCENE"),
                Column("TASK"),
                Column("NAME"),
                Column("REVISION", right=True, whole=True),
                Column("PATH"),
            ],
            [
                (
                    str(row["line"]),
                    str(row["scene"]),
                    str(row["task"]),
                    str(row["name"]),
                    f"v{row['revision']:03d}",
                    str(row["path"]),
                )
                for row in rows
            ],
        )
        session.output.line(f"{len(rows)} rows, {size(checked.size)}; nothing was started.")

    document: dict[str, object] = {"rows": rows, "size": checked.size}
    if found is not None:
        document |= {"older": found.older, "others": found.others}
    session.output.result(document, text)
