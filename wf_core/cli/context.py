"""What every command works with: the streams, the settings, the facade, the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from wf_core.cli.interrupts import Interrupts
from wf_core.cli.output import Output
from wf_core.errors import UsageError

if TYPE_CHECKING:
    from wf_core.cli.progress import ProgressLine
    from wf_core.cli.save_arguments import SaveArguments
    from wf_core.host import Host
    from wf_core.settings import Settings
    from wf_core.workfiles import Workfiles

__all__ = ["Session"]


class Session:
    """One run of ``wf``.

    Args:
        stdin, stdout, stderr: the streams, the process's own by default.
        environ: the environment, the process's own by default.
        open_workfiles: makes the facade; :class:`Workfiles` itself by default.
        open_host: opens the file to be saved; as a plain file by default, while an
            application opens it as its scene.

    Attributes:
        exit_code: what the command ends with unless it raises.
        json_before_command: ``--json`` was given to ``wf`` itself.
        interrupts: what signals do.
    """

    def __init__(
        self,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
        open_workfiles: Callable[[Settings], Workfiles] | None = None,
        open_host: Callable[[SaveArguments], Host] | None = None,
    ) -> None:
        self.stdin = stdin or sys.stdin
        self.output = Output(stdout or sys.stdout, stderr or sys.stderr)
        self.interrupts = Interrupts()
        self.exit_code = 0
        self.json_before_command = False
        self._environ = os.environ if environ is None else environ
        self._open_workfiles = open_workfiles
        self._open_host = open_host
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force.

        Raises:
            UsageError: a settings file is broken.
        """
        if self._settings is None:
            from wf_core.settings import load

            self._settings = load(self._environ)
        return self._settings

    def forget_settings(self) -> None:
        """Read the settings again at their next use: the command has changed them."""
        self._settings = None

    @property
    def log_file(self) -> Path:
        """Where the log is, also while the settings themselves are broken."""
        from wf_core.settings import Settings, home_folder

        return Settings(home=home_folder(self._environ)).log_folder / "wf.log"

    @contextmanager
    def workfiles(self) -> Iterator[Workfiles]:
        """The facade, open while the block runs."""
        if self._open_workfiles is None:
            from wf_core.workfiles import Workfiles

            self._open_workfiles = Workfiles
        facade = self._open_workfiles(self.settings)
        try:
            yield facade
        finally:
            facade.close()

    def host(self, arguments: SaveArguments) -> Host:
        """The file to be saved, opened.

        Raises:
            WorkfilesError: it cannot be opened.
        """
        if self._open_host is not None:
            return self._open_host(arguments)
        from wf_core.filehost import FileHost

        if arguments.file is None:
            raise TypeError("wf save needs a file")
        return FileHost(arguments.file, software=arguments.software or "")

    @contextmanager
    def long_operation(self) -> Iterator[tuple[ProgressLine, Callable[[], bool]]]:
        """The two hooks of an operation that may take long: for its progress, drawn on
        standard error where that is a terminal, and for cancelling it, which is what the
        first signal then does."""
        from wf_core.cli.progress import ProgressLine

        line = ProgressLine(self.output)
        try:
            with self.interrupts.in_order():
                yield line, self.interrupts.cancel
        finally:
            line.close()

    @property
    def can_ask(self) -> bool:
        """Whether there is a person to ask: both sides of the conversation are a terminal."""
        return _is_terminal(self.stdin) and self.output.errors_are_terminal

    def ask(self, question: str) -> str:
        """One line from the terminal.

        Raises:
            UsageError: there is no terminal, or the answer is the end of the input.
        """
        if not self.can_ask:
            raise UsageError(f"There is no terminal to ask on: {question}")
        self.output.prompt(question)
        answer = self.stdin.readline()
        if not answer:
            raise UsageError("No answer was given; nothing was changed.")
        return answer.strip()

    def ask_secret(self, question: str) -> str:
        """One line from the terminal, typed without being shown.

        Raises:
            UsageError: there is no terminal, or the answer is the end of the input.
        """
        if not self.can_ask:
            raise UsageError(f"There is no terminal to ask on: {question}")
        import getpass

        try:
            return getpass.getpass(f"{question} ", stream=self.output.stderr)
        except EOFError:
            raise UsageError("No answer was given; nothing was changed.") from None

    def confirm(self, question: str, *, option: str = "--yes") -> None:
        """Go on only if the person at the terminal agrees.

        Raises:
            UsageError: no terminal (``option`` is named as the way for scripts), or a no.
        """
        if not self.can_ask:
            raise UsageError(
                f"This needs a yes, and there is no terminal to ask on: {question}",
                hint=f"Give {option} to answer it beforehand.",
            )
        if self.ask(f"{question} [y/N]").lower() not in ("y", "yes"):
            raise UsageError("Not confirmed; nothing was changed.")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
