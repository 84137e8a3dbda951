"""Finds the project that a command is about."""

from pathlib import Path

from trueup.cli.codes import NO_PROJECT
from trueup.core.errors import PermanentError

PROJECT_FILE = "trueup.yaml"


def find_project(start: Path | None = None) -> Path:
    """Return the folder of the nearest `trueup.yaml`, from *start* (or here) up to the root of the git repository.

    Raises:
        PermanentError: There is none.
    """
    first = (start or Path()).resolve()
    for folder in (first, *first.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
        if (folder / ".git").exists():
            break
    raise PermanentError(NO_PROJECT, f"No {PROJECT_FILE} in {first} or above it in the repository.")
