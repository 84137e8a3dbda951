"""`python -m trueup`."""

import os
import sys


def _forget_the_folder() -> None:
    """Take the folder that the command is started in off the import path, where `python -m` puts it.

    A `yaml.py` that a pull request brings would be imported, and run, in place of the library. Who keeps a package
    `trueup` there is out of reach from here: use the command `trueup`, or `python -P -m trueup`.
    """
    here = os.getcwd()
    if os.path.dirname(os.path.dirname(os.path.abspath(__file__))) != here:
        sys.path[:] = [entry for entry in sys.path if entry not in ("", here)]


if __name__ == "__main__":
    _forget_the_folder()
    from trueup.cli.main import main

    sys.exit(main())
