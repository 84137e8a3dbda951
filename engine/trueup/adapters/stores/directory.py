"""`Store` over a folder: content by digest, builds by key, admitted whole or not at all.

Plans only look at what is there; what brings and builds is imported when something is brought or built.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from trueup.adapters.clock import SystemClock
from trueup.adapters.sources.retries import PATIENT, Patience, again
from trueup.adapters.stores import codes
from trueup.adapters.stores.digest_cache import DigestCache
from trueup.adapters.stores.failures import kept_bytes, store_failures
from trueup.adapters.stores.hashing import (
    FileDigest,
    digest_of_artifact,
    digest_of_file,
    files_below,
    hash_files,
)
from trueup.adapters.stores.layout import (
    KEPT,
    Held,
    Layout,
    admit,
    content_path,
    damage,
    discard,
    discard_but,
    is_simulated,
    read_manifest,
    read_provenance,
)
from trueup.adapters.stores.locks import key_lock
from trueup.core.digests import Digest, digest_of_bytes, short
from trueup.core.errors import PermanentError
from trueup.ports import NOTICE, Clock, Progress, StoreEntry

if TYPE_CHECKING:
    from trueup.adapters.builders.builder import Builders
    from trueup.adapters.sources.source import Listing, Sources
    from trueup.adapters.stores.formats import PickleScanner
    from trueup.core.json import Json
    from trueup.desired.state import ArtifactPin, BuildPin

T = TypeVar("T")


class DirectoryStore:
    """Artifacts in a folder that several processes may share.

    Args:
        root: The store's folder; made when first written to.
        sources: Where artifacts come from, by URI scheme.
        builders: How builds are made, by mode.
        scanner: Looks for dangerous pickles; without one, no exception helps.
        clock: Tells when builds began and ended, for their provenance.
        patience: How long a source that does not answer is asked again.
    """

    def __init__(
        self,
        root: Path,
        sources: Sources,
        builders: Builders,
        *,
        scanner: PickleScanner | None = None,
        clock: Clock | None = None,
        patience: Patience = PATIENT,
    ) -> None:
        self._layout = Layout(root)
        self._sources = sources
        self._builders = builders
        self._scanner = scanner
        self._patience = patience
        self._digests = DigestCache(self._layout.digests)
        self._clock = clock or SystemClock()

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
        return frozenset(() if self._layout.is_empty else (key for key in keys if self.find(key) is not None))

    def held(self, key: Digest) -> Held | None:
        """Return what is written of the artifact under *key*; None when it was not admitted."""
        folder = self._layout.object(key)
        manifest = read_manifest(folder)
        return Held(manifest, read_provenance(folder, manifest)) if manifest else None

    def take(self, held: Held, listing: Listing, what: str, progress: Progress, *, declared: str = "") -> Path:
        """Admit what another store has, when every file of *listing* has the digest that its manifest gives it.

        Args:
            held: What the other store says of it.
            listing: Its files there.
            what: Its name, for messages.
            progress: Told while bytes come.
            declared: Its format, of an artifact that is declared: its key is then its digest. Empty for a build.

        Raises:
            PermanentError: Some have not (ART012), it would be refused from its source as well, or this store's disk
                does not allow it; nothing is admitted.
        """
        with self._worked_on(held.manifest.key, what, progress):
            return self.find(held.manifest.key) or self._take(held, listing, what, progress, declared)

    def entry(self, key: Digest) -> StoreEntry | None:
        """Return what was noted of *key*, None for what was never admitted."""
        held = self.held(key)
        if held is None:
            return None
        manifest = held.manifest
        files = tuple((f.path, f.size_bytes, f.digest) for f in manifest.files)
        return StoreEntry(manifest.digest, files, manifest.is_folder, is_simulated(manifest), held.provenance)

    def keys(self) -> Iterator[Digest]:
        """Yield the keys of everything admitted, whole or damaged, in order."""
        return self._layout.keys()

    def leftovers(self) -> Iterator[Digest]:
        """Yield the keys of what is half-done, or was damaged and set aside, in order."""
        return self._layout.leftovers()

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

    def inspect(self, artifact: ArtifactPin, look: Callable[[Path], T], progress: Progress) -> T:
        """Bring the bytes of *artifact* here, verify their digest, and return what *look* sees; nothing is admitted.

        A fetch goes on from what was brought.

        Raises:
            PermanentError: The source, the digest or the disk does not allow it.
        """
        found = self.find(artifact.digest)
        if found is not None:
            return look(found)
        with self._worked_on(artifact.digest, artifact.uri, progress):
            place, _ = self._bring(artifact, self._listing(artifact), progress)
            return look(place)

    def fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool = False) -> Path:
        """Bring *artifact* in, verify its digest, and return where it lies; continue what was interrupted.

        With *allow_pickle*, an exception allows its pickles, and the scanner has the last word.

        Raises:
            PermanentError: The source, the digest, the format or the disk does not allow it; nothing is admitted.
        """
        found = self.find(artifact.digest)
        if found is not None:
            return found
        with self._worked_on(artifact.digest, artifact.uri, progress):
            return self.find(artifact.digest) or self._fetch(artifact, progress, allow_pickle=allow_pickle)

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
        what, waited = f"{name}: waiting for another run that works on it", False

        def waiting() -> None:
            nonlocal waited
            waited = True
            progress(what, 0, 0)

        with store_failures(self._layout.root, self._layout.partial(key)):
            self._layout.prepare()
            with key_lock(self._layout.lock(key), waiting):
                if waited:
                    progress(what, 1, 1)
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
        progress(f"{name}: the stored copy is damaged ({why}), set aside in {aside}; getting it anew", 0, NOTICE)

    def _fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool) -> Path:
        from trueup.adapters.stores.formats import check_content, pickles_by_name, refuse_pickles

        key, partial = artifact.digest, self._layout.partial(artifact.digest)
        listing = self._listing(artifact)
        by_name = pickles_by_name([f.path for f in listing.files], artifact.format)
        if by_name and not (allow_pickle and self._scanner is not None):
            raise refuse_pickles(by_name)
        place, files = self._bring(artifact, listing, progress)
        try:
            scanned = allow_pickle and self._is_clean(place)
            check_content(place, [f.path for f in listing.files], artifact.format, allow_pickle=scanned)
        except PermanentError:
            discard(partial)
            raise
        origin: dict[str, Json] = {"uri": artifact.uri, "format": artifact.format}
        if listing.revision:
            origin["revision"] = listing.revision
        return admit(self._layout, key, key, files, {"isFolder": listing.is_folder, "origin": origin})

    def _listing(self, artifact: ArtifactPin) -> Listing:
        from trueup.adapters.sources.source import list_source

        return again(lambda: list_source(self._sources, artifact.uri, artifact.access), self._patience, Event().wait)

    def _bring(
        self, artifact: ArtifactPin, listing: Listing, progress: Progress
    ) -> tuple[Path, tuple[FileDigest, ...]]:
        """Copy *artifact* to where it waits to be admitted; return the place, and its files hashed."""
        partial = self._layout.partial(artifact.digest)
        partial.mkdir(parents=True, exist_ok=True)
        self._check_space(listing, partial)
        content = partial / "content"
        files, got = self._copy(artifact, listing, content, progress)
        if got != artifact.digest:
            discard(partial)
            raise _wrong_digest(artifact, got, files)
        return content if listing.is_folder else content / listing.files[0].path, files

    def _take(self, held: Held, listing: Listing, what: str, progress: Progress, declared: str) -> Path:
        from trueup.adapters.stores.transfer import copy_listing

        manifest = held.manifest
        partial = self._layout.partial(manifest.key)
        partial.mkdir(parents=True, exist_ok=True)
        self._check_space(listing, partial)
        expected = tuple(FileDigest(f.path, f.size_bytes, f.digest) for f in manifest.files)
        _drop_strangers(listing, partial / "content")
        copied = copy_listing(listing, partial / "content", what, progress)
        if copied.files != expected and copied.resumed_bytes:
            discard(partial / "content")
            copied = copy_listing(listing, partial / "content", what, progress)
        got = digest_of_artifact(copied.files, is_folder=listing.is_folder)
        if copied.files != expected or got != (manifest.key if declared else manifest.digest):
            discard(partial)
            detail = f"{what}: the remote store holds other bytes than it should ({short(manifest.key)})."
            raise PermanentError(codes.REMOTE, detail)
        if declared:
            self._check_declared(partial, [f.path for f in copied.files], listing, declared)
        described: dict[str, Json] = {"isFolder": listing.is_folder, "origin": manifest.origin}
        return admit(self._layout, manifest.key, got, copied.files, described, held.provenance)

    @staticmethod
    def _check_declared(partial: Path, paths: list[str], listing: Listing, declared: str) -> None:
        from trueup.adapters.stores.formats import check_content

        content = partial / "content"
        try:
            check_content(content if listing.is_folder else content / paths[0], paths, declared)
        except PermanentError:
            discard(partial)
            raise

    def _copy(
        self, artifact: ArtifactPin, listing: Listing, content: Path, progress: Progress
    ) -> tuple[tuple[FileDigest, ...], Digest]:
        """Copy, continuing an earlier try; start over when its bytes were not those of the source."""
        from trueup.adapters.stores.transfer import copy_listing

        _drop_strangers(listing, content)
        copied = copy_listing(listing, content, artifact.uri, progress, patience=self._patience)
        got = digest_of_artifact(copied.files, is_folder=listing.is_folder)
        if got != artifact.digest and copied.resumed_bytes:
            progress(f"{artifact.uri}: what an earlier run left does not fit; starting over", 0, NOTICE)
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

    def _is_clean(self, place: Path) -> bool:
        if self._scanner is None:
            return False
        findings = self._scanner(place)
        if findings:
            raise PermanentError(codes.PICKLE, f"An exception allows it, but the scan found: {'; '.join(findings)}.")
        return True

    def _build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        from trueup.adapters.builders.builder import BuildTask
        from trueup.adapters.stores.statements import Made, statement_of

        builder = self._builders.get(build.mode)
        if builder is None:
            known = ", ".join(f"`{m}`" for m in sorted({*self._builders, "none"}))
            raise PermanentError(codes.NO_BUILDER, f"{build.id} has mode `{build.mode}`; known here are {known}.")
        partial = self._layout.partial(build.key)
        content, kept = partial / "content", partial / KEPT
        discard_but(kept)
        content.mkdir(parents=True)
        kept.mkdir(exist_ok=True)
        inputs, began = self._inputs(build), self._clock.now()
        try:
            built = builder.build(BuildTask(source, content, dict(build.parameters), inputs, kept), progress)
            is_folder = built.path == content
            files = _built_files(build, content, built.path)
        except BaseException:
            # A half-written result is of no use to the next try; what the builder kept for it is.
            discard_but(kept)
            raise
        discard(kept)
        digest = digest_of_artifact(files, is_folder=is_folder)
        made = Made(build, built, files, digest, began, self._clock.now())
        statement = statement_of(self._layout, made, source)
        origin: dict[str, Json] = {
            "build": build.to_json(),
            "tools": dict(built.tools),
            "simulated": built.simulated,
            "provenance": digest_of_bytes(statement),
        }
        return admit(self._layout, build.key, digest, files, {"isFolder": is_folder, "origin": origin}, statement)

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
