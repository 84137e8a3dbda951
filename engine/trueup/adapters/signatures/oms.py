"""`SignatureVerifier` by the library of the OpenSSF Model Signing specification.

Keys and certificates are files of the revision that is applied, so that they were reviewed with the Model. They are
verified offline; the identity of a keyless signature needs the trust root of Sigstore, which the library fetches.
"""

import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trueup.adapters.signatures import codes
from trueup.adapters.sources.source import Sources, list_source
from trueup.core.diagnostics import Diagnostic
from trueup.core.errors import PermanentError
from trueup.core.json import Json

BESIDE = "model.sig"
"""Where the specification has the signature of a folder."""
MOST_BYTES = 64 << 20
"""A signature lists every file of a model: some hundred bytes each."""

ReadFile = Callable[[str], bytes | Diagnostic]


class ModelSigning:
    """Verifies signatures; *read* gives files of the revision that is applied, *sources* what lies elsewhere."""

    def __init__(self, read: ReadFile, sources: Sources) -> None:
        self._read = read
        self._sources = sources

    def verify(self, artifact: Path, declared: Mapping[str, Json]) -> str:
        """Check that the declared signer signed exactly the files of *artifact*; return who and what verified.

        Raises:
            PermanentError: It does not hold (ART501), it says too little (ART502), the library is missing (ART503), or
                the signature cannot be had.
        """
        library = _library()
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            signature = self._signature(artifact, declared, folder)
            configured, signer = self._configured(declared, folder)
            inside = [signature] if artifact in signature.parents else []
            try:
                config = configured(library.verifying.Config())
                config.set_hashing_config(library.hashing.Config().set_ignored_paths(paths=inside))
                config.verify(artifact, signature)
            except Exception as error:
                # The library raises whatever its parts raise: JSON, keys, certificates, mismatches.
                what = " ".join(str(error).split())[:500]
                raise PermanentError(codes.NOT_VERIFIED, f"{signer}: {what or type(error).__name__}.") from error
        return f"model-signing {version('model-signing')}, {signer}"

    def _signature(self, artifact: Path, declared: Mapping[str, Json], folder: Path) -> Path:
        uri = declared.get("bundle")
        if not isinstance(uri, str):
            beside = artifact / BESIDE
            if not beside.is_file():
                detail = f"`signature.bundle` is not declared, and the weights have no `{BESIDE}`."
                raise PermanentError(codes.INCOMPLETE, detail)
            return beside
        listing = list_source(self._sources, uri)
        if listing.is_folder or listing.size_bytes > MOST_BYTES:
            detail = f"`{uri}` is no file of at most {MOST_BYTES:,} bytes."
            raise PermanentError(codes.INCOMPLETE, detail)
        with listing.files[0].open_at(0) as content:
            (folder / BESIDE).write_bytes(content.read())
        return folder / BESIDE

    def _configured(self, declared: Mapping[str, Json], folder: Path) -> tuple[Callable[[Any], Any], str]:
        """Return what sets the library to what is declared, and the signer in words."""
        match declared:
            case {"method": "sigstore", "identity": str(identity), "issuer": str(issuer)}:
                by = f"signed by {identity} ({issuer})"
                return lambda config: config.use_sigstore_verifier(identity=identity, oidc_issuer=issuer), by
            case {"method": "key", "publicKey": str(path)}:
                key = self._key(path, folder)
                return lambda config: config.use_elliptic_key_verifier(public_key=key), f"signed with the key {path}"
            case {"method": "certificate", "publicKey": str(path)}:
                chain = [self._key(path, folder)]
                by = f"signed under the certificate {path}"
                return lambda config: config.use_certificate_verifier(certificate_chain=chain), by
            case _:
                raise PermanentError(codes.INCOMPLETE, f"The method is `{declared.get('method')}`.")

    def _key(self, path: str, folder: Path) -> Path:
        content = self._read(path)
        if isinstance(content, Diagnostic):
            raise PermanentError(codes.INCOMPLETE, f"`{path}`: {content.detail}")
        (folder / "key.pem").write_bytes(content)
        return folder / "key.pem"


def _library() -> Any:
    try:
        import model_signing
        import model_signing.hashing
        import model_signing.verifying
    except ImportError as error:
        raise PermanentError(codes.NO_LIBRARY, f"{error}.") from error
    return model_signing
