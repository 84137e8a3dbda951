"""Looks into pickles without loading them, by picklescan: which names they import, and which are known as harmless."""

import pickletools
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from trueup.adapters.stores.formats import PICKLE_SUFFIXES, Kind, kind_of
from trueup.desired.state import ArtifactPin
from trueup.ports import Progress

MOST_TOLD = 20
"""Findings that are named; a file with more is not better understood by more of them."""


def scan_pickles(path: Path) -> tuple[str, ...]:
    """Return what the pickles in a file or folder could do that is not known as harmless; empty when nothing.

    Files count by their content as well as by their names. What cannot be read, or was not looked into, is a finding: a
    scanner that is fooled must not be taken for one that found nothing.
    """
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = [finding for file in files if _is_pickle(file) for finding in _findings(file)]
    more = (f"{len(found) - MOST_TOLD} more",) if len(found) > MOST_TOLD else ()
    return (*found[:MOST_TOLD], *more)


def _is_pickle(file: Path) -> bool:
    return file.suffix.lower() in PICKLE_SUFFIXES or kind_of(file) is Kind.PICKLE


def _findings(file: Path) -> Iterator[str]:
    from picklescan import scanner

    try:
        with file.open("rb") as content:
            # By its suffix the library knows torch's own files; any other is a pickle, or an archive of them.
            result = scanner.scan_bytes(content, file.name, file.suffix.lower())
    except Exception as error:  # noqa: BLE001 it raises whatever the bytes lead it to
        yield f"`{file.name}`: it cannot be read ({type(error).__name__})"
        return
    harmless = scanner.SafetyLevel.Innocuous
    named = {(g.module, g.name, g.safety.value) for g in result.globals if g.safety is not harmless}
    yield from (f"`{file.name}`: `{module}.{name}` ({safety})" for module, name, safety in sorted(named))
    if result.scan_err or not result.scanned_files or not _is_read(file):
        yield f"`{file.name}`: a part that cannot be read"


def _is_read(file: Path) -> bool:
    """Tell whether the first pickle of a file has an end: the library is silent about what it cannot follow."""
    if zipfile.is_zipfile(file):
        return True
    try:
        with file.open("rb") as content:
            return sum(1 for _ in pickletools.genops(content)) > 0
    except Exception:  # noqa: BLE001 it raises whatever the bytes lead it to
        return False


class Inspector(Protocol):
    """A store that lets others look before it admits."""

    def inspect(
        self, artifact: ArtifactPin, look: Callable[[Path], tuple[str, ...]], progress: Progress
    ) -> tuple[str, ...]:
        """Return what *look* sees of the bytes of *artifact*."""
        ...


class PickleScanner:
    """`ArtifactScanner` for pickles, over what a store brings here."""

    def __init__(self, store: Inspector) -> None:
        self._store = store

    @property
    def scanner(self) -> str:
        """Name and version of what scans."""
        from importlib.metadata import version

        return f"picklescan {version('picklescan')}"

    def scan(self, artifact: ArtifactPin, progress: Progress) -> tuple[str, ...]:
        """Return what is dangerous in the pickles of *artifact*."""
        return self._store.inspect(artifact, scan_pickles, progress)
