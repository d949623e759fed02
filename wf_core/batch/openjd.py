"""A run as an Open Job Description template, for any engine that runs those.

https://github.com/OpenJobDescription/openjd-specifications/wiki/2023-09-Template-Schemas

One step does the rows, some of them a task; a row that fails is written down, and its task goes
on and succeeds, because engines stop a job at its first failed task. A last step, which depends
on the first, fails with the list of what is not committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wf_core.batch.run import Run
from wf_core.errors import InputError

__all__ = ["job_template"]

_MOST_TASKS = 1024
"""Values that a task parameter's range may have at most, as the specification says."""
_LONGEST_NAME = 64


def job_template(run: Run, chunks: Sequence[range]) -> dict[str, Any]:
    """The template of a run.

    Args:
        run: the run; its folder is a parameter of the job, as text: what is in it names its
            scenes by absolute paths, which no mapping of this one alone would change.
        chunks: the rows of each task.

    Raises:
        InputError: there is nothing to do, or there are more tasks than a template may have.
    """
    if not chunks:
        raise InputError("Every row of that run is committed; there is nothing to export.")
    if len(chunks) > _MOST_TASKS:
        raise InputError(
            f"A template may have {_MOST_TASKS} tasks, not {len(chunks)}.",
            hint="Give more rows to each by --rows-per-task.",
        )
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": f"wf batch {run.folder.name}"[:_LONGEST_NAME],
        "parameterDefinitions": [
            {
                "name": "Run",
                "type": "STRING",
                "default": str(run.folder),
                "description": "Folder of the run, by the same path on every machine.",
            },
            {
                "name": "Wf",
                "type": "STRING",
                "default": "wf",
                "description": "The wf command on the machines that do the work.",
            },
        ],
        "steps": [
            {
                "name": "Rows",
                "parameterSpace": {
                    "taskParameterDefinitions": [
                        {"name": "Rows", "type": "STRING", "range": [_span(c) for c in chunks]}
                    ]
                },
                "script": _script(
                    "work", "{{Param.Run}}", "--rows", "{{Task.Param.Rows}}", "--record-failures"
                ),
            },
            {
                "name": "Account",
                "dependencies": [{"dependsOn": "Rows"}],
                "script": _script("status", "{{Param.Run}}"),
            },
        ],
    }


def _script(*arguments: str) -> dict[str, Any]:
    return {"actions": {"onRun": {"command": "{{Param.Wf}}", "args": ["batch", *arguments]}}}


def _span(rows: range) -> str:
    return f"{rows.start}-{rows.stop - 1}"
