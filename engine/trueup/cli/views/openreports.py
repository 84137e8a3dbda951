"""OpenReports `Report`, the shape that policy reports of Kubernetes have. Source: openreports.io/v1alpha1.

A warning is a result that does not count (`scored: false`), what an exception lifts or what is a dry run is skipped,
and a policy that could not be evaluated is an error.
"""

import json
import re
from collections.abc import Iterable, Iterator

from trueup.cli.views.findings import UNEVALUATED, Finding, Level
from trueup.cli.views.values import path_text
from trueup.core.json import Json
from trueup.policy.checked import Checked, RuleResults, Status, status_of
from trueup.policy.decision import EngineError, Violation
from trueup.policy.results import RuleInfo

_SOURCE = "trueup"
_RESULTS = ("pass", "fail", "warn", "error", "skip")


def openreports(checks: Iterable[Checked]) -> str:
    """Return a Report for each judged document, in a list when there are several."""
    reports = [_report(c) for c in checks]
    if len(reports) == 1:
        return json.dumps(reports[0], indent=2, ensure_ascii=False)
    document: Json = {"apiVersion": "openreports.io/v1alpha1", "kind": "ReportList", "items": reports}
    return json.dumps(document, indent=2, ensure_ascii=False)


def problems_report(findings: Iterable[Finding]) -> str:
    """Return a Report of what stopped a check before anything could be judged."""
    results: list[dict[str, Json]] = [
        {
            "source": _SOURCE,
            "policy": f.rule,
            "result": "error" if f.level is Level.ERROR else "warn",
            "scored": f.level is Level.ERROR,
            "message": f.message or f.title,
            "properties": {"place": str(f.span)} if f.span else {},
        }
        for f in findings
    ]
    return json.dumps(_document("problems", results), indent=2, ensure_ascii=False)


def _report(check: Checked) -> Json:
    infos = {r.id: r for r in reversed(check.rules)}
    results = [_error(e) for e in check.decision.errors]
    results += [one for r in check.results for one in _results(r, infos.get(r.rule))]
    return _document(check.subject, results)


def _document(subject: str, results: list[dict[str, Json]]) -> dict[str, Json]:
    summary: Json = {name: sum(r["result"] == name for r in results) for name in _RESULTS}
    return {
        "apiVersion": "openreports.io/v1alpha1",
        "kind": "Report",
        "metadata": {"name": _name(subject), "annotations": {"trueup/subject": subject}},
        "source": _SOURCE,
        "summary": summary,
        "results": results,
    }


def _results(result: RuleResults, info: RuleInfo | None) -> Iterator[dict[str, Json]]:
    """Yield a result for each violation, or one for a rule that passed."""
    if not result.violations:
        yield {**_head(result, info), "result": Status.PASS.value, "scored": True}
    for violation in result.violations:
        status = status_of(violation)
        yield {
            **_head(result, info),
            "severity": violation.severity,
            "result": status.value,
            "scored": status is Status.FAIL,
            "message": violation.message,
            "properties": _properties(violation, info),
            **_resources(violation),
        }


def _head(result: RuleResults, info: RuleInfo | None) -> dict[str, Json]:
    head: dict[str, Json] = {"source": _SOURCE, "policy": result.rule, "rule": info.entry if info else "deny"}
    if info and info.rule_set:
        head["category"] = info.rule_set
    if info and info.severity:
        head["severity"] = info.severity
    return head


def _properties(violation: Violation, info: RuleInfo | None) -> dict[str, Json]:
    """Return what else there is to say; OpenReports has texts only."""
    said = {
        "title": violation.title,
        "address": violation.address,
        "path": path_text(violation.path),
        "enforcement": violation.enforcement.value,
        "place": str(violation.span) if violation.span else "",
        "remediation": violation.remediation,
        "exceptedBy": violation.excepted_by,
        "softenedBy": violation.softened_by,
        "controls": ", ".join(info.controls) if info else "",
    }
    return {name: text for name, text in said.items() if text}


def _resources(violation: Violation) -> dict[str, Json]:
    """Return the resource as Kubernetes names things; an environment is a deployment's namespace."""
    kind, _, name = violation.address.partition("/")
    if not name:
        return {}
    resource: dict[str, Json] = {"apiVersion": "trueup/v1alpha1", "kind": kind, "name": name}
    if "/" in name:
        resource["namespace"], resource["name"] = name.split("/", 1)
    return {"resources": [resource]}


def _error(error: EngineError) -> dict[str, Json]:
    place: dict[str, Json] = {"properties": {"place": str(error.span)}} if error.span else {}
    return {
        "source": _SOURCE,
        "policy": UNEVALUATED,
        "result": "error",
        "scored": True,
        "message": error.message,
        **place,
    }


def _name(subject: str) -> str:
    """Return *subject* as Kubernetes allows names: lower case, at most 253 characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:240].strip("-")
    return f"trueup-{plain or 'policy'}"
