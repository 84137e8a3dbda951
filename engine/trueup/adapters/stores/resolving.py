"""`SourceResolver` over the sources: lists, hashes what the source gives no digest of, and lists again."""

from threading import Event

from trueup.adapters.sources import codes
from trueup.adapters.sources.retries import PATIENT, Patience, again
from trueup.adapters.sources.source import Listing, Sources, list_source
from trueup.adapters.stores.hashing import digest_of_artifact
from trueup.adapters.stores.transfer import hash_listing
from trueup.core.errors import PermanentError
from trueup.desired.state import Access
from trueup.ports import Progress, Resolved


class HashingResolver:
    """Asks sources what they have; nothing of it is kept.

    Args:
        sources: Where artifacts come from, by URI scheme.
        patience: How long a source that does not answer is asked again.
    """

    def __init__(self, sources: Sources, *, patience: Patience = PATIENT) -> None:
        self._sources, self._patience = sources, patience

    def resolve(self, uri: str, access: Access, progress: Progress) -> Resolved:
        """Return what *uri* stands for now.

        Raises:
            PermanentError: It cannot be had, or it was changed while it was read (ART108).
            TransientError: The source was given up.
        """
        listing = self._list(uri, access)
        files = hash_listing(listing, uri, progress, patience=self._patience)
        # What has no name of its own may have been replaced while it was read, one file after another.
        if not listing.revision and _shape(listing) != _shape(self._list(uri, access)):
            raise PermanentError(codes.CHANGED, f"`{uri}` is not what it was when it was listed.")
        digest = digest_of_artifact(files, is_folder=listing.is_folder)
        return Resolved(listing.revision, digest, len(files), listing.size_bytes)

    def _list(self, uri: str, access: Access) -> Listing:
        return again(lambda: list_source(self._sources, uri, access), self._patience, Event().wait)


def _shape(listing: Listing) -> list[tuple[str, int, str]]:
    return [(f.path, f.size_bytes, f.tag) for f in listing.files]
