"""What a Build reads and makes, as far as it is at hand: in the store, or in this repository. Nothing is fetched."""

from collections.abc import Mapping

from trueup.builds.declared import Declared
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
