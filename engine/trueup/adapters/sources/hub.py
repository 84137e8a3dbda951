"""`hf://OWNER/NAME` and `hf://datasets/OWNER/NAME`, with a path below it: repositories of the Hugging Face hub.

A revision is resolved to a commit first, and everything is asked of that commit, so that nothing changes between
listing and reading. Offline (`HF_HUB_OFFLINE`, or no connection) the files in the library's own cache are used.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from trueup.adapters.sources import codes
from trueup.adapters.sources.extras import library
from trueup.adapters.sources.folder import list_below
from trueup.adapters.sources.http import RETRY_AFTER, open_url, refuse_status
from trueup.adapters.sources.retries import UnreachableError, words_of
from trueup.adapters.sources.secrets import read_secret, refuse_unencrypted
from trueup.adapters.sources.source import Listing, SourceFile
from trueup.adapters.stores.hashing import spell
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass
from trueup.desired.state import Access

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_URI = re.compile(rf"hf://(?:(?P<kind>models|datasets)/)?(?P<name>{_NAME}(?:/{_NAME})?)(?:/(?P<path>.+))?")
_KINDS = {None: "model", "models": "model", "datasets": "dataset"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A repository, and the file or folder of it that is meant; `token` False sends none."""

    uri: str
    name: str
    kind: str
    path: str
    revision: str | None
    endpoint: str | None
    token: str | bool | None


class HubSource:
    """Reads `hf://` URIs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, uri: str, access: Access) -> Listing:
        """List the files of *uri* at the commit that its revision stands for now."""
        hub = library("huggingface_hub", "hf", "hf://")
        asked = self._asked(uri, access)
        if library("huggingface_hub.constants", "hf", "hf://").HF_HUB_OFFLINE:
            return _cached(hub, asked, "the hub is not asked (HF_HUB_OFFLINE)")
        try:
            return _online(hub, asked)
        except TransientError as error:
            try:
                return _cached(hub, asked, error.detail)
            except PermanentError:
                raise error from None

    def _asked(self, uri: str, access: Access) -> _Asked:
        match = _URI.fullmatch(uri)
        if match is None or "@" in uri:
            hint = "write `hf://OWNER/NAME`, and what follows an `@` as `revision`"
            raise PermanentError(codes.BAD_URI, f"`{uri}` is not `hf://OWNER/NAME`.", hint=hint)
        secret = read_secret(access.credentials, self._root)
        if secret and access.endpoint:
            refuse_unencrypted(access.endpoint)
        # The user's own token, which the library finds by itself, is for the hub; a mirror named in a file gets none.
        token = secret or (False if access.endpoint else None)
        return _Asked(
            uri,
            match["name"],
            _KINDS[match["kind"]],
            (match["path"] or "").strip("/"),
            access.revision or None,
            access.endpoint or None,
            token,
        )


def _online(hub: Any, asked: _Asked) -> Listing:
    api = hub.HfApi(endpoint=asked.endpoint, token=asked.token, library_name="trueup")

    def look() -> tuple[str, list[Any]]:
        found = api.repo_info(asked.name, repo_type=asked.kind, revision=asked.revision)
        tree = api.list_repo_tree(asked.name, repo_type=asked.kind, revision=found.sha, recursive=True)
        return str(found.sha), list(tree)

    commit, entries = _answered(asked, look)
    headers = library("huggingface_hub.utils", "hf", "hf://").build_hf_headers(token=asked.token, library_name="trueup")

    def file(entry: Any) -> SourceFile:
        url = hub.hf_hub_url(
            asked.name, entry.path, repo_type=asked.kind, revision=commit, endpoint=asked.endpoint or api.endpoint
        )
        sha256 = entry.lfs.sha256 if entry.lfs else ""
        return SourceFile(
            _below(entry.path, asked.path),
            entry.size,
            lambda offset: open_url(url, headers, offset),
            spell(sha256) if sha256 else None,
            entry.blob_id,
        )

    files = tuple(file(e) for e in entries if hasattr(e, "size") and _is_below(e.path, asked.path))
    if not files:
        where = f" below `{asked.path}`" if asked.path else ""
        raise PermanentError(codes.MISSING, f"`{asked.uri}` has no file{where} at commit {commit[:12]}.")
    is_folder = not any(e.path == asked.path for e in entries if hasattr(e, "size"))
    return Listing(asked.path.rsplit("/", 1)[-1] or asked.name, is_folder, files, commit, is_remote=True)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(folder + "/")


def _below(path: str, folder: str) -> str:
    """Return *path* from *folder* on; a file that is asked for by its own path keeps its name."""
    return path.rsplit("/", 1)[-1] if path == folder else path[len(folder) + 1 if folder else 0 :]


def _answered(asked: _Asked, look: Callable[[], tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    """Return what the hub says; its refusals as ours."""
    errors = library("huggingface_hub.errors", "hf", "hf://")
    where = f"`{asked.uri}`" + (f" at `{asked.revision}`" if asked.revision else "")
    try:
        return look()
    except errors.GatedRepoError as error:
        detail = f"{where} is gated: its owner has to accept the account whose token is used."
        raise PermanentError(codes.NOT_ALLOWED, detail) from error
    except errors.RevisionNotFoundError as error:
        raise PermanentError(codes.MISSING, f"{where}: the hub has no such revision.") from error
    except errors.RepositoryNotFoundError as error:
        detail = f"{where}: the hub has no such repository, or does not show it to this account."
        raise PermanentError(codes.NOT_ALLOWED, detail) from error
    except errors.HFValidationError as error:
        raise PermanentError(codes.BAD_URI, f"{where}: {error}") from error
    except errors.HfHubHTTPError as error:
        refuse_status(error.response.status_code, error.response.headers.get(RETRY_AFTER), f"{where}: the hub")
    except (OSError, ValueError, KeyError) as error:
        raise UnreachableError(f"{where}: {words_of(error)}.") from error
    except Exception as error:
        # The library's own HTTP client, and with it what a broken connection raises, differs between its versions.
        if type(error).__module__.partition(".")[0].rstrip("2") not in ("httpx", "requests", "urllib3", "httpcore"):
            raise
        raise UnreachableError(f"{where}: {words_of(error)}.") from error


def _cached(hub: Any, asked: _Asked, why: str) -> Listing:
    """List what the library's cache has of a commit."""
    try:
        folder = hub.snapshot_download(
            asked.name, repo_type=asked.kind, revision=asked.revision, local_files_only=True, endpoint=asked.endpoint
        )
    except (OSError, ValueError) as error:
        detail = f"`{asked.uri}`: {why}, and the local cache does not have it."
        hint = f"fetch it where there is a network: `hf download {asked.name}`"
        raise PermanentError(codes.MISSING, detail, hint=hint) from error
    snapshot = Path(folder)
    # A snapshot is made of links to the blobs beside it.
    relative = f"snapshots/{snapshot.name}" + (f"/{asked.path}" if asked.path else "")
    listing = list_below(snapshot.parents[1], relative, asked.uri)
    return replace(listing, revision=snapshot.name)
