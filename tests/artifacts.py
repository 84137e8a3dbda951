"""Artifacts for tests: sources in memory, small safetensors, and the repository's tiny models."""

import importlib.util
import io
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from trueup.adapters.sources import codes
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.core.digests import Digest, digest_of, digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.core.ids import ResourceId
from trueup.desired.build_key import build_key
from trueup.desired.state import Access, ArtifactPin, BuildPin

REPOSITORY = Path(__file__).resolve().parents[1]
TINY = REPOSITORY / "models" / "tiny"


def silent(what: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


@dataclass
class MemorySource:
    """A source whose files are in memory; counts how often each was opened, and at which offsets."""

    artifacts: Mapping[str, bytes | Mapping[str, bytes]]
    opened: list[tuple[str, int]] = field(default_factory=list)
    wrap: Callable[[BinaryIO], BinaryIO] = lambda content: content

    def list(self, uri: str, access: Access) -> Listing:
        if uri not in self.artifacts:
            raise PermanentError(codes.MISSING, f"`{uri}` is not there.")
        content = self.artifacts[uri]
        files = {"file": content} if isinstance(content, bytes) else content
        rows = tuple(SourceFile(path, len(text), self._opener(path, text)) for path, text in sorted(files.items()))
        return Listing("artifact", not isinstance(content, bytes), rows)

    def _opener(self, path: str, content: bytes) -> Callable[[int], BinaryIO]:
        def open_at(offset: int) -> BinaryIO:
            self.opened.append((path, offset))
            stream = io.BytesIO(content)
            stream.seek(offset)
            return self.wrap(stream)

        return open_at


def digest_of_content(content: bytes | Mapping[str, bytes]) -> Digest:
    """Return the digest of a file or folder, as models/README.md describes it."""
    if isinstance(content, bytes):
        return digest_of_bytes(content)
    return digest_of([[path, len(text), digest_of_bytes(text)] for path, text in sorted(content.items())])


def pin(uri: str, content: bytes | Mapping[str, bytes], declared: str = "jsonl") -> ArtifactPin:
    """Return the pin of *content* at *uri*."""
    return ArtifactPin(uri, digest_of_content(content), declared)


def build_pin(mode: str, source: Digest, **parameters: Any) -> BuildPin:
    """Return a declared build of *source*."""
    key = build_key(source, mode, parameters)
    return BuildPin(ResourceId("Build", "b", "1"), digest_of(parameters), mode, tuple(parameters.items()), key)


def safetensors(tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]]) -> bytes:
    """Spell tensors, given as type, shape and bytes, as a safetensors file."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(body), len(body) + len(content)]}
        body += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def broken_tiny(target: Path, fault: str) -> Path:
    """Derive a broken model from version 2, as models/tiny/faults.py does."""
    spec = importlib.util.spec_from_file_location("tiny_faults", TINY / "faults.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    derived: Path = module.derive(TINY / "v2", target, fault)
    return derived
