"""SARIF 2.1.0, for code scanning. Source: OASIS Static Analysis Results Interchange Format 2.1.0."""

import json
from collections.abc import Sequence
from urllib.parse import quote

from trueup.cli.views.findings import Finding
from trueup.cli.views.values import path_text
from trueup.core.digests import digest_of
from trueup.core.json import Json

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""GitHub refuses a run with more."""


def sarif(findings: Sequence[Finding], version: str) -> str:
    """Return *findings* as one run of trueup *version*, errors first where not all fit."""
    kept = sorted(findings, key=lambda f: f.severity.value)[:MOST_RESULTS] if len(findings) > MOST_RESULTS else findings
    ids = sorted({f.rule for f in kept})
    rules = {f.rule: f for f in reversed(kept)}
    run: dict[str, Json] = {
        "tool": {"driver": {"name": "trueup", "version": version, "rules": [_rule(rules[i]) for i in ids]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(f, ids.index(f.rule)) for f in kept],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(finding: Finding) -> Json:
    rule: dict[str, Json] = {
        "id": finding.rule,
        "shortDescription": {"text": finding.title or finding.rule},
        "defaultConfiguration": {"level": finding.severity.value},
    }
    if finding.explanation:
        rule["fullDescription"] = {"text": finding.explanation}
    if finding.remedy:
        rule["help"] = {"text": finding.remedy}
    return rule


def _result(finding: Finding, rule_index: int) -> Json:
    text = finding.message or finding.title
    result: dict[str, Json] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.severity.value,
        "message": {"text": f"{text} {finding.remedy}".strip() if finding.remedy else text},
        "locations": [location] if (location := _location(finding)) else [],
        "partialFingerprints": {"trueup/v1": _fingerprint(finding)},
    }
    if finding.excepted_by:
        reason = f"Lifted by {finding.excepted_by}."
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _location(finding: Finding) -> dict[str, Json]:
    location: dict[str, Json] = {}
    if finding.span:
        place: dict[str, Json] = {
            "artifactLocation": {"uri": quote(finding.span.path, safe="/"), "uriBaseId": "%SRCROOT%"}
        }
        if finding.span.line:
            place["region"] = {"startLine": finding.span.line, "startColumn": finding.span.column or 1}
        location["physicalLocation"] = place
    if finding.address:
        name = f"{finding.address}:{path_text(finding.path)}" if finding.path else finding.address
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return location


def _fingerprint(finding: Finding) -> str:
    """Name the finding without its line, so that it stays itself when lines move."""
    path = finding.span.path if finding.span else ""
    return digest_of([finding.rule, path, finding.address, list(finding.path), finding.message]).removeprefix("sha256:")
