"""JSON Schemas of what commands print, by the name that `trueup schema` knows them under."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from trueup.cli.views.approvals import approvals_schema
from trueup.cli.views.build_check import build_check_schema
from trueup.cli.views.built import built_schema
from trueup.cli.views.ci_json import ci_schema
from trueup.cli.views.data_scan import data_scan_schema
from trueup.cli.views.document import document_schema
from trueup.cli.views.exceptions import exceptions_schema
from trueup.cli.views.export_ndjson import export_schema
from trueup.cli.views.policy_schemas import (
    checked_schema,
    rule_explanation_schema,
    rule_pages_schema,
    rule_tests_schema,
    rules_schema,
)
from trueup.cli.views.promotion_json import promotion_schema
from trueup.cli.views.rendered import rendered_schema
from trueup.cli.views.replay_schema import replay_schema
from trueup.cli.views.work import work_schema
from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    DIGEST,
    DIGEST_OR_NONE,
    FLAG,
    FORMAT_1,
    NUMBER,
    TEXT,
    TIME,
    list_of,
    nullable,
    object_of,
    published,
    said,
)
from trueup.diff.status import Sync
from trueup.ledger.record import RecordKind, RunOutcome
from trueup.observed.state import Health
from trueup.plan.schema import plan_json_schema, saved_plan_schema
from trueup.policy.schema import SCHEMA as POLICY_DOCUMENT
from trueup.rollout.events import Status as EventStatus

Schema = dict[str, Json]

_ERROR_OR_WARNING: Json = {"enum": ["error", "warning"]}
_HEALTH: Json = {"enum": [h.value for h in Health]}


class Output(NamedTuple):
    """One thing that commands print: which command prints it, and its schema."""

    command: str
    schema: Callable[[], Schema]


def diagnostic_schema() -> Schema:
    """Return the schema of one problem."""
    span = object_of({"path": TEXT, "line": said(COUNT, "from 1; 0 is the whole file"), "column": COUNT})
    code = said({"type": "string", "pattern": "^[A-Z]+[0-9]{3}$"}, "as in the list of errors")
    texts = {"summary": TEXT, "detail": TEXT, "hint": TEXT}
    return object_of({"severity": _ERROR_OR_WARNING, "code": code, **texts, "span": nullable(span)})


def diagnostics_schema() -> Schema:
    """Return the schema of `validate` and `policy check`, and of a command that found the declaration invalid."""
    counts = {"errors": COUNT, "warnings": COUNT}
    document = {"valid": FLAG, **counts, "subject": TEXT, "diagnostics": list_of(diagnostic_schema())}
    return published("trueup diagnostics", object_of({"format_version": FORMAT_1, **document}))


def failure_schema() -> Schema:
    """Return the schema of what a command prints that could not do its work."""
    document: Schema = {"outcome": {"const": "error"}, "diagnostics": list_of(diagnostic_schema())}
    return published("trueup failure", object_of({"format_version": FORMAT_1, **document}))


def _hold() -> Schema:
    place = {"environment": TEXT, "deployment": TEXT, "release": DIGEST}
    return object_of({**place, "reason": TEXT, "author": TEXT, "since": TIME, "expires": nullable(TIME)})


def _listed_hold() -> Schema:
    place = {"environment": TEXT, "deployment": TEXT, "release": DIGEST}
    ended = said(FLAG, "it has not ended by itself")
    return object_of(
        {**place, "reason": TEXT, "author": TEXT, "since": TIME, "expires": nullable(TIME), "in_force": ended}
    )


def holds_schema() -> Schema:
    """Return the schema of `hold list`."""
    return published("trueup holds", object_of({"format_version": FORMAT_1, "holds": list_of(_listed_hold())}))


def _rollout_schema() -> Schema:
    candidate = {"name": TEXT, "release": DIGEST, "weight": NUMBER, "mirror": NUMBER}
    progress = said({"type": ["object", "null"]}, "where it is, for whoever takes it up")
    sticky = said({"enum": ["request", "user"]}, "what stays with one release")
    return object_of({"candidates": list_of(object_of(candidate)), "sticky": sticky, "progress": progress})


def status_schema() -> Schema:
    """Return the schema of `status`."""
    server = object_of(
        {
            "key": DIGEST,
            "replica": COUNT,
            "health": _HEALTH,
            "pid": COUNT,
            "port": COUNT,
            "restarts": COUNT,
            "started_at": nullable(TIME),
            "detail": TEXT,
        }
    )
    evidence = {
        "evaluation": TEXT,
        "state": {"enum": ["passed", "failed", "undecided", "missing"]},
        "measured": list_of(TEXT),
    }
    deployment: dict[str, Json] = {
        "address": TEXT,
        "sync": {"enum": [s.value for s in Sync]},
        "reason": said(TEXT, "what differs; empty when in sync"),
        "desired": said(list_of(TEXT), "what the declaration names"),
        "release": said(DIGEST_OR_NONE, "the declared release; empty when none is declared"),
        "observed_release": said(DIGEST_OR_NONE, "the release that serves; empty when none does"),
        "verified": said(FLAG, "the release that serves was verified here"),
        "revision": said(TEXT, "commit that was applied"),
        "applied_at": nullable(TIME),
        "health": _HEALTH,
        "servers": list_of(server),
        "requests": COUNT,
        "failures": COUNT,
        "evidence": list_of(object_of(evidence)),
        "holds": list_of(_hold()),
        "way_back": said(
            nullable(object_of({"release": DIGEST, "retained": said(FLAG, "its artifact is in the store")})),
            "the newest other release that was verified and is not on hold",
        ),
        "ended_holds": said(list_of(_hold()), "holds on its releases that ended by themselves"),
        "rollout": said(nullable(_rollout_schema()), "what a rollout under way does to the traffic"),
        "held": said(FLAG, "requests wait: a release is swapped in place"),
    }
    document: dict[str, Json] = {
        "format_version": FORMAT_1,
        "environment": TEXT,
        "tier": TEXT,
        "revision": said(TEXT, "the declared commit; empty for uncommitted changes"),
        "gateway": _HEALTH,
        "address": said(TEXT, "where the environment answers"),
        "in_sync": FLAG,
        "unfinished": said(TEXT, "what a killed run left behind; empty for nothing"),
        "unpushed_records": COUNT,
        "git_pending": said(list_of(TEXT), "rollbacks that are done and that git does not say yet"),
        "deployments": list_of(object_of(deployment)),
        "strays": said(list_of(server), "servers that no release needs"),
    }
    return published("trueup status", object_of(document))


def explanation_schema() -> Schema:
    """Return the schema of `explain`."""
    section = object_of({"title": TEXT, "lines": list_of(TEXT)})
    document = {"format_version": FORMAT_1, "address": TEXT, "summary": TEXT, "sections": list_of(section)}
    return published("trueup explanation", object_of(document))


def event_schema() -> Schema:
    """Return the schema of one line of `apply`, `rollback` and `evaluate` with `--output ndjson`."""
    return published("trueup event", object_of({"type": {"const": "event"}, **_event()}))


def _event() -> dict[str, Json]:
    return {
        "at": TIME,
        "step": said(TEXT, "`fetch`, `build`, `start`, `evaluate`, `gate`, `route`, `verify`, `stop`, `record`, ..."),
        "address": TEXT,
        "status": {"enum": [s.value for s in EventStatus]},
        "detail": TEXT,
        "facts": {"type": "object"},
    }


def record_schema() -> Schema:
    """Return the schema of a record of the ledger, format version 1."""
    place: dict[str, Json] = {"sequence": {"type": "integer", "minimum": 1}, "previous": DIGEST_OR_NONE}
    document: dict[str, Json] = {
        "formatVersion": {"const": 1},
        **place,
        "formerly": list_of(object_of(place)),
        "digest": said(DIGEST, "of the canonical JSON of everything but itself"),
        "kind": {"enum": [k.value for k in RecordKind]},
        "environment": TEXT,
        "at": TIME,
        "actor": TEXT,
        "revision": TEXT,
        "plan": DIGEST_OR_NONE,
        "outcome": {"enum": [o.value for o in RunOutcome]},
        "resources": list_of(TEXT),
        "decisions": said(list_of({"type": "object"}), "what policy said, with the digest of what it was asked"),
        "events": list_of(object_of(_event())),
        "body": said({"type": "object"}, "what is particular to the kind"),
        "attachments": said(list_of(DIGEST), "documents kept beside it"),
    }
    return published("trueup record", object_of(document))


def audit_log_schema() -> Schema:
    """Return the schema of `audit log`."""
    record = {k: v for k, v in record_schema().items() if k not in ("$schema", "title")}
    names = ("commit", "author", "subject", "address", "path")
    change: dict[str, Json] = {
        **dict.fromkeys(names, TEXT),
        "at": TIME,
        "change": {"enum": ["create", "update", "move", "delete"]},
        "former_path": said(TEXT, "the file it was in before; empty when it stayed"),
        "fields": said(TEXT, "names of what differs, shortened"),
    }
    document = {
        **_audit(),
        "records": said(list_of(record), "newest first"),
        "more": FLAG,
        "changes": said(list_of(object_of(change)), "commits that changed the resource asked for, newest first"),
        "more_changes": FLAG,
    }
    return published("trueup audit log", object_of(document))


def audit_at_schema() -> Schema:
    """Return the schema of `audit at`."""
    names = ("deployment", "environment", "model", "prompt", "build", "revision")
    serving: dict[str, Json] = {
        **dict.fromkeys(names, TEXT),
        "release": DIGEST,
        "policies": said(list_of(DIGEST), "bundles that judged it"),
        "since": TIME,
        "record": said(DIGEST, "of the ledger, that says so"),
        "verified": FLAG,
    }
    document = {**_audit(), "time": TIME, "environment": TEXT, "serving": list_of(object_of(serving))}
    return published("trueup audit at", object_of(document))


def audit_verification_schema() -> Schema:
    """Return the schema of `audit verify`."""
    newest = object_of({"sequence": COUNT, "digest": DIGEST, "commit": TEXT, "at": TIME})
    decisions: dict[str, Json] = {
        "count": COUNT,
        "equal": said(COUNT, "came out the same"),
        "by_results": said(
            list_of(object_of({"judge": COUNT, "count": COUNT})),
            "judged by an older format; what the rules gave was compared",
        ),
        "not_kept": said(COUNT, "recorded before policies were kept, and nobody has them any more"),
        "engines": said(list_of(object_of({"engine": TEXT, "count": COUNT})), "that evaluated then"),
        "engine": said(TEXT, "that evaluated now"),
        "problems": COUNT,
    }
    document = {"sound": FLAG, "count": COUNT, "newest": nullable(newest), "problems": list_of(diagnostic_schema())}
    document["decisions"] = said(nullable(object_of(decisions)), "with `--decisions`")
    return published("trueup audit verification", object_of({**_audit(), **document}))


def _audit() -> dict[str, Json]:
    return {"format_version": FORMAT_1, "hint": said(TEXT, "why there may be more than is shown; empty mostly")}


def checks_schema() -> Schema:
    """Return the schema of `doctor`."""
    check = object_of({"name": TEXT, "level": {"enum": ["ok", "warn", "fail"]}, "found": TEXT, "advice": TEXT})
    return published("trueup doctor", object_of({"format_version": FORMAT_1, "checks": list_of(check)}))


def collection_schema() -> Schema:
    """Return the schema of `gc`."""
    kept = said(TEXT, "what needs it; empty when nothing does")
    artifact = object_of({"key": DIGEST, "kept_because": kept, "freed_bytes": COUNT})
    document = {"format_version": FORMAT_1, "dry_run": FLAG, "artifacts": list_of(artifact)}
    return published("trueup gc", object_of(document))


def scan_schema() -> Schema:
    """Return the schema of `scan`."""
    document = {
        "format_version": FORMAT_1,
        "address": TEXT,
        "artifact": DIGEST,
        "findings": list_of(said(TEXT, "a name that a pickle imports and how safe that is, or what cannot be read")),
        "tool": TEXT,
        "evidence": DIGEST,
    }
    return published("trueup scan", object_of(document))


def pinned_schema() -> Schema:
    """Return the schema of `pin`."""
    before = said(TEXT, "what was declared; empty when nothing was")
    change = object_of({"field": TEXT, "before": before, "after": TEXT})
    revision = said(TEXT, "what the source calls this content; empty when it has no name for it")
    found = {"revision": revision, "digest": DIGEST, "files": COUNT, "size_bytes": COUNT}
    source = object_of({"address": TEXT, "uri": TEXT, **found, "changes": list_of(change)})
    written = said(FLAG, "whether the files were changed")
    return published(
        "trueup pin", object_of({"format_version": FORMAT_1, "written": written, "sources": list_of(source)})
    )


OUTPUTS: Mapping[str, Output] = {
    "plan": Output("trueup plan -o json, trueup show -o json", plan_json_schema),
    "plan-file": Output("trueup plan --out FILE", saved_plan_schema),
    "promotion": Output("trueup promote -o json", promotion_schema),
    "ci": Output("trueup ci -o json", ci_schema),
    "status": Output("trueup status -o json", status_schema),
    "explanation": Output("trueup explain -o json", explanation_schema),
    "build": Output("trueup build REF -o json", built_schema),
    "build-check": Output("trueup build REF --check -o json", build_check_schema),
    "diagnostics": Output("trueup validate -o json, trueup policy check -o json", diagnostics_schema),
    "failure": Output("any command that fails, with -o json", failure_schema),
    "event": Output("a line of trueup apply, rollback or evaluate, with -o ndjson", event_schema),
    "evaluations": Output("trueup evaluate --changed -o json", work_schema),
    "holds": Output("trueup hold list -o json", holds_schema),
    "approvals": Output("trueup approve --list -o json", approvals_schema),
    "exceptions": Output("trueup policy exceptions -o json", exceptions_schema),
    "audit-log": Output("trueup audit log -o json", audit_log_schema),
    "audit-at": Output("trueup audit at TIME -o json", audit_at_schema),
    "audit-verification": Output("trueup audit verify -o json", audit_verification_schema),
    "audit-export": Output("a line of trueup audit export -o ndjson", export_schema),
    "audit-document": Output("trueup audit document -o json", document_schema),
    "record": Output("record.json of a commit of refs/trueup/ledger", record_schema),
    "policy-document": Output("the input of rules", lambda: dict(POLICY_DOCUMENT)),
    "policy-rules": Output("trueup policy list -o json", rules_schema),
    "policy-docs": Output("trueup policy docs -o json", rule_pages_schema),
    "policy-tests": Output("trueup policy test -o json", rule_tests_schema),
    "policy-check": Output("trueup policy check FILE, -e ENV or --plan PLAN, with -o json", checked_schema),
    "policy-explanation": Output("trueup policy explain -o json", rule_explanation_schema),
    "policy-replay": Output("trueup policy replay -o json", replay_schema),
    "render": Output("trueup render -o json", rendered_schema),
    "doctor": Output("trueup doctor -o json", checks_schema),
    "gc": Output("trueup gc -o json", collection_schema),
    "scan": Output("trueup scan Model/NAME or Adapter/NAME, with -o json", scan_schema),
    "data-scan": Output("trueup scan Dataset/NAME or -e ENV, with -o json", data_scan_schema),
    "pin": Output("trueup pin -o json", pinned_schema),
}
"""In the order of the reference page."""
