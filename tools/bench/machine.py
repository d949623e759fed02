"""What a result depends on: the machine and the versions. Nothing that names either."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

__all__ = ["facts", "load"]


def facts(*, zou: str, load_before: float | None) -> list[str]:
    """One fact a line, for people."""
    return [
        f"{_cores()} processors ({_processor()}), {_memory()} of memory",
        f"{_system()}, Python {platform.python_version()}",
        f"Zou {zou} on the same machine, over loopback, with PostgreSQL and Redis from "
        "wheels and two worker processes",
        f"kitsu-workfiles {version('kitsu-workfiles')}{_commit()}, gazu {version('gazu')}, "
        f"requests {version('requests')}, {_curl()}",
        "load of the machine before it began: "
        + ("unknown" if load_before is None else f"{load_before:.1f}"),
    ]


def load() -> float | None:
    """How many processes wanted to run in the last minute; None where nobody counts."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 1024**3:.0f} GiB"


def _system() -> str:
    if platform.system() == "Linux":
        try:
            name = platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            name = "Linux"
        return f"{name}, kernel {platform.release().partition('-')[0]}"
    return f"{platform.system()} {platform.release()}"


def _curl() -> str:
    line = _output(["curl", "--version"])
    return " ".join(line.split()[:2]) or "curl"


def _commit() -> str:
    """The commit in a checkout with git, and whether the checkout differs from it."""
    commit = _output(["git", "rev-parse", "--short", "HEAD"])
    if not commit:
        return ""
    changed = _output(["git", "status", "--porcelain", "--", "wf_core"])
    return f" (commit {commit}{', with changes' if changed else ''})"


def _output(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip() if done.returncode == 0 else ""
