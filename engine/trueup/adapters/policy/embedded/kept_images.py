"""Images of checked bundles, kept in memory for other workers and in files for other runs."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from trueup.adapters.policy.sealed import read_sealed, seal
from trueup.core.diagnostics import Span
from trueup.core.digests import digest_of
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.policy.results import RuleInfo, rule_from_json, rule_to_json

FORMAT_VERSION = 2

Place = tuple[str, str, Span]
"""Package, name and place of a rule that can be asked."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checked bundle: what the worker is given, and what was found out about it. It has no warnings."""

    image: Mapping[str, Any]
    rules: tuple[RuleInfo, ...]

    @property
    def entries(self) -> list[Place]:
        """The rules that decide, in the worker's order."""
        return [(package, name, Span(*span)) for package, name, _, span in self.image["entries"]]


class Images(Protocol):
    """Where images are kept, by the digest of their bundle."""

    def get(self, digest: str) -> Kept | None:
        """Return the image of a bundle that was checked."""
        ...

    def put(self, digest: str, kept: Kept) -> None:
        """Keep it."""
        ...


class ImageFolder:
    """Images in files, which anybody who may write the folder could change: for plans that are only shown."""

    def __init__(self, folder: Path, version: str) -> None:
        """Keep images in *folder*; *version* names all that they depend on besides the bundle."""
        self._folder = folder
        self._version = version

    def get(self, digest: str) -> Kept | None:
        """Return the image of a bundle; None when there is none, it is damaged, or it is another version's."""
        key = self._key(digest)
        value = read_sealed(self._path(key), key)
        try:
            return Kept(value["image"], tuple(rule_from_json(rule) for rule in value["rules"]))
        except (TypeError, ValueError, KeyError):
            return None

    def put(self, digest: str, kept: Kept) -> None:
        """Keep an image; a disk that is full or read-only costs time and nothing else."""
        key = self._key(digest)
        with suppress(OSError, ValueError):
            self._path(key).parent.mkdir(parents=True, exist_ok=True)
            content: Json = {"image": dict(kept.image), "rules": [rule_to_json(rule) for rule in kept.rules]}
            seal(self._path(key), key, content)

    def _key(self, digest: str) -> str:
        return digest_of([FORMAT_VERSION, self._version, digest]).removeprefix("sha256:")[:32]

    def _path(self, key: str) -> Path:
        return self._folder / key / "image.json"


class ImageMemory:
    """Images in memory, for the workers of one engine."""

    def __init__(self, behind: Images | None = None) -> None:
        """Start empty; what is not here is asked of *behind*."""
        self._kept: dict[str, Kept] = {}
        self._behind = behind

    def get(self, digest: str) -> Kept | None:
        """Return the image of a bundle that was checked."""
        if digest not in self._kept and self._behind is not None:
            found = self._behind.get(digest)
            if found is not None:
                self._kept[digest] = found
        return self._kept.get(digest)

    def put(self, digest: str, kept: Kept) -> None:
        """Keep it here and behind."""
        self._kept[digest] = kept
        if self._behind is not None:
            self._behind.put(digest, kept)
