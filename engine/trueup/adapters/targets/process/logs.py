"""Logs of children: appended to by the children themselves, kept below a size, shown by their last lines."""

import contextlib
import os
import shutil
from pathlib import Path

LOG_BYTES = 4 * 1024 * 1024
"""A log is rotated when it has this size; with the old ones, 12 MiB a server at most."""

KEPT = 2
_TAIL_BYTES = 16 * 1024


def rotate(log: Path, limit_bytes: int = LOG_BYTES) -> bool:
    """Move what is in *log* to `<log>.1` when it is too long, and empty it; tell whether it was.

    It is copied and emptied, not renamed: the child keeps its descriptor (opened for appending), and a child whose
    supervisor was killed goes on writing without anybody at the other end of a pipe.
    """
    try:
        if log.stat().st_size < limit_bytes:
            return False
        for number in range(KEPT, 1, -1):
            with contextlib.suppress(FileNotFoundError):
                _numbered(log, number - 1).replace(_numbered(log, number))
        shutil.copyfile(log, _numbered(log, 1))
        os.truncate(log, 0)
    except OSError:
        return False
    return True


def remove(log: Path) -> None:
    """Delete *log* and its old parts."""
    for path in (log, *(_numbered(log, n) for n in range(1, KEPT + 1))):
        with contextlib.suppress(OSError):
            path.unlink()


def tail(log: Path, lines: int = 8, since: int = 0) -> str:
    """Return the last *lines* of *log* that were written at or after byte *since*."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    printable = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
    return "\n".join([line for line in printable.splitlines() if line.strip()][-lines:])


def size(log: Path) -> int:
    """Return how long *log* is, 0 when it is absent."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def _numbered(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
