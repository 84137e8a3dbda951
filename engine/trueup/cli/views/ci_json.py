"""A run for programs, and the outputs that a CI system hands on to later steps."""

import json
from collections.abc import Mapping

from trueup.cli.views.ci_comment import comment, first_line
from trueup.cli.views.ci_report import CiReport, EnvironmentReport, Verdict
from trueup.cli.views.diagnostics import diagnostic_json
from trueup.core.digests import digest_of_bytes
from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    FLAG,
    FORMAT_1,
    TEXT,
    TIME,
    list_of,
    nullable,
    object_of,
    published,
    said,
)
from trueup.diff.masks import masked_text
from trueup.plan.plan import Counts, count
from trueup.plan.risk import Risk
from trueup.ports import Provider

FORMAT_VERSION = "1.0"
DOTENV_BYTES = 5_000
"""GitLab takes dotenv reports of 5 KB."""


def document(report: CiReport, exit_code: int, body: str = "") -> dict[str, Json]:
    """Return the run as JSON; *body* is the comment as it was written, before how posting it went was known."""
    where, written = report.where, (body or comment(report)).encode()
    return {
        "format_version": FORMAT_VERSION,
        "verdict": report.verdict.value,
        "exit_code": exit_code,
        "has_changes": report.has_changes,
        "summary": report.summary,
        "risk": {"level": report.assessment.risk.value, "reasons": list(report.assessment.reasons)},
        "where": {
            "provider": where.provider.value,
            "event": where.event,
            "server": where.server,
            "repository": where.repository,
            "number": where.number or None,
            "base": where.base,
            "base_revision": where.base_revision,
            "head": where.head,
            "branch": where.branch,
            "is_fork": where.is_fork,
            "run": where.run,
        },
        "project": report.project,
        "revision": report.revision,
        "base": report.base,
        "made_at": report.made_at.isoformat().replace("+00:00", "Z"),
        "environments": [_environment(e) for e in report.environments],
        "untouched": list(report.untouched),
        "gone": list(report.gone),
        "measured": [{"name": name, "passed": passed} for name, passed in (report.measured or {}).items()],
        "diagnostics": [diagnostic_json(d) for d in report.diagnostics],
        "failures": [diagnostic_json(d) for d in report.failures],
        "notes": [masked_text(note) for note in report.notes],
        "comment": {
            "file": "comment.md",
            "marker": first_line(report.project),
            "bytes": len(written),
            "digest": digest_of_bytes(written),
        },
    }


def render(report: CiReport, exit_code: int, body: str = "") -> str:
    """Return `ci.json`."""
    return json.dumps(document(report, exit_code, body), indent=2, ensure_ascii=False)


def outputs(report: CiReport, exit_code: int, folder: str) -> dict[str, str]:
    """Return the outputs, each of which is one line of printable ASCII."""
    ids: dict[str, Json] = {e.name: e.plan.saved.plan.id for e in report.environments if e.plan is not None and e.file}
    return {
        "verdict": report.verdict.value,
        "has-changes": str(report.has_changes).lower(),
        "exit-code": str(int(exit_code)),
        "risk": report.assessment.risk.value,
        "environments": json.dumps([e.name for e in report.environments], separators=(",", ":")),
        "plan-ids": json.dumps(ids, separators=(",", ":")),
        "folder": one_line(folder),
    }


def output_lines(values: Mapping[str, str]) -> str:
    """Return outputs as the file behind `GITHUB_OUTPUT` takes them."""
    return "".join(f"{name}={one_line(value)}\n" for name, value in values.items())


def dotenv(values: Mapping[str, str]) -> str:
    """Return outputs as variables; what would make the file larger than GitLab takes is left out."""
    lines, room = [], DOTENV_BYTES
    for name, value in values.items():
        line = f"TRUEUP_{name.upper().replace('-', '_')}={one_line(value)}\n"
        if len(line) <= room:
            lines.append(line)
            room -= len(line)
    return "".join(lines)


def one_line(text: str) -> str:
    """Return *text* without anything that could end a line: a second line would be another output."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


def _environment(environment: EnvironmentReport) -> Json:
    plan = environment.plan
    assessment = environment.assessment
    known: dict[str, Json] = {
        "tier": None,
        "plan_id": None,
        "outcome": None,
        "blocked": 0,
        "excepted": 0,
        "changes": _counts(Counts()),
        "evidence": {"passed": 0, "not_passed": 0},
        "expires_at": None,
    }
    if plan is not None:
        saved = plan.saved
        passed = sum(e.passed for e in saved.evidence)
        known = {
            "tier": saved.environment.tier,
            "plan_id": saved.plan.id,
            "outcome": plan.decision.outcome.value if plan.decision else None,
            "blocked": plan.blocked,
            "excepted": len(plan.excepted),
            "changes": _counts(count(saved.plan.changes)),
            "evidence": {"passed": passed, "not_passed": len(saved.evidence) - passed},
            "expires_at": saved.expires_at.isoformat().replace("+00:00", "Z"),
        }
    return {
        "name": environment.name,
        "why": environment.why,
        "verdict": environment.verdict.value,
        "file": environment.file or None,
        "risk": {"level": assessment.risk.value, "reasons": list(assessment.reasons)},
        **known,
        "problems": [diagnostic_json(d) for d in environment.problems],
    }


def _counts(counts: Counts) -> Json:
    return {
        "create": counts.create,
        "update": counts.update,
        "delete": counts.delete,
        "fetch": counts.fetch,
        "build": counts.build,
        "evaluate": counts.evaluate,
    }


def ci_schema() -> dict[str, Json]:
    """Return the schema of `ci`."""
    from trueup.cli.views.schemas import diagnostic_schema

    risk = object_of({"level": {"enum": [r.value for r in Risk]}, "reasons": list_of(TEXT)})
    verdict: Json = {"enum": [v.value for v in Verdict]}
    counts = object_of(dict.fromkeys(("create", "update", "delete", "fetch", "build", "evaluate"), COUNT))
    where = {
        "provider": {"enum": [p.value for p in Provider]},
        "event": said(TEXT, "what started the run, in the provider's own word"),
        "server": TEXT,
        "repository": TEXT,
        "number": said(nullable(COUNT), "of the pull request"),
        "base": said(TEXT, "the branch it is to be merged into"),
        "base_revision": TEXT,
        "head": said(TEXT, "newest commit of the branch under review"),
        "branch": TEXT,
        "is_fork": FLAG,
        "run": said(TEXT, "page of the run"),
    }
    environment = {
        "name": TEXT,
        "why": said(TEXT, "why the change reaches it"),
        "verdict": verdict,
        "file": said(nullable(TEXT), "the saved plan, from the folder"),
        "risk": risk,
        "tier": nullable(TEXT),
        "plan_id": nullable(DIGEST),
        "outcome": said(nullable(TEXT), "of the decision"),
        "blocked": COUNT,
        "excepted": COUNT,
        "changes": counts,
        "evidence": object_of({"passed": COUNT, "not_passed": COUNT}),
        "expires_at": nullable(TIME),
        "problems": list_of(diagnostic_schema()),
    }
    document: dict[str, Json] = {
        "format_version": FORMAT_1,
        "verdict": verdict,
        "exit_code": COUNT,
        "has_changes": FLAG,
        "summary": TEXT,
        "risk": risk,
        "where": object_of(where),
        "project": TEXT,
        "revision": said(TEXT, "the commit that was planned"),
        "base": said(TEXT, "the commit it was compared with; empty when there is none"),
        "made_at": TIME,
        "environments": list_of(object_of(environment)),
        "untouched": said(list_of(TEXT), "environments that the change does not reach"),
        "gone": said(list_of(TEXT), "environments that the change does not declare any more"),
        "measured": list_of(object_of({"name": TEXT, "passed": FLAG})),
        "diagnostics": list_of(diagnostic_schema()),
        "failures": list_of(diagnostic_schema()),
        "notes": list_of(TEXT),
        "comment": object_of({"file": TEXT, "marker": TEXT, "bytes": COUNT, "digest": DIGEST}),
    }
    return published("trueup ci", object_of(document))
