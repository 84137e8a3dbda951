"""`EvidenceSeal` by Ed25519 keys: one that signs, and those whose signatures count.

Source: RFC 8032; envelopes as `evidence.statement` has them. The key id is the SHA-256 of the public key's 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from trueup.adapters.signatures import codes
from trueup.core.errors import PermanentError

_KEY_BYTES = 32


class Ed25519Seal:
    """Signs with the key that *read_key* gives (PEM; empty for none), and counts signatures by *trusted* keys.

    Args:
        read_key: Gives the private key when something is to be signed, and no sooner.
        trusted: Base64 of each public key, by whose it is.
    """

    def __init__(self, read_key: Callable[[], bytes], trusted: Mapping[str, str]) -> None:
        self._read_key = read_key
        self._trusted = trusted

    @property
    def verifies(self) -> bool:
        """Whether any signature could count."""
        return bool(self._trusted)

    def seal(self, statement: bytes) -> bytes:
        """Return *statement* in a signed envelope; itself where no key is configured.

        Raises:
            PermanentError: The key is no Ed25519 key, or the library is missing.
        """
        key = self._key
        if key is None:
            return statement
        from trueup.evidence.statement import Envelope, Signature

        unsigned = Envelope(statement, ())
        public = key.public_key().public_bytes_raw()
        signature = Signature(hashlib.sha256(public).hexdigest(), key.sign(unsigned.signed_bytes))
        return Envelope(statement, (signature,)).to_bytes()

    def opened(self, kept: bytes) -> tuple[str, bytes]:
        """Return who signed *kept*, and the statement in it."""
        from trueup.evidence.statement import read_envelope

        envelope = read_envelope(kept)
        if envelope is None:
            return "", kept
        for name, public in self._keys.items():
            if any(_is_signed(public, s.signature, envelope.signed_bytes) for s in envelope.signatures):
                return name, envelope.payload
        return "", envelope.payload

    @cached_property
    def _key(self) -> Any:
        pem = self._read_key()
        if not pem:
            return None
        library = _library()
        try:
            key = library.serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise PermanentError(codes.BAD_SIGNING_KEY, f"{error}.") from error
        if not isinstance(key, library.Ed25519PrivateKey):
            raise PermanentError(codes.BAD_SIGNING_KEY, f"It is a {type(key).__name__}.")
        return key

    @cached_property
    def _keys(self) -> dict[str, Any]:
        return {name: _public(name, text) for name, text in self._trusted.items()}


class _Library:
    """The parts of `cryptography` that are used."""

    def __init__(self) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

        self.serialization = serialization
        self.Ed25519PrivateKey = Ed25519PrivateKey
        self.Ed25519PublicKey = Ed25519PublicKey
        self.InvalidSignature = InvalidSignature


def _library() -> _Library:
    try:
        return _Library()
    except ImportError as error:
        raise PermanentError(codes.NO_CRYPTOGRAPHY, str(error)) from error


def _public(name: str, text: str) -> Any:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PermanentError(codes.BAD_TRUSTED_KEY, f"The key of `{name}` is no base64.") from error
    if len(raw) != _KEY_BYTES:
        raise PermanentError(codes.BAD_TRUSTED_KEY, f"The key of `{name}` has {len(raw)} bytes, not {_KEY_BYTES}.")
    return _library().Ed25519PublicKey.from_public_bytes(raw)


def _is_signed(public: Any, signature: bytes, message: bytes) -> bool:
    try:
        public.verify(signature, message)
    except _library().InvalidSignature:
        return False
    return True
