"""Running ``wf``: in this process with a facade of canned answers, or as a real process."""

from __future__ import annotations

import inspect
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wf_core.cli.boundary import run
from wf_core.cli.context import Session
from wf_core.private_kitsu.processes import identify, wait_until
from wf_core.saves import uploader
from wf_core.workfiles import Workfiles

# The detached uploader is meant to outlive the command.
WARNINGS = ("-W", "error", "-W", "ignore:subprocess:ResourceWarning")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        assert list(self.document) == ["error"]
        error: dict[str, Any] = self.document["error"]
        return error


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class CannedFacade:
    """A facade whose operations give answers written down beforehand.

    As strict as the real one: a call has to fit the real signature, and an operation
    without an answer fails the test.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.closed = False
        self._answers = dict(answers)
        for name in answers:
            assert hasattr(Workfiles, name), f"the facade has no {name}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        signature = inspect.signature(getattr(Workfiles, name))

        def operation(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(self, *args, **kwargs)
            values = {key: value for key, value in bound.arguments.items() if key != "self"}
            self.calls.append((name, values))
            answer = self._answers[name]
            if isinstance(answer, BaseException):
                raise answer
            return answer(**values) if callable(answer) else answer

        return operation

    def close(self) -> None:
        self.closed = True


@dataclass
class Here:
    """Runs commands in this process."""

    home: Path
    facade: CannedFacade | None = None

    def __call__(
        self,
        *arguments: str,
        answers: Mapping[str, Any] | None = None,
        stdin: str = "",
        terminal: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> Ran:
        kind = Terminal if terminal else io.StringIO
        stdout, stderr = kind(), kind()
        self.facade = CannedFacade(answers or {})
        facade: Any = self.facade
        session = Session(
            stdin=kind(stdin),
            stdout=stdout,
            stderr=stderr,
            environ={"WF_HOME": str(self.home), **(environ or {})},
            open_workfiles=lambda settings: facade,
        )
        code = run(list(arguments), session)
        return Ran(code, stdout.getvalue(), stderr.getvalue())

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        assert self.facade is not None
        return self.facade.calls


@dataclass(frozen=True)
class Process:
    """Runs the real command."""

    environ: Mapping[str, str]

    def __call__(
        self, *arguments: str, stdin: str = "", seconds: float = 60.0, **environ: str
    ) -> Ran:
        done = subprocess.run(
            self.command(arguments),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            env={**self.environ, **environ},
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(arguments),
            text=True,
            encoding="utf-8",
            env={**self.environ, **options.pop("environ", {})},
            **options,
        )

    @staticmethod
    def command(arguments: Sequence[str]) -> list[str]:
        return [sys.executable, *WARNINGS, "-m", "wf_core.cli", *arguments]


def end_uploaders(home: Path) -> None:
    """End the uploaders that commands of this test have left behind, and no others: those
    whose WF_HOME is ``home``. They would go on trying servers that are gone with the test."""
    mine = b"WF_HOME=" + os.fsencode(home)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # not ours, or gone
        if mine in environ and b"wf_core.saves.uploader" in line:
            pid = int(folder.name)
            os.kill(pid, signal.SIGKILL)
            # Its corpse may lie there for a second more, until whoever adopted it looks.
            wait_until(lambda pid=pid: identify(pid) is None, 10, every=0.002)
    for child in uploader._children:
        child.poll()  # it is told here that it is gone
