"""`Store` over a folder here and a store that others share: what one machine fetched or built, the others only copy.

Looking never leaves this machine, so that a plan needs no network; acting asks the remote store before the source or
the builder, and gives it what it lacked. A remote store that cannot be used costs time and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from trueup.adapters.stores.directory import DirectoryStore
from trueup.adapters.stores.remote import RemoteStore
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError, TransientError
from trueup.desired.state import ArtifactPin, BuildPin
from trueup.ports import NOTICE, Progress, StoreEntry

T = TypeVar("T")


class MirroredStore:
    """A directory store and the remote one behind it."""

    def __init__(self, local: DirectoryStore, remote: RemoteStore) -> None:
        self._local = local
        self._remote = remote

    def find(self, key: Digest) -> Path | None:
        """Return where the artifact under *key* lies here, None unless present and whole."""
        return self._local.find(key)

    def present(self, keys: Iterable[Digest]) -> frozenset[Digest]:
        """Return those of *keys* that are here and whole."""
        return self._local.present(keys)

    def entry(self, key: Digest) -> StoreEntry | None:
        """Return what was noted here of *key*."""
        return self._local.entry(key)

    def keys(self) -> Iterator[Digest]:
        """Yield the keys of everything here."""
        return self._local.keys()

    def leftovers(self) -> Iterator[Digest]:
        """Yield the keys of what is half-done, or was damaged and set aside, here."""
        return self._local.leftovers()

    def remove(self, key: Digest) -> int:
        """Remove what lies under *key* here; the remote store is collected by whoever owns it."""
        return self._local.remove(key)

    def inspect(self, artifact: ArtifactPin, look: Callable[[Path], T], progress: Progress) -> T:
        """Return what *look* sees of the bytes of *artifact*, from its source."""
        return self._local.inspect(artifact, look, progress)

    def fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool = False) -> Path:
        """Bring *artifact* in from the remote store, or else from its source; what has pickles from there alone."""
        make = partial(self._local.fetch, artifact, progress, allow_pickle=allow_pickle)
        return self._have(artifact.digest, artifact.uri, progress, make, declared=artifact.format)

    def build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        """Take the result of *build* from the remote store, or else build it."""
        if build.mode == "none":
            return source
        return self._have(build.key, str(build.id), progress, partial(self._local.build, build, source, progress))

    def _have(
        self, key: Digest, what: str, progress: Progress, make: Callable[[], Path], *, declared: str = ""
    ) -> Path:
        found = self._local.find(key) or self._pulled(key, what, progress, declared)
        if found is not None:
            return found
        made = make()
        held = self._local.held(key)
        if held is not None:
            content = made if held.manifest.is_folder else made.parent
            self._tried(what, progress, lambda: self._remote.put(held, content))
        return made

    def _pulled(self, key: Digest, what: str, progress: Progress, declared: str) -> Path | None:
        held = self._tried(what, progress, lambda: self._remote.held(key))
        if held is None:
            return None
        listing = self._remote.listing(held.manifest)
        take = partial(self._local.take, held, listing, what, progress, declared=declared)
        return self._tried(what, progress, take)

    def _tried(self, what: str, progress: Progress, work: Callable[[], T]) -> T | None:
        """Return what *work* gives; None, told, when the remote store does not let it."""
        try:
            return work()
        except (PermanentError, TransientError) as error:
            progress(f"{what}: going on without the remote store: {error.detail}", 0, NOTICE)
            return None
