"""Save scenes from Maya's own command line: ``mayapy wf_maya.py save SCENE --task TASK``.

The same arguments, JSON and exit codes as ``wf save``; ``save --help`` lists them.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path


def main() -> int:
    """Run the command line; its exit code."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))
    from kitsu_workfiles_maya import bootstrap

    try:
        bootstrap.run()
    except bootstrap.PackagesUnusable as exc:
        print(f"wf_maya.py: {exc}", file=sys.stderr)
        return 1
    from kitsu_workfiles_maya import headless

    code: int = headless.main(sys.argv[1:])
    return code


if __name__ == "__main__":
    ended = main()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    # Everything is written and closed. Maya's own clean-up at the end of mayapy is known to
    # crash, which would turn the exit code into the crash's.
    os._exit(ended)
