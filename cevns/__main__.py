"""``python -m cevns``: the command line."""

import sys

from cevns.cli import main

if __name__ == "__main__":
    sys.exit(main())
