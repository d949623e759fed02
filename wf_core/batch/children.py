"""Applications without a window, as children of a worker: open, run a script, write the file.

A child needs neither our packages nor a login nor preferences; whatever it does to itself costs
one scene. It is used for many scenes, and replaced when it crashed, was stopped, has become too
large or has done its share.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wf_core.disk.files import in_words
from wf_core.errors import FileUnreadable, InputError, WorkfilesError

__all__ = ["Application", "Children", "Limits", "application_for", "find_application"]

_LOOK_SECONDS = 0.05
_START_SECONDS = 120.0
_END_SECONDS = 10.0


@dataclass(frozen=True)
class Limits:
    """What a child may take.

    Attributes:
        scene_seconds: how long a scene may take, opening and writing included.
        memory: bytes a child may have in use between two scenes.
        scenes: how many scenes a child does.
    """

    scene_seconds: float = 1800.0
    memory: int = 4 * 1024**3
    scenes: int = 100

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Application:
    """An application that can process scenes.

    Attributes:
        name: as people call it.
        extensions: of the scenes it opens.
        variable: the environment variable that names its program.
        program: what it is called on the path.
        child: the script it runs, in the folder beside this module.
        options: what goes before the script.
        python_options: the same where the program is a Python that has the application.
        preferences: environment variables that keep out what a user has set up; ``{}`` stands
            for an empty folder.
    """

    name: str
    extensions: tuple[str, ...]
    variable: str
    program: str
    child: str
    options: tuple[str, ...]
    python_options: tuple[str, ...]
    preferences: tuple[tuple[str, str], ...] = ()

    def arguments_of(self, command: Sequence[str]) -> list[str]:
        """What ``command`` is given to run the script."""
        is_python = Path(command[0]).name.lower().startswith("python")
        options = self.python_options if is_python else self.options
        return [*options, str(Path(__file__).with_name("child") / self.child)]


_APPLICATIONS = (
    Application(
        "Blender",
        (".blend",),
        "WF_BLENDER",
        "blender",
        "blender.py",
        options=("--background", "--factory-startup", "--disable-autoexec", "--python"),
        python_options=("-I",),
    ),
    Application(
        "Maya",
        (".ma", ".mb"),
        "WF_MAYAPY",
        "mayapy",
        "mayapy.py",
        # Not -I: mayapy finds itself by environment variables, and plug-ins are found by others.
        options=("-s",),
        python_options=("-s",),
        preferences=(("MAYA_APP_DIR", "{}"), ("MAYA_SKIP_USERSETUP_PY", "1")),
    ),
)


class ScriptFailed(WorkfilesError):
    kind = "script"


class TimedOut(WorkfilesError):
    kind = "time_out"


class Crashed(WorkfilesError):
    kind = "crashed"


def application_for(scene: Path) -> Application:
    """The application that opens a scene.

    Raises:
        InputError: none of those that can process scenes does.
    """
    for application in _APPLICATIONS:
        if scene.suffix.lower() in application.extensions:
            return application
    known = ", ".join(f"{a.name} ({', '.join(a.extensions)})" for a in _APPLICATIONS)
    raise InputError(
        f"No script can be run in {scene.name}: scripts run in {known}.",
        hint="Leave script and arguments out to save the file as it is.",
    )


def find_application(application: Application, environ: Mapping[str, str]) -> list[str]:
    """The command that starts it, up to its own arguments.

    Raises:
        InputError: it is not on this machine.
    """
    named = environ.get(application.variable, "")
    try:
        words = words_of(named, posix=os.name == "posix") or [application.program]
    except ValueError as exc:
        raise InputError(f"{application.variable} cannot be read: {exc}.") from exc
    program = shutil.which(words[0])
    if program is None:
        raise InputError(
            f"{application.name} is not on this machine: there is no program “{words[0]}”.",
            hint=f"Name it in the environment variable {application.variable}.",
        )
    return [program, *words[1:]]


def words_of(command: str, *, posix: bool) -> list[str]:
    """The words of a command line, as a person writes it on that kind of system: a program as it
    lies there, blanks in its path included, or words that are quoted where they hold blanks.

    Raises:
        ValueError: a quotation is not closed.
    """
    if command.strip() and shutil.which(command.strip()):
        return [command.strip()]
    # Elsewhere than on POSIX backslashes are part of paths, and shlex leaves quotes where they are.
    return [word if posix else word.strip('"') for word in shlex.split(command, posix=posix)]


class Children:
    """The children of one worker, one per application, one scene at a time.

    Use it as a context manager: its end is the end of the children. The worker's thread that
    uses it has to live as long as they do.
    """

    def __init__(self, limits: Limits, environ: Mapping[str, str] | None = None) -> None:
        self._limits = limits
        self._environ = dict(os.environ if environ is None else environ)
        self._folder = tempfile.TemporaryDirectory(prefix="wf-batch-")
        self._running: dict[str, _Child] = {}

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._running.values():
            child.end()
        self._folder.cleanup()

    def process(
        self,
        scene: Path,
        *,
        script: Path,
        arguments: Sequence[str],
        out: Path,
        log: Path,
        picture: Path | None = None,
    ) -> None:
        """Open the scene, run the script in it, and write the file to ``out``; the script may
        leave a picture at ``picture``.

        Raises:
            ScriptFailed, TimedOut, Crashed: it did not come to that; ``log`` says more.
            InputError: its application is not there.
        """
        application = application_for(scene)
        child = self._running.pop(application.name, None)
        if child is None or not child.is_usable(self._limits):
            if child is not None:
                child.end()
            command = find_application(application, self._environ)
            child = _Child(application, command, Path(self._folder.name), self._environ, log)
        try:
            child.process(
                {
                    "scene": str(scene),
                    "script": str(script),
                    "arguments": list(arguments),
                    "out": str(out),
                    "log": str(log),
                    "picture": str(picture or Path(self._folder.name, "unwanted.png")),
                },
                seconds=self._limits.scene_seconds,
            )
        except (TimedOut, Crashed):
            child.kill()
            raise
        finally:
            if child.is_alive():
                self._running[application.name] = child
        if not out.is_file():
            raise FileUnreadable(f"{application.name} wrote no file for {scene.name}.")


class _Child:
    """One process of an application."""

    def __init__(
        self,
        application: Application,
        command: list[str],
        folder: Path,
        environ: Mapping[str, str],
        log: Path,
    ) -> None:
        self._name = application.name
        self._replies = folder
        self._done = 0
        self._memory = 0
        # Nothing that a script has no business with.
        clean = {key: value for key, value in environ.items() if not key.startswith("WF_")}
        empty = tempfile.mkdtemp(prefix="user-", dir=folder)
        clean |= {key: value.format(empty) for key, value in application.preferences}
        with in_words(log, writing=True), log.open("ab") as said:
            self._process = subprocess.Popen(
                [*command, *application.arguments_of(command), "--", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=clean,
                cwd=folder,
                start_new_session=os.name == "posix",
            )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def is_usable(self, limits: Limits) -> bool:
        """Whether it may do another scene."""
        return self.is_alive() and self._done < limits.scenes and self._memory <= limits.memory

    def process(self, job: dict[str, Any], *, seconds: float) -> None:
        reply = self._replies / f"reply-{self._process.pid}-{self._done}.json"
        started = self._done > 0
        self._done += 1
        assert self._process.stdin is not None
        line = json.dumps({**job, "reply": str(reply)}) + "\n"
        with contextlib.suppress(BrokenPipeError):  # then it has ended, which is found below
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        give_up = time.monotonic() + seconds + (0.0 if started else _START_SECONDS)
        while not reply.exists():
            if not self.is_alive() and not reply.exists():
                raise Crashed(f"{self._name} ended in the middle of the scene ({self._how()}).")
            if time.monotonic() >= give_up:
                raise TimedOut(f"The scene took longer than {seconds:g} seconds and was stopped.")
            time.sleep(_LOOK_SECONDS)
        with in_words(reply, writing=False):
            answer = json.loads(reply.read_text(encoding="utf-8"))
            reply.unlink()
        self._memory = int(answer["memory"])
        if answer["error"]:
            raise ScriptFailed(f"The script failed: {answer['error']}")

    def _how(self) -> str:
        code = self._process.returncode
        if code < 0:
            with contextlib.suppress(ValueError):
                return signal.Signals(-code).name
        return f"exit code {code}"

    def end(self) -> None:
        """Let it end; end it where it does not."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, and what its scripts have started."""
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
