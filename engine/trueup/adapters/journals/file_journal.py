"""A journal per environment as a file of JSON lines, each one on disk before `write` returns.

`<environment>.jsonl` is the run that goes on, or was killed. Closing moves it to `closed/` in one step; the last
few stay there, so that `explain` can tell what happened.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from trueup.adapters.journals.codes import JOURNAL_NOT_WRITABLE, JOURNAL_UNREADABLE
from trueup.core.errors import PermanentError
from trueup.core.json import Json, canonical

_KEPT = 10
"""Closed runs that stay; the ledger has the outcome of every run, these have the steps of the last ones."""

Entries = tuple[Mapping[str, Json], ...]


class JournalWriteError(PermanentError):
    """An entry could not be made durable, so the step it announces must not be taken."""


class JournalReadError(PermanentError):
    """The journal of an interrupted run is damaged."""


class FileJournal:
    """`Journal` over files in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, environment: str, entry: Mapping[str, Json]) -> None:
        """Append *entry* durably; when that fails, the journal is as it was.

        Raises:
            JournalWriteError: No permission, a read-only file system, or no space.
        """
        path = self._open_run(environment)
        line = canonical(entry) + b"\n"
        try:
            _append(path, line)
        except OSError as error:
            raise _not_writable(path, error) from error

    def unfinished(self, environment: str) -> Entries:
        """Return the entries of a run that did not end; a torn last line is left out.

        Raises:
            JournalReadError: Another line is damaged, or the file cannot be opened.
        """
        return _read(self._open_run(environment))

    def close(self, environment: str) -> None:
        """Mark the run as ended, in one step.

        Raises:
            JournalWriteError: It cannot be moved.
        """
        path = self._open_run(environment)
        closed = self._folder / "closed"
        try:
            if not path.exists():
                return
            closed.mkdir(exist_ok=True)
            runs = self._closed_runs(environment)
            number = _number(runs[0]) + 1 if runs else 1
            path.rename(closed / f"{path.stem}.{number:08d}.jsonl")
            _sync_folder(closed)
            _sync_folder(self._folder)
        except OSError as error:
            raise _not_writable(path, error) from error
        for old in runs[_KEPT - 1 :]:
            with suppress(OSError):  # an old run that stays does no harm
                old.unlink()

    def runs(self, prefix: str) -> tuple[str, ...]:
        """Return the names that begin with *prefix* and have a run that did not end, sorted."""
        names = (unquote(path.stem) for path in self._folder.glob("*.jsonl"))
        return tuple(sorted(n for n in names if n.startswith(prefix)))

    def closed(self, environment: str) -> tuple[Entries, ...]:
        """Return the entries of the runs that ended and are still kept, newest first.

        Raises:
            JournalReadError: One of them is damaged.
        """
        return tuple(_read(path) for path in self._closed_runs(environment))

    def _open_run(self, environment: str) -> Path:
        return self._folder / f"{quote(environment, safe='')}.jsonl"

    def _closed_runs(self, environment: str) -> list[Path]:
        """Return the closed runs' files, newest first."""
        stem = quote(environment, safe="")
        paths = self._folder.glob(f"closed/{stem}.????????.jsonl")
        return sorted((p for p in paths if p.stem.rsplit(".", 1)[1].isdigit()), key=_number, reverse=True)


def _append(path: Path, line: bytes) -> None:
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = _end_of_whole_lines(descriptor)
        try:
            os.ftruncate(descriptor, end)
            _write_all(descriptor, line, end)
            _sync(descriptor)
        except OSError:
            with suppress(OSError):  # a torn line that stays is left out when reading
                os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)
    if is_new:
        _sync_folder(path.parent)


def _end_of_whole_lines(descriptor: int) -> int:
    """Return where the last whole line ends: what a killed run left behind it is no entry."""
    size = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return size
    return os.pread(descriptor, size, 0).rfind(b"\n") + 1


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written


def _sync(descriptor: int) -> None:
    """Wait until the content is on the medium; on macOS `fsync` alone stops at the drive's cache."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)


def _sync_folder(folder: Path) -> None:
    """Make a new or moved name in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Entries:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise JournalReadError(JOURNAL_UNREADABLE, f"`{path}`: {error.strerror or error}.") from error
    whole = content[: content.rfind(b"\n") + 1]
    return tuple(_entry(line, path, number) for number, line in enumerate(whole.splitlines(), 1))


def _entry(line: bytes, path: Path, number: int) -> Mapping[str, Json]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise JournalReadError(JOURNAL_UNREADABLE, f"`{path}`, line {number}: {error}.") from error
    if not isinstance(entry, dict):
        raise JournalReadError(JOURNAL_UNREADABLE, f"`{path}`, line {number} is not an entry.")
    return entry


def _number(path: Path) -> int:
    return int(path.stem.rsplit(".", 1)[1])


def _not_writable(path: Path, error: OSError) -> JournalWriteError:
    return JournalWriteError(JOURNAL_NOT_WRITABLE, f"`{path}`: {error.strerror or error}.")
