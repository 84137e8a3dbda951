"""Finds the project that a command is about."""

from pathlib import Path

from trueup.cli.codes import NO_PROJECT
from trueup.core.errors import PermanentError

PROJECT_FILE = "trueup.yaml"


def find_project(start: Path | None = None) -> Path:
    """Return the root of the git repository around *start* (or here), where `trueup.yaml` lies.

    Outside a repository it is the folder of the nearest `trueup.yaml`; what needs git then says that there is none.

    Raises:
        PermanentError: There is no project file, or it lies elsewhere.
    """
    first = (start or Path()).resolve()
    root = next((f for f in (first, *first.parents) if (f / ".git").exists()), None)
    searched = [f for f in (first, *first.parents) if root is None or f.is_relative_to(root)]
    found = [f for f in searched if (f / PROJECT_FILE).is_file()]
    if found and root in (None, found[-1]):
        return found[0] if root is None else root
    if found:
        detail = f"{found[-1] / PROJECT_FILE} is not at the root of the repository, {root}."
        raise PermanentError(NO_PROJECT, detail, hint=f"move it to {root}, and name its folders from there")
    if any((f / PROJECT_FILE).exists() for f in searched):
        raise PermanentError(NO_PROJECT, f"{PROJECT_FILE} is a folder, and a file is expected.")
    raise PermanentError(NO_PROJECT, f"No {PROJECT_FILE} in {first} or above it in the repository.")
