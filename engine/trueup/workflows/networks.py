"""The network of a model: from its `config.json` where that is at hand, else from what the Model declares.

Nothing is fetched. A file of this repository is read at the revision that is looked at; what was fetched before lies in
the store.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from trueup.builds.declared import declared_network
from trueup.builds.network import Network, network_of
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json, mapping_of
from trueup.desired.state import DesiredState
from trueup.diff.supply import ENGINE
from trueup.ports import SourceTree, StoreReader
from trueup.spec.resource import Resource, document_of
from trueup.workflows.loading import Loaded

_CONFIG = "config.json"
_LARGEST_CONFIG = 1 << 20
"""Bytes; what is larger is no configuration."""


@dataclass(frozen=True, slots=True)
class KnownNetwork:
    """A network, or why it is not known; and where it was read."""

    network: Network | tuple[str, ...]
    origin: str = ""


def network_for(model: Resource, tree: SourceTree, store: StoreReader) -> KnownNetwork:
    """Return the network of *model*."""
    spec = mapping_of(mapping_of(document_of(model)).get("spec"))
    source = mapping_of(spec.get("source"))
    content, origin = _config(source, tree, store)
    declared = declared_network(spec)
    if content is None:
        return KnownNetwork(declared, "the dimensions of the Model" if isinstance(declared, Network) else "")
    found = _read(content)
    if isinstance(found, Network):
        return KnownNetwork(found, origin)
    if isinstance(declared, Network):
        return KnownNetwork(declared, f"the dimensions of the Model, because {origin} does not tell")
    return KnownNetwork(tuple(f"{origin}: {reason}" for reason in found))


def networks_of(desired: DesiredState, loaded: Loaded, store: StoreReader) -> dict[ResourceId, Network]:
    """Return the networks of what engines are built from, as far as they are known."""
    engines = {d.release.model.id for d in desired.deployments if d.release.build.mode == ENGINE}
    known = {m: network_for(loaded.resources[m], loaded.tree, store).network for m in sorted(engines)}
    return {m: network for m, network in known.items() if isinstance(network, Network)}


def _config(source: Mapping[str, Json], tree: SourceTree, store: StoreReader) -> tuple[bytes | None, str]:
    """Return the configuration and where it lies; None when it is not at hand."""
    digest = source.get("digest")
    lies = store.find(Digest(digest)) if isinstance(digest, str) and digest else None
    if lies is not None and (content := _of_folder(lies)) is not None:
        return content, f"{_CONFIG} in the store"
    uri = source.get("uri")
    if isinstance(uri, str) and uri.startswith("file:"):
        path = f"{uri.removeprefix('file:').strip('/')}/{_CONFIG}"
        read = tree.read(path)
        if not isinstance(read, Diagnostic):
            return read, path
    return None, ""


def _of_folder(folder: Path) -> bytes | None:
    path = folder / _CONFIG
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= _LARGEST_CONFIG else None
    except OSError:  # went away, or may not be read: as if it were not there
        return None


def _read(content: bytes) -> Network | tuple[str, ...]:
    try:
        found: Json = json.loads(content)
    except (ValueError, RecursionError):
        return ("it is no JSON",)
    return network_of(found) if isinstance(found, Mapping) else ("it is no JSON object",)
