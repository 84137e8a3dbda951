"""Digests of files that have not changed: remembered by device, inode, size and time of change.

A lost or broken cache costs a second hashing and nothing else, so writing it never fails a command and the last
writer wins.
"""

import json
import os
import tempfile
import threading
import time
from pathlib import Path

from trueup.adapters.stores.hashing import digest_of_file
from trueup.core.digests import Digest, is_digest

LIMIT = 100_000
"""Entries kept; the oldest go first. A hundred thousand are about 12 MB."""

SETTLED_NANOSECONDS = 2_000_000_000
"""A file changed within two seconds is not remembered: a second change could leave its time of change the same."""


class DigestCache:
    """Digests of files by identity; used from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, str] | None = None
        self._is_new = False

    def digest(self, file: Path) -> Digest:
        """Return the digest of *file*, from memory when the file is the same as it was then."""
        before = _identity(file)
        with self._lock:
            known = self._load().get(before)
        if known is not None and is_digest(known):
            return Digest(known)
        digest = digest_of_file(file)
        settled = time.time_ns() - file.stat().st_mtime_ns > SETTLED_NANOSECONDS
        if settled and _identity(file) == before:
            with self._lock:
                self._load()[before] = digest
                self._is_new = True
        return digest

    def save(self) -> None:
        """Write what is new; a place that cannot be written is left as it is."""
        with self._lock:
            if not self._is_new or self._known is None:
                return
            kept = dict(list(self._known.items())[-LIMIT:])
            try:
                with tempfile.NamedTemporaryFile("w", dir=self._path.parent, prefix=".digests-", delete=False) as file:
                    json.dump(kept, file)
                os.replace(file.name, self._path)
            except OSError:
                return
            self._is_new = False

    def _load(self) -> dict[str, str]:
        if self._known is None:
            try:
                content = json.loads(self._path.read_bytes())
            except (OSError, ValueError):
                content = None
            self._known = content if isinstance(content, dict) else {}
        return self._known


def _identity(file: Path) -> str:
    status = file.stat()
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
