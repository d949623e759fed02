"""A folder in which a file soon finds no room."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_folder(folder: Path, *, limit: int) -> Iterator[Path]:
    """Make ``folder`` one that holds at most ``limit`` bytes, for as long as the block runs.

    A small file system of its own where we may mount one, else the process's own limit on
    the size of a file, which the system reports at the same calls.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={limit}", "tmpfs", str(folder)]
    if (
        sys.platform == "linux"
        and os.geteuid() == 0
        and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    ):
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
