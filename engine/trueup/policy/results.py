"""What goes into a policy engine and what comes out of it, before anybody judges."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.spec.resource import Path

Locate = Callable[[str, Path], Span | None]
"""Maps a resource's address and a field path inside it to file, line and column."""


def nearest(address: str, path: Path, locate: Locate) -> Span | None:
    """Find a field, or, when it is absent, the nearest one around it; None for nothing of that address."""
    if not address:
        return None
    for length in range(len(path), -1, -1):
        span = locate(address, path[:length])
        if span is not None:
            return span
    return None


LIBRARY = "@trueup/library"
"""Root, in a bundle, of the rules and data that ship with trueup."""

BUNDLES = "@bundles"
"""Root of what other bundles bring; each lies below its name."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One policy or data file of a bundle.

    Attributes:
        path: Where people find it, from the repository root or below `LIBRARY`.
        content: Its bytes.
        root: The folder the bundle was read from, a prefix of `path`: a data file appears in `data` at the
            folder it has below it. Empty for the top.
    """

    path: str
    content: bytes
    root: str = ""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a rule says of itself in its METADATA comment; empty parts were not said.

    Attributes:
        id: Stable id, `SC-01`; for a rule that names none, `package/rule`.
        package: Its package without `data`, dotted.
        entry: Name of the Rego set: `deny`, `violation` or `warn`, with its suffix.
        title: The rule in a few words.
        severity: `critical`, `high`, `medium`, `low` or empty.
        controls: Clauses of laws and standards it serves.
        remediation: What to do about a violation.
        span: Where it is defined.
        description: The rule in a sentence or two.
        rule_set: Set of rules it belongs to, `data`, by which environments enforce; empty when it names none.
        jurisdictions: Where the law it serves holds (`EU`, `US-CA`); empty means everywhere.
        roles: Roles that law gives its duties to (`provider`, `deployer`); empty means any.
        effective_from: First day it is in force, `2026-08-02`; until then it warns. Empty means always.
        last_reviewed: Day somebody last held it against its sources.
        waivable: Whether a PolicyException may lift it.
    """

    id: str
    package: str
    entry: str
    title: str = ""
    severity: str = ""
    controls: tuple[str, ...] = ()
    remediation: str = ""
    span: Span | None = None
    description: str = ""
    rule_set: str = ""
    jurisdictions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    effective_from: str = ""
    last_reviewed: str = ""
    waivable: bool = True


def rule_to_json(rule: RuleInfo) -> dict[str, Json]:
    """Return *rule* as JSON that `rule_from_json` reads back."""
    span = rule.span
    place: Json = [span.path, span.line, span.column] if span else None
    return {**{f.name: getattr(rule, f.name) for f in fields(rule)}, "span": place}


def rule_from_json(value: Mapping[str, Any]) -> RuleInfo:
    """Read `rule_to_json`.

    Raises:
        ValueError: Its fields are those of another version.
    """
    if set(value) != {f.name for f in fields(RuleInfo)}:
        raise ValueError("fields differ")
    known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
    return RuleInfo(**known | {"span": Span(*value["span"]) if value["span"] else None})


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One result of one rule, as the engine gave it; `raw` is the object or string of the Rego set."""

    entry: str
    package: str
    raw: Json
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an engine says of one document: results, or errors that deny.

    Attributes:
        results: Everything the rules gave, in the engine's order.
        errors: What could not be evaluated.
        rules: Ids of the rules that were asked.
        engine: Name and version of what evaluated.
        described: What those rules say of themselves.
        warnings: What is wrong with the policies and keeps nobody from asking them.
    """

    results: tuple[RuleResult, ...]
    errors: tuple[Diagnostic, ...]
    rules: tuple[str, ...]
    engine: str
    described: tuple[RuleInfo, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One `test_` rule: whether it passed, how long it took, what it printed."""

    package: str
    name: str
    passed: bool
    seconds: float
    output: str = ""
    span: Span | None = None
