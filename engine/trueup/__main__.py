"""`python -m trueup`."""

import sys

from trueup.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
