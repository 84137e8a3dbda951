"""The catalogue of a bundle's rules: what the worker found, joined with what METADATA says of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from trueup.adapters.policy import codes
from trueup.adapters.policy.embedded.metadata import Block, read_metadata
from trueup.adapters.policy.embedded.metadata_fields import text_of, texts_of
from trueup.core.diagnostics import Diagnostic, Span
from trueup.policy.results import RuleInfo


def describe(
    entries: Iterable[Mapping[str, Any]], texts: Mapping[str, str]
) -> tuple[tuple[RuleInfo, ...], list[Diagnostic]]:
    """Return one `RuleInfo` for each entry, in order, and what is wrong with METADATA and ids."""
    problems: list[Diagnostic] = []
    blocks: dict[str, list[Block]] = {}
    for path, text in texts.items():
        blocks[path], complaints = read_metadata(path, text)
        problems += complaints
    rules = tuple(_describe(entry, blocks) for entry in entries)
    seen: dict[str, RuleInfo] = {}
    for rule in rules:
        other = seen.setdefault(rule.id, rule)
        # A package may deny and warn under one id; another package may not.
        if other.package != rule.package:
            problems.append(Diagnostic(codes.DUPLICATE_ID, f"`{rule.id}` is the id of {other.span}, too.", rule.span))
    return rules, problems


def _describe(entry: Mapping[str, Any], blocks: Mapping[str, list[Block]]) -> RuleInfo:
    span = Span(*entry["span"])
    said: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for block in blocks.get(span.path, []):
        if block.is_package or block.target == span.line:
            said |= {k: v for k, v in block.fields.items() if k != "custom"}
            custom |= block.fields.get("custom", {})
    return RuleInfo(
        id=custom.get("id") or f"{entry['package'].replace('.', '/')}/{entry['name']}",
        package=entry["package"],
        entry=entry["name"],
        title=text_of(said.get("title")),
        severity=text_of(custom.get("severity")),
        controls=texts_of(custom.get("controls")),
        remediation=text_of(custom.get("remediation")),
        span=span,
        description=text_of(said.get("description")),
        rule_set=text_of(custom.get("ruleSet")),
        jurisdictions=texts_of(custom.get("jurisdictions")),
        roles=texts_of(custom.get("roles")),
        effective_from=text_of(custom.get("effectiveFrom")),
        last_reviewed=text_of(custom.get("lastReviewed")),
        waivable=custom.get("waivable") is not False,
    )
