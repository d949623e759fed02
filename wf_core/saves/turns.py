"""Turns: the processes of one user on one machine ask for numbers one after the other.

Without it sixteen workers of a farm node that save to one task ask for the same number
at the same time, and fifteen ask again. It is a courtesy, not what keeps numbers apart
(the server does): who waited long enough goes ahead without it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["turn_lock"]


def turn_lock(scope: tuple[str, str, str], fallback: Path) -> Path:
    """The lock file for one (server, task, name), the same for every WF_HOME of this user.

    Args:
        scope: what numbers are given out per.
        fallback: folder to use where the shared one is not safely this user's own.
    """
    digest = hashlib.sha256("\0".join(scope).encode()).hexdigest()[:32]
    folder = _own_folder() or fallback
    return folder / f"turn-{digest}.lock"


def _own_folder() -> Path | None:
    """A folder of this user alone in the system's place for temporary files, or None.

    The place is open to everybody: a folder or link that somebody else put there first is
    not used.
    """
    if not hasattr(os, "getuid"):
        folder = Path(tempfile.gettempdir()) / "kitsu-workfiles"  # per user on Windows
        folder.mkdir(exist_ok=True)
        return folder
    folder = Path(tempfile.gettempdir()) / f"kitsu-workfiles-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError:
        return None
    found = folder.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & 0o077 else None
