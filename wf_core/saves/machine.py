"""Facts about this machine that outlive a process but not a boot.

Client clocks order nothing, so waits are kept on the monotonic clock together with the
boot they belong to: after a reboot every wait is over.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path

__all__ = ["boot_id", "boottime", "machine_name", "monotonic"]


@lru_cache(maxsize=1)
def boot_id() -> str:
    """A string that changes with every boot, or "" where the system tells none.

    Linux has a random id for it (proc(5), ``kernel/random/boot_id``), and so has macOS (sysctl(8),
    ``kern.bootsessionuuid``; the boot time there moves when the clock is set); on Windows the
    boot time follows from the tick count, rounded so that clock corrections of seconds seldom
    change it.
    """
    if sys.platform.startswith("linux"):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    if sys.platform == "darwin":
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.stdout.strip()
    return f"boot-{round((time.time() - time.monotonic()) / 60)}"


def monotonic() -> float:
    """Seconds on a clock that every process of this boot shares and nobody can set."""
    return time.monotonic()


def boottime() -> float:
    """The same, going on while the machine sleeps, where there is such a clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@lru_cache(maxsize=1)
def machine_name() -> str:
    """The host name, for people to recognise a machine by."""
    return platform.node() or "unknown machine"
