"""Content digests: `sha256:` and 64 hexadecimal digits, as OCI, in-toto and model hubs spell them."""

import hashlib
import re
from typing import NewType

from trueup.core.json import Json, canonical

Digest = NewType("Digest", str)
"""A content digest, `sha256:<64 hex>`."""

Revision = NewType("Revision", str)
"""A git commit id, 40 (SHA-1) or 64 (SHA-256) hexadecimal digits."""

BlobId = NewType("BlobId", str)
"""A git blob id; empty for content that git does not hold yet (a dirty file)."""

DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"
_DIGEST = re.compile(DIGEST_PATTERN)


def digest_of_bytes(content: bytes) -> Digest:
    """Return the digest of *content*."""
    return Digest("sha256:" + hashlib.sha256(content).hexdigest())


def digest_of(value: Json) -> Digest:
    """Return the digest of the canonical JSON of *value*."""
    return digest_of_bytes(canonical(value))


def is_digest(text: str) -> bool:
    """Tell whether *text* is spelled like a digest."""
    return _DIGEST.match(text) is not None


def short(digest: str, length: int = 12) -> str:
    """Return the first *length* hexadecimal digits, for people; never for comparing."""
    return digest.removeprefix("sha256:")[:length]


def uuid_of(digest: Digest) -> str:
    """Spell a digest as a UUID of version 8, which is made from what its maker likes (RFC 9562, 5.8)."""
    octets = bytearray.fromhex(digest.removeprefix("sha256:"))[:16]
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
