"""Signatures of models, made and verified by the library of the specification."""

from pathlib import Path

import pytest

from artifacts import MemorySource
from trueup.adapters.signatures import codes
from trueup.adapters.signatures.oms import ModelSigning
from trueup.core.diagnostics import Diagnostic
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.workflows.codes import NOTHING_DECLARED

pytest.importorskip("model_signing", reason="needs the `signing` extra")

FILES = {"model.safetensors": b"weights" * 100, "config.json": b"{}"}
KEY: dict[str, Json] = {"method": "key", "publicKey": "docs/model.pem"}


@pytest.fixture(scope="module")
def keys() -> tuple[bytes, bytes]:
    """Return a private and its public key."""
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    return (
        private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()),
        private.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo),
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


def sign(model: Path, signature: Path, private: bytes) -> bytes:
    from model_signing import signing

    key = model.parent / "private.pem"
    key.write_bytes(private)
    signing.Config().use_elliptic_key_signer(private_key=key).sign(model, signature)
    return signature.read_bytes()


def verifier(public: bytes, bundles: dict[str, bytes] | None = None) -> ModelSigning:
    def read(path: str) -> bytes | Diagnostic:
        return public if path == "docs/model.pem" else Diagnostic(NOTHING_DECLARED, "no such file")

    return ModelSigning(read, {"mem": MemorySource(bundles or {})})


def refused(verifier: ModelSigning, model: Path, declared: dict[str, Json]) -> tuple[object, str]:
    with pytest.raises(PermanentError) as caught:
        verifier.verify(model, declared)
    return caught.value.code, caught.value.detail


def test_a_signature_beside_the_weights_holds_wherever_they_lie(
    model: Path, keys: tuple[bytes, bytes], tmp_path: Path
) -> None:
    sign(model, model / "model.sig", keys[0])
    said = verifier(keys[1]).verify(model.rename(tmp_path / "content"), KEY)
    assert said.startswith("model-signing ")
    assert said.endswith("signed with the key docs/model.pem")


def test_a_signature_from_elsewhere_holds(model: Path, keys: tuple[bytes, bytes], tmp_path: Path) -> None:
    bundle = sign(model, tmp_path / "apart.sig", keys[0])
    assert verifier(keys[1], {"mem:x": bundle}).verify(model, {**KEY, "bundle": "mem:x"})


@pytest.mark.parametrize("change", ["another byte", "a file more", "a file less"])
def test_other_bytes_than_were_signed_are_refused(model: Path, keys: tuple[bytes, bytes], change: str) -> None:
    sign(model, model / "model.sig", keys[0])
    match change:
        case "another byte":
            (model / "config.json").write_bytes(b"[]")
        case "a file more":
            (model / "more.py").write_bytes(b"evil")
        case _:
            (model / "config.json").unlink()
    code, detail = refused(verifier(keys[1]), model, KEY)
    assert code is codes.NOT_VERIFIED
    assert "mismatch" in detail


def test_another_signer_is_refused(model: Path, keys: tuple[bytes, bytes]) -> None:
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    sign(model, model / "model.sig", keys[0])
    public = other.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    assert refused(verifier(public), model, KEY)[0] is codes.NOT_VERIFIED


@pytest.mark.parametrize("content", [b"", b"no json", b"{}", b"[]", b'{"dsseEnvelope": 1}'])
def test_a_signature_that_is_none_is_refused(model: Path, keys: tuple[bytes, bytes], content: bytes) -> None:
    code, _ = refused(verifier(keys[1], {"mem:x": content}), model, {**KEY, "bundle": "mem:x"})
    assert code is codes.NOT_VERIFIED


def test_a_key_that_is_none_is_refused(model: Path, keys: tuple[bytes, bytes]) -> None:
    sign(model, model / "model.sig", keys[0])
    assert refused(verifier(b"no key"), model, KEY)[0] is codes.NOT_VERIFIED


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"method": "key"}, "The method is `key`"),
        ({"method": "sigstore", "identity": "ada@example.com"}, "The method is `sigstore`"),
        ({"method": "key", "publicKey": "docs/none.pem"}, "`docs/none.pem`: no such file"),
    ],
)
def test_what_is_not_declared_is_asked_for(
    model: Path, keys: tuple[bytes, bytes], declared: dict[str, Json], says: str
) -> None:
    sign(model, model / "model.sig", keys[0])
    code, detail = refused(verifier(keys[1]), model, declared)
    assert (code, says in detail) == (codes.INCOMPLETE, True)


def test_a_signature_that_is_nowhere_is_asked_for(model: Path, keys: tuple[bytes, bytes]) -> None:
    assert refused(verifier(keys[1]), model, KEY)[0] is codes.INCOMPLETE
    folder = verifier(keys[1], {"mem:x": {"a": b""}})  # type: ignore[dict-item]  # a folder where a file belongs
    assert refused(folder, model, {**KEY, "bundle": "mem:x"})[0] is codes.INCOMPLETE
