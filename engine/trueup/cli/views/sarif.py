"""SARIF 2.1.0, for code scanning. Source: OASIS Static Analysis Results Interchange Format 2.1.0.

Limits are GitHub's: 25,000 results a run, 20 tags a rule, a place for every result.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from trueup.cli.views.findings import LEVELS, Finding, tags_of
from trueup.cli.views.values import path_text
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.policy.results import RuleInfo

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""GitHub refuses a run with more."""
_MOST_TAGS = 20
_NOWHERE = "trueup.yaml"
"""Where a result is shown that has no place: GitHub refuses one without, and a project has this file."""
_ENDS = (".", "!", "?", ":", ";")
_NUMBERS = re.compile(r"\d+")
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""`security-severity`, by which GitHub names critical (9 and more), high (7), medium (4) and low."""


def sarif(
    findings: Sequence[Finding], version: str, rules: Iterable[RuleInfo] = (), counts: Mapping[str, Json] | None = None
) -> str:
    """Return *findings* as one run of trueup *version*, the loudest first where not all fit.

    Args:
        findings: What was found.
        version: Of trueup.
        rules: Every rule that was asked, so that those that passed are listed, too.
        counts: How many rules ended in which way, kept with the run.
    """
    kept = sorted(findings, key=lambda f: LEVELS.index(f.level)) if len(findings) > MOST_RESULTS else list(findings)
    kept = kept[:MOST_RESULTS]
    described = {r.id: _described(r) for r in rules}
    # What METADATA says is the rule's; without it the first finding speaks for the rule.
    for finding in kept:
        described.setdefault(finding.rule, _found(finding))
    ids = sorted(described)
    places = {id_: index for index, id_ in enumerate(ids)}
    run: dict[str, Json] = {
        "tool": {"driver": {"name": "trueup", "version": version, "rules": [described[i] for i in ids]}},
        "columnKind": "unicodeCodePoints",
        "results": _results(kept, places),
    }
    if counts is not None:
        run["properties"] = {"rules": dict(counts), "leftOut": len(findings) - len(kept)}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _described(info: RuleInfo) -> Json:
    severity = info.severity or "high"
    level = "error" if severity in ("critical", "high") else "warning" if severity == "medium" else "note"
    return _rule(info.id, info.title, info.description, info.remediation, level, severity, tags_of(info))


def _found(finding: Finding) -> Json:
    return _rule(
        finding.rule,
        finding.title,
        finding.explanation,
        finding.remedy,
        finding.level.value,
        finding.severity,
        finding.tags,
    )


def _rule(  # noqa: PLR0913, PLR0917 - the parts of a rule's description
    id_: str, title: str, explanation: str, remedy: str, level: str, severity: str, tags: tuple[str, ...]
) -> Json:
    rule: dict[str, Json] = {
        "id": id_,
        "shortDescription": {"text": title or id_},
        "defaultConfiguration": {"level": level},
    }
    if explanation:
        rule["fullDescription"] = {"text": explanation}
    if remedy:
        rule["help"] = {"text": remedy}
    if severity:
        listed: list[Json] = list(("policy", "security", *tags)[:_MOST_TAGS])
        rule["properties"] = {"tags": listed, "severity": severity, "security-severity": _SCORES[severity]}
    return rule


def _results(findings: Sequence[Finding], places: Mapping[str, int]) -> list[Json]:
    seen: Counter[str] = Counter()
    results: list[Json] = []
    for finding in findings:
        identity = _identity(finding)
        seen[identity] += 1
        results.append(_result(finding, places[finding.rule], f"{identity}:{seen[identity]}"))
    return results


def _result(finding: Finding, rule_index: int, fingerprint: str) -> Json:
    said = finding.text.strip()
    text = f"{said}{'' if said.endswith(_ENDS) or not finding.remedy else '.'} {finding.remedy}".strip()
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.level.value,
        "message": {"text": text},
        "locations": [_location(finding)],
        "partialFingerprints": {"trueup/v1": fingerprint},
    }
    if finding.excepted_by:
        reason = f"Lifted by {finding.excepted_by}."
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    if finding.softened_by:
        result["properties"] = {"softenedBy": finding.softened_by}
    return result


def _location(finding: Finding) -> dict[str, Json]:
    span = finding.span
    path = span.path if span and span.path not in ("", "-") else _NOWHERE
    place: dict[str, Json] = {"artifactLocation": {"uri": quote(path, safe="/"), "uriBaseId": "%SRCROOT%"}}
    if span and span.line:
        place["region"] = {"startLine": span.line, "startColumn": span.column or 1}
    location: dict[str, Json] = {"physicalLocation": place}
    if finding.address:
        name = f"{finding.address}:{path_text(finding.path)}" if finding.path else finding.address
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return location


def _identity(finding: Finding) -> str:
    """Name the finding without its line and without numbers, so that it stays itself when lines move and days pass."""
    path = finding.span.path if finding.span else ""
    message = _NUMBERS.sub("#", finding.message)
    return digest_of([finding.rule, path, finding.address, list(finding.path), message]).removeprefix("sha256:")
