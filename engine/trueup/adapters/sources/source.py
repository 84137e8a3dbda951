"""What every source gives: a listing of files that can be opened at an offset, so that a copy can be continued."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from trueup.adapters.sources import codes
from trueup.adapters.sources.safety import check_paths, check_sizes
from trueup.adapters.sources.selection import select
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.suggestions import did_you_mean
from trueup.desired.state import Access

EVERYTHING = Access()
"""A source asked for all it has, by its address alone."""


class Content(Protocol):
    """Bytes of a file, read to their end; what can break on the way raises `TransientError` where a retry may help."""

    def read(self, size: int = ..., /) -> bytes:
        """Return up to *size* bytes, none at the end."""
        ...

    def close(self) -> None:
        """Give back what it is read through."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an artifact.

    Attributes:
        path: Its path inside the artifact, with `/`.
        size_bytes: Its size.
        open_at: How to read it from an offset.
        digest: What its bytes are by the source's own word, None when it does not say; a copy is held to it.
        tag: The source's name for this content (an ETag); another content has another.
    """

    path: str
    size_bytes: int
    open_at: Callable[[int], Content]
    digest: Digest | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a URI stands for: one file, or a folder of files in the order of their paths.

    Attributes:
        name: A name for people.
        is_folder: Whether it is a folder, even one with a single file.
        files: The files.
        revision: What the source calls exactly this content (a commit, a manifest's digest), empty when nothing.
        is_remote: Whether it comes over a network, where more connections are faster than more processors.
    """

    name: str
    is_folder: bool
    files: tuple[SourceFile, ...]
    revision: str = ""
    is_remote: bool = False

    @property
    def size_bytes(self) -> int:
        """All bytes together."""
        return sum(f.size_bytes for f in self.files)


class Source(Protocol):
    """One way to get bytes."""

    def list(self, uri: str, access: Access) -> Listing:
        """Return what *uri* stands for without reading content; raise when it cannot be had.

        `access.files` is not the source's to heed; a source that can ask for less may.
        """
        ...


Sources = Mapping[str, Source]
"""Sources by URI scheme; plugins of the group `trueup.sources` add theirs."""


def list_source(sources: Sources, uri: str, access: Access = EVERYTHING) -> Listing:
    """Find the source for the scheme of *uri* and ask it for the listing, of the files that are wanted.

    Raises:
        PermanentError: No source knows the scheme (ART101), a glob fits nothing (ART115), the listing has a path
            (ART103, ART109) or a size (ART110) that no artifact may have, or what the source itself raises.
        TransientError: The source cannot be reached now.
    """
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme not in sources:
        known = ", ".join(f"`{s}:`" for s in sorted(sources))
        what = f"`{uri}` has the scheme `{scheme}`" if colon else f"`{uri}` has no scheme"
        hint = did_you_mean(scheme, sources) if colon else f"did you mean `file:{uri}`?"
        raise PermanentError(codes.UNKNOWN_SCHEME, f"{what}; known here are {known}.", hint=hint)
    listing = sources[scheme].list(uri, access)
    check_paths([f.path for f in listing.files], uri)
    check_sizes([f.size_bytes for f in listing.files], uri)
    wanted = select([f.path for f in listing.files], access.files, uri)
    files = sorted((f for f in listing.files if f.path in wanted), key=lambda f: f.path)
    return replace(listing, files=tuple(files))
