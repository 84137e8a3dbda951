"""A store that others share: the layout of a store's folder, in object storage or on another disk, through fsspec.

Files of an artifact are written before its manifest, so that nobody finds an artifact that is not whole. Nothing there
is believed: what is taken from it is hashed and compared.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from trueup.adapters.sources.source import Listing, SourceFile
from trueup.adapters.stores import codes
from trueup.adapters.stores.hashing import WORKERS
from trueup.adapters.stores.layout import (
    MANIFEST,
    PROVENANCE,
    VERSION,
    Held,
    Manifest,
    manifest_of,
    place_of,
    provenance_of,
    states,
)
from trueup.core.digests import Digest, short
from trueup.core.errors import PermanentError, TransientError
from trueup.core.json import Json, canonical

T = TypeVar("T")

_LIBRARIES: Mapping[str, str] = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class RemoteStore:
    """What lies below *url*: `s3://bucket/prefix`, `gs://`, `az://`, `file:///mnt/shared`, or others of fsspec."""

    def __init__(self, url: str, options: Mapping[str, Json] | None = None) -> None:
        """Connect to nothing yet; *options* are the file system's own (`endpoint_url`, ...)."""
        self.url = url
        self._options = dict(options or {})

    def held(self, key: Digest) -> Held | None:
        """Return what is written of the artifact under *key*; None when it is not there.

        Raises:
            TransientError: The store does not answer (ART012).
            PermanentError: A library is missing (ART013), or what lies there is no manifest of that key (ART012).
        """
        content = self._asked(lambda: self._content(f"{place_of(key)}/{MANIFEST}"))
        if content is None:
            return None
        found = manifest_of(content)
        if found is None or found.key != key:
            detail = f"{self.url}: the manifest of {short(key)} cannot be read, or is another's."
            raise PermanentError(codes.REMOTE, detail)
        if not states(found):
            return Held(found)
        statement = self._asked(lambda: self._content(f"{place_of(key)}/{PROVENANCE}")) or b""
        if not provenance_of(found, statement):
            detail = f"{self.url}: how {short(key)} was built is not there, or is another's."
            raise PermanentError(codes.REMOTE, detail)
        return Held(found, statement)

    def listing(self, manifest: Manifest) -> Listing:
        """Return the files of an artifact as a source that can be read from an offset."""
        place = place_of(manifest.key)

        def opener(path: str) -> Callable[[int], BinaryIO]:
            return lambda offset: self._asked(lambda: self._open(f"{place}/content/{path}", offset))

        files = tuple(SourceFile(f.path, f.size_bytes, opener(f.path)) for f in manifest.files)
        return Listing(short(manifest.key), manifest.is_folder, files)

    def put(self, held: Held, content: Path) -> None:
        """Bring an artifact there, its manifest last; what is there is left as it is.

        Raises:
            TransientError: The store does not answer or refuses (ART012).
            PermanentError: A library is missing, or the store has another layout (ART012, ART013).
        """
        manifest = held.manifest
        if self._asked(lambda: self._content(f"{place_of(manifest.key)}/{MANIFEST}")) is not None:
            return
        self._asked(self._prepare)
        place = place_of(manifest.key)

        def one(path: str) -> None:
            target = f"{self._root}/{place}/content/{path}"
            self._files.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            self._files.put_file(str(content / path), target)

        def all_files() -> None:
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(one, [f.path for f in manifest.files]))
            if held.provenance:
                self._files.pipe_file(f"{self._root}/{place}/{PROVENANCE}", held.provenance)
            self._files.pipe_file(f"{self._root}/{place}/{MANIFEST}", canonical(manifest.to_json()) + b"\n")

        self._asked(all_files)

    def _prepare(self) -> None:
        found = self._content("version")
        if found is None:
            self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(f"{self._root}/version", f"{VERSION}\n".encode())
        elif found.strip() != VERSION.encode():
            layout = found.decode("utf-8", "replace").strip()[:20]
            raise PermanentError(codes.REMOTE, f"{self.url} has layout `{layout}`; this release knows {VERSION}.")

    def _content(self, path: str) -> bytes | None:
        try:
            return cast("bytes", self._files.cat_file(f"{self._root}/{path}"))
        except FileNotFoundError:
            return None

    def _open(self, path: str, offset: int) -> BinaryIO:
        file = self._files.open(f"{self._root}/{path}", "rb")
        file.seek(offset)
        return cast("BinaryIO", file)

    @cached_property
    def _reached(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs

            return cast("tuple[Any, str]", url_to_fs(self.url, **self._options))
        except ImportError as error:
            library = _LIBRARIES.get(self.url.partition(":")[0], "fsspec")
            detail = f"`{self.url}` needs `{library}`: {error}."
            raise PermanentError(codes.NO_LIBRARY, detail, hint=f"pip install fsspec {library}") from error
        except ValueError as error:
            raise PermanentError(codes.REMOTE, f"`{self.url}`: {error}.") from error

    @property
    def _files(self) -> Any:
        return self._reached[0]

    @property
    def _root(self) -> str:
        return self._reached[1].rstrip("/")

    def _asked(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except (PermanentError, TransientError):
            raise
        except Exception as error:
            # Every kind of storage has errors of its own; none of them says that the artifact is not there.
            raise TransientError(codes.REMOTE, f"{self.url}: {type(error).__name__}: {error}.") from error
