"""Ports of artifacts: where they come from, where they lie, and what is found out about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json

if TYPE_CHECKING:
    from trueup.desired.parity import RequiredParity
    from trueup.desired.state import Access, ArtifactPin, BuildPin
    from trueup.evidence.evidence import Evidence
    from trueup.ports.runs import Progress


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """What a store noted of an artifact when it admitted it.

    Attributes:
        digest: Digest of its content; for a build it differs from the key.
        files: Path, size in bytes and digest of each file.
        is_folder: It is a folder, even if of one file.
        simulated: A double of a toolchain built it.
        provenance: The in-toto statement of how it was built; empty for what was fetched.
    """

    digest: Digest
    files: tuple[tuple[str, int, Digest], ...]
    is_folder: bool = False
    simulated: bool = False
    provenance: bytes = b""


class StoreReader(Protocol):
    """What the artifact store has."""

    def find(self, key: Digest) -> Path | None:
        """Return where the artifact under *key* lies (a file or a folder), None unless present and whole."""
        ...

    def present(self, keys: Iterable[Digest]) -> frozenset[Digest]:
        """Return those of *keys* that are present and whole."""
        ...

    def entry(self, key: Digest) -> StoreEntry | None:
        """Return what was noted of *key*, None for what was never admitted; whether it is whole is not looked at."""
        ...


class Store(StoreReader, Protocol):
    """Artifacts by digest or build key; what is half done is never seen under its key."""

    def fetch(self, artifact: ArtifactPin, progress: Progress, *, allow_pickle: bool = False) -> Path:
        """Bring *artifact* in, verify its digest, and return where it lies; resume what was interrupted.

        Pickles are refused, unless an exception allows them (*allow_pickle*) and a scan finds nothing.
        """
        ...

    def build(self, build: BuildPin, source: Path, progress: Progress) -> Path:
        """Build once under the build's key and return where the result lies."""
        ...


class StoreKeeper(Protocol):
    """Takes artifacts out of the store."""

    def keys(self) -> Iterator[Digest]:
        """Yield the keys of everything in the store."""
        ...

    def leftovers(self) -> Iterator[Digest]:
        """Yield the keys of what is half-done, or was damaged and set aside."""
        ...

    def remove(self, key: Digest) -> int:
        """Remove what lies under *key* and return the bytes freed."""
        ...


class ArtifactScanner(Protocol):
    """Looks into artifacts before anything loads them."""

    @property
    def scanner(self) -> str:
        """Name and version of what scans."""
        ...

    def scan(self, artifact: ArtifactPin, progress: Progress) -> Sequence[str]:
        """Bring the bytes of *artifact* here without admitting them, and return what is dangerous in them."""
        ...


class SignatureVerifier(Protocol):
    """Verifies who signed an artifact."""

    def verify(self, artifact: Path, declared: Mapping[str, Json]) -> str:
        """Check that the declared signer signed exactly these files; return who, and what verified it; raise if not."""
        ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a source has now.

    Attributes:
        revision: What the source itself calls exactly this content, empty when it has no name for it.
        digest: Digest of the content.
        files: How many files it has.
        size_bytes: All of them together.
    """

    revision: str
    digest: Digest
    files: int
    size_bytes: int


class SourceResolver(Protocol):
    """Finds out what a source has, without keeping it."""

    def resolve(self, uri: str, access: Access, progress: Progress) -> Resolved:
        """Return what *uri* stands for now; files whose digest the source tells are not read."""
        ...


@dataclass(frozen=True, slots=True)
class ParityRequest:
    """A build to hold against its source.

    Attributes:
        required: Tokens and bounds.
        build: The Build.
        source: Where the source lies.
        result: Where what was built lies.
        text: Where the declared text lies; None for the one that ships with trueup.
        subject: Digests the evidence is bound to.
    """

    required: RequiredParity
    build: ResourceId
    source: Path
    result: Path
    text: Path | None
    subject: tuple[tuple[str, Digest], ...]


class ParityMeter(Protocol):
    """Holds builds against their sources."""

    def check(self, required: RequiredParity, source: Path, text: Path | None) -> None:
        """Raise what keeps any build of *source* from being compared, as far as the source and the text tell."""
        ...

    def measure(self, request: ParityRequest, progress: Progress) -> Evidence:
        """Compute both on the same tokens and return what was measured; raise when it could not be found out."""
        ...
