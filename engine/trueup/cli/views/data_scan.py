"""How a scan of datasets reads: a line a check with its number and limit, and what is wrong below it."""

import json
from collections.abc import Iterator, Sequence

from trueup.cli.output import Format, Style
from trueup.core.digests import short
from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    FLAG,
    FORMAT_1,
    NUMBER,
    TEXT,
    list_of,
    nullable,
    object_of,
    published,
    said,
)
from trueup.evidence.data import CheckResult, Finding, Outcome, ScannedData
from trueup.evidence.evidence import Evidence

_COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.UNDECIDED: "yellow"}
_SHOWN = 5
"""Findings of a check in text; JSON has twenty."""


def render(scanned: Sequence[ScannedData], output: Format, style: Style) -> str:
    """Return what was found in the format that was asked for."""
    if output is Format.JSON:
        document = {"format_version": "1.0", "datasets": [_json(one) for one in scanned]}
        return json.dumps(document, indent=2, ensure_ascii=False)
    return "\n".join(line for one in scanned for line in _text(one, style))


def _text(one: ScannedData, style: Style) -> Iterator[str]:
    run = one.run
    size = f"{run.size_bytes / 1e6:.1f} MB" if run.size_bytes >= 100_000 else f"{run.size_bytes} bytes"
    yield style.paint(f"{one.id}: {run.records} records, {size}, {short(one.digest)}", "bold")
    if run.malformed:
        yield style.paint(f"  {'FAILED':<10} {run.malformed} rows cannot be read", "red")
        yield from _findings(run.problems, run.malformed)
    for result in run.results:
        yield from _result(result, style)
    verdicts = ", ".join(f"{e.type} {'passed' if e.passed else 'FAILED'}" for e in one.evidence)
    yield f"  recorded: {verdicts}"


def _result(result: CheckResult, style: Style) -> Iterator[str]:
    check, outcome = result.check, result.outcome
    word = "FAILED" if outcome is Outcome.FAILED else str(outcome)
    against = f" against {', '.join(check.others)}" if check.others else ""
    name = f"{check.type}{' ' + check.column if check.column else ''}{against}"
    value = "-" if result.value is None else f"{result.value:.4g}"
    tolerated = " (warning)" if check.tolerated and outcome is not Outcome.PASSED else ""
    note = f"; {result.note}" if result.note else ""
    line = f"{name}: {value} ({result.operator} {result.threshold:g}), {result.samples} records{tolerated}{note}"
    yield f"  {style.paint(f'{word:<10}', _COLOURS[outcome])} {line}"
    if outcome is not Outcome.PASSED:
        yield from _findings(result.findings, result.found)


def _findings(findings: Sequence[Finding], count: int) -> Iterator[str]:
    for finding in findings[:_SHOWN]:
        yield f"             {finding.place}: {finding.what}"
    if count > len(findings[:_SHOWN]):
        yield f"             and {count - len(findings[:_SHOWN])} more"


def _json(one: ScannedData) -> dict[str, Json]:
    run = one.run
    return {
        "address": str(one.id),
        "digest": one.digest,
        "passed": one.passed,
        "records": run.records,
        "size_bytes": run.size_bytes,
        "malformed": run.malformed,
        "problems": [f.to_json() for f in run.problems],
        "checks": [_check(r) for r in run.results],
        "evidence": [_evidence(e) for e in one.evidence],
    }


def _check(result: CheckResult) -> dict[str, Json]:
    return {
        "type": result.check.type,
        "column": result.check.column,
        "against": list(result.check.others),
        "tolerated": result.check.tolerated,
        "outcome": str(result.outcome),
        "value": result.value,
        "operator": result.operator,
        "threshold": result.threshold,
        "samples": result.samples,
        "found": result.found,
        "findings": [f.to_json() for f in result.findings],
        "measurements": [m.to_json() for m in result.measurements],
        "note": result.note,
    }


def _evidence(evidence: Evidence) -> dict[str, Json]:
    return {"type": evidence.type, "digest": evidence.digest, "key": evidence.key, "passed": evidence.passed}


def data_scan_schema() -> dict[str, Json]:
    """Return the schema of `scan` of datasets."""
    finding = object_of({"place": said(TEXT, "`file:line`"), "what": said(TEXT, "never a secret or personal datum")})
    check: dict[str, Json] = {
        "type": TEXT,
        "column": said(TEXT, "empty for the whole record"),
        "against": said(list_of(TEXT), "other datasets it compares with"),
        "tolerated": said(FLAG, "declared with severity `warning`"),
        "outcome": {"enum": [str(o) for o in Outcome]},
        "value": nullable(NUMBER),
        "operator": TEXT,
        "threshold": NUMBER,
        "samples": COUNT,
        "found": said(COUNT, "how many things are wrong"),
        "findings": said(list_of(finding), "the first twenty"),
        "measurements": list_of(object_of({"metric": TEXT, "value": NUMBER, "unit": TEXT, "samples": COUNT})),
        "note": TEXT,
    }
    evidence = object_of({"type": TEXT, "digest": DIGEST, "key": DIGEST, "passed": FLAG})
    dataset: dict[str, Json] = {
        "address": TEXT,
        "digest": DIGEST,
        "passed": FLAG,
        "records": COUNT,
        "size_bytes": COUNT,
        "malformed": said(COUNT, "rows and files that cannot be read"),
        "problems": said(list_of(finding), "the first twenty of them"),
        "checks": list_of(object_of(check)),
        "evidence": list_of(evidence),
    }
    return published(
        "trueup data scan", object_of({"format_version": FORMAT_1, "datasets": list_of(object_of(dataset))})
    )
