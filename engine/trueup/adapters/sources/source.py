"""What every source gives: a listing of files that can be opened at an offset, so that a copy can be continued."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from trueup.adapters.sources import codes
from trueup.core.errors import PermanentError
from trueup.core.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an artifact: its path inside it (with `/`), its size, and how to read it from an offset."""

    path: str
    size_bytes: int
    open_at: Callable[[int], BinaryIO]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a URI stands for: one file, or a folder of files in the order of their paths."""

    name: str
    is_folder: bool
    files: tuple[SourceFile, ...]

    @property
    def size_bytes(self) -> int:
        """All bytes together."""
        return sum(f.size_bytes for f in self.files)


class Source(Protocol):
    """One way to get bytes."""

    def list(self, uri: str) -> Listing:
        """Return what *uri* stands for without reading content; raise when it cannot be had."""
        ...


Sources = Mapping[str, Source]
"""Sources by URI scheme; plugins of the group `trueup.sources` add theirs."""


def list_source(sources: Sources, uri: str) -> Listing:
    """Find the source for the scheme of *uri* and ask it for the listing.

    Raises:
        PermanentError: No source knows the scheme (ART101), or what the source itself raises.
    """
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme not in sources:
        known = ", ".join(f"`{s}:`" for s in sorted(sources))
        what = f"`{uri}` has the scheme `{scheme}`" if colon else f"`{uri}` has no scheme"
        hint = did_you_mean(scheme, sources) if colon else f"did you mean `file:{uri}`?"
        raise PermanentError(codes.UNKNOWN_SCHEME, f"{what}; known here are {known}.", hint=hint)
    return sources[scheme].list(uri)
