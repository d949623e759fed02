"""Start one program, wait for it, write down how long it took and its peak memory.

Run as a script: ``python -I -S launch.py REPORT PROGRAM [ARGUMENT ...]``. The report is one line:
seconds, bytes. Its exit code is the program's.

The system counts towards a program's peak what its parent had in memory when it started it.
This parent is small, smaller than any program measured here, so that the peak is the program's.
For the same reason it imports as little as it can.
"""

import os
import sys
import time

# Kilobytes everywhere but on macOS (getrusage(2) of each).
_UNIT = 1 if sys.platform == "darwin" else 1024


def main(report: str, command: list[str]) -> int:
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    with open(report, "w", encoding="ascii") as file:  # noqa: PTH123  pathlib is a big import
        file.write(f"{seconds} {usage.ru_maxrss * _UNIT}\n")
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
