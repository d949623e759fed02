"""The ``wf`` command. Loads little, and only what the command at hand needs.

``wf save`` is started thousands of times: nothing here, and nothing that every command
loads, imports a library that the command does not use.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``wf`` with ``arguments`` (the process's own by default).

    Returns:
        The exit code: 0 done, 2 usage, 3 not logged in or not allowed, 4 not found, 5 wrong
        input or problems found, 6 the server misbehaved, 75 safe here but not yet on the
        server, 130 interrupted, 1 a bug.
    """
    import atexit
    import gc
    import sys

    from wf_core.cli.boundary import run
    from wf_core.cli.context import Session

    # An interpreter that ends looks for cycles among all that was ever loaded, several times:
    # a tenth of a small command. What is frozen it leaves alone.
    atexit.register(gc.freeze)
    session = Session()
    with session.interrupts.installed():
        return run(sys.argv[1:] if arguments is None else list(arguments), session)
