"""What no artifact may list: paths that lead elsewhere or mean another file on another system, and absurd amounts.

Checked before a byte is asked for, whatever the source: a name comes from strangers. An artifact that was fetched on
one system has the same files, with the same names, on every other.
"""

import unicodedata
from collections.abc import Sequence

from trueup.adapters.sources import codes
from trueup.core.errors import PermanentError

MAX_FILES = 100_000
"""The largest published models have hundreds of files, data sets some ten thousands."""
MAX_BYTES = 16 << 40
"""Of all files together: several times the largest published model."""
_MAX_NAME_BYTES = 255
"""What file systems take as one name."""
_MAX_PATH_BYTES = 1024
"""The shortest limit of the systems in use (macOS)."""
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})
"""Devices on Windows, whatever follows a dot (Microsoft, "Naming Files, Paths, and Namespaces")."""


def check_paths(paths: Sequence[str], uri: str) -> None:
    """Refuse a list of files with a path that no artifact may have.

    Raises:
        PermanentError: A path leaves the artifact (ART103) or does not mean one file everywhere (ART109), or there
            are too many (ART110).
    """
    if len(paths) > MAX_FILES:
        detail = f"`{uri}` lists {len(paths):,} files; {MAX_FILES:,} are taken at most."
        raise PermanentError(codes.TOO_MUCH, detail)
    for path in paths:
        check_path(path, uri)
    _refuse_collisions(paths, uri)


def check_path(path: str, uri: str) -> None:
    """Refuse one path that leaves the artifact (ART103) or does not mean the same everywhere (ART109)."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0][1:2]:
        raise PermanentError(codes.OUTSIDE, f"`{uri}` lists a file as `{_shown(path)}`.")
    if wrong := next((w for part in parts if (w := _wrong_name(part))), ""):
        raise PermanentError(codes.UNSAFE_PATH, f"`{uri}` lists a file as `{_shown(path)}`: {wrong}.")
    if len(path.encode(errors="replace")) > _MAX_PATH_BYTES:
        detail = f"`{uri}` lists a path with more than {_MAX_PATH_BYTES} bytes: `{_shown(path[:60])}...`."
        raise PermanentError(codes.UNSAFE_PATH, detail)


def check_sizes(sizes: Sequence[int], uri: str) -> None:
    """Refuse sizes that are none, or together more than any artifact has (ART110)."""
    if any(size < 0 for size in sizes) or sum(sizes) > MAX_BYTES:
        detail = f"`{uri}` says it has {sum(sizes):,} bytes; {MAX_BYTES:,} are taken at most."
        raise PermanentError(codes.TOO_MUCH, detail)


def _wrong_name(name: str) -> str:
    if name in {"", "."}:
        return "a part of it is empty"
    if not name.isprintable() or not _is_text(name):
        return "it has characters that cannot be shown"
    if len(name.encode()) > _MAX_NAME_BYTES:
        return f"a name has more than {_MAX_NAME_BYTES} bytes"
    if name[-1] in ". ":
        return "a name ends in a dot or a space, which Windows leaves out"
    if name.split(".", 1)[0].rstrip().casefold() in _RESERVED:
        return "a name is a device on Windows"
    return ""


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # a lone surrogate stands for a byte that is no UTF-8
        return False
    return True


def _shown(path: str) -> str:
    return path.encode("unicode_escape").decode() if not path.isprintable() else path


def _refuse_collisions(paths: Sequence[str], uri: str) -> None:
    """Refuse paths that are one where case, or the way an accent is written, does not count; or a file as a folder."""
    seen: dict[str, str] = {}
    for path in paths:
        key = _folded(path)
        if key in seen:
            what = "listed twice" if seen[key] == path else f"and `{seen[key]}` one name where case does not count"
            raise PermanentError(codes.UNSAFE_PATH, f"`{uri}`: `{path}` is {what}.")
        seen[key] = path
    folders: dict[str, str] = {}
    for path in paths:
        parents = path.split("/")[:-1]
        for depth in range(1, len(parents) + 1):
            folder = "/".join(parents[:depth])
            key = _folded(folder)
            if key in seen:
                raise PermanentError(codes.UNSAFE_PATH, f"`{uri}`: `{seen[key]}` is a file and a folder.")
            if folders.setdefault(key, folder) != folder:
                detail = f"`{uri}`: the folders `{folders[key]}` and `{folder}` are one name where case does not count."
                raise PermanentError(codes.UNSAFE_PATH, detail)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
