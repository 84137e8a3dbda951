"""Signatures on evidence by Ed25519 keys; held to the library of the DSSE protocol's authors where it is at hand."""

import base64
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueup.adapters.signatures.ed25519 import Ed25519Seal
from trueup.core.errors import PermanentError
from trueup.evidence.statement import read_envelope

STATEMENT = b'{"_type":"x"}'


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


OURS, THEIRS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def sealing(key: Ed25519PrivateKey | None = OURS, trusted: Mapping[str, str] | None = None) -> Ed25519Seal:
    return Ed25519Seal(lambda: pem(key) if key else b"", {"ci": public(OURS)} if trusted is None else trusted)


def test_what_was_signed_is_known_by_the_name_of_its_key() -> None:
    seal = sealing()
    assert seal.opened(seal.seal(STATEMENT)) == ("ci", STATEMENT)
    assert seal.verifies


def test_a_key_that_nobody_trusts_does_not_count() -> None:
    kept = sealing(THEIRS).seal(STATEMENT)
    assert sealing().opened(kept) == ("", STATEMENT)
    assert not sealing(trusted={}).verifies


def test_without_a_key_the_statement_is_kept_as_it_is() -> None:
    seal = sealing(None)
    assert seal.seal(STATEMENT) == STATEMENT
    assert seal.opened(STATEMENT) == ("", STATEMENT)


def test_another_payload_under_the_same_signature_does_not_count() -> None:
    envelope = read_envelope(sealing().seal(STATEMENT))
    assert envelope is not None
    forged = type(envelope)(b'{"_type":"y"}', envelope.signatures)
    assert sealing().opened(forged.to_bytes()) == ("", b'{"_type":"y"}')


def test_the_same_statement_is_signed_the_same_way() -> None:
    assert sealing().seal(STATEMENT) == sealing().seal(STATEMENT)


@pytest.mark.parametrize("key", [b"nonsense", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_key_of_another_kind_is_refused(key: bytes) -> None:
    with pytest.raises(PermanentError, match="ART504"):
        Ed25519Seal(lambda: key, {}).seal(STATEMENT)


@pytest.mark.parametrize("text", ["%%%", base64.b64encode(b"short").decode()])
def test_a_trusted_key_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="ART505"):
        sealing(trusted={"ci": text}).opened(sealing().seal(STATEMENT))
