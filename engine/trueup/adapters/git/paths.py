"""Paths that people write in specs, checked before anything is opened."""

import posixpath

from trueup.adapters.git import codes
from trueup.core.diagnostics import Code, Diagnostic, Span


def problem(code: Code, path: str, detail: str) -> Diagnostic:
    """Return the diagnostic for a path that cannot be read."""
    return Diagnostic(code, detail, Span(path), code.remedy)


def normal_path(path: str) -> str | Diagnostic:
    """Return *path* from the repository root without `.` and doubled slashes, or why it is not to be followed."""
    parts = path.split("/")
    if path.startswith(("/", "~")) or "\\" in path or not path.isprintable():
        return problem(codes.BAD_PATH, path, f"`{path!s}` is not a relative path with `/` between its parts.")
    if ".." in parts:
        return problem(codes.BAD_PATH, path, f"`{path}` climbs out with `..`.")
    normal = posixpath.normpath(path) if path else "."
    if is_git_folder(normal):
        return problem(codes.BAD_PATH, path, f"`{path}` lies in git's own folder.")
    return normal


def is_git_folder(path: str) -> bool:
    """Tell whether *path* leads into a `.git` folder, on file systems that ignore case too."""
    return any(part.lower().rstrip(". ") == ".git" for part in path.split("/"))
