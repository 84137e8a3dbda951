"""What a prompt should not hold: keys, personal data, internal names. Where it is and what kind, never the value."""

from collections.abc import Iterator, Mapping

from trueup.core.json import Json
from trueup.core.recognisers import INTERNAL, PERSONAL, plain
from trueup.diff.masks import masked
from trueup.policy.facts.lineage import spec_of
from trueup.spec.resource import Path

_PARTS = ("template", "messages", "tools", "responseFormat", "variables")
"""What reaches the model; tests of a prompt may hold made-up people."""

_KINDS = {**PERSONAL, **INTERNAL}


def prompt_findings(documents: Mapping[str, Json], secrets: Mapping[str, list[Path]]) -> list[Json]:
    """Return what prompts among *documents* hold that they should not, in the order of addresses and fields.

    Args:
        documents: By address, unmasked.
        secrets: Where secrets were found, by address.
    """
    found: list[Json] = []
    for address, document in sorted(documents.items()):
        if address.startswith("Prompt/"):
            for path, kind in _findings(document, secrets.get(address, ())):
                found.append({"address": address, "path": masked(list(path)), "kind": kind})
    return found


def _findings(document: Json, secrets: list[Path] | tuple[()]) -> Iterator[tuple[Path, str]]:
    yield from ((path, "secret") for path in secrets)
    spec = spec_of(document)
    for part in _PARTS:
        for path, text in _texts(spec.get(part), ("spec", part)):
            bare = plain(text)
            yield from ((path, kind) for kind, found in _KINDS.items() if any(True for _ in found(bare)))


def _texts(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text below *value* with its place; values come from YAML, which is at most 64 levels deep."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))
