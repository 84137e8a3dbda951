"""A declared resource, as the rest of the engine sees it; and where it was declared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import BlobId, Digest, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json

Path = tuple[str | int, ...]
"""A place inside a document: keys and list indexes from its top."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One declared file: its path from the repository root (with `/`), its git blob id and its bytes."""

    path: str
    blob: BlobId
    content: bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document was read from; `document` counts from 0 inside a multi-document file."""

    path: str
    blob: BlobId
    document: int
    line: int

    @property
    def span(self) -> Span:
        """The first line of the document."""
        return Span(self.path, self.line, 1)


@dataclass(frozen=True, slots=True)
class Reference:
    """One resource names another: at *path* of its document, it names *target*."""

    path: Path
    target: ResourceId


@dataclass(frozen=True, slots=True)
class Resource:
    """One declared document that passed its schema.

    Attributes:
        id: Kind, name, and version or environment.
        digest: Digest of `canonical`; the identity of the content.
        canonical: Canonical JSON of the document as declared (defaults not filled in, so that a newer tool
            gives the same digest), with the text of included files under `content` beside their `file`.
        origin: Where it was read.
        references: What it names, in document order.
    """

    id: ResourceId
    digest: Digest
    canonical: bytes
    origin: Origin
    references: tuple[Reference, ...]


Resources = Mapping[ResourceId, Resource]
"""All resources of one revision, by id."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What reading gave: the good resources and every problem of the others."""

    resources: Resources
    diagnostics: tuple[Diagnostic, ...]


_MUTABLE: Mapping[str, tuple[str, ...]] = {
    "metadata": ("labels", "annotations", "owner"),
    "spec": ("lifecycle", "providerLifecycle"),
}
"""Keys that may change after a version was merged, by the part of the document they stand in."""


def document_of(resource: Resource) -> Json:
    """Return the declared document, read anew: documents of a repository are kept in their canonical spelling."""
    found: Json = json.loads(resource.canonical)
    return found


def content_digest(resource: Resource) -> Digest:
    """Return the digest of what a version pins: the document without what may change after it was merged.

    Who owns a version, how it is labelled and where it is in its life (deprecated, archived) change without making
    it another version. Releases and evidence are bound to this digest; plans and policy look at the whole document.
    """
    return _content_digest(resource.canonical)


@lru_cache(maxsize=4096)
def _content_digest(canonical: bytes) -> Digest:
    document = json.loads(canonical)
    kept = {
        part: {k: v for k, v in value.items() if k not in _MUTABLE.get(part, ())} if isinstance(value, dict) else value
        for part, value in document.items()
    }
    return digest_of(kept)
