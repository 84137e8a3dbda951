"""Facts computed for rules, because Rego engines compute them differently or cannot see them.

The secrets of a document are found before they are masked: a rule sees where they are, never what they are.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from trueup.core.json import Json
from trueup.diff.masks import is_secret_name, masked
from trueup.evidence.evidence import Evidence
from trueup.policy.licenses import alternatives
from trueup.spec.resource import Path

_CODE_SUFFIXES = ("bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "npy", "h5", "keras", "mar", "nemo")
"""Endings of weight files that can run code when they are loaded."""


def derive(
    documents: Mapping[str, Json], shown: Mapping[str, Json], evidence: tuple[Evidence, ...], now: datetime
) -> dict[str, Json]:
    """Return the derived facts of *documents*, by address; *shown* are the same documents, masked where needed."""
    ordered = sorted(documents.items())
    return {
        "secrets": [{"address": a, "path": list(p)} for a, d in ordered if d is not shown[a] for p in secret_places(d)],
        "licenses": {a: facts for a, d in ordered if (facts := _licenses(d)) is not None},
        "artifacts": {a: facts for a, d in ordered if (facts := _artifact(d)) is not None},
        "evidenceAgeDays": {e.key: (now - e.completed_at).days for e in reversed(evidence)},
    }


def secret_places(document: Json) -> Iterator[Path]:
    """Yield the paths of values that look like secrets, in document order."""
    stack: list[tuple[Path, Json, bool]] = [((), document, False)]
    while stack:
        path, value, is_secret = stack.pop()
        if isinstance(value, Mapping):
            for key, child in reversed(list(value.items())):
                if masked(key) != key:
                    yield (*path, key)
                stack.append(((*path, key), child, is_secret or is_secret_name(key)))
        elif isinstance(value, list | tuple):
            stack.extend(((*path, i), child, is_secret) for i, child in reversed(list(enumerate(value))))
        elif isinstance(value, str) and masked(value, "password" if is_secret else "") != value:
            yield path


def _spec(document: Json) -> Mapping[str, Json]:
    spec = document.get("spec") if isinstance(document, Mapping) else None
    return spec if isinstance(spec, Mapping) else {}


def _licenses(document: Json) -> Json:
    """Return the alternatives that satisfy all of a document's licence expressions; None when it needs none.

    An expression that is none gives null in `alternatives`, which no allow-list contains.
    """
    kind = document.get("kind") if isinstance(document, Mapping) else None
    spec = _spec(document)
    match kind:
        case "Model" | "Adapter":
            key, declared = "licenses", spec.get("licenses")
        case "Dataset":
            key, declared = "license", spec.get("license")
        case _:
            return None
    texts = [declared] if isinstance(declared, str) else declared
    expressions = [str(t) for t in texts] if isinstance(texts, list | tuple) else []
    facts: list[Json] = []
    for expression in expressions:
        found = alternatives(expression)
        facts.append({"expression": expression, "alternatives": None if found is None else [list(a) for a in found]})
    return {"field": key, "expressions": facts}


def _artifact(document: Json) -> Json:
    """Return what a source's address says of its bytes; None when the document has no source."""
    source = _spec(document).get("source")
    if not isinstance(source, Mapping):
        return None
    uri = str(source.get("uri") or "")
    path = uri.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    name = path.rsplit("/", 1)[-1]
    suffix = name.rsplit(".", 1)[1].lower() if "." in name else ""
    files = source.get("files")
    endings = {str(f).rsplit(".", 1)[-1].lower() for f in files} if isinstance(files, list | tuple) else set()
    return {
        "scheme": uri.split(":", 1)[0].lower() if ":" in uri else "",
        "suffix": suffix,
        "runsCode": suffix in _CODE_SUFFIXES or bool(endings & set(_CODE_SUFFIXES)),
    }
