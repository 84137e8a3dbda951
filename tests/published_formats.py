"""Outputs held to the schemas that others publish: SARIF 2.1.0, JUnit XML, OpenReports."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import xmlschema
from jsonschema import Draft202012Validator
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog

_TEXT = {"type": "string"}
_OBJECT_REFERENCE = {
    "type": "object",
    "properties": dict.fromkeys(("apiVersion", "kind", "name", "namespace", "uid", "fieldPath"), _TEXT),
    "additionalProperties": False,
}
_RESULT = {
    "type": "object",
    "required": ["policy", "result"],
    "properties": {
        "source": _TEXT,
        "policy": {"type": "string", "minLength": 1},
        "rule": _TEXT,
        "category": _TEXT,
        "severity": {"enum": ["critical", "high", "medium", "low", "info"]},
        "result": {"enum": ["pass", "fail", "warn", "error", "skip"]},
        "scored": {"type": "boolean"},
        "resources": {"type": "array", "items": _OBJECT_REFERENCE},
        "message": _TEXT,
        "properties": {"type": "object", "additionalProperties": _TEXT},
    },
    "additionalProperties": False,
}
OPEN_REPORT: dict[str, Any] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "summary", "results"],
    "properties": {
        "apiVersion": {"const": "openreports.io/v1alpha1"},
        "kind": {"const": "Report"},
        "metadata": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 253},
                "annotations": {"type": "object", "additionalProperties": _TEXT},
            },
            "additionalProperties": False,
        },
        "source": _TEXT,
        "summary": {
            "type": "object",
            "properties": {n: {"type": "integer", "minimum": 0} for n in ("pass", "fail", "warn", "error", "skip")},
            "additionalProperties": False,
        },
        "results": {"type": "array", "items": _RESULT},
    },
    "additionalProperties": False,
}
"""Written from the API reference of openreports.io/v1alpha1, which has the fields and their values."""


def check_sarif(text: str) -> dict[str, Any]:
    """Hold *text* to the JSON Schema of SARIF 2.1.0, as models generated from it, and return its one run.

    The models were made from the committee's last draft, in which the `status` of a suppression was called `state`;
    nothing else that we use has another name there.
    """
    log = json.loads(text)
    drafted = json.loads(text)
    for suppression in (s for r in drafted["runs"][0]["results"] for s in r.get("suppressions", ())):
        suppression["state"] = suppression.pop("status")
    SarifLog.model_validate(drafted)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({r["id"] for r in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"]
    return dict(run)


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).parent / "schemas" / "junit.xsd")


def check_junit(text: str) -> None:
    """Hold *text* to what readers of JUnit XML have in common."""
    _junit().validate(text)


def check_openreports(text: str) -> list[dict[str, Any]]:
    """Hold *text* to the API reference of OpenReports and return the reports in it."""
    value = json.loads(text)
    reports = value["items"] if value["kind"] == "ReportList" else [value]
    for report in reports:
        Draft202012Validator(OPEN_REPORT).validate(report)
        counts = {name: sum(r["result"] == name for r in report["results"]) for name in report["summary"]}
        assert counts == report["summary"]
    return list(reports)
