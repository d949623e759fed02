"""The account PostgreSQL runs as: ours, unless we are root, which it refuses to be."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from wf_core.errors import InputError

__all__ = ["Account", "database_account"]


@dataclass(frozen=True)
class Account:
    """How to run a program so that PostgreSQL accepts it, and own its files."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Give a file or an empty folder to the account (nothing to do for our own)."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def check_enters(self, folder: Path) -> None:
        """Make sure that the account can run what is in a folder (nothing to do for our own).

        Raises:
            InputError: one of the folders above is closed to it, as root's own home is.
        """
        if self.uid is None:
            return
        for part in [folder, *folder.parents]:
            found = part.stat()
            if not found.st_mode & stat.S_IXOTH and found.st_uid != self.uid:
                raise InputError(
                    "PostgreSQL does not run as root, and the account nobody, which it runs as "
                    f"instead, cannot enter {part}.",
                    hint="Set WF_HOME to a folder that everybody may enter (below /srv or "
                    "/var/lib, say), or run this as an ordinary user.",
                )


def database_account() -> Account:
    """Ours; as root, ``nobody``, which exists on every system and owns nothing.

    Raises:
        InputError: we are root and there is no such account.
    """
    if os.geteuid() != 0:
        return Account()
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as exc:
        raise InputError(
            "PostgreSQL does not run as root, and there is no account named nobody here.",
            hint="Run this as an ordinary user.",
        ) from exc
    script = Path(__file__).with_name("demote.py")
    uid, gid = nobody.pw_uid, nobody.pw_gid
    return Account((sys.executable, "-I", str(script), str(uid), str(gid)), uid, gid)
