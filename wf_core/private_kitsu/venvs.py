"""Virtual environments that are made once and then reused, whole or not at all.

A stamp in the environment says what was asked for, once all of it is there. Until then it says
that the environment is being made, so a half-made one is known, and known to be ours. The
standard library is all this needs: the build script uses it before anything is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wf_core.errors import DiskFull, InputError
from wf_core.private_kitsu.locks import exclusive

__all__ = ["Python", "bin_python", "ensure_venv", "find_python", "free_space", "tail"]

Version = tuple[int, int]
Progress = Callable[[str], None]

_STAMP = "made-by-workfiles.json"


@dataclass(frozen=True)
class Python:
    """An interpreter on this machine."""

    path: Path
    version: Version

    def __str__(self) -> str:
        return f"Python {self.version[0]}.{self.version[1]} ({self.path})"


def bin_python(folder: Path) -> Path:
    """Where an environment has its interpreter."""
    if sys.platform == "win32":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def find_python(versions: Sequence[Version]) -> Python | None:
    """The first interpreter on this machine of one of ``versions``, in that order.

    Looks at the running one, at PATH, at pyenv's folder and at the Windows launcher. Of two of the
    same version, one of pyenv comes last: pyenv compiles without profile-guided optimization
    unless told to, and everything takes a sixth longer with what comes out of that.
    """
    for version in versions:
        for candidate in sorted(_candidates(version), key=_is_of_pyenv):
            if _is_version(candidate, version):
                return Python(candidate, version)
    return None


def ensure_venv(
    folder: Path,
    *,
    python: Python,
    requirements: Sequence[str] = (),
    requirement_files: Sequence[Path] = (),
    constraints: Sequence[Path] = (),
    built_with: Sequence[str] = (),
    depends_on: Sequence[str] = (),
    log: Path,
    progress: Progress,
    space: int = 0,
) -> Path:
    """Make the environment unless it is there and complete.

    One of the same Python with other requirements is brought up to date in place; one that was
    cut short is made anew. A folder that was not made here is left alone.

    Args:
        requirements: arguments for ``pip install``.
        requirement_files: pip requirements files.
        constraints: pip constraints files.
        built_with: what to install first, to build source packages with; without any, pip
            builds each with what it asks for today.
        depends_on: texts that stand for what else the result depends on.
        log: file that gets pip's output.
        space: bytes that must be free before anything is installed.

    Returns:
        Its interpreter.

    Raises:
        DiskFull: not enough room; nothing was started.
        InputError: making it or installing into it failed (the log says why), or something
            else lies in the folder.
    """
    stamp = _stamp(
        python, [*requirements, *built_with, *depends_on], [*requirement_files, *constraints]
    )
    interpreter = bin_python(folder)
    if _read_stamp(folder) == stamp and interpreter.exists():
        return interpreter
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f"{folder.name}.lock")
    with exclusive(lock, waiting=lambda: progress(f"waiting: {folder.name} is being made")):
        found = _read_stamp(folder)
        if found == stamp and interpreter.exists():
            return interpreter
        _check_space(folder.parent, space)
        started = time.monotonic()
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        # The interpreter is a link to one that may have been removed since.
        fits = found is not None and found["python"] == stamp["python"] and interpreter.exists()
        progress(f"{'updating' if fits else 'making'} the environment {folder} with {python}")
        if not fits:
            _make(folder, python, log)
        else:
            _write_stamp(folder, {"python": "being updated"})
        pip = [str(interpreter), "-m", "pip", "install", "--no-input"]
        pip += ["--disable-pip-version-check"]
        command = [*pip, *requirements]
        for path in requirement_files:
            command += ["--requirement", str(path)]
        for path in constraints:
            command += ["--constraint", str(path)]
        failure = f"pip could not install into {folder}"
        if built_with:
            _run([*pip, *built_with], log, failure)
            command.append("--no-build-isolation")
        _run(command, log, failure)
        _write_stamp(folder, stamp)
        progress(f"{folder.name} is ready after {time.monotonic() - started:.0f} s")
    return interpreter


def free_space(folder: Path) -> int:
    """Bytes this user may still write where ``folder`` is or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def tail(log: Path, lines: int = 3) -> str:
    """The last lines of a log that say something, on one line."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    said = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in said if not line.startswith(("WARNING:", "[notice]"))]
    return " / ".join(said[-lines:])


def clean_environment() -> dict[str, str]:
    """The environment without what would lead another Python astray (Blender and Maya set
    such variables for themselves)."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    }


def _stamp(python: Python, texts: Sequence[str], files: Sequence[Path]) -> dict[str, str]:
    """What an environment is made from: of files the contents, wherever they lie."""
    digest = hashlib.sha256("\n".join(texts).encode())
    for path in files:
        digest.update(path.read_bytes())
    return {
        "python": ".".join(map(str, python.version)),
        "requirements": digest.hexdigest(),
    }


def _read_stamp(folder: Path) -> dict[str, str] | None:
    try:
        stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) and "python" in stamp else None


def _write_stamp(folder: Path, stamp: Mapping[str, str]) -> None:
    beside = folder / f"{_STAMP}.new"
    beside.write_text(json.dumps(stamp), encoding="utf-8")
    beside.replace(folder / _STAMP)


def _make(folder: Path, python: Python, log: Path) -> None:
    """A new, empty environment in place of whatever we left in the folder."""
    if folder.exists():
        if any(folder.iterdir()) and _read_stamp(folder) is None:
            raise InputError(
                f"{folder} exists, but was not made here.",
                hint="Move it away or remove it; nothing in it was touched.",
            )
        _remove(folder)
    folder.mkdir()
    # From here on the folder is known as ours and as unfinished.
    _write_stamp(folder, {"python": "being made"})
    _run([str(python.path), "-m", "venv", str(folder)], log, f"{python} made no environment")


def _check_space(folder: Path, space: int) -> None:
    free = free_space(folder)
    if free < space:
        raise DiskFull(
            f"{folder} has {free // 2**20} MiB left; {space // 2**20} MiB are needed.",
            hint="Make room, or choose a folder on another disk.",
        )


def _remove(folder: Path) -> None:
    """Remove an environment, its stamp last: one that is half gone is still known as ours."""
    _write_stamp(folder, {"python": "being removed"})
    try:
        for entry in folder.iterdir():
            if entry.name == _STAMP:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        shutil.rmtree(folder)
    except OSError as exc:
        raise InputError(
            f"{folder} is out of date and cannot be removed: {exc.strerror}.",
            hint="Close what uses it, or remove it by hand.",
        ) from exc


def _run(command: Sequence[str], log: Path, failure: str) -> None:
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                env=clean_environment(),
            )
        except OSError as exc:
            raise InputError(f"{failure}: {exc.strerror}.") from exc
    if done.returncode != 0:
        if "No space left on device" in log.read_text(encoding="utf-8", errors="replace"):
            raise DiskFull(f"{failure}: the disk is full.", hint=f"Make room. Log: {log}")
        raise InputError(f"{failure}: {tail(log)}", hint=f"The whole log: {log}")


def _candidates(version: Version) -> Iterator[Path]:
    dotted = f"{version[0]}.{version[1]}"
    if sys.version_info[:2] == version:
        # Of a virtual environment, the interpreter it was made from: environments made from
        # environments break when the first one goes.
        base = getattr(sys, "_base_executable", None) or sys.executable
        if base and Path(base).name.lower().startswith("python"):
            yield Path(base)
    for place in os.get_exec_path():
        for name in (f"python{dotted}", "python3", "python"):
            found = shutil.which(name, path=place)
            if found:
                yield Path(found)
    for folder in sorted((_pyenv() / "versions").glob(f"{dotted}.*"), reverse=True):
        yield folder / "bin" / f"python{dotted}"
        yield folder / "python.exe"
    launcher = shutil.which("py") if sys.platform == "win32" else None
    if launcher:
        listed = _ask([launcher, f"-{dotted}", "-c", "import sys; print(sys.executable)"])
        if listed:
            yield Path(listed)


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _is_of_pyenv(candidate: Path) -> bool:
    pyenv = _pyenv()
    return any(path.is_relative_to(pyenv) for path in (candidate, candidate.resolve()))


def _is_version(candidate: Path, version: Version) -> bool:
    if not candidate.is_file():
        return False
    # ensurepip and venv are separate packages on Debian: a Python without them is no use.
    program = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    return _ask([str(candidate), "-I", "-c", program]) == f"{version[0]}.{version[1]}"


def _ask(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=clean_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
