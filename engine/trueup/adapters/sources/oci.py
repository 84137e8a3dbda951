"""`oci://REGISTRY/REPOSITORY`: models in OCI registries, in the layout of CNCF ModelPack and as `oras push` writes it.

A tag is resolved to the manifest's digest first; everything else is asked by digest. Layers are files of their own, or
archives of files. Formats: https://github.com/modelpack/model-spec (`docs/spec.md`, `docs/annotations.md`) and
https://github.com/opencontainers/distribution-spec. Credentials are docker's own, or `user:password` by reference.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trueup.adapters.sources import codes
from trueup.adapters.sources.extras import library
from trueup.adapters.sources.http import RETRY_AFTER, HttpBody, refuse_status
from trueup.adapters.sources.layers import Blob, packed_files
from trueup.adapters.sources.retries import UnreachableError, words_of
from trueup.adapters.sources.secrets import read_secret, refuse_unencrypted
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.core.digests import Digest, is_digest
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.desired.state import Access

_URI = re.compile(
    r"oci://(?P<host>[^/@\s]+)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_PATHS = ("org.cncf.model.filepath", "org.cnai.model.filepath", "org.opencontainers.image.title")
"""Annotations with a layer's path, the specification's own first; `cnai` was its name before."""
_UNPACK = "io.deis.oras.content.unpack"
_MAX_MANIFEST_BYTES = 4 << 20
"""What registries take at most (distribution-spec)."""
_SECONDS = 60
"""For a connection, and for each next byte."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A manifest of a registry."""

    uri: str
    base: str
    name: str
    reference: str


class OciSource:
    """Reads `oci://` URIs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, uri: str, access: Access) -> Listing:
        """List the files of the artifact that *uri* and the revision name."""
        match = _URI.fullmatch(uri)
        if match is None:
            detail = f"`{uri}` is not `oci://REGISTRY/REPOSITORY`, with `:TAG` or `@sha256:...` if need be."
            raise PermanentError(codes.BAD_URI, detail)
        reference = access.revision or match["digest"] or match["tag"] or "latest"
        base = access.endpoint.rstrip("/") or f"https://{match['host']}"
        place = _Place(uri, base, match["name"], reference)
        registry = self._registry(place, read_secret(access.credentials, self._root))
        manifest, digest = _manifest(registry, place)
        files: list[SourceFile] = []
        for layer in _layers(place, manifest):
            blob = _blob(registry, place, layer)
            files += packed_files(blob) if _is_packed(layer) else [_plain(place, layer, blob)]
        if not files:
            raise PermanentError(codes.BAD_ANSWER, f"`{uri}` has no layer with files.")
        return Listing(match["name"].rsplit("/", 1)[-1], True, tuple(files), digest, is_remote=True)

    @staticmethod
    def _registry(place: _Place, secret: str) -> Any:
        """Return the library's client, with the credentials that are for this registry."""
        oras = library("oras.provider", "oci", "oci://")
        containers = library("oras.container", "oci", "oci://")
        parts = urlsplit(place.base)
        registry = oras.Registry(hostname=parts.netloc, insecure=parts.scheme == "http")
        if secret:
            refuse_unencrypted(place.base)
            user, colon, password = secret.partition(":")
            if not colon:
                raise PermanentError(codes.NO_SECRET, "For `oci://` a secret is `USER:PASSWORD`.")
            registry.auth.set_basic_auth(user, password)
        else:
            registry.auth.load_configs(containers.Container(f"{parts.netloc}/{place.name}"))
        return registry


def _manifest(registry: Any, place: _Place) -> tuple[Mapping[str, Any], Digest]:
    """Return the manifest and its digest, which is the one that was asked for if one was."""
    with _answer(registry, place, f"manifests/{place.reference}", {"Accept": _MANIFESTS}) as body:
        content = b""
        while len(content) <= _MAX_MANIFEST_BYTES and (chunk := body.read(1 << 20)):
            content += chunk
    digest = Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")
    if is_digest(place.reference) and digest != place.reference:
        detail = f"`{place.uri}` gave a manifest with {digest} where {place.reference} was asked for."
        raise PermanentError(codes.OTHER_BYTES, detail)
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise PermanentError(codes.BAD_ANSWER, f"`{place.uri}`: its manifest is no JSON.") from error
    if not isinstance(manifest, dict) or "manifests" in manifest:
        detail = f"`{place.uri}` names an index of several artifacts; name the digest of one as `revision`."
        raise PermanentError(codes.BAD_ANSWER, detail)
    return manifest, digest


@dataclass(frozen=True, slots=True)
class _Layer:
    kind: str
    digest: Digest
    size_bytes: int
    path: str
    unpack: bool


def _layers(place: _Place, manifest: Mapping[str, Any]) -> list[_Layer]:
    try:
        return [_layer(layer) for layer in manifest["layers"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(codes.BAD_ANSWER, f"`{place.uri}`: its manifest has no list of layers.") from error


def _layer(layer: Mapping[str, Any]) -> _Layer:
    notes = layer.get("annotations") or {}
    digest, size = layer["digest"], layer["size"]
    if not is_digest(digest) or not isinstance(size, int):
        raise ValueError("no digest or size")
    path = next((str(notes[key]) for key in _PATHS if notes.get(key)), "")
    return _Layer(
        str(layer.get("mediaType", "")), Digest(digest), size, path, str(notes.get(_UNPACK, "")).lower() == "true"
    )


def _is_packed(layer: _Layer) -> bool:
    """Tell whether a layer is an archive. `oras push` calls every file a tar layer, and marks those that are."""
    if layer.unpack:
        return True
    is_tar = layer.kind.endswith((".tar", "+gzip", ".gzip", "+zstd"))
    return is_tar and not (layer.kind.startswith("application/vnd.oci.image.layer.") and layer.path)


def _plain(place: _Place, layer: _Layer, blob: Blob) -> SourceFile:
    if not layer.path:
        detail = f"`{place.uri}`: a layer of type `{layer.kind}` says no path (`{_PATHS[0]}`)."
        raise PermanentError(codes.BAD_ANSWER, detail)
    return SourceFile(layer.path, layer.size_bytes, blob.open_at, layer.digest)


def _blob(registry: Any, place: _Place, layer: _Layer) -> Blob:
    def open_at(offset: int) -> HttpBody:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        return _answer(registry, place, f"blobs/{layer.digest}", headers, offset)

    return Blob(place.uri, layer.kind, layer.digest, layer.size_bytes, open_at)


def _answer(registry: Any, place: _Place, what: str, headers: dict[str, str], offset: int = 0) -> HttpBody:
    requests = library("requests", "oci", "oci://")
    protocol = library("urllib3", "oci", "oci://").exceptions.HTTPError
    address = f"{place.base}/v2/{place.name}/{what}"
    try:
        # Plain bytes: what is unpacked on the way has another length than was announced.
        response = _sent(registry, address, {**headers, "Accept-Encoding": "identity"})
    except requests.RequestException as error:
        raise UnreachableError(f"{address}: {words_of(error)}.") from error
    if response.status_code not in (200, 206):
        response.close()
        refuse_status(response.status_code, response.headers.get(RETRY_AFTER), address)
    length = response.headers.get("Content-Length", "")
    body = HttpBody(response.raw, int(length) if length.isdecimal() else None, address, (protocol,))
    if offset and response.status_code == 200:
        body.skip(offset)
    return body


def _sent(registry: Any, address: str, headers: dict[str, str]) -> Any:
    """Return the answer, after showing the registry what it asks for: a token, or user and password.

    The library's own call is not used: it waits minutes by itself where the copier knows better, and knows no registry
    that asks for user and password.
    """
    auth = registry.auth
    known = {"Authorization": f"Bearer {auth.token}"} if auth.token else {}
    response = registry.session.get(address, headers={**headers, **known}, stream=True, timeout=_SECONDS)
    if response.status_code != 401:
        return response
    challenge = response.headers.get("WWW-Authenticate", "").lower()
    basic = getattr(auth, "_basic_auth", None)
    if challenge.startswith("bearer"):
        shown, _ = auth.authenticate_request(response, dict(headers), refresh=True)
    elif challenge.startswith("basic") and basic:
        shown = {**headers, "Authorization": f"Basic {basic}"}
    else:
        return response
    response.close()
    return registry.session.get(address, headers=shown, stream=True, timeout=_SECONDS)
