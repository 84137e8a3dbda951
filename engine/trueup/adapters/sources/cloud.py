"""`s3://BUCKET/KEY`, `gs://BUCKET/KEY` and `az://CONTAINER/NAME`: objects, or everything below a prefix, by fsspec.

Without `credentials`, the cloud's own chain is asked (variables, profiles, the identity of the machine).
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from trueup.adapters.sources import codes
from trueup.adapters.sources.extras import library
from trueup.adapters.sources.ranges import RangeReader
from trueup.adapters.sources.retries import UnreachableError, words_of
from trueup.adapters.sources.secrets import read_secret, refuse_unencrypted
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.core.errors import PermanentError
from trueup.desired.state import Access

T = TypeVar("T")

Options = dict[str, Any]
"""What a file system of fsspec is made with."""


class CloudSource:
    """Reads one scheme.

    Args:
        root: The repository, for `file:` credentials.
        scheme: `s3`, `gs` or `az`.
    """

    def __init__(self, root: Path, scheme: str) -> None:
        self._root, self._scheme = root, scheme

    def list(self, uri: str, access: Access) -> Listing:
        """List the object that *uri* names, or all below it."""
        path = uri.removeprefix(f"{self._scheme}://").rstrip("/")
        if not path or path.startswith("/"):
            raise PermanentError(codes.BAD_URI, f"`{uri}` names no bucket.")
        module, class_, options = _SYSTEMS[self._scheme]
        secret = read_secret(access.credentials, self._root)
        if secret and access.endpoint:
            refuse_unencrypted(access.endpoint)
        made = options(secret, access.endpoint)
        system = getattr(library(module, "cloud", f"{self._scheme}://"), class_)
        # Listings are not kept: what lies in a bucket may be another by the next command.
        made |= {"use_listings_cache": False, "skip_instance_cache": True}
        try:
            return list_system(system(**made), path, uri)
        except PermanentError as error:
            # A public bucket is read by everyone, those without an account too.
            if self._scheme != "s3" or secret or type(error.__cause__).__name__ != "NoCredentialsError":
                raise
            return list_system(system(**made, anon=True), path, uri)


def list_system(system: Any, path: str, uri: str) -> Listing:
    """List the file at *path* of a file system of fsspec, or all files below it."""
    found = _asked(uri, lambda: _entries(system, path))
    if not found:
        raise PermanentError(codes.MISSING, f"`{uri}`: there is no object at or below that place.")
    is_folder = path not in found
    files = tuple(
        _file(system, key, key[len(path) + 1 :] if is_folder else key.rsplit("/", 1)[-1], entry, uri)
        for key, entry in found.items()
    )
    return Listing(path.rsplit("/", 1)[-1], is_folder, files, is_remote=True)


def _entries(system: Any, path: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the objects below *path* by key; objects that stand for folders are left out."""
    found = system.find(path, detail=True)
    return {
        str(key).strip("/"): entry
        for key, entry in found.items()
        if entry.get("type", "file") == "file" and not str(key).endswith("/") and str(entry.get("name", ""))[-1:] != "/"
    }


def _file(system: Any, key: str, path: str, entry: Mapping[str, Any], uri: str) -> SourceFile:
    size = int(entry.get("size") or 0)
    place = str(entry.get("name", key))

    def fetch(start: int, end: int) -> bytes:
        content = _asked(uri, lambda: system.cat_file(place, start=start, end=end))
        if len(content) != end - start:
            detail = f"`{path}` of `{uri}` gave {len(content):,} bytes where it should have {end - start:,}."
            raise PermanentError(codes.CHANGED, detail)
        return bytes(content)

    def open_at(offset: int) -> RangeReader:
        return RangeReader(fetch, size, offset)

    tag = entry.get("ETag") or entry.get("etag") or entry.get("generation") or entry.get("mtime") or ""
    return SourceFile(path, size, open_at, tag=str(tag))


def _asked(uri: str, action: Callable[[], T]) -> T:
    """Return what the cloud's library says; its refusals as ours."""
    try:
        return action()
    except (PermanentError, UnreachableError):
        raise
    except FileNotFoundError as error:
        raise PermanentError(codes.MISSING, f"`{uri}`: there is no such bucket or object.") from error
    except PermissionError as error:
        raise PermanentError(codes.NOT_ALLOWED, f"`{uri}`: {words_of(error)}.") from error
    except Exception as error:
        # Each cloud's library has errors of its own, and most of them are a network that does not work.
        if type(error).__name__ in _NO_CREDENTIALS:
            raise PermanentError(codes.NOT_ALLOWED, f"`{uri}`: {words_of(error)}.") from error
        raise UnreachableError(f"`{uri}`: {words_of(error)}.") from error


_NO_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "ClientAuthenticationError",
    "DefaultCredentialsError",
    "RefreshError",
)


def _s3(secret: str, endpoint: str) -> Options:
    """Read a secret `ID:KEY` or `ID:KEY:SESSION`; none is asked of the cloud's own chain."""
    made: Options = {"endpoint_url": endpoint} if endpoint else {}
    if secret:
        id_, _, rest = secret.partition(":")
        key, _, session = rest.partition(":")
        if not id_ or not key:
            raise PermanentError(codes.NO_SECRET, "For `s3://` a secret is `ID:KEY` or `ID:KEY:SESSION`.")
        made |= {"key": id_, "secret": key, "token": session or None}
    return made


def _gs(secret: str, endpoint: str) -> Options:
    """Read a secret that is the JSON key of a service account; a mirror gets no token that nobody named."""
    made: Options = {"endpoint_url": endpoint, "token": "anon"} if endpoint else {}
    if secret:
        try:
            made["token"] = json.loads(secret)
        except ValueError:
            detail = "For `gs://` a secret is the JSON key of a service account."
            raise PermanentError(codes.NO_SECRET, detail) from None
    return made


def _az(secret: str, endpoint: str) -> Options:
    """Read a connection string, a shared access signature, or the key of the account that *endpoint* names."""
    made: Options = {}
    if endpoint:
        host = urlsplit(endpoint).hostname or ""
        made = {"account_name": host.partition(".")[0], "account_host": urlsplit(endpoint).netloc}
        if not secret and not host.endswith(_AZURE):
            made["anon"] = True
    if "AccountName=" in secret or "BlobEndpoint=" in secret:
        made["connection_string"] = secret
    elif "sig=" in secret:
        made["sas_token"] = secret
    elif secret:
        made["account_key"] = secret
    return made


_AZURE = (".blob.core.windows.net", ".blob.core.chinacloudapi.cn", ".blob.core.usgovcloudapi.net")
_SYSTEMS: Mapping[str, tuple[str, str, Callable[[str, str], Options]]] = {
    "s3": ("s3fs", "S3FileSystem", _s3),
    "gs": ("gcsfs", "GCSFileSystem", _gs),
    "az": ("adlfs", "AzureBlobFileSystem", _az),
}
"""Library, its file system, and how that is made from a secret and an endpoint."""
