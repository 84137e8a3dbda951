"""Seals: whether an artifact's files are still those that a command looked at when it had them loaded.

A supervisor starts a crashed server again without asking the store. Sizes and times of change tell whether it would
load what was verified, as the store itself does; hashing weights at every restart would cost an outage.
"""

from pathlib import Path

from trueup.core.digests import digest_of


def seal_of(artifact: Path) -> str:
    """Return what changes when a file of *artifact* is replaced, rewritten, added or taken; empty when it is absent."""
    try:
        files = sorted(p for p in artifact.rglob("*") if not p.is_dir()) if artifact.is_dir() else [artifact]
        found = [(file.relative_to(artifact).as_posix(), file.stat()) for file in files]
    except OSError:
        return ""
    return digest_of([[name, status.st_ino, status.st_size, status.st_mtime_ns] for name, status in found])


def is_broken(artifact: str, seal: str) -> bool:
    """Tell whether *artifact* is there with other files than *seal* says; an empty seal says nothing."""
    found = seal_of(Path(artifact)) if seal else ""
    return bool(found) and found != seal
