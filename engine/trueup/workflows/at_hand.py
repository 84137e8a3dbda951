"""What a Build reads and makes, as far as it is at hand: in the store, or in this repository. Nothing is fetched."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from trueup.builds.declared import CHECKPOINTS, Declared, is_pinned
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.release import artifact_of, pin_build
from trueup.ports import StoreReader
from trueup.spec import kinds
from trueup.spec.resource import Resource
from trueup.workflows.loading import Loaded
from trueup.workflows.named_builds import spec_of


def has_source(model: Resource, store: StoreReader) -> bool:
    """Tell whether the store has the weights of *model*."""
    return _is_stored(_digest(_source(model)), store)


def has_result(build: Resource, model: Resource, loaded: Loaded, store: StoreReader) -> bool:
    """Tell whether the store has what *build* makes of *model*."""
    declared = kinds.model(model).spec
    source = artifact_of(declared.source, declared.format)
    # Without a digest, the key would be that of every such model.
    return bool(source.digest) and _is_stored(pin_build(build, source, loaded.resources).key, store)


def has_data(build: Declared, loaded: Loaded, store: StoreReader) -> bool | None:
    """Tell whether the calibration data can be had without a network; None without any."""
    dataset = _dataset(build, loaded)
    if dataset is None:
        return None
    source = _source(dataset)
    uri = str(source.get("uri") or "")
    if uri.startswith("package:") or _is_stored(_digest(source), store):
        return True
    return uri.startswith("file:") and _is_there(loaded, uri.removeprefix("file:"))


def is_data_pinned(build: Declared, loaded: Loaded) -> bool:
    """Tell whether the calibration data has a digest, if there is any."""
    dataset = _dataset(build, loaded)
    return dataset is None or is_pinned(_source(dataset))


def rows_of_data(build: Declared, loaded: Loaded, store: StoreReader) -> int | None:
    """Return how many rows the calibration data has, counted no further than *build* asks for.

    None where that cannot be told: it is not at hand, is too large to be read from a repository, or has no lines.
    """
    dataset = _dataset(build, loaded)
    if dataset is None:
        return None
    source = _source(dataset)
    uri, digest = str(source.get("uri") or ""), _digest(source)
    # Builders of checkpoints read `.jsonl` in a folder, the others all that may have JSON lines.
    suffixes = _LINES[:1] if build.mode in CHECKPOINTS else _LINES
    stored = store.find(Digest(digest)) if digest else None
    if stored is not None:
        lines = _stored_lines(stored, suffixes, is_lines=_is_lines(dataset, uri))
    elif uri.startswith("file:"):
        lines = _tree_lines(loaded, uri.removeprefix("file:"), suffixes, is_lines=_is_lines(dataset, uri))
    else:
        return None
    try:
        return None if lines is None else sum(1 for _ in islice(filter(bytes.strip, lines), build.examples))
    except OSError:  # went away, or may not be read: as if it were not there
        return None


_LINES = (".jsonl", ".ndjson", ".json")


def _is_lines(dataset: Resource, uri: str) -> bool:
    """Tell whether a single file of *dataset* has a row in each line."""
    return spec_of(dataset).get("format") == "jsonl" or uri.endswith(_LINES[:2])


def _stored_lines(place: Path, suffixes: tuple[str, ...], *, is_lines: bool) -> Iterator[bytes] | None:
    files = sorted(p for p in place.rglob("*") if p.suffix in suffixes) if place.is_dir() else [place]
    return _lines(files) if files and (is_lines or place.is_dir()) else None


def _lines(files: Iterable[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            yield from file


def _tree_lines(loaded: Loaded, path: str, suffixes: tuple[str, ...], *, is_lines: bool) -> Iterator[bytes] | None:
    read = loaded.tree.read(path)
    if not isinstance(read, Diagnostic):
        return iter(read.split(b"\n")) if is_lines else None
    contents = [file.content for file in loaded.tree.files([path], suffixes)]
    # What is too large comes without its content.
    return chain.from_iterable(c.split(b"\n") for c in contents) if contents and all(contents) else None


def _dataset(build: Declared, loaded: Loaded) -> Resource | None:
    name, _, version = build.calibration.partition("@")
    return loaded.resources.get(ResourceId("Dataset", name, version))


def _is_stored(digest: str, store: StoreReader) -> bool:
    return bool(digest) and store.find(Digest(digest)) is not None


def _is_there(loaded: Loaded, path: str) -> bool:
    """Tell whether the tree has that file, or a folder with files."""
    if not isinstance(loaded.tree.read(path), Diagnostic):
        return True
    return next(iter(loaded.tree.files([path], [""])), None) is not None


def _source(resource: Resource) -> Mapping[str, Json]:
    found = spec_of(resource).get("source")
    return found if isinstance(found, Mapping) else {}


def _digest(source: Mapping[str, Json]) -> str:
    digest = source.get("digest")
    return digest if isinstance(digest, str) else ""
