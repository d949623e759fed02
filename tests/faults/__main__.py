"""``python -m faults``: one run."""

import sys

from faults.torture import main

if __name__ == "__main__":
    sys.exit(main())
