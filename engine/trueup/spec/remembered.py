"""Files without a problem as bytes that can be kept, and back: what `parse` need not do twice for the same blob.

What is packed is a function of the file's bytes alone, or of those and of the texts that it takes in. A file with a
problem is not packed. Where the file lies is not packed either, so that a moved file is known.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trueup.core.digests import BlobId, Digest
from trueup.core.ids import ResourceId
from trueup.spec.resource import Origin, Reference, Resource, SourceFile

_Row = tuple[int, int, Sequence[str], str, int, Sequence[tuple[Sequence[str | int], Sequence[str]]]]


@dataclass(frozen=True, slots=True)
class Noted:
    """A file that was read and that there is nothing to be said of.

    Attributes:
        path: Where it lies.
        blob: Its blob; empty where only its bytes say what it is.
        packed: What `pack` makes of it.
        included: Files whose text it takes in, as it names them. What is packed is then no function of its bytes alone.
    """

    path: str
    blob: BlobId
    packed: bytes
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recalled:
    """A file that need not be read: what `pack` made of one with the same blob.

    Attributes:
        path: Where it lies now.
        blob: Its blob.
        packed: What `pack` made.
        read: Reads it all the same; None when it is gone.
    """

    path: str
    blob: BlobId
    packed: bytes
    read: Callable[[], SourceFile | None]


def pack(resources: Sequence[Resource]) -> bytes:
    """Return the resources of one file as bytes; their path and blob are left out."""
    rows = [
        [r.origin.document, r.origin.line, _id(r.id), r.digest, len(r.canonical), _references(r)] for r in resources
    ]
    head = json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()
    return b"%d\n" % len(head) + head + b"".join(r.canonical for r in resources)


def unpack(file: Recalled) -> list[Resource] | None:
    """Return the resources of a file; None when `pack` did not make what is said of it."""
    try:
        length, _, rest = file.packed.partition(b"\n")
        start = int(length)
        return _resources(file, json.loads(rest[:start]), rest, start)
    except (ValueError, TypeError):
        return None


def _resources(file: Recalled, rows: Sequence[_Row], rest: bytes, start: int) -> list[Resource] | None:
    found = []
    for document, line, id_, digest, size, references in rows:
        canonical = rest[start : start + size]
        start += size
        named = tuple(Reference(tuple(path), ResourceId(*target)) for path, target in references)
        origin = Origin(file.path, file.blob, document, line)
        found.append(Resource(ResourceId(*id_), Digest(digest), canonical, origin, named))
    return found if start == len(rest) else None


def _references(resource: Resource) -> list[Any]:
    return [[r.path, _id(r.target)] for r in resource.references]


def _id(id_: ResourceId) -> list[str]:
    return [id_.kind, id_.name, id_.version, id_.environment]
