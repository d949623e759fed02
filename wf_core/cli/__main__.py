"""``python -m wf_core.cli``: the ``wf`` command where its script is not on the path."""

import sys

from wf_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
