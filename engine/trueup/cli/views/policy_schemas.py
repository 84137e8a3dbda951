"""JSON Schemas of what the `policy` commands print."""

from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    FLAG,
    FORMAT_1,
    NUMBER,
    PATH,
    TEXT,
    list_of,
    nullable,
    object_of,
    published,
    said,
)
from trueup.plan.schema import shown_decision, shown_violation
from trueup.policy.checked import Status
from trueup.policy.decision import Outcome
from trueup.policy.enforcement import SEVERITIES
from trueup.policy.listing import KINDS

Schema = dict[str, Json]

_PERCENT: Json = {"type": "number", "minimum": 0, "maximum": 100}
_PLACE = object_of({"path": TEXT, "line": COUNT, "column": COUNT})
_OUTCOME: Json = {"enum": [o.value for o in Outcome]}
_RESULT: Json = {"enum": [s.value for s in Status]}


def _rule() -> Schema:
    texts = ("id", "package", "rule", "title", "description", "rule_set", "effective_from", "last_reviewed")
    return {
        **dict.fromkeys((*texts, "remediation", "path"), TEXT),
        "severity": {"enum": list(SEVERITIES)},
        "entries": said(list_of(TEXT), "names of its Rego sets"),
        "enforcement": said(
            list_of(object_of({"environment": TEXT, "does": TEXT})), "what a violation of its severity does"
        ),
        "controls": list_of(TEXT),
        "jurisdictions": said(list_of(TEXT), "empty means everywhere"),
        "roles": said(list_of(TEXT), "empty means any"),
        "in_force": said(FLAG, "its first day has come"),
        "waivable": said(FLAG, "a PolicyException may lift it"),
        "tests": COUNT,
        "cases": said(list_of({"enum": list(KINDS)}), "what its tests show"),
        "coverage_percent": said(nullable(_PERCENT), "lines that tests reach; null when none was run"),
        "line": COUNT,
    }


def rules_schema() -> Schema:
    """Return the schema of `policy list`."""
    return published(
        "trueup policy rules", object_of({"format_version": FORMAT_1, "rules": list_of(object_of(_rule()))})
    )


def rule_pages_schema() -> Schema:
    """Return the schema of `policy docs`."""
    page = {
        **_rule(),
        "reads": said(list_of(TEXT), "parts of the policy document"),
        "parameters": said(list_of(object_of({"path": TEXT, "value": {}})), "data it reads; a large table is null"),
        "page": said(TEXT, "the README beside it"),
    }
    control = object_of({"control": TEXT, "rules": list_of(TEXT)})
    document = {"format_version": FORMAT_1, "rules": list_of(object_of(page)), "controls": list_of(control)}
    return published("trueup policy pages", object_of(document))


def rule_tests_schema() -> Schema:
    """Return the schema of `policy test`."""
    texts = dict.fromkeys(("package", "name", "output", "path"), TEXT)
    why = said(TEXT, "where a failed test ended, as far as its lines tell")
    todo = said(FLAG, "named `todo_test_...`, and not run")
    test = object_of({**texts, "passed": FLAG, "todo": todo, "why": why, "seconds": NUMBER, "line": COUNT})
    file = object_of({"path": TEXT, "percent": _PERCENT, "reached": list_of(COUNT), "not_reached": list_of(COUNT)})
    coverage = object_of({"percent": _PERCENT, "threshold_percent": nullable(_PERCENT), "files": list_of(file)})
    document = {"format_version": FORMAT_1, "tests": list_of(test), "coverage": coverage}
    return published("trueup policy tests", object_of(document))


def checked_schema() -> Schema:
    """Return the schema of `policy check` of documents and plans."""
    counts = object_of({**{s.value: COUNT for s in Status}, "error": COUNT})
    rule = object_of({"rule": TEXT, "title": TEXT, "result": _RESULT, "violations": COUNT})
    check = object_of(
        {
            "subject": said(TEXT, "the file, or the plan"),
            "decision": object_of(shown_decision()),
            "rules": said(list_of(rule), "every rule that was asked, those that passed included"),
        }
    )
    document = {"format_version": FORMAT_1, "outcome": _OUTCOME, "rules": counts, "checks": list_of(check)}
    return published("trueup policy check", object_of(document))


def rule_explanation_schema() -> Schema:
    """Return the schema of `policy explain`."""
    fact = object_of({"path": PATH, "found": FLAG, "value": said(TEXT, "as JSON, masked"), "named_at": _PLACE})
    body = object_of(
        {
            "rule": TEXT,
            "path": TEXT,
            "line": COUNT,
            "tried": FLAG,
            "complete": said(FLAG, "it came to its last statement, which may have been false"),
            "gave_value": said(FLAG, "it surely gave a value; where false, nobody knows"),
            "last_line": said(COUNT, "where its last statement begins"),
            "ended_at": nullable(COUNT),
            "statement": said(TEXT, "that was not true"),
            "next_line": nullable(COUNT),
        }
    )
    document: Schema = {
        "format_version": FORMAT_1,
        **dict.fromkeys(("summary", "address", "environment", "printed"), TEXT),
        "rule": object_of(_rule()),
        "plan_outcome": _OUTCOME,
        "judged": said(FLAG, "the plan's document holds the address"),
        "deployments": said(list_of(TEXT), "that reach it, and that the trace looked at"),
        "violations": list_of(object_of(shown_violation())),
        "violations_elsewhere": COUNT,
        "why": list_of(TEXT),
        "facts": list_of(fact),
        "parameters": list_of(object_of({"path": TEXT, "value": TEXT})),
        "bodies": said(list_of(body), "of the rule and of the helpers it uses"),
        "coverage": list_of(object_of({"path": TEXT, "reached": list_of(COUNT), "not_reached": list_of(COUNT)})),
        "errors": list_of(TEXT),
        "judged_by": object_of(
            {
                "source": said(TEXT, "head, base or unknown; empty for policies of a folder"),
                "revision": TEXT,
                "changed": said(list_of(TEXT), "policy files in which the change differs"),
            }
        ),
    }
    return published("trueup policy explanation", object_of(document))
