"""What a file declares and what differs between two of its contents, as far as history needs to know.

A document is one that names a kind and itself; whether today's kinds would accept it does not matter, because it may
be older than they are.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from trueup.core.digests import BlobId
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical, mapping_of
from trueup.spec.kinds import KINDS
from trueup.spec.resource import SourceFile
from trueup.spec.yaml.load import load_file

_NAMED_FIELDS = 3
"""Fields named of one change; the rest is counted."""
_MOST_KEPT_BYTES = 48_000_000
"""Bytes of documents kept while an index is made: a file is looked at as the new one, and later as the old one."""

_MOST_PARTS = 30_000
"""Documents kept beside, because most commits change one of several in a file."""

Declared = Mapping[str, tuple[bytes, ...]]
"""Documents of a file by address, each spelled canonically; more than one under an address is a mistake."""

_Part = tuple[tuple[str, bytes], ...]
"""What one document of a file declares: itself by its address, or nothing."""
_BEGINS = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

ReadBlobs = Callable[[Sequence[BlobId]], Iterable[bytes]]


def declared(content: bytes, parts: dict[bytes, _Part] | None = None) -> Declared:
    """Return what *content* declares; *parts* are documents that were read before, and those that are read now."""
    known = {} if parts is None else parts
    found: dict[str, tuple[bytes, ...]] = {}
    for part in _split(content):
        key = blake2b(part, digest_size=16).digest()
        if key not in known:
            known[key] = _read(part)
        for address, document in known[key]:
            found[address] = (*found.get(address, ()), document)
    return found


def _split(content: bytes) -> list[bytes]:
    """Cut a file where a document begins, which a line of three dashes does wherever it stands.

    What stands in front of the dashes may be about the document behind them: then it stays whole.
    """
    if content.startswith(b"%") or b"\n%" in content or content.startswith(_BYTE_ORDER_MARKS):
        return [content]
    starts = [match.start() for match in _BEGINS.finditer(content)]
    return [content[start:end] for start, end in pairwise([0, *starts, len(content)]) if end > start]


def _read(part: bytes) -> _Part:
    loaded = load_file(SourceFile("", BlobId(""), part))
    named = ((_identity(document.value), document.value) for document in loaded.documents)
    return tuple((str(id_), _spelled(value)) for id_, value in named if id_ is not None)


def fields_between(before: Sequence[bytes], after: Sequence[bytes]) -> str:
    """Name the fields that differ, `spec.replicas, spec.runtime.threads +2`; empty where they cannot be told."""
    if len(before) != 1 or len(after) != 1 or before == after:
        return ""
    names = list(_differing(json.loads(before[0]), json.loads(after[0]), ""))
    rest = len(names) - _NAMED_FIELDS
    return ", ".join(names[:_NAMED_FIELDS]) + (f" +{rest}" if rest > 0 else "")


def _differing(before: Any, after: Any, place: str) -> Iterator[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield place
        return
    for key in [*before, *(key for key in after if key not in before)]:
        where = f"{place}.{key}" if place else key
        if key not in before or key not in after:
            yield where
        elif before[key] != after[key]:
            yield from _differing(before[key], after[key], where)


@dataclass(slots=True)
class Documents:
    """What blobs declare, read some at a time and kept while there is room."""

    read: ReadBlobs
    _kept: "OrderedDict[str, Declared]"
    _parts: dict[bytes, _Part]
    _bytes: int = 0

    @classmethod
    def of(cls, read: ReadBlobs) -> "Documents":
        """Return one that reads by *read*."""
        return cls(read, OrderedDict(), {})

    def load(self, blobs: Iterable[str]) -> None:
        """Read those of *blobs* that are not kept, all at once."""
        missing = [BlobId(b) for b in dict.fromkeys(blobs) if b and b not in self._kept]
        for blob, content in zip(missing, self.read(missing) if missing else (), strict=True):
            self._kept[blob] = found = declared(content, self._parts)
            self._bytes += _weight(found)

    def of_blob(self, blob: str) -> Declared:
        """Return what *blob* declares; nothing for none."""
        if not blob:
            return {}
        if blob not in self._kept:
            self.load([blob])
        self._kept.move_to_end(blob)
        return self._kept[blob]

    def forget(self) -> None:
        """Make room: those go first that were not asked for for the longest time."""
        while self._bytes > _MOST_KEPT_BYTES and self._kept:
            _, old = self._kept.popitem(last=False)
            self._bytes -= _weight(old)
        for key in list(self._parts)[: max(0, len(self._parts) - _MOST_PARTS)]:
            del self._parts[key]


def _weight(found: Declared) -> int:
    return 200 + sum(len(document) for documents in found.values() for document in documents)


def _identity(value: Json) -> ResourceId | None:
    whole = mapping_of(value)
    kind, metadata = whole.get("kind"), mapping_of(whole.get("metadata"))
    name = metadata.get("name")
    if not isinstance(kind, str) or kind not in KINDS or not isinstance(name, str):
        return None
    version = environment = ""
    if KINDS[kind].versioned:
        said = metadata.get("version")
        version = str(said) if isinstance(said, str | int) and not isinstance(said, bool) else ""
    if kind == "Deployment":
        where = mapping_of(whole.get("spec")).get("environment")
        environment = where if isinstance(where, str) else ""
    return ResourceId(kind, name, version, environment)


def _spelled(value: Any) -> bytes:
    try:
        return canonical(value)
    except (ValueError, RecursionError):
        return repr(value).encode("utf-8", "backslashreplace")
