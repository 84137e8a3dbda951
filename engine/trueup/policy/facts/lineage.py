"""Lineage: what models, adapters and datasets were made from, one step and all the way up."""

from collections.abc import Iterable, Mapping

from trueup.core.json import Json
from trueup.diff.masks import masked_text

_KINDS = ("Model", "Adapter", "Dataset")


def lineage(documents: Mapping[str, Json]) -> dict[str, Json]:
    """Return parents, ancestors and undeclared names of each Model, Adapter and Dataset of *documents*, by address."""
    parents = {
        address: _parents(address, document, documents)
        for address, document in documents.items()
        if address.partition("/")[0] in _KINDS
    }
    return {
        address: {
            "parents": [{"address": a, "relation": r} for a, r in direct if a in parents],
            "ancestors": _ancestors(address, parents),
            "unknown": [masked_text(a) for a, _ in direct if a not in parents],
        }
        for address, direct in sorted(parents.items())
    }


def generators(documents: Iterable[Json]) -> list[str]:
    """Return the addresses of models that datasets among *documents* name as what generated them."""
    return [f"Model/{name}" for d in documents if isinstance(name := spec_of(d).get("generatedBy"), str)]


def spec_of(document: Json) -> Mapping[str, Json]:
    """Return the `spec` of a document, empty when there is none."""
    spec = document.get("spec") if isinstance(document, Mapping) else None
    return spec if isinstance(spec, Mapping) else {}


def _parents(address: str, document: Json, documents: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return (address, relation) of what the document was made from; a name that nobody declares stays as it is."""
    spec = spec_of(document)
    kind = address.partition("/")[0]
    bases = [(f"Model/{name}", _relation(kind, spec)) for name in _names(spec.get("baseModel"))]
    data = [(f"Dataset/{name}", "data") for name in _names(spec.get("datasets"))]
    made = [(f"Model/{name}", "generated-by") for name in _names(spec.get("generatedBy") if kind == "Dataset" else ())]
    found = [(a if a in documents else a.partition("/")[2], r) for a, r in (*bases, *data, *made)]
    return list(dict.fromkeys(found))


def _relation(kind: str, spec: Mapping[str, Json]) -> str:
    return "adapter" if kind == "Adapter" else str(spec.get("relation") or "base")


def _names(value: Json) -> list[str]:
    return [value] if isinstance(value, str) else [str(v) for v in value] if isinstance(value, list | tuple) else []


def _ancestors(address: str, parents: Mapping[str, list[tuple[str, str]]]) -> list[str]:
    found: dict[str, None] = {}
    waiting = [address]
    while waiting:
        for parent, _ in parents[waiting.pop()]:
            if parent in parents and parent not in found and parent != address:
                found[parent] = None
                waiting.append(parent)
    return sorted(found)
