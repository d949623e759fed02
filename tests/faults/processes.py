"""The players' processes: found by the WF_HOME in their environment, signalled for certain.

Linux only, as it reads ``/proc``: commands, and the uploaders they leave behind.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from wf_core.private_kitsu.processes import Identity, identify, is_alive

__all__ = ["Process", "processes_of"]


@dataclass(frozen=True)
class Process:
    """A running ``wf`` process; ``role`` is ``uploader`` or ``command``."""

    identity: Identity
    role: str

    @property
    def pid(self) -> int:
        return self.identity.pid

    def send(self, number: signal.Signals) -> bool:
        """Signal exactly this process; False when it is gone."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not is_alive(self.identity):
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True


def processes_of(home: Path) -> list[Process]:
    """Every process that works with this WF_HOME, in a steady order."""
    wanted = f"WF_HOME={home}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # gone, or another user's
        if wanted in environment:
            identity = identify(int(entry.name))
            role = "uploader" if b"wf_core.saves.uploader" in command else "command"
            if identity is not None:
                found.append(Process(identity, role))
    return sorted(found, key=lambda process: (process.role, process.pid))
