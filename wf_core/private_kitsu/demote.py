"""Start a program as another account; run as a script, by root only.

PostgreSQL refuses to run as root. In a container everything is root, and its folders (``/root``
above all) are closed to others. So this drops to the account, keeping one capability: to pass
through directories. Usage: ``python demote.py UID GID PROGRAM [ARGUMENT ...]``.

The capability calls are those of prctl(2) and capset(2); where they are refused the program
starts without, which is enough when every folder on the way is open.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


def demote(uid: int, gid: int) -> None:
    """Become ``uid`` and ``gid`` for good, able to pass closed directories where possible."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc is not None:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if libc is not None:
        # Containers often lack the narrow capability but have the wide one.
        for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
            if _keep(libc, capability):
                break


def _keep(libc: ctypes.CDLL, capability: int) -> bool:
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(ctypes.byref(header), ctypes.byref(data)) != 0:
        return False
    raised = libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
    return bool(raised == 0)


if __name__ == "__main__":
    demote(int(sys.argv[1]), int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])
