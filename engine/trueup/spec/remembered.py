"""Files without a problem as bytes that can be kept, and back: what `parse` need not do twice for the same blob.

What is packed is a function of the file's bytes alone. A file with a problem, or one that takes in the text of another
file, is not packed: what there is to say of it depends on more than itself. Where the file lies is not packed either,
so that a moved file is known.
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
