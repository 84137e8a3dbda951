"""Fetches bundles from git, OCI registries and servers; what comes is compared with the pin before it is used."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from trueup.adapters.git.repository import call
from trueup.adapters.policy.bundles import codes
from trueup.adapters.policy.bundles.archive import MAX_BYTES, BundleError, Files, read_archive
from trueup.core.diagnostics import Span
from trueup.spec.bundles import BundlePin

_SECONDS = 60
_MANIFESTS = "application/vnd.oci.image.manifest.v1+json"
_TITLE = "org.opencontainers.image.title"
# What `opa` and `oras` write, and what `conftest push` writes.
_ARCHIVES = ("application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.openpolicyagent.layer.v1.tar+gzip")
_CONFTEST = "application/vnd.cncf.openpolicyagent."
_TRANSPORTS = {"GIT_ALLOW_PROTOCOL": "https:ssh:file", "GIT_TERMINAL_PROMPT": "0"}


def fetch(pin: BundlePin, *, encrypted: bool = True) -> Files:
    """Return the files that *pin* names. Credentials are those of git and of docker's configuration.

    Args:
        pin: What to fetch; its `problem` is empty.
        encrypted: Whether registries are spoken to by TLS; tests have one without.

    Raises:
        BundleError: It cannot be had, or it is not what the pin says.
    """
    match pin.scheme:
        case "git":
            return _from_git(pin)
        case "oci":
            return _from_registry(pin, encrypted=encrypted)
        case _:
            return read_archive(_from_server(pin), pin.source)


def _from_git(pin: BundlePin) -> Files:
    url = pin.source.removeprefix("git+")
    with tempfile.TemporaryDirectory(prefix="trueup-bundle-") as folder:
        place = Path(folder)
        _git(pin, place, "init", "--quiet")
        _git(pin, place, "fetch", "--quiet", "--depth=1", "--no-tags", "--", url, pin.revision)
        archived = ["archive", "--format=tar.gz", pin.revision, "--", pin.folder or "."]
        content = _git(pin, place, *archived)
    prefix = f"{pin.folder.strip('/')}/" if pin.folder.strip("./") else ""
    files = read_archive(content, pin.source)
    return [(path.removeprefix(prefix), data) for path, data in files if path.startswith(prefix)]


def _git(pin: BundlePin, place: Path, *arguments: str) -> bytes:
    status, output, errors = call(place, arguments, variables=_TRANSPORTS)
    if status:
        last = next((line for line in reversed(errors.strip().splitlines()) if line), f"git {arguments[0]} failed")
        raise _unreachable(pin, last)
    return output


def _from_server(pin: BundlePin) -> bytes:
    try:
        request = Request(pin.source, headers={"User-Agent": "trueup"})  # noqa: S310 - the pin allows https alone
        with urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            content: bytes = response.read(MAX_BYTES + 1)
    except HTTPError as error:
        error.close()
        raise _unreachable(pin, f"{pin.source} answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise _unreachable(pin, str(getattr(error, "reason", error))) from error
    return _same(pin, content, pin.digest)


def _from_registry(pin: BundlePin, *, encrypted: bool) -> Files:
    try:
        from oras.container import Container
        from oras.provider import Registry
    except ImportError as error:
        raise BundleError(codes.CLIENT_MISSING, f"{error}.", hint=codes.CLIENT_MISSING.remedy) from error
    container = Container(f"{pin.source.removeprefix('oci://')}@{pin.digest}")
    registry = Registry(insecure=not encrypted)
    with closing(registry.session):
        registry.auth.load_configs(container)
        address = f"{registry.prefix}://{container.manifest_url()}"
        manifest = _same(pin, _body(pin, registry, address, {"Accept": _MANIFESTS}), pin.digest)
        files: Files = []
        for kind, title, digest in _layers(pin, manifest):
            address = f"{registry.prefix}://{container.get_blob_url(digest)}"
            content = _same(pin, _body(pin, registry, address, {}), digest)
            files += read_archive(content, pin.source) if kind in _ARCHIVES else [(_inside(pin, title), content)]
    return files


def _layers(pin: BundlePin, manifest: bytes) -> list[tuple[str, str, str]]:
    """Return media type, title and digest of the layers that hold policies."""
    try:
        found = [
            (str(layer.get("mediaType")), str((layer.get("annotations") or {}).get(_TITLE, "")), str(layer["digest"]))
            for layer in json.loads(manifest)["layers"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(codes.OTHER_CONTENT, "Its manifest has no layers.", span=Span(pin.source)) from error
    return [layer for layer in found if layer[0] in _ARCHIVES or layer[0].startswith(_CONFTEST)]


def _inside(pin: BundlePin, title: str) -> str:
    path = title.lstrip("/")
    if not path or ".." in path.split("/") or "\\" in path or not path.isprintable():
        raise BundleError(codes.ARCHIVE, f"A layer is called `{title}`, which is no path.", span=Span(pin.source))
    return path


def _body(pin: BundlePin, registry: Any, address: str, headers: Mapping[str, str]) -> bytes:
    from requests import RequestException

    try:
        with registry.do_request(address, "GET", headers=dict(headers), stream=True) as response:
            if response.status_code != 200:
                raise _unreachable(pin, f"{address} answered {response.status_code}")
            content: bytes = response.raw.read(MAX_BYTES + 1, decode_content=True)
    except (RequestException, OSError, ValueError) as error:
        raise _unreachable(pin, str(error)) from error
    return content


def _same(pin: BundlePin, content: bytes, digest: str) -> bytes:
    if len(content) > MAX_BYTES:
        raise BundleError(codes.ARCHIVE, f"It is larger than {MAX_BYTES >> 20} MiB.", span=Span(pin.source))
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if found != digest:
        detail = f"`{pin.source}` gave {found}; the pin says {digest}."
        raise BundleError(codes.OTHER_CONTENT, detail, span=Span(pin.source))
    return content


def _unreachable(pin: BundlePin, why: str) -> BundleError:
    return BundleError(codes.UNREACHABLE, f"`{pin.name}` ({pin.source}): {why}.", hint=codes.UNREACHABLE.remedy)
