"""`Store` over a folder: content by digest, builds by key, admitted whole or not at all."""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from trueup.adapters.builders.builder import Builders, BuildTask
from trueup.adapters.sources.retries import PATIENT, Patience, again
from trueup.adapters.sources.source import Listing, Sources, list_source
from trueup.adapters.stores import codes
from trueup.adapters.stores.digest_cache import DigestCache
from trueup.adapters.stores.failures import kept_bytes, store_failures
from trueup.adapters.stores.formats import PickleScanner, check_content, pickles_by_name, refuse_pickles
from trueup.adapters.stores.hashing import (
    FileDigest,
    digest_of_artifact,
    digest_of_file,
    files_below,
    hash_files,
)
from trueup.adapters.stores.layout import Layout, admit, content_path, damage, discard, read_manifest
from trueup.adapters.stores.locks import key_lock
from trueup.adapters.stores.transfer import copy_listing
from trueup.core.digests import Digest, short
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.desired.state import ArtifactPin, BuildPin
from trueup.ports import Progress


class DirectoryStore:
    """Artifacts in a folder that several processes may share.

    Args:
        root: The store's folder; made when first written to.
        sources: Where artifacts come from, by URI scheme.
        builders: How builds are made, by mode.
        pickle_exceptions: Digests of artifacts whose pickles an exception allows.
        scanner: Looks for dangerous pickles; without one, no exception helps.
        patience: How long a source that does not answer is asked again.
    """

    def __init__(
        self,
        root: Path,
        sources: Sources,
        builders: Builders,
        *,
        pickle_exceptions: Collection[Digest] = (),
        scanner: PickleScanner | None = None,
        patience: Patience = PATIENT,
    ) -> None:
        self._layout = Layout(root)
        self._sources = sources
        self._builders = builders
        self._exceptions = frozenset(pickle_exceptions)
        self._scanner = scanner
        self._patience = patience
        self._digests = DigestCache(self._layout.digests)

    def find(self, key: Digest) -> Path | None:
        """Return where the artifact under *key* lies, None unless present and whole."""
        folder = self._layout.object(key)
        manifest = read_manifest(folder)
        if manifest is None or manifest.key != key:
            return None
        with store_failures(self._layout.root, self._layout.partial(key)):
            problems = damage(folder, manifest, self._digests.digest)
        self._digests.save()
        return None if problems else content_path(folder, manifest)

    def present(self, keys: Iterable[Digest]) -> frozenset[Digest]:
        """Return those of *keys* that are present and whole."""
        return frozenset(key for key in keys if self.find(key) is not None)

    def digest(self, key: Digest) -> Digest | None:
        """Return the digest of what lies under *key*; for a build it differs from the key."""
        manifest = read_manifest(self._layout.object(key))
        return manifest.digest if manifest else None

    def keys(self) -> Iterator[Digest]:
        """Yield the keys of everything admitted, whole or damaged, in order."""
        return self._layout.keys()

    def verify(self, key: Digest) -> tuple[str, ...]:
        """Hash everything under *key* again and return what is wrong with it, in words."""
        folder = self._layout.object(key)
        manifest = read_manifest(folder)
        if manifest is None:
            return ("the manifest is missing or broken",)
        with store_failures(self._layout.root, self._layout.partial(key)):
            problems = damage(folder, manifest, digest_of_file)
            if not problems:
                found = hash_files(folder / "content", [f.path for f in manifest.files], digest_of_file)
                pairs = zip(found, manifest.files, strict=True)
                problems = tuple(
                    f"`{f.path}` has other bytes than were admitted" for f, m in pairs if f.digest != m.digest
                )
        return problems

    def remove(self, key: Digest) -> int:
        """Remove what lies under *key*, half-done and damaged copies too, and return the bytes freed."""
        places = (self._layout.object(key), self._layout.partial(key), self._layout.quarantine(key))
        with store_failures(self._layout.root, places[1]), key_lock(self._layout.lock(key), lambda: None):
            freed = sum(kept_bytes(p) for p in places)
            for place in places:
                discard(place)
        return freed

    def fetch(self, artifact: ArtifactPin, progress: Progress) -> Path:
        """Bring *artifact* in, verify its digest, and return where it lies; continue what was interrupted.

        Raises:
            PermanentError: The source, the digest, the format or the disk does not allow it; nothing is admitted.
        """
        found = self.find(artifact.digest)
        if found is not None:
            return found
        with self._worked_on(artifact.digest, artifact.uri, progress):
            return self.find(artifact.digest) or self._fetch(artifact, progress)

    def build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        """Build once under the build's key and return where the result lies; mode `none` serves the source.

        Raises:
            PermanentError: No builder for the mode (ART009), or the builder cannot build from *source*.
        """
        if build.mode == "none":
            return source
        found = self.find(build.key)
        if found is not None:
            return found
        with self._worked_on(build.key, str(build.id), progress):
            return self.find(build.key) or self._build(build, source, progress)

    @contextmanager
    def _worked_on(self, key: Digest, name: str, progress: Progress) -> Iterator[None]:
        """Hold the key's lock in a store that is ready, with what was damaged set aside."""

        def waiting() -> None:
            progress(f"{name}: waiting for another run that works on it", 0, 0)

        with store_failures(self._layout.root, self._layout.partial(key)):
            self._layout.prepare()
            with key_lock(self._layout.lock(key), waiting):
                if self.find(key) is None:
                    self._set_aside(key, name, progress)
                yield

    def _set_aside(self, key: Digest, name: str, progress: Progress) -> None:
        folder, aside = self._layout.object(key), self._layout.quarantine(key)
        if not folder.exists():
            return
        manifest = read_manifest(folder)
        problems = damage(folder, manifest, digest_of_file) if manifest else ("its manifest is broken",)
        discard(aside)
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, aside)
        why = "; ".join(problems) or "it was changed"
        progress(f"{name}: the stored copy is damaged ({why}), set aside in {aside}; getting it anew", 0, 0)

    def _fetch(self, artifact: ArtifactPin, progress: Progress) -> Path:
        key, partial = artifact.digest, self._layout.partial(artifact.digest)
        listing = again(lambda: list_source(self._sources, artifact.uri, artifact.access), self._patience, Event().wait)
        paths = [f.path for f in listing.files]
        by_name = pickles_by_name(paths, artifact.format)
        if by_name and not self._may_scan(key):
            raise refuse_pickles(by_name)
        partial.mkdir(parents=True, exist_ok=True)
        self._check_space(listing, partial)
        content = partial / "content"
        files, got = self._copy(artifact, listing, content, progress)
        place = content if listing.is_folder else content / paths[0]
        try:
            if got != key:
                raise _wrong_digest(artifact, got, files)
            check_content(place, paths, artifact.format, allow_pickle=self._is_scanned(key, place))
        except PermanentError:
            discard(partial)
            raise
        origin: dict[str, Json] = {"uri": artifact.uri, "format": artifact.format}
        if listing.revision:
            origin["revision"] = listing.revision
        described: dict[str, Json] = {"isFolder": listing.is_folder, "origin": origin}
        return admit(self._layout, key, got, files, described)

    def _copy(
        self, artifact: ArtifactPin, listing: Listing, content: Path, progress: Progress
    ) -> tuple[tuple[FileDigest, ...], Digest]:
        """Copy, continuing an earlier try; start over when its bytes were not those of the source."""
        _drop_strangers(listing, content)
        copied = copy_listing(listing, content, artifact.uri, progress, patience=self._patience)
        got = digest_of_artifact(copied.files, is_folder=listing.is_folder)
        if got != artifact.digest and copied.resumed_bytes:
            progress(f"{artifact.uri}: what an earlier run left does not fit; starting over", 0, 0)
            discard(content)
            copied = copy_listing(listing, content, artifact.uri, progress, patience=self._patience)
            got = digest_of_artifact(copied.files, is_folder=listing.is_folder)
        return copied.files, got

    def _check_space(self, listing: Listing, partial: Path) -> None:
        needed = listing.size_bytes - kept_bytes(partial)
        free = shutil.disk_usage(partial).free
        if needed > free:
            detail = f"{needed:,} bytes are needed and {free:,} are free in {self._layout.root}; nothing was copied."
            raise PermanentError(codes.NO_SPACE, detail)

    def _may_scan(self, key: Digest) -> bool:
        return self._scanner is not None and key in self._exceptions

    def _is_scanned(self, key: Digest, place: Path) -> bool:
        if self._scanner is None or key not in self._exceptions:
            return False
        findings = self._scanner(place)
        if findings:
            raise PermanentError(codes.PICKLE, f"An exception allows it, but the scan found: {'; '.join(findings)}.")
        return True

    def _build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        builder = self._builders.get(build.mode)
        if builder is None:
            known = ", ".join(f"`{m}`" for m in sorted({*self._builders, "none"}))
            raise PermanentError(codes.NO_BUILDER, f"{build.id} has mode `{build.mode}`; known here are {known}.")
        partial = self._layout.partial(build.key)
        discard(partial)
        content = partial / "content"
        content.mkdir(parents=True)
        try:
            built = builder.build(BuildTask(source, content, dict(build.parameters), self._inputs(build)), progress)
            is_folder = built.path == content
            files = _built_files(build, content, built.path)
        except BaseException:
            # Builds are not continued: a half-written result is of no use to the next try.
            discard(partial)
            raise
        digest = digest_of_artifact(files, is_folder=is_folder)
        origin: dict[str, Json] = {"build": build.to_json(), "tools": dict(built.tools), "simulated": built.simulated}
        return admit(self._layout, build.key, digest, files, {"isFolder": is_folder, "origin": origin})

    def _inputs(self, build: BuildPin) -> dict[Digest, Path]:
        found = {pin.digest: self.find(pin.digest) for pin in build.inputs}
        for pin in build.inputs:
            if found[pin.digest] is None:
                detail = f"{build.id} reads `{pin.uri}`, which is not in the store."
                raise PermanentError(codes.NO_INPUT, detail)
        return {digest: path for digest, path in found.items() if path is not None}


def _drop_strangers(listing: Listing, content: Path) -> None:
    """Remove what an earlier try left and the source no longer lists."""
    wanted = {f.path for f in listing.files}
    for path in files_below(content):
        if path not in wanted:
            (content / path).unlink()


def _built_files(build: BuildPin, content: Path, result: Path) -> tuple[FileDigest, ...]:
    """Hash what a builder left, have it on disk, and check that it is what the builder says."""
    files = hash_files(content, files_below(content), digest_of_file)
    if not files or not (result == content or [f.path for f in files] == [result.name]):
        raise PermanentError(codes.NO_RESULT, f"{build.id}: `{result.name}` and nothing else was expected.")
    for file in files:
        with (content / file.path).open("rb") as written:
            os.fsync(written.fileno())
    return files


def _wrong_digest(artifact: ArtifactPin, got: Digest, files: tuple[FileDigest, ...]) -> PermanentError:
    size = sum(f.size_bytes for f in files)
    what = f"{len(files)} files, {size:,} bytes" if len(files) > 1 else f"{size:,} bytes"
    hidden = [f.path for f in files if f.path.rsplit("/", 1)[-1].startswith(".")]
    note = f" Hidden files count too: {', '.join(hidden[:3])}." if hidden else ""
    detail = f"`{artifact.uri}` ({what}) has {got}, declared is {artifact.digest}.{note}"
    return PermanentError(codes.WRONG_DIGEST, detail, hint=f"got {short(got)}, declared {short(artifact.digest)}")
