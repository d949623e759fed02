"""``wf batch``: many scenes, each saved as the next revision of its task."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wf_core.cli.batch_jobs import FolderOptions, Source
from wf_core.cli.batch_output import show, show_passed_over, show_plan
from wf_core.cli.options import JsonOption, session_of
from wf_core.errors import ProblemsFound, UsageError

if TYPE_CHECKING:
    from wf_core.batch.ledger import Tally
    from wf_core.batch.run import Run
    from wf_core.cli.context import Session

__all__ = ["GROUP"]

GROUP = typer.Typer(
    help="Save many scenes, each exactly once, on this machine or on a farm.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_SPAN = re.compile(r"(\d+)(?:-(\d+))?")

_RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run.")]
_WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="NUMBER",
        min=1,
        max=64,
        help="Worker processes at a time; by default one per processor where scripts are run, "
        "else three, at most 8.",
    ),
]

_SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|FILE",
        help="A dask.distributed cluster to do it: tls://host:port, or its scheduler file.",
    ),
]
_AllowTcpOption = Annotated[
    bool,
    typer.Option(
        "--allow-tcp", help="Take a scheduler without TLS, which whoever reaches it controls."
    ),
]


@GROUP.command()
def run(
    context: typer.Context,
    jobs: Annotated[
        Path,
        typer.Argument(
            metavar="JOBS", help="A list, CSV (.csv) or JSON Lines (.jsonl), or a folder of scenes."
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--run", metavar="FOLDER", help="Folder of the run; by default beside the list."
        ),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="How the paths in a folder name tasks: templates such as "
            '"<AssetType>/<Asset>/<Asset>_<TaskType>", or "tree" for the production\'s own.',
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="NAME", help="The production of a folder's scenes."),
    ] = None,
    comment: Annotated[
        str, typer.Option("--comment", metavar="TEXT", help="Of each scene of a folder.")
    ] = "",
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="Run in each scene of a folder first."),
    ] = None,
    arguments: Annotated[
        str, typer.Option("--arguments", metavar="WORDS", help="What that script is given.")
    ] = "",
    workers: _WorkersOption = None,
    scheduler: _SchedulerOption = None,
    allow_tcp: _AllowTcpOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look at everything, start nothing.")
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Make the run's folder only; others do its rows.")
    ] = False,
    scene_seconds: Annotated[
        float,
        typer.Option(
            "--scene-seconds", metavar="SECONDS", min=1.0, help="How long a script may take."
        ),
    ] = 1800.0,
    child_memory: Annotated[
        int,
        typer.Option(
            "--child-memory",
            metavar="MIB",
            min=1,
            help="An application that has more in use after a scene is replaced.",
        ),
    ] = 4096,
    child_scenes: Annotated[
        int,
        typer.Option(
            "--child-scenes",
            metavar="NUMBER",
            min=1,
            help="An application that has done so many scenes is replaced.",
        ),
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """Save every scene of a list or folder as the next working revision of its task."""
    from wf_core.batch.checking import check_jobs
    from wf_core.batch.children import Limits
    from wf_core.batch.cluster import load_dask
    from wf_core.batch.run import Run

    session = session_of(context)
    address = _address(scheduler, allow_tcp)
    if dry_run and prepare:
        raise UsageError("--dry-run makes nothing, --prepare makes the run's folder: give one.")
    loading = None if dry_run or prepare else load_dask()
    source = Source(jobs, FolderOptions(rule, project, comment, script, arguments))
    with session.workfiles() as workfiles, session.long_operation() as (progress, cancel):
        listed = source.jobs(workfiles.desk, cancel)
        checked = check_jobs(listed, workfiles.desk, progress=progress, cancel=cancel)
        server = workfiles.desk.client.session.server
    if source.found is not None:
        show_passed_over(session, source.found)
    if checked.problems:
        raise ProblemsFound(
            f"{len(checked.problems)} things are in the way; nothing was started.",
            problems=checked.problems,
        )
    if dry_run:
        show_plan(session, checked, source.found)
        return
    if loading is not None:
        loading.result()
    limits = Limits(scene_seconds=scene_seconds, memory=child_memory * 1024**2, scenes=child_scenes)
    begun = Run.create(folder or source.run, server=server, rows=checked.rows, limits=limits)
    if prepare:
        document = {"run": str(begun.folder), "rows": begun.count}
        session.output.result(
            document, lambda: session.output.line(f"{begun.folder}: {begun.count} rows")
        )
        return
    _do(session, begun, workers, address)


@GROUP.command()
def resume(
    context: typer.Context,
    run: _RunArgument,
    workers: _WorkersOption = None,
    scheduler: _SchedulerOption = None,
    allow_tcp: _AllowTcpOption = False,
    as_json: JsonOption = False,
) -> None:
    """Do what is not committed yet, from whichever machine."""
    from wf_core.batch.run import Run

    _do(session_of(context), Run.open(run), workers, _address(scheduler, allow_tcp))


@GROUP.command()
def work(
    context: typer.Context,
    run: _RunArgument,
    rows: Annotated[str, typer.Option("--rows", metavar="A-B", help="First and last row, from 1.")],
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=0.0,
            help="How long to wait for a server that is away.",
        ),
    ] = 600.0,
    record_failures: Annotated[
        bool,
        typer.Option(
            "--record-failures",
            help="End with 0 when rows are not committed: the run's folder knows, status tells.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Do some rows of a run: the unit that a farm starts."""
    from wf_core.batch.command import tied_to_parent
    from wf_core.batch.ledger import tally_of
    from wf_core.batch.run import Run
    from wf_core.batch.worker import Worker

    session = session_of(context)
    first, last = _span(rows)
    opened = Run.open(run)
    orphaned = tied_to_parent()
    with session.interrupts.in_order():
        stop = session.interrupts.cancel
        with Worker(
            session.settings, opened, patience=patience, cancel=lambda: stop() or orphaned()
        ) as worker:
            outcomes = worker.work(first, last)
    tally = tally_of(outcomes, rows=last - first + 1)
    show(session, opened, tally, [o for o in outcomes if o.status != "committed"])
    if record_failures:
        session.exit_code = 0


@GROUP.command()
def status(context: typer.Context, run: _RunArgument, as_json: JsonOption = False) -> None:
    """Show how the rows of a run stand, also while it runs."""
    from wf_core.batch.ledger import Ledger
    from wf_core.batch.run import Run

    opened = Run.open(run)
    ledger = Ledger(opened.results, opened.count)
    ledger.refresh()
    show(session_of(context), opened, ledger.tally(), ledger.not_committed())


@GROUP.command()
def export(
    context: typer.Context,
    run: _RunArgument,
    openjd: Annotated[
        Path,
        typer.Option(
            "--openjd", metavar="FILE", help="The template to write, Open Job Description."
        ),
    ],
    rows_per_task: Annotated[
        int, typer.Option("--rows-per-task", metavar="NUMBER", min=1, help="Rows of one task.")
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """Write what is not committed of a run as a job for another engine."""
    from wf_core.batch.chunks import chunks_of
    from wf_core.batch.ledger import Ledger
    from wf_core.batch.openjd import job_template
    from wf_core.batch.run import Run
    from wf_core.disk.files import in_words

    session = session_of(context)
    opened = Run.open(run)
    ledger = Ledger(opened.results, opened.count)
    ledger.refresh()
    chunks = chunks_of(ledger.open_rows(), workers=1, longest=rows_per_task)
    template = job_template(opened, chunks)
    with in_words(openjd, writing=True):
        openjd.write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8")
    document = {"template": str(openjd.absolute()), "tasks": len(chunks)}
    session.output.result(
        document, lambda: session.output.line(f"{document['template']}: {len(chunks)} tasks")
    )


@GROUP.command()
def report(
    context: typer.Context,
    run: _RunArgument,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Where to put it; by default into the run."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a run: a page, JSON and CSV."""
    from wf_core.batch.facts import facts_of
    from wf_core.batch.report import write_report
    from wf_core.batch.run import Run

    session = session_of(context)
    opened = Run.open(run)
    made = write_report(facts_of(opened), to or opened.folder / "report", page=True)
    document = {"html": str(made.html), "json": str(made.json), "csv": str(made.csv)}
    session.output.result(document, lambda: session.output.line(document["html"]))


def _address(scheduler: str | None, allow_tcp: bool) -> str | None:
    if scheduler is None:
        return None
    from wf_core.batch.cluster import address_of

    return address_of(scheduler, allow_tcp=allow_tcp)


def _do(session: Session, run: Run, workers: int | None, address: str | None) -> None:
    from wf_core.batch.chunks import default_workers
    from wf_core.batch.cluster import Cluster
    from wf_core.batch.facts import facts_of
    from wf_core.batch.report import has_page, write_report

    if workers is None:
        workers = default_workers(scripts=any(row.script for row in run.rows()))
    cluster = Cluster(run, address=address, workers=workers)
    begun = time.monotonic()
    with session.long_operation() as (line, cancel):

        def progress(tally: Tally) -> None:
            done = tally.rows - tally.waiting
            rate = cluster.done / max(1.0, time.monotonic() - begun)
            line(f"{done} of {tally.rows}, {tally.failed} failed, {rate:.1f}/s", done, tally.rows)

        tally = cluster.work(progress=progress, cancel=cancel)
    write_report(facts_of(run), run.folder / "report", page=has_page())
    show(session, run, tally, cluster.ledger.not_committed())


def _span(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"“{text}” are no rows.", hint="Write them as 1-250, or 7 for one.")
    first = int(match.group(1))
    return first, int(match.group(2) or first)
