"""A promotion as JSON, and the schema of that."""

import json

from trueup.cli.output import Style
from trueup.cli.views.edits import edit_lines
from trueup.cli.views.promotion import PromotionReport
from trueup.core.json import Json
from trueup.core.json_schema import COUNT, DIGEST, FLAG, FORMAT_1, TEXT, list_of, nullable, object_of, published, said
from trueup.diff.masks import masked


def json_text(report: PromotionReport) -> str:
    """Return *report* as JSON."""
    return json.dumps(masked(to_json(report)), indent=2, ensure_ascii=False)


def to_json(report: PromotionReport) -> dict[str, Json]:
    """Return *report* as JSON values."""
    way, landed, soak = report.way_back, report.landed, report.soak
    edit = edit_lines(report.path, report.before, report.after, Style())
    served = None if soak.served is None else int(soak.served.total_seconds())
    return {
        "format_version": "1.0",
        "deployment": report.deployment,
        "from": report.source,
        "to": report.target,
        "release": report.release,
        "needed": report.is_needed,
        "path": report.path,
        "diff": "".join(f"{line}\n" for line in edit),
        "changes": [{"key": key, "before": now, "after": then} for key, now, then in report.names],
        "evidence": [
            {"evaluation": e.evaluation, "state": e.state, "measured": list(e.measured)} for e in report.evidence
        ],
        "soak": {"required_seconds": int(soak.required.total_seconds()), "served_seconds": served},
        "approvals": {
            "required": report.approvals.required,
            "roles": [{"role": role, "count": count} for role, count in report.approvals.roles],
            "given": list(report.approvals.given),
        },
        "work": list(report.work),
        "peak": report.peak,
        "way_back": None
        if way is None
        else {
            "release": way.release,
            "cached": way.is_cached,
            "declared": way.is_declared,
            "restores_file": way.restores_file,
        },
        "plan": {
            "id": report.plan.saved.plan.id,
            "verdict": report.plan.verdict,
            "denied_by": [{"rule": v.rule, "message": v.message} for v in report.plan.denials],
        },
        "landed": None
        if landed is None
        else {
            "commit": landed.commit,
            "branch": landed.branch,
            "url": landed.url,
            "commands": list(landed.commands),
            "link": landed.link,
            "superseded": list(landed.superseded),
        },
    }


def promotion_schema() -> dict[str, Json]:
    """Return the schema of `promote`."""
    evidence: dict[str, Json] = {
        "evaluation": TEXT,
        "state": {"enum": ["passed", "failed", "undecided", "missing"]},
        "measured": list_of(TEXT),
    }
    way_back = {"release": DIGEST, "cached": FLAG, "declared": FLAG, "restores_file": FLAG}
    plan = {"id": DIGEST, "verdict": TEXT, "denied_by": list_of(object_of({"rule": TEXT, "message": TEXT}))}
    landed: dict[str, Json] = {
        "commit": said(TEXT, "the commit that was made or found"),
        "branch": said(TEXT, "branch of the pull request; empty for a commit on the current branch"),
        "url": said(TEXT, "page of the pull request; empty while there is none"),
        "commands": said(list_of(TEXT), "what is left to be run by hand"),
        "link": said(TEXT, "page on which a person opens the pull request"),
        "superseded": said(list_of(COUNT), "numbers of pull requests that were closed"),
    }
    roles = list_of(object_of({"role": TEXT, "count": COUNT}))
    document: dict[str, Json] = {
        "format_version": FORMAT_1,
        "deployment": TEXT,
        "from": TEXT,
        "to": TEXT,
        "release": said(DIGEST, "the release that is verified and serves upstream"),
        "needed": said(FLAG, "the target declares another release"),
        "path": TEXT,
        "diff": said(TEXT, "unified diff of the file"),
        "changes": list_of(object_of({"key": TEXT, "before": TEXT, "after": TEXT})),
        "evidence": list_of(object_of(evidence)),
        "soak": object_of({"required_seconds": COUNT, "served_seconds": nullable(COUNT)}),
        "approvals": object_of({"required": COUNT, "roles": roles, "given": list_of(TEXT)}),
        "work": said(list_of(TEXT), "fetches and builds before it can serve"),
        "peak": said(TEXT, "what the rollout takes at its peak; empty when unknown"),
        "way_back": nullable(object_of(way_back)),
        "plan": object_of(plan),
        "landed": nullable(object_of(landed)),
    }
    return published("trueup promotion", object_of(document))
