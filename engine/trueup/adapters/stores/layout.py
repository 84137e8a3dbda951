"""The store's folder: where things lie, the manifest that makes an artifact whole, and moving it into place.

version                          "1"
objects/ab/<64 hex>/             one artifact, by digest or build key; only whole ones are ever here
    manifest.json                files with size, digest and time of change; where it came from
    provenance.json              of a build: the in-toto statement of how it was made
    content/...                  the file, or the folder's files, read-only
partial/<64 hex>/content/...     half-done, continued from by the next try
    kept/...                     of a build: what the next try goes on from
quarantine/<64 hex>/             was damaged after it was admitted
locks/<64 hex>                   held while the key is worked on
digests.json                     digests by device, inode, size and time of change
"""

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trueup.adapters.stores import codes
from trueup.adapters.stores.hashing import FileDigest, files_below
from trueup.core.digests import Digest, digest_of_bytes, is_digest
from trueup.core.errors import PermanentError
from trueup.core.json import Json, canonical

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Stored:
    """One file as it was admitted."""

    path: str
    size_bytes: int
    digest: Digest
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact is made of: its own digest (the key's, unless it was built), its files, its origin."""

    key: Digest
    digest: Digest
    is_folder: bool
    files: tuple[Stored, ...]
    origin: Json

    def to_json(self) -> dict[str, Json]:
        """Return the manifest as JSON."""
        return {
            "format": 1,
            "key": self.key,
            "digest": self.digest,
            "isFolder": self.is_folder,
            "files": [[f.path, f.size_bytes, f.digest, f.changed_ns] for f in self.files],
            "origin": self.origin,
        }


class Layout:
    """Paths of one store."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def object(self, key: Digest) -> Path:
        """Return the folder of an artifact that is whole."""
        return self.root / place_of(key)

    def partial(self, key: Digest) -> Path:
        """Return the folder of a try that has not ended."""
        return self.root / "partial" / _name(key)

    def quarantine(self, key: Digest) -> Path:
        """Return where a damaged artifact is set aside."""
        return self.root / "quarantine" / _name(key)

    def lock(self, key: Digest) -> Path:
        """Return the key's lock file."""
        return self.root / "locks" / _name(key)

    @property
    def digests(self) -> Path:
        """The file of remembered digests."""
        return self.root / "digests.json"

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever admitted."""
        return not os.path.lexists(self.root / "objects")

    def keys(self) -> Iterator[Digest]:
        """Yield the keys that have a folder, whole or not, in order."""
        for folder in sorted((self.root / "objects").glob("??/*")):
            key = f"sha256:{folder.name}"
            if is_digest(key):
                yield Digest(key)

    def leftovers(self) -> Iterator[Digest]:
        """Yield the keys of what is half-done or set aside, in order."""
        names = {f.name for place in ("partial", "quarantine") for f in (self.root / place).glob("*")}
        yield from (Digest(key) for key in sorted(f"sha256:{name}" for name in names) if is_digest(key))

    def prepare(self) -> None:
        """Make the folder and its version file, or check that its layout is this one.

        Raises:
            PermanentError: Another layout (ART008).
        """
        version = self.root / "version"
        try:
            found = version.read_text().strip()
        except FileNotFoundError:
            self.root.mkdir(parents=True, exist_ok=True)
            version.write_text(VERSION + "\n")
            return
        # Empty is a version file that another process is about to write.
        if found not in {VERSION, ""}:
            raise PermanentError(
                codes.UNKNOWN_STORE, f"{self.root} has layout `{found}`; this release knows {VERSION}."
            )


MANIFEST = "manifest.json"


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in *folder*, None when there is none that can be read."""
    try:
        return manifest_of((folder / MANIFEST).read_bytes())
    except OSError:
        return None


def manifest_of(content: bytes) -> Manifest | None:
    """Return the manifest that *content* spells, None when it spells none."""
    try:
        value = json.loads(content)
        files = tuple(Stored(str(p), int(s), Digest(d), int(c)) for p, s, d, c in value["files"])
        return Manifest(Digest(value["key"]), Digest(value["digest"]), bool(value["isFolder"]), files, value["origin"])
    except (ValueError, KeyError, TypeError):
        return None


KEPT = "kept"
"""In the folder of a build that has not ended: what its builder keeps for the next try."""

PROVENANCE = "provenance.json"
"""Beside the manifest of a build, which holds its digest."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is written of an artifact: its manifest, and how it was built (empty for what was fetched)."""

    manifest: Manifest
    provenance: bytes = b""


def read_provenance(folder: Path, manifest: Manifest) -> bytes:
    """Return the statement beside *manifest*; empty when there is none, or not the one that was written with it."""
    try:
        return provenance_of(manifest, (folder / PROVENANCE).read_bytes()) if states(manifest) else b""
    except OSError:
        return b""


def states(manifest: Manifest) -> bool:
    """Tell whether there should be a statement beside *manifest*."""
    return isinstance(manifest.origin, Mapping) and "provenance" in manifest.origin


def provenance_of(manifest: Manifest, content: bytes) -> bytes:
    """Return *content* when it is the statement that *manifest* names; else nothing."""
    match manifest.origin:
        case {"provenance": str(digest)} if digest_of_bytes(content) == digest:
            return content
        case _:
            return b""


def is_simulated(manifest: Manifest) -> bool:
    """Tell whether a double of a toolchain made the artifact."""
    return isinstance(manifest.origin, Mapping) and manifest.origin.get("simulated") is True


def content_path(folder: Path, manifest: Manifest) -> Path:
    """Return what a user of the artifact opens: its folder, or its one file."""
    content = folder / "content"
    return content if manifest.is_folder else content / manifest.files[0].path


def damage(folder: Path, manifest: Manifest, digest: Callable[[Path], Digest]) -> tuple[str, ...]:
    """Tell what is wrong with an admitted artifact: missing, added and changed files, and the proof of a build.

    Sizes and times of change are compared; a file whose time differs is hashed with *digest* to find out.
    """
    content = folder / "content"
    expected = {f.path: f for f in manifest.files}
    problems = [f"`{p}` was added" for p in files_below(content) if p not in expected]
    for path, file in expected.items():
        try:
            status = (content / path).lstat()
        except OSError:
            problems.append(f"`{path}` is missing")
            continue
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size_bytes:
            problems.append(f"`{path}` has {status.st_size:,} bytes instead of {file.size_bytes:,}")
        elif status.st_mtime_ns != file.changed_ns and digest(content / path) != file.digest:
            problems.append(f"`{path}` has other bytes than were admitted")
    if states(manifest) and not read_provenance(folder, manifest):
        problems.append(f"`{PROVENANCE}`, which says how it was built, is missing or changed")
    return tuple(problems)


def admit(
    layout: Layout,
    key: Digest,
    digest: Digest,
    files: tuple[FileDigest, ...],
    described: Mapping[str, Json],
    provenance: bytes = b"",
) -> Path:
    """Make the key's partial folder the artifact, in one rename after everything is on disk, and return its place.

    Args:
        layout: The store.
        key: What the artifact is found by.
        digest: Digest of its content.
        files: Its files below `content/`.
        described: `isFolder` and `origin` for the manifest.
        provenance: How it was built; empty for what was fetched.
    """
    partial, target = layout.partial(key), layout.object(key)
    content = partial / "content"
    stored = []
    for file in files:
        path = content / file.path
        path.chmod(0o444)
        stored.append(Stored(file.path, file.size_bytes, file.digest, path.stat().st_mtime_ns))
    manifest = Manifest(key, digest, bool(described["isFolder"]), tuple(stored), described["origin"])
    if provenance:
        _write(partial / PROVENANCE, provenance)
    _write(partial / "manifest.json", canonical(manifest.to_json()) + b"\n")
    for folder in {content, partial, *((content / f.path).parent for f in files)}:
        sync_folder(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(partial, target)
    sync_folder(target.parent)
    return content_path(target, manifest)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in *folder* on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def discard(folder: Path) -> None:
    """Remove *folder* if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def discard_but(kept: Path) -> None:
    """Remove everything beside *kept*, and all of it when there is nothing in there."""
    for path in kept.parent.iterdir() if kept.parent.exists() else ():
        if path != kept:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not (kept.is_dir() and any(kept.iterdir())):
        discard(kept.parent)


def place_of(key: Digest) -> str:
    """Return where an artifact lies, from the store's root."""
    name = _name(key)
    return f"objects/{name[:2]}/{name}"


def _name(key: Digest) -> str:
    if not is_digest(key):
        raise ValueError(f"not a digest: {key!r}")
    return key.removeprefix("sha256:")
