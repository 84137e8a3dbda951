"""Croissant 1.1: a Dataset as JSON-LD that other tools read, and such a document as far as it can be held to the data.

Source: the Croissant format specification 1.1 of MLCommons; names of its vocabulary are theirs.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from trueup.core.digests import Digest
from trueup.core.json import Json, mapping_of
from trueup.evidence.data import DataRun

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
_VERSIONS = ("http://mlcommons.org/croissant/1.0", CONFORMS_TO)

_CR = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "samplingRate separator source subField transform"
)
CONTEXT: Mapping[str, Json] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{name: f"cr:{name}" for name in _CR.split()},
}
MEDIA_TYPES = {
    ".jsonl": "application/jsonlines",
    ".ndjson": "application/jsonlines",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/x-parquet",
    ".txt": "text/plain",
}
_TYPES = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "null": "sc:Text",
}
_TABLES = frozenset({"text/csv", "text/tab-separated-values", "application/x-parquet", "application/jsonlines"})
"""Formats whose fields are columns to the readers of Croissant."""


class NotCroissantError(ValueError):
    """Not a Croissant document; says why."""


def croissant_document(
    name: str,
    version: str,
    spec: Mapping[str, Json],
    seen: DataRun | None = None,
    sums: Sequence[tuple[str, Digest]] = (),
) -> dict[str, Json]:
    """Return a Dataset as Croissant 1.1.

    Args:
        name: The Dataset's name.
        version: Its version.
        spec: What it declares.
        seen: What a run saw; where no `recordSet` is declared, the fields come from it.
        sums: Name and digest of each file. Without them, the declared digest of a single file.
    """
    source = mapping_of(spec.get("source"))
    uri = str(source.get("uri") or "")
    files = list(sums) or [(PurePosixPath(uri).name or name, Digest(str(source.get("digest") or "")))]
    distribution = [_file(file, digest, uri, is_single=len(files) == 1) for file, digest in files]
    document: dict[str, Json] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": name,
        "version": version if version.count(".") == 2 else f"{version}.0.0" if version.isdigit() else version,
        "description": str(spec.get("intendedUse") or spec.get("card") or name),
        "url": uri,
        "distribution": distribution,
        "recordSet": _record_sets(name, spec, seen, distribution),
    }
    license_ = spec.get("license")
    if license_:
        document["license"] = f"https://spdx.org/licenses/{license_}" if " " not in str(license_) else license_
    if spec.get("languages"):
        document["inLanguage"] = spec["languages"]
    if spec.get("dataCollectionProcess"):
        document["rai:dataCollection"] = spec["dataCollectionProcess"]
    if spec.get("knownBias"):
        document["rai:dataBiases"] = spec["knownBias"]
    return document


def _file(name: str, digest: str, uri: str, *, is_single: bool) -> dict[str, Json]:
    suffix = PurePosixPath(name.removesuffix(".gz")).suffix.lower()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": uri.removeprefix("file:") if is_single else name,
        "encodingFormat": MEDIA_TYPES.get(suffix, "text/plain"),
        "sha256": digest.removeprefix("sha256:"),
    }


def _record_sets(
    name: str, spec: Mapping[str, Json], seen: DataRun | None, distribution: Sequence[Mapping[str, Json]]
) -> list[Json]:
    declared = spec.get("recordSet")
    sets = [mapping_of(s) for s in declared] if isinstance(declared, Sequence) and not isinstance(declared, str) else []
    if not sets and seen is not None:
        fields: list[Json] = [{"name": n, "dataType": _TYPES.get(t, "sc:Text")} for n, t in seen.fields]
        sets = [{"name": name, "field": fields}] if fields else []
    return [_record_set(one, distribution[0]) for one in sets]


def _record_set(one: Mapping[str, Json], file: Mapping[str, Json]) -> dict[str, Json]:
    set_name = str(one.get("name"))
    fields = one.get("field")
    listed = [mapping_of(f) for f in fields] if isinstance(fields, Sequence) and not isinstance(fields, str) else []
    return {
        "@type": "cr:RecordSet",
        "@id": set_name,
        "name": set_name,
        "field": [_field(f, set_name, file) for f in listed],
    }


def _field(one: Mapping[str, Json], set_name: str, file: Mapping[str, Json]) -> dict[str, Json]:
    name = str(one.get("name"))
    kind = str(one.get("dataType") or "sc:Text")
    is_table = file["encodingFormat"] in _TABLES
    extract: dict[str, Json] = {"column": name} if is_table else {"jsonPath": f"$.{name}"}
    return {
        "@type": "cr:Field",
        "@id": f"{set_name}/{name}",
        "name": name,
        "dataType": kind if ":" in kind else _TYPES.get(kind, "sc:Text"),
        **({"description": one["description"]} if one.get("description") else {}),
        "source": {"fileObject": {"@id": file["@id"]}, "extract": extract},
    }


def read_croissant(text: bytes) -> Mapping[str, Json]:
    """Return the document in *text*.

    Raises:
        NotCroissantError: It is no Croissant, or of a version that is not known.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotCroissantError(f"it is no JSON ({type(error).__name__})") from error
    if not isinstance(document, Mapping):
        raise NotCroissantError("it is no JSON object")
    conforms = document.get("conformsTo") or document.get("dct:conformsTo")
    versions = conforms if isinstance(conforms, list) else [conforms]
    if not any(v in _VERSIONS for v in versions):
        raise NotCroissantError("`conformsTo` is neither Croissant 1.0 nor 1.1")
    return document


def fields_of(document: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the names of the fields of a document: by the column or path they come from, else by their own."""
    found: list[str] = []
    for record_set in _listed(document.get("recordSet")):
        for one in _listed(record_set.get("field")):
            extract = mapping_of(mapping_of(one.get("source")).get("extract"))
            path = str(extract.get("jsonPath") or "").removeprefix("$.")
            name = str(extract.get("column") or path or _plain(one.get("name")))
            found.append(name)
    return tuple(found)


def digests_of(document: Mapping[str, Json]) -> dict[str, str]:
    """Return the SHA-256 of each file of a document, by the last part of its address."""
    files = _listed(document.get("distribution"))
    return {
        PurePosixPath(str(f.get("contentUrl") or "")).name: str(f["sha256"]).lower()
        for f in files
        if isinstance(f.get("sha256"), str)
    }


def license_of(document: Mapping[str, Json]) -> str:
    """Return the licence of a document as an SPDX id, where it is the address of one."""
    value = document.get("license")
    text = str((value[0] if value else "") if isinstance(value, list) else value or "")
    return text.rstrip("/").rpartition("/")[2].removesuffix(".html") if "spdx.org/licenses/" in text else text


def _listed(value: Json) -> list[Mapping[str, Json]]:
    items = value if isinstance(value, list | tuple) else [value]
    return [item for item in items if isinstance(item, Mapping)]


def _plain(value: Json) -> str:
    """Return a text that may be given by language."""
    if isinstance(value, Mapping):
        return str(next(iter(value.values()), ""))
    return str(value or "")
