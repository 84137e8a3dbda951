"""Why one rule says what it says of one address: what it gave, what it read, how far it came."""

import json
from collections.abc import Iterable, Iterator, Mapping

from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.diff.masks import masked
from trueup.policy.decision import Violation
from trueup.policy.listing import ListedRule
from trueup.policy.tracing import Body, FileCoverage, Read
from trueup.spec.resource import Path

LONGEST_VALUE = 240
"""Characters of a value that is shown; a longer one is told by its size."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that a rule reads: where in the policy document, what it is there, and where the rule names it.

    Attributes:
        path: Path inside the document.
        value: Spelled as JSON, masked and bounded; empty when `found` is false.
        found: Whether the document has it.
        span: Where the rule, or a helper it uses, names it.
    """

    path: Path
    value: str
    found: bool
    span: Span


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """All there is to say.

    Attributes:
        rule: The rule, with what its severity does in the environment.
        address: The resource asked about.
        environment: The environment of the plan.
        outcome: What policy says of the whole plan.
        violations: What the rule says of the address.
        elsewhere: Number of violations of the rule at other addresses.
        is_judged: Whether the plan's document holds the address at all.
        deployments: Deployments of the document that reach the address: what the trace looked at.
        why: Why its violations do what they do.
        facts: What it read.
        parameters: Data it reads, dotted path and value as text.
        bodies: How far each body came.
        coverage: Lines reached and not.
        errors: What could not be evaluated.
        printed: What `print` wrote.
        source: Whose policies judge: `head`, `base` or `unknown`; empty for those of a folder.
        revision: The base's commit.
        changed: Policy files in which what is judged differs from them.
    """

    rule: ListedRule
    address: str
    environment: str
    outcome: str
    violations: tuple[Violation, ...]
    elsewhere: int
    is_judged: bool
    deployments: tuple[str, ...]
    why: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    bodies: tuple[Body, ...] = ()
    coverage: tuple[FileCoverage, ...] = ()
    errors: tuple[str, ...] = ()
    printed: str = ""
    source: str = ""
    revision: str = ""
    changed: tuple[str, ...] = ()


def narrowed(document: Mapping[str, Json], address: str) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return *document* with only the deployments that reach *address*, and their addresses.

    So that what is traced is about this address and not about another one of the same plan.
    """
    kept = [d for d in _mappings(document.get("deployments")) if address in _reach(d)]
    return {**document, "deployments": list(kept)}, tuple(str(d.get("address", "")) for d in kept)


def facts_of(document: Mapping[str, Json], address: str, inputs: Iterable[Read], fields: Iterable[Read]) -> list[Fact]:
    """Return what a rule reads, resolved: its paths below `input`, and its fields inside the address."""
    facts: dict[Path, Fact] = {}
    for read in inputs:
        facts.setdefault(read.path, _fact(document, read.path, read.span))
    places = [place for place, _ in _places(document, address)]
    roots = dict(_places(document, address))
    for read in fields:
        for place in places:
            root = roots[place]
            if read.path and read.path[0] in root:
                path: Path = (*place, *read.path)
                facts.setdefault(path, _fact(document, path, read.span))
    return _longest(facts)


def spelled(value: Json, name: str = "") -> str:
    """Return *value* as JSON text, masked, and in words when it is too long to show."""
    text = json.dumps(masked(value, name), ensure_ascii=False)
    if len(text) <= LONGEST_VALUE:
        return text
    match value:
        case str():
            return f"{text[:LONGEST_VALUE]}... ({len(value):,} characters)"
        case Mapping():
            keys = ", ".join(sorted(str(k) for k in value)[:8])
            return f"an object of {len(value)} keys: {keys}{', ...' if len(value) > 8 else ''}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case _:
            return f"{text[:LONGEST_VALUE]}..."


def _places(document: Mapping[str, Json], address: str) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """Yield where the document speaks of *address*: its declaration, and its entry when it is a deployment."""
    declared = mapping_of(document.get("resources")).get(address)
    if isinstance(declared, Mapping):
        yield ("resources", address), declared
    deployments = document.get("deployments")
    for index, deployment in enumerate(deployments if isinstance(deployments, list | tuple) else ()):
        if isinstance(deployment, Mapping) and deployment.get("address") == address:
            yield ("deployments", index), deployment


def _fact(document: Json, path: Path, span: Span) -> Fact:
    value = document
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[str(step)]
        elif isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return Fact(path, "", found=False, span=span)
    return Fact(path, spelled(value, str(path[-1])), found=True, span=span)


def _longest(facts: Mapping[Path, Fact]) -> list[Fact]:
    """Leave out a value when one inside it is shown, and a missing one when it is missing further out."""
    kept = []
    for path, fact in facts.items():
        inside = any(len(p) > len(path) and p[: len(path)] == path for p in facts)
        missing_outside = any(not f.found and len(p) < len(path) and path[: len(p)] == p for p, f in facts.items())
        if not (inside and fact.found) and not missing_outside:
            kept.append(fact)
    return sorted(kept, key=lambda f: [str(step) for step in f.path])


def _reach(deployment: Mapping[str, Json]) -> set[str]:
    resources = deployment.get("resources")
    return {str(deployment.get("address")), *map(str, resources if isinstance(resources, list | tuple) else ())}


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    return [v for v in (value if isinstance(value, list | tuple) else ()) if isinstance(v, Mapping)]
